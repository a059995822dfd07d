"""The AsyncAPI document: what it says of the topics, and the document as one file for other tools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from schemas.catalogue import self_contained

Document = dict[str, Any]

_PAYLOADS = "json/"
_SUFFIX = ".schema.json"


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """One topic. `config` is as Kafka takes it; `key` describes the key, `tombstone` what a null value means."""

    name: str
    description: str
    partitions: int
    replicas: int
    config: Mapping[str, str]
    key: str
    tombstone: str | None
    personal_data: bool
    readers: tuple[str, ...]
    writers: tuple[str, ...]

    @property
    def compacted(self) -> bool:
        """Whether the topic keeps the last record of each key."""
        return "compact" in self.config["cleanup.policy"].split(",")


@cache
def document() -> Document:
    """The document as it stands in `schemas/asyncapi.yaml`; treat it as read-only."""
    loaded: Document = yaml.safe_load((files("schemas") / "asyncapi.yaml").read_text(encoding="utf-8"))
    return loaded


def resolve(reference: str) -> Any:
    """What a reference within the document names. Raises KeyError if that is nothing."""
    part: Any = document()
    for step in reference.removeprefix("#/").split("/"):
        part = part[step]
    return part


@cache
def topics() -> tuple[TopicSpec, ...]:
    """All topics, in the order of the document."""
    return tuple(_topic(channel) for channel in document()["channels"].values())


def one_file() -> Document:
    """The document with the schemas of all payloads in it, and no reference that leaves it."""
    whole: Document = document()
    messages = {
        name: {**message, "payload": _inlined(message["payload"])}
        for name, message in whole["components"]["messages"].items()
    }
    return {**whole, "components": {**whole["components"], "messages": messages}}


def payload_record(message: Mapping[str, Any]) -> str | None:
    """The name of the schema of a message's payload, None for one that is not JSON."""
    reference = message["payload"].get("schema", {}).get("$ref", "")
    return reference.removeprefix(_PAYLOADS).removesuffix(_SUFFIX) or None


def _topic(channel: Mapping[str, Any]) -> TopicSpec:
    kafka = channel["bindings"]["kafka"]
    message = resolve(next(iter(channel["messages"].values()))["$ref"])
    return TopicSpec(
        name=channel["address"],
        description=channel["description"].strip(),
        partitions=kafka["partitions"],
        replicas=kafka["replicas"],
        config={name: _config_value(value) for name, value in kafka["topicConfiguration"].items()},
        key=resolve(message["bindings"]["kafka"]["key"]["$ref"])["title"],
        tombstone=channel.get("x-tombstone"),
        personal_data=channel.get("x-personal-data", False),
        readers=tuple(channel["x-access"]["read"]),
        writers=tuple(channel["x-access"]["write"]),
    )


def _config_value(value: object) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)


def _inlined(payload: dict[str, Any]) -> dict[str, Any]:
    record = payload_record({"payload": payload})
    return {**payload, "schema": self_contained(record)} if record else payload
