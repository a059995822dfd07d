"""Compares the broker's access control lists with what the principals need, and adds what is missing.

Nothing is ever taken away: who else may use our topics, groups and transactional ids is reported.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import ClusterAuthorizationFailedError, KafkaError, SecurityDisabled, for_code
from aiokafka.protocol.admin import CreateAclsRequest, DescribeAclsRequest

from services.stream.access import Grant, Operation, Pattern
from services.stream.connection import Connection
from services.stream.unreachable import reached

_ANY = 1
_ALLOW = 3
_EVERY_HOST = "*"
_WILDCARD = "*"


class AclsRefusedError(Exception):
    """The broker does not tell or take access control lists; says why, and what to do."""


class Entry(NamedTuple):
    """One entry as the broker has it, in Kafka's numbers."""

    principal: str
    resource: int
    pattern: int
    name: str
    operation: int
    permission: int
    host: str


@dataclass(frozen=True, slots=True)
class AclReport:
    """`missing` were not there, and were added if so asked; `foreign` allow more on what is ours, and were left."""

    missing: tuple[Grant, ...]
    present: int
    foreign: tuple[Entry, ...]


async def compare_acls(connection: Connection, wanted: Sequence[Grant], *, apply: bool) -> AclReport:
    """Read the broker's entries; with `apply`, add what is missing.

    Raises AclsRefusedError, and KafkaError when the broker cannot be reached.
    """
    client = AIOKafkaClient(**connection.client_arguments())
    try:
        await reached(connection, client.bootstrap())
        entries = await _entries(client, connection)
        allowed = {entry[:5] for entry in entries if entry.permission == _ALLOW and entry.host == _EVERY_HOST}
        missing = tuple(grant for grant in wanted if _key(grant) not in allowed)
        if apply:
            for grant in missing:
                await _add(client, connection, grant)
    finally:
        await client.close()
    return AclReport(missing, len(wanted) - len(missing), _foreign(entries, wanted))


async def _entries(client: AIOKafkaClient, connection: Connection) -> list[Entry]:
    request = DescribeAclsRequest(_ANY, None, _ANY, None, None, _ANY, _ANY)
    response = await client.send(client.get_random_node(), request)
    _check(response.error_code, response.error_message, connection)
    return [
        Entry(principal, resource, pattern, name, operation, permission, host)
        for resource, name, pattern, acls in response.resources
        for principal, host, operation, permission in acls
    ]


async def _add(client: AIOKafkaClient, connection: Connection, grant: Grant) -> None:
    request = CreateAclsRequest(
        grant.resource, grant.name, grant.pattern, grant.principal, _EVERY_HOST, grant.operation, _ALLOW
    )
    response: Any = await client.send(client.get_random_node(), request)
    for code, message in response.creation_responses:
        _check(code, message, connection)


def _check(code: int, message: str | None, connection: Connection) -> None:
    error: type[KafkaError] = for_code(code)
    if code == 0:
        return
    if error is SecurityDisabled:
        raise AclsRefusedError(
            "the broker lets everybody do everything: it has no authorizer. Set authorizer.class.name on the brokers "
            "(org.apache.kafka.metadata.authorizer.StandardAuthorizer)"
        )
    if error is ClusterAuthorizationFailedError:
        raise AclsRefusedError(
            f"user {connection.username!r} may not see or change grants: use one of the brokers' super.users"
        )
    raise AclsRefusedError(f"the broker refuses: {message or error.__name__}")


def _foreign(entries: Collection[Entry], wanted: Sequence[Grant]) -> tuple[Entry, ...]:
    """Entries that allow what no grant says, on what is ours."""
    return tuple(
        sorted(
            entry
            for entry in entries
            if entry.permission == _ALLOW
            and any(touches(entry, grant) for grant in wanted)
            and not any(within(entry, grant) for grant in wanted)
        )
    )


def touches(entry: Entry, grant: Grant) -> bool:
    """Whether there is a name that both are about."""
    if entry.resource != grant.resource:
        return False
    if entry.pattern == Pattern.LITERAL and entry.name == _WILDCARD:
        return True
    if entry.pattern == Pattern.PREFIXED and grant.name.startswith(entry.name):
        return True
    return entry.name.startswith(grant.name) if grant.pattern is Pattern.PREFIXED else entry.name == grant.name


def within(entry: Entry, grant: Grant) -> bool:
    """Whether the entry allows nothing beyond the grant; what may be read or written may be seen too."""
    if (entry.principal, entry.resource) != (grant.principal, grant.resource):
        return False
    if entry.operation not in (grant.operation, Operation.DESCRIBE):
        return False
    if grant.pattern is Pattern.PREFIXED:
        return entry.name.startswith(grant.name)
    return (entry.pattern, entry.name) == (grant.pattern, grant.name)


def _key(grant: Grant) -> tuple[str, int, int, str, int]:
    return grant.principal, grant.resource, grant.pattern, grant.name, grant.operation
