"""What each principal of the AsyncAPI document may do on the broker, and nothing beyond it.

To read or to write a topic also lets one see that it exists, so that needs no grant of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

from schemas.asyncapi import document, topics


class Resource(IntEnum):
    """Kinds of resources, with Kafka's numbers."""

    TOPIC = 2
    GROUP = 3
    TRANSACTIONAL_ID = 5


class Operation(IntEnum):
    """Operations, with Kafka's numbers; of these, we grant READ, WRITE, CREATE and DESCRIBE."""

    ALL = 2
    READ = 3
    WRITE = 4
    CREATE = 5
    DELETE = 6
    ALTER = 7
    DESCRIBE = 8
    CLUSTER_ACTION = 9
    DESCRIBE_CONFIGS = 10
    ALTER_CONFIGS = 11
    IDEMPOTENT_WRITE = 12


class Pattern(IntEnum):
    """Whether a name is meant, or all names that begin with it; with Kafka's numbers."""

    LITERAL = 3
    PREFIXED = 4


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """`principal` as the broker knows it (`User:normaliser`) may do this with the resource of this name."""

    principal: str
    resource: Resource
    pattern: Pattern
    name: str
    operation: Operation


# The app id of Faust, which names the tracker's group, transactional ids and changelog.
_TRACKER = "diachi-tracker"
TRACKER_CHANGELOG = f"{_TRACKER}-batches-changelog"

# The consumer group of each service; other readers may use every group that begins with their name.
GROUPS = {"normaliser": "normaliser", "registrar": "registrar", "tracker": _TRACKER}

# What the transactional ids of a service begin with; in services the number of an input partition follows.
TRANSACTIONAL_IDS = {
    "normaliser": "normaliser-address.raw.v1-",
    "registrar": "registrar-address.matched.v1-",
    "tracker": f"{_TRACKER}-",
    "dead-letter-tool": "dead-letter-tool",
}


class UnknownPrincipalError(ValueError):
    """A principal that the document does not name."""


def principals() -> Mapping[str, str]:
    """The names of the principals, and what each is."""
    found: dict[str, str] = document()["info"]["x-principals"]
    return found


def grants(prefix: str = "", users: Mapping[str, str] | None = None) -> tuple[Grant, ...]:
    """All that the principals need, sorted. `prefix` is that of the installation.

    `users` are the broker's names of principals that are not called `User:<name>` there; several may share one. Raises
    UnknownPrincipalError.
    """
    named = {name: f"User:{name}" for name in principals()}
    for name, user in (users or {}).items():
        if name not in named:
            raise UnknownPrincipalError(f"no principal {name!r}; there are {', '.join(principals())}")
        named[name] = user
    return tuple(
        sorted(
            {
                Grant(named[who], resource, pattern, prefix + name, operation)
                for who, resource, pattern, name, operation in _needs()
            }
        )
    )


def _needs() -> Iterator[tuple[str, Resource, Pattern, str, Operation]]:
    readers: set[str] = set()
    for topic in topics():
        readers.update(topic.readers)
        yield from ((who, Resource.TOPIC, Pattern.LITERAL, topic.name, Operation.READ) for who in topic.readers)
        yield from ((who, Resource.TOPIC, Pattern.LITERAL, topic.name, Operation.WRITE) for who in topic.writers)
    for who in readers:
        if who in GROUPS:
            yield who, Resource.GROUP, Pattern.LITERAL, GROUPS[who], Operation.READ
        else:
            yield who, Resource.GROUP, Pattern.PREFIXED, who, Operation.READ
    # It sees how far the registrar is.
    yield "reprocess-tool", Resource.GROUP, Pattern.LITERAL, GROUPS["registrar"], Operation.DESCRIBE
    for who, begin in TRANSACTIONAL_IDS.items():
        yield who, Resource.TRANSACTIONAL_ID, Pattern.PREFIXED, begin, Operation.WRITE
    # The tracker makes this topic itself, with as many partitions as its input has.
    for operation in (Operation.CREATE, Operation.READ, Operation.WRITE):
        yield "tracker", Resource.TOPIC, Pattern.LITERAL, TRACKER_CHANGELOG, operation
