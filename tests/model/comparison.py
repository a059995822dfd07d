"""Compares what the topics show of one run with what the model says; differences come as sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from aiokafka import ConsumerRecord

from schemas.batch import BatchStatus
from schemas.codec import decode
from schemas.digitised import DigitisedAddress
from schemas.matched import MatchedAddress
from schemas.registrar_state import RegisteredCode
from schemas.review import ReviewItem
from services.registrar.lookup import current
from services.stream import topics
from services.stream.dead_letters import Letter as RealLetter
from services.stream.dead_letters import read_letter
from tests.model.installation import Tail
from tests.model.rules import Heard, Letter, Model

_MISSING = object()


@dataclass(frozen=True)
class Scope:
    """What belongs to a run: areas of its own, and what its keys and batches begin with."""

    areas: frozenset[str]
    begin: str


def differences(model: Model, tail: Tail, scope: Scope, *, closed: dict[str, int] | None = None) -> list[str]:
    """All that topics and model do not agree on; with `closed`, the rows of each batch, batches must be complete."""
    return [
        *_tables("published", _expected_published(model), _published(tail, scope)),
        *_map_and_national(tail, scope),
        *_tables("registry", _expected_registry(model), _registry(tail, scope)),
        *_resolutions(model, tail),
        *_tables("review", dict(model.review), _review(tail, scope)),
        *_tables("letter", {identity(each): each.code for each in model.letters}, _letters(tail, scope)),
        *_tables("batch", _expected_batches(model, closed), _batches(tail, scope)),
    ]


def _tables(what: str, expected: dict[Any, Any], found: dict[Any, Any]) -> Iterator[str]:
    for key in sorted({*expected, *found}, key=str):
        should, does = expected.get(key, _MISSING), found.get(key, _MISSING)
        if should != does:
            texts = ["nothing" if each is _MISSING else str(each) for each in (should, does)]
            yield f"{what} {key}: should be {texts[0]}, is {texts[1]}"


def _expected_published(model: Model) -> dict[str, tuple[Any, ...]]:
    return {
        code: (shown.record, shown.version, shown.commune, code[:5], shown.lat, shown.aliases)
        for code, shown in model.codes.published.items()
    }


def _published(tail: Tail, scope: Scope) -> dict[str, tuple[Any, ...]]:
    found = {}
    for key, value in tail.latest[topics.DIGITISED].items():
        if key[:5].decode() in scope.areas:
            shown = decode(DigitisedAddress, value)
            located = shown.code[5] != "0"
            lat = shown.result.position.lat if located and shown.result.position else None
            commune = shown.result.commune_code, shown.result.commune
            area, aliases = shown.result.registry_area, frozenset(shown.aliases)
            found[key.decode()] = (shown.record_key, shown.version, commune, area, lat, aliases)
    return found


def _map_and_national(tail: Tail, scope: Scope) -> Iterator[str]:
    """The three topics show the same codes, versions and places."""
    of = {
        topic: {
            key: orjson.loads(value) for key, value in tail.latest[topic].items() if key[:5].decode() in scope.areas
        }
        for topic in (topics.DIGITISED, topics.MAP_FEATURE, topics.NATIONAL)
    }
    digitised, features, national = of.values()
    facts = {
        key: (one["version"], one["aliases"], *(one["result"][each] for each in ("commune", "position")))
        for key, one in digitised.items()
    }
    told = {
        key: (one["version"], one["aliases"], *(one[each] for each in ("commune", "position")))
        for key, one in national.items()
    }
    yield from _tables("national", facts, told)
    points = {
        key: (
            one["version"],
            [one["result"]["position"][axis] for axis in ("lon", "lat")] if key[5:6] != b"0" else None,
        )
        for key, one in digitised.items()
    }
    shown = {
        key: (one["properties"]["version"], one["geometry"] and one["geometry"]["coordinates"])
        for key, one in features.items()
    }
    yield from _tables("map", points, shown)


def _expected_registry(model: Model) -> dict[str, tuple[str, int]]:
    return {
        code: ("issued", len(home.residents)) if home.code == code and home.residents else ("retired", 0)
        for code, home in model.codes.homes.items()
    }


def _registry(tail: Tail, scope: Scope) -> dict[str, tuple[str, int]]:
    found = {}
    for key, value in tail.latest[topics.REGISTRAR_STATE].items():
        if key.startswith(b"code:") and key[5:10].decode() in scope.areas:
            entry = decode(RegisteredCode, value)
            found[key[5:].decode()] = (entry.status, entry.holders)
    return found


def _resolutions(model: Model, tail: Tail) -> Iterator[str]:
    expected = {code: model.codes.resolve(code) for code in model.codes.homes}
    found = {}
    for code in expected:
        entry = current(tail.latest[topics.REGISTRAR_STATE], code)
        found[code] = None if entry is None else entry.code + (f"-{entry.unit}" if entry.unit else "")
    yield from _tables("resolution of", expected, found)


def _review(tail: Tail, scope: Scope) -> dict[str, tuple[int, bool]]:
    items = {
        key.decode(): decode(ReviewItem, value)
        for key, value in tail.latest[topics.REVIEW].items()
        if key.startswith(scope.begin.encode())
    }
    return {key: (item.version, item.published) for key, item in items.items()}


def _batches(tail: Tail, scope: Scope) -> dict[str, tuple[Any, ...]]:
    found = {}
    for key, value in tail.latest[topics.BATCH_STATUS].items():
        if key.startswith(scope.begin.encode()):
            status = decode(BatchStatus, value)
            if status.accounted or status.submitted:
                found[status.batch_id] = (status.accounted, status.outcomes, status.reasons, status.state)
    return found


def _expected_batches(model: Model, closed: dict[str, int] | None) -> dict[str, tuple[Any, ...]]:
    expected = {}
    for batch, totals in model.totals.items():
        outcomes, reasons = (
            {name: count for name, count in counts.items() if count > 0} for counts in (totals.outcomes, totals.reasons)
        )
        settled = totals.accounted == closed[batch] and min(totals.outcomes.values()) >= 0 if closed else False
        state = "open" if closed is None else "complete" if settled else "closed"
        expected[batch] = (totals.accounted, outcomes, reasons, state)
    return expected


def identity(letter: Letter) -> tuple[Any, ...]:
    """What tells a letter of the model apart from all others, as `_real_identity` does for real ones."""
    content = letter.content
    if isinstance(content, Heard):
        return "raw", content.record, content.first_at, letter.replays
    action = "confirm" if content.confirms else "register" if content.arrives else "release"
    return "matched", content.record, content.area, action, content.version, content.row, letter.replays


def _real_identity(letter: RealLetter) -> tuple[Any, ...]:
    if letter.place.topic == topics.RAW_DEAD_LETTERS:
        first = letter.replay.offset if letter.replay else letter.origin[1]
        return "raw", (letter.key or b"").decode(), first, letter.replays
    event = decode(MatchedAddress, letter.value or b"")
    row = (event.batch_id, event.line_no) if event.batch_id is not None else None
    return "matched", event.record_key, event.registry_area, event.action.value, event.version, row, letter.replays


def open_letters(tail: Tail, scope: Scope) -> dict[tuple[Any, ...], RealLetter]:
    """The run's letters that were not handled, in their order, by identity."""
    handled = {record.key.decode() for record in tail.log[topics.HANDLED_LETTERS]}
    found = {}
    for topic in (topics.RAW_DEAD_LETTERS, topics.MATCHED_DEAD_LETTERS):
        for record in sorted(tail.log[topic], key=_place):
            letter = read_letter(topic, record)
            assert letter is not None, "a record among the dead letters that is none"
            name = f"{topic}:{record.partition}:{record.offset}"
            if name not in handled and (said := _real_identity(letter))[1].startswith(scope.begin):
                assert said not in found, f"two letters {said}"
                found[said] = letter
    return found


def _place(record: ConsumerRecord) -> tuple[int, int]:
    return record.partition, record.offset


def _letters(tail: Tail, scope: Scope) -> dict[tuple[Any, ...], str]:
    return {said: letter.code for said, letter in open_letters(tail, scope).items()}
