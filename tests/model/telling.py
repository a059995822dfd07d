"""How what happens in a history is told to the pipeline and to the model, and when the two are compared."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import orjson
from hypothesis.stateful import RuleBasedStateMachine

from services.stream import topics
from services.stream.envelope import BATCH_ID, LINE_NO, Headers
from tests.model.comparison import Scope, differences
from tests.model.ground import WAYS
from tests.model.installation import PARTITIONS, POISON, Installation, trace
from tests.model.rules import Decided, Frail, Heard, Letter, Model, Row, Said
from tests.model.words import STEP_DEGREES, Place, Words

SOURCES = ("post", "tax", "map")
RECORDS = 5


def raw_record(key: str, words: Words, row: Row | None) -> tuple[bytes, Headers]:
    """Value and headers of a submission."""
    source, _, record = key.partition(":")
    value: dict[str, Any] = {"source": source, "source_record_id": record, "address": words.address}
    if (point := words.point) is not None:
        value["position"] = point
    if row is not None:
        value |= {"batch_id": row[0], "line_no": row[1]}
    return orjson.dumps(value), row_headers(row)


def row_headers(row: Row | None) -> Headers:
    return [] if row is None else [(BATCH_ID, row[0].encode()), (LINE_NO, str(row[1]).encode())]


class Telling(RuleBasedStateMachine):
    """One run. `installation` and `steps` are set by the test, for all runs."""

    installation: Installation
    steps: Counter[str]

    def begin_run(self, communes: Sequence[tuple[str, str]]) -> None:
        """`communes` are the two of each group."""
        self.here = self.installation
        if self.here.edition != 0:
            self.here.move_to(0)
        run = self.here.number()
        self.begin_with = f"run{run}-"
        self.districts = [self.here.take_district() for _ in range(PARTITIONS)]
        self.communes = communes
        areas = frozenset(one.area for district in self.districts for day in district.communes for one in day.values())
        self.scope = Scope(areas, self.begin_with)
        self.keys = [
            [self.here.key_in(group, f"{self.begin_with}{SOURCES[n % 3]}:{n}-") for n in range(RECORDS)]
            for group in range(PARTITIONS)
        ]
        self.model = Model(self.here.editions)
        self.moved, self.since_the_move, self.due = False, 0, -1
        self.words: dict[str, Words] = {}
        self.versions: dict[str, list[int]] = {}
        self.rows: Counter[str] = Counter()
        self.waiting = 0
        self.done: list[str] = []
        for batch in self._batches():
            self.here.open_batch(batch)

    def _batches(self) -> list[str]:
        return [f"{self.begin_with}b{n}" for n in range(PARTITIONS)]

    def _row(self, group: int) -> Row:
        batch = self._batches()[group]
        self.rows[batch] += 1
        return batch, self.rows[batch]

    def _place(self, group: int, which: int, named: str) -> Place:
        day = {"first": 0, "today": self.here.edition, "last": len(WAYS["one"]) - 1}[named]
        edition, commune = WAYS[self.communes[group][which]][day]
        return self.districts[group].place(edition, commune)

    def _known(self, group: int, record: int) -> int:
        """That record if it is known, else one that is, if any."""
        known = [n for n, key in enumerate(self.keys[group]) if (file := self.model.files.get(key)) and file.words]
        return record if record in known or not known else known[record % len(known)]

    def _last_words(self, group: int, record: int) -> Words:
        fresh = Words(self._place(group, 0, "first"), "street", 1, None)
        return self.words.get(self.keys[group][record], fresh)

    def _version(self, group: int, record: int) -> int:
        file = self.model.files.get(self.keys[group][record])
        return 0 if file is None else file.version

    def _marks(self, trouble: tuple[bool, Frail]) -> Headers:
        poison, frail = trouble
        return [*([(POISON, b"1")] if poison else []), *trace(frail, self.here.number())]

    def _submit(
        self, group: int, record: int, words: Words, trouble: tuple[bool, Frail], *, with_row: bool = True
    ) -> None:
        key, row = self.keys[group][record], self._row(group) if with_row else None
        value, headers = raw_record(key, words, row)
        at = self.here.send(topics.RAW, key, value, [*headers, *self._marks(trouble)])
        file = self.model.files.get(key)
        kind = "new record" if file is None or file.words is None else self._correction(file.words, words)
        self.words[key] = words
        self._hear(Heard(key, at, Said(words), row, at, *trouble), kind)

    def _correction(self, old: Words, new: Words) -> str:
        if old == new:
            return "unchanged"
        were, are = (self.model.edition.read(one.place) for one in (old, new))
        if new.doubtful or are is None:
            return "correction that falls to review"
        if were is None or were.code != are.code:
            return "correction to another commune"
        if old.spot is None and new.spot is not None:
            return "correction that brings a point"
        if new.spot is None and old.spot is not None:
            return "correction that loses the point"
        if old.dwelling != new.dwelling:
            return "correction to another dwelling"
        if new.spot is None or old.lat == new.lat:
            return "correction of the text" if old.place == new.place else "correction of the commune's name"
        return f"correction of the point {'within' if abs(old.lat - new.lat) < 2 * STEP_DEGREES else 'beyond'} 50 m"

    def _decide(
        self, group: int, record: int, decision: Decided, kind: str, trouble: tuple[bool, Frail] = (False, "nothing")
    ) -> None:
        key = self.keys[group][record]
        source, _, number = key.partition(":")
        value = {
            "source": source,
            "source_record_id": number,
            "decided_by": "group-7",
            "decided_at": "2025-11-24T08:00:00Z",
            "based_on_version": decision.based_on,
            "commune_code": decision.words.place.commune_code if decision.known_commune else "99999",
            "address_text": decision.words.address,
            "position": decision.words.point,
        }
        at = self.here.send(topics.RAW, key, orjson.dumps(value), self._marks(trouble))
        self._hear(Heard(key, at, decision, None, at, *trouble), kind)

    def _hear(self, heard: Heard, kind: str) -> None:
        self.model.hear(heard)
        self._note(heard.record)
        self.steps[kind] += 1
        here = self.model.codes.homes.values()
        if any(heard.record in home.residents and len(home.residents) > 1 for home in here):
            self.steps["(of these, of a record that shares its home)"] += 1
        if heard.poison:
            self.steps["(of these, the normaliser failed on)"] += 1
        if heard.frail != "nothing":
            self.steps["(of these, the registrar was to fail on)"] += 1
        self.waiting += 1
        self.since_the_move += 1
        self.done.append(f"{kind}: {heard}")

    def _note(self, key: str) -> None:
        """The versions that a record had, for decisions that are stale."""
        file, versions = self.model.files.get(key), self.versions.setdefault(key, [])
        if file is not None and file.version not in versions:
            versions.append(file.version)

    def _put_back(self, letter: Letter, offsets: dict[tuple[int, int, int], int]) -> None:
        at = 0
        if isinstance(letter.content, Heard):
            partition = self.here.partition(letter.content.record)
            at = offsets[partition, letter.content.first_at, letter.replays + 1]
        self.model.put_back(letter, at)
        self.done.append(f"put back: {letter}")

    def _check(self, *, closed: bool = False) -> None:
        self.here.settle(raw_record)
        rows = {batch: self.rows[batch] for batch in self._batches()} if closed else None
        found = differences(self.model, self.here.tail, self.scope, closed=rows)
        self.waiting = 0
        self.steps["(looks at all topics)"] += 1
        assert not found, "\n".join([*found[:20], "after:", *self.done]) if found else json.dumps(rows)
