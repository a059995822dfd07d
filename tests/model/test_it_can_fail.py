"""The histories find what is broken on purpose: each of these rules of the service left out or turned, one at a time.

Takes some minutes; `MODEL_BROKEN=1` runs it. What is compiled cannot be broken so: `make pure` comes first.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

import pytest

from schemas.outcome import Outcome
from services.normaliser import corrections
from services.normaliser import stage as normaliser_stage
from services.registrar import registry, rules
from services.registrar import stage as registrar_stage
from services.stream.replay import Replay
from tests.model.broken import Patch, changed, with_names, with_result
from tests.model.broken_mergers import BROKEN_MERGERS
from tests.model.installation import installation
from tests.model.machine import Histories
from tests.model.running import run_histories

RUNS = 60


def never_retires(leave: Any) -> Any:
    def broken(*arguments: Any, **names: Any) -> bool:
        leave(*arguments, **names)
        return False

    return broken


def always_retires(leave: Any) -> Any:
    def broken(registry: Any, area: str, held: Any, *rest: Any, **names: Any) -> Any:
        return leave(registry, area, changed(held, holders=1), *rest, **names)

    return broken


def hears_everything_as_new(register: Any) -> Any:
    def broken(registry: Any, event: Any, *rest: Any) -> Any:
        known = registry.record(event.registry_area, event.record_key)
        if known is not None:
            registry.put_record(event.registry_area, event.record_key, changed(known, version=-1))
        return register(registry, event, *rest)

    return broken


def writes_no_release_of_the_unknown(release: Any) -> Any:
    def broken(registry: Any, event: Any) -> Any:
        if registry.record(event.registry_area, event.record_key) is None:
            return rules.Registration(Outcome.WITHDRAWN, None)
        return release(registry, event)

    return broken


BROKEN: dict[str, Patch] = {
    "a point 60 m away is still the same place": (rules, "SAME_PLACE_M", lambda _: 70.0),
    "a point 30 m away is another place": (rules, "SAME_PLACE_M", lambda _: 20.0),
    "a code is not retired with its last resident": (rules, "_leave", never_retires),
    "a shared code is retired with the first who leaves": (rules, "_leave", always_retires),
    "a code that was left for another resolves to nothing": (rules, "_leave", with_names(alias_of=None)),
    "a code that was left for another area resolves to nothing": (rules, "_leave", with_names(moved=None)),
    "units are counted from the first again": (registry.Registry, "next_unit", lambda _: lambda *_: 1),
    "serials are counted from the first again": (registry.Registry, "next_serial", lambda _: lambda *_: 1),
    "anybody's point moves a home": (rules, "_same", lambda _: lambda *_: True),
    "an older version is registered too": (registrar_stage, "register", hears_everything_as_new),
    "a release of the unknown is not written down": (registrar_stage, "release", writes_no_release_of_the_unknown),
    "a withdrawal is forgotten": (normaliser_stage, "withdrawn", with_result(state=None)),
    "a withdrawal leaves the review item": (normaliser_stage, "withdrawn", with_result(settles_review=False)),
    "the same text again does not count as said later": (normaliser_stage, "unchanged", with_result(state=None)),
    "a letter counts as sent when it is put back": (Replay, "first_offset", lambda _: lambda *where: where[2]),
    "a decision leaves the review item": (normaliser_stage, "decided", with_result(settles_review=False)),
    "a decision is counted as a row of its own": (corrections, "register_events", with_names(counted=None)),
    "what is put back is counted as a row of its own": (
        normaliser_stage,
        "replayed",
        lambda _: lambda change, _: change,
    ),
    **BROKEN_MERGERS,
}


@pytest.mark.skipif("MODEL_BROKEN" not in os.environ, reason="takes some minutes: MODEL_BROKEN=1 runs it")
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("what", BROKEN)
def test_what_is_broken_is_found(
    what: str, kafka: str, topic_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert rules.__file__.endswith(".py"), "compiled rules call each other without asking their module: `make pure`"
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka)
    where, name, breaks = BROKEN[what]
    monkeypatch.setattr(where, name, breaks(getattr(where, name)))

    class Here(Histories):
        steps: ClassVar[Counter[str]] = Counter()

    with installation(kafka, topic_prefix, tmp_path, RUNS) as Here.installation, pytest.raises(AssertionError) as found:
        run_histories(Here, RUNS)
    made = sum(count for kind, count in Here.steps.items() if not kind.startswith("("))
    first = re.search(r".*should be.*|.*not through.*|.*two letters.*|.*not run.*|.*is missing.*", str(found.value))
    assert first is not None, found.value
    print(f"\n{what}: found after {made} steps: {first.group()[:200]}")
