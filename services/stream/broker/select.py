"""Which broker to try, in which order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, TypeAlias

from services.stream.broker.apache import prepare_apache
from services.stream.broker.embedded import prepare_embedded
from services.stream.broker.launch import Launch

Kind: TypeAlias = Literal["auto", "apache", "embedded"]
Prepare: TypeAlias = Callable[[Path, int | None, Mapping[str, str], Callable[[str], None]], Launch]

EXTERNAL = "external"


def external_servers(environ: Mapping[str, str]) -> str | None:
    """The broker that the environment names, if it names one."""
    return environ.get("KAFKA_BOOTSTRAP_SERVERS", "").strip() or None


def candidates(kind: Kind) -> list[tuple[str, Prepare]]:
    """The kinds to try, best first: Apache Kafka is the real thing, the embedded broker needs nothing installed."""
    every: list[tuple[str, Prepare]] = [("apache", prepare_apache), ("embedded", prepare_embedded)]
    return [(name, prepare) for name, prepare in every if kind in ("auto", name)]
