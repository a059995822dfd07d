"""The topics and grants of the AsyncAPI document as a shell script, for clusters run with Kafka's own tools."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from shlex import quote

from schemas.asyncapi import TopicSpec, topics
from services.stream.access import Grant, Pattern, grants

_HEAD = """\
#!/usr/bin/env bash
# Makes the topics, and gives each principal what it needs and nothing else. Made by `diachi topics script` from
# schemas/asyncapi.yaml: change that, not this. `diachi topics create` and `diachi topics acls --apply` do the same.
# Runs as one of the brokers' super.users, and may run again. From the environment:
#   KAFKA_BOOTSTRAP_SERVERS                   the brokers
#   COMMAND_CONFIG                            file of client properties for Kafka's tools
#   DIACHI_TOPIC_PREFIX                       as the services have it; by default none
#   DIACHI_PARTITIONS                         by default those of the document; not for topics that have one there
#   DIACHI_REPLICATION_FACTOR                 by default 3
#   KAFKA_TOPICS, KAFKA_ACLS                  the tools; by default kafka-topics.sh and kafka-acls.sh
set -euo pipefail
servers="${KAFKA_BOOTSTRAP_SERVERS:?set KAFKA_BOOTSTRAP_SERVERS}"
config="${COMMAND_CONFIG:?set COMMAND_CONFIG}"
prefix="${DIACHI_TOPIC_PREFIX:-}"
replicas="${DIACHI_REPLICATION_FACTOR:-3}"

topic() { # name, partitions, most replicas to wait for, settings...
  local name="$prefix$1" partitions="${DIACHI_PARTITIONS:-$2}" insync="$3" settings=()
  if [ "$2" = 1 ]; then partitions=1; fi # its order is what it is for
  shift 3
  for setting in "$@"; do settings+=(--config "$setting"); done
  settings+=(--config "min.insync.replicas=$((insync < replicas ? insync : replicas))")
  "${KAFKA_TOPICS:-kafka-topics.sh}" --bootstrap-server "$servers" --command-config "$config" \\
    --create --if-not-exists --topic "$name" \\
    --partitions "$partitions" --replication-factor "$replicas" "${settings[@]}"
}

allow() { # principal, operation, kind of resource, pattern, names...
  local principal="$1" operation="$2" kind="$3" pattern="$4" names=()
  shift 4
  for name in "$@"; do names+=("--$kind" "$prefix$name"); done
  "${KAFKA_ACLS:-kafka-acls.sh}" --bootstrap-server "$servers" --command-config "$config" --add \\
    --allow-principal "$principal" --operation "$operation" --resource-pattern-type "$pattern" "${names[@]}"
}
"""
_MIN_INSYNC = "min.insync.replicas"


def kafka_script() -> str:
    """The whole script; the same for the same document."""
    lines = [_HEAD, *map(_topic_line, topics()), "", *_allow_lines(grants())]
    return "\n".join(lines) + "\n"


def _topic_line(spec: TopicSpec) -> str:
    settings = [f"{name}={value}" for name, value in spec.config.items() if name != _MIN_INSYNC]
    words = [spec.name, str(spec.partitions), spec.config[_MIN_INSYNC], *settings]
    return " ".join(["topic", *map(quote, words)])


def _allow_lines(wanted: Iterable[Grant]) -> Iterator[str]:
    """One call of the tool for all that differs in the name only: each starts a Java machine."""

    def key(grant: Grant) -> tuple[str, str, str, str]:
        kind = grant.resource.name.lower().replace("_", "-")
        return grant.principal, grant.operation.name.capitalize(), kind, Pattern(grant.pattern).name.lower()

    for words, alike in groupby(sorted(wanted, key=key), key):
        yield " ".join(["allow", *map(quote, [*words, *(grant.name for grant in alike)])])
