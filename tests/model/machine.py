"""Random histories of a few records in two communes each and what becomes of those, told to the pipeline and to the
model alike.

Records that may share a dwelling lie in one partition of raw: so the order in which they are registered is known. Two
such groups run beside each other, in different partitions.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from typer.testing import CliRunner

from schemas.codec import encode
from schemas.raw import Reprocess
from services.cli.main import app
from services.stream import topics
from services.stream.envelope import BATCH_ID, LINE_NO, Headers
from services.stream.replay import replay_of
from tests.model.comparison import Scope, differences, identity, open_letters
from tests.model.ground import TO_PART, WAYS
from tests.model.installation import PARTITIONS, POISON, Installation, trace
from tests.model.rules import Asked, Broken, Decided, Frail, Heard, Letter, Model, Row, Said
from tests.model.words import STEP_DEGREES, Place, Words

SOURCES = ("post", "tax", "map")
RECORDS = 5
MOST_REPLAYS = 3
ASKED_WITH = st.sampled_from([None, None, 0, 1])
EDITIONS = st.sampled_from([1, 1, 1, 2, 0])
MEANWHILE = st.sampled_from(["nothing", "nothing", "withdrawal", "correction", "decision"])
# Steps between the move to another gazetteer and the reprocessing.
_SOME = 3
# Steps between two looks at the topics: each takes a second or two.
_CHUNK = 18

GROUPS, RECORD = st.integers(0, PARTITIONS - 1), st.integers(0, RECORDS - 1)
KINDS = st.sampled_from(
    ["street", "street", "street", "house in a village", "village", "listed village", "listed street"]
)
SPOTS = st.sampled_from([None, None, 0, 1, 2, 5, 12, TO_PART // 2, TO_PART])
# The two communes of a group.
COMMUNES = st.sampled_from(
    [("one", "other"), ("one", "whole"), ("whole", "named"), ("whole", "one"), ("one", "untouched"), ("named", "other")]
)
# By which name: that of the first day, that of today, or that of the last day.
NAMED = st.sampled_from(["first", "first", "first", "today", "today", "last"])
CORRECTIONS = st.sampled_from(["point", "point", "text", "commune", "doubt", "dwelling", "dwelling"])
REFUSED = st.sampled_from(["broken", "commune", "future", "stale", "stale"])
# Now and then a record on which a stage fails at first.
TROUBLES: st.SearchStrategy[tuple[bool, Frail]] = st.sampled_from(
    [
        *[(False, "nothing")] * 12,
        *[(True, "nothing")] * 2,
        (False, "everything"),
        (False, "register"),
        (False, "release"),
    ]
)


def raw_record(key: str, words: Words, row: Row | None) -> tuple[bytes, Headers]:
    """Value and headers of a submission."""
    source, _, record = key.partition(":")
    value: dict[str, Any] = {"source": source, "source_record_id": record, "address": words.address}
    if (point := words.point) is not None:
        value["position"] = point
    if row is not None:
        value |= {"batch_id": row[0], "line_no": row[1]}
    return orjson.dumps(value), _row_headers(row)


def _row_headers(row: Row | None) -> Headers:
    return [] if row is None else [(BATCH_ID, row[0].encode()), (LINE_NO, str(row[1]).encode())]


class Histories(RuleBasedStateMachine):
    """One run. `installation` and `steps` are set by the test, for all runs."""

    installation: Installation
    steps: Counter[str]

    @initialize(communes=st.tuples(*[COMMUNES] * PARTITIONS))
    def begin(self, communes: Sequence[tuple[str, str]]) -> None:
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
        self.since_the_move = 0
        self.words: dict[str, Words] = {}
        self.versions: dict[str, list[int]] = {}
        self.rows: Counter[str] = Counter()
        self.waiting = 0
        self.done: list[str] = []
        for batch in self._batches():
            self.here.open_batch(batch)

    # What sources send.

    @rule(
        group=GROUPS,
        record=RECORD,
        place=st.integers(0, 1),
        named=NAMED,
        kind=KINDS,
        house=st.integers(1, 3),
        spot=SPOTS,
        spelling=st.integers(0, 1),
        trouble=TROUBLES,
        in_batch=st.integers(0, 5),
    )
    def submit(
        self,
        group: int,
        record: int,
        place: int,
        named: str,
        kind: Any,
        house: int,
        spot: int | None,
        spelling: int,
        trouble: tuple[bool, Frail],
        in_batch: int,
    ) -> None:
        """An address, whatever the source said of the record before."""
        words = Words(self._place(group, place, named), kind, house, spot, False, spelling)
        self._submit(group, record, words, trouble, with_row=in_batch > 0)

    @rule(group=GROUPS, record=RECORD, what=CORRECTIONS, other=RECORD, named=NAMED, trouble=TROUBLES)
    def correct(self, group: int, record: int, what: str, other: int, named: str, trouble: tuple[bool, Frail]) -> None:
        """Something of what the source said before; what was in doubt is no more."""
        known = replace(self._last_words(group, record), doubtful=False)
        if what == "point":
            known = replace(known, spot=0 if known.spot is None else known.spot + (-4, -1, 1, 1, 4)[other])
        elif what == "text":
            known = replace(known, spelling=1 - known.spelling)
        elif what == "commune":
            known = replace(known, place=self._place(group, other % 2, named))
        elif what == "doubt":
            known = replace(known, doubtful=True, spot=None, spelling=other % 2)
        else:
            home = self._last_words(group, other)
            known = replace(known, place=home.place, kind=home.kind, house=home.house)
        self._submit(group, record, known, trouble)

    @rule(group=GROUPS, record=RECORD, arrived=st.booleans(), trouble=TROUBLES)
    def send_the_same_again(self, group: int, record: int, arrived: bool, trouble: tuple[bool, Frail]) -> None:
        """What was sent last, or what arrived last: the other may lie among the letters."""
        file = self.model.files.get(self.keys[group][record])
        words = file.words if arrived and file is not None else None
        self._submit(group, record, words or self._last_words(group, record), trouble)

    @rule(group=GROUPS, record=RECORD, house=st.integers(4, 6))
    def overtake_a_letter(self, group: int, record: int, house: int) -> None:
        """A correction becomes a dead letter, and the source goes back to what it said before."""
        file = self.model.files.get(self.keys[group][record])
        if file is not None and file.words is not None:
            before = file.words
            self._submit(group, record, replace(before, house=house, doubtful=False), (True, "nothing"))
            self._submit(group, record, before, (False, "nothing"))

    @rule(group=GROUPS, record=RECORD, trouble=TROUBLES)
    def withdraw(self, group: int, record: int, trouble: tuple[bool, Frail]) -> None:
        key, row = self.keys[group][record], self._row(group)
        headers = [*_row_headers(row), *self._marks(trouble)]
        at = self.here.send(topics.RAW, key, None, headers)
        self._hear(Heard(key, at, Said(None), row, at, *trouble), "withdrawal")

    # What people decide.

    @rule(
        group=GROUPS,
        record=RECORD,
        place=st.integers(0, 1),
        named=NAMED,
        kind=KINDS,
        house=st.integers(1, 3),
        spot=SPOTS,
        trouble=TROUBLES,
    )
    def decide(
        self,
        group: int,
        record: int,
        place: int,
        named: str,
        kind: Any,
        house: int,
        spot: int | None,
        trouble: tuple[bool, Frail],
    ) -> None:
        """On the version that is current."""
        file = self.model.files.get(self.keys[group][record])
        known = (
            "decision" if file is not None and file.holds != "withdrawn" else "decision on a record that is not known"
        )
        words = Words(self._place(group, place, named), kind, house, spot)
        self._decide(group, record, Decided(words, self._version(group, record)), known, trouble)

    @rule(group=GROUPS, record=RECORD, what=REFUSED, back=st.integers(1, 3), poison=st.booleans())
    def send_what_is_refused(self, group: int, record: int, what: str, back: int, poison: bool) -> None:
        """A decision on a version that is no more or never was, or for no commune; what is no record at all."""
        key = self.keys[group][record]
        words = replace(self._last_words(group, record), doubtful=False)
        known, current = [*([0] * 4), *self.versions.get(key, [])], self._version(group, record)
        trouble: tuple[bool, Frail] = (poison, "nothing")
        if what == "broken":
            row, (source, _, number) = self._row(group), key.partition(":")
            value = orjson.dumps({"source": source, "source_record_id": number})
            at = self.here.send(topics.RAW, key, value, _row_headers(row))
            self._hear(Heard(key, at, Broken(), row, at), "broken record")
        elif what == "commune":
            decided = Decided(words, current, known_commune=False)
            self._decide(group, record, decided, "decision for an unknown commune", trouble)
        elif what == "future":
            self._decide(group, record, Decided(words, current + back), "decision on what never was", trouble)
        else:
            self._decide(group, record, Decided(words, known[-1 - back]), "stale decision", trouble)

    # What a change of the gazetteer makes of it.

    @precondition(lambda self: self.waiting >= _CHUNK // 2)
    @rule(edition=EDITIONS)
    def move(self, edition: int) -> None:
        """The normalisers are started with another gazetteer: what comes from now on is read with it."""
        if edition == self.here.edition:
            return
        self._check()
        kind = f"move from edition {self.here.edition + 1} to {edition + 1}"
        self.here.move_to(edition)
        self.model.move_to(edition)
        self.since_the_move = 0
        self.steps[kind] += 1
        self.done.append(kind)

    @precondition(lambda self: self.since_the_move >= _SOME if self.model.to_run() else self.waiting >= _CHUNK)
    @rule(again=st.booleans(), group=GROUPS, record=RECORD, meanwhile=MEANWHILE)
    def reprocess(self, again: bool, group: int, record: int, meanwhile: str) -> None:
        """All that was not run with the gazetteer in use, or all; something may happen to a record meanwhile."""
        self.here.run(self.here.tail.catch_up())
        before = len(self.here.tail.log[topics.RAW])
        progress = self.here.reprocess(self.begin_with, lambda: self._meanwhile(group, record, meanwhile), again=again)
        self.here.run(self.here.tail.catch_up())
        asked = 0
        for sent in self.here.tail.log[topics.RAW][before:]:
            value = orjson.loads(sent.value or b"null")
            if value and "requested_at" in value:
                key = sent.key.decode()
                at, what = sent.offset, Asked(self.here.edition, again)
                self.model.hear(Heard(key, at, what, None, at))
                self._note(key)
                asked += 1
        assert asked == progress.asked, "a request is missing"
        assert not self.model.to_run(), "records were not run"
        self.since_the_move = 0
        for outcome, count in progress.outcomes.items():
            self.steps[f"(records run again: {outcome})"] += count
        kind = f"reprocessing{', again' if again else ''}"
        self.steps[kind if asked else f"{kind}, with nothing to do"] += 1
        self.done.append(f"{kind}: {progress.outcomes}")

    @rule(group=GROUPS, record=RECORD, edition=ASKED_WITH, again=st.booleans(), trouble=TROUBLES)
    def ask(self, group: int, record: int, edition: int | None, again: bool, trouble: tuple[bool, Frail]) -> None:
        """For one record alone to be run again, maybe with another gazetteer than the one in use."""
        key = self.keys[group][record]
        asked = Asked(self.here.edition if edition is None else edition, again)
        source, _, number = key.partition(":")
        request = Reprocess(source, number, "2026-03-01T00:00:00Z", self.here.version(asked.edition), again)
        at = self.here.send(topics.RAW, key, encode(request), self._marks(trouble))
        other = ", of another gazetteer" if asked.edition != self.here.edition else ""
        self._hear(Heard(key, at, asked, None, at, *trouble), f"request{other}")

    def _meanwhile(self, group: int, record: int, what: str) -> None:
        sound: tuple[bool, Frail] = (False, "nothing")
        known = self._last_words(group, record)
        if what == "withdrawal":
            self.withdraw(group, record, sound)
        elif what == "correction":
            self._submit(group, record, replace(known, spelling=1 - known.spelling), sound)
        elif what == "decision":
            words = replace(known, place=self._place(group, record % 2, "today"), doubtful=False)
            self._decide(group, record, Decided(words, self._version(group, record)), "decision meanwhile")

    # What operations do.

    @precondition(lambda self: self.waiting >= _CHUNK)
    @rule(stage=st.sampled_from(["raw", "matched"]), one=st.booleans(), nth=st.integers(0, 7))
    def put_back(self, stage: str, one: bool, nth: int) -> None:
        """All letters of a stage, or one of them."""
        self._check()
        real = {said: letter for said, letter in open_letters(self.here.tail, self.scope).items() if said[0] == stage}
        chosen = list(real)
        if one and chosen:
            chosen = [chosen[nth % len(chosen)]]
        if not chosen:
            return
        names = [str(real[said].place) for said in chosen]
        before = len(self.here.tail.log[topics.RAW])
        ran = CliRunner().invoke(app, ["dlq", "replay", *names, "--max-replays", str(MOST_REPLAYS)])
        assert ran.exit_code == 0, ran.output
        self.here.run(self.here.tail.catch_up())
        letters = {identity(letter): letter for letter in self.model.letters}
        offsets = {
            (record.partition, found.offset, found.count): record.offset
            for record in self.here.tail.log[topics.RAW][before:]
            if (found := replay_of(record.headers)) is not None
        }
        for said in chosen:
            letter = letters[said]
            if letter.replays < MOST_REPLAYS:
                self._put_back(letter, offsets)
                self.steps[f"letter put back ({letter.code})"] += 1
        self._check()

    @precondition(lambda self: self.waiting >= _CHUNK)
    @rule(stage=st.sampled_from(["normaliser", "registrar"]), nth=st.integers(0, 2))
    def restart(self, stage: str, nth: int) -> None:
        """In the middle of the work: what it remembers comes back from its changelog."""
        if nth == 0:
            self.here.stop_stage(stage)
            self.here.start_stage(stage)
            self.steps[f"restart of the {stage}"] += 1

    @precondition(lambda self: self.waiting >= _CHUNK)
    @rule()
    def look(self) -> None:
        self._check()

    def teardown(self) -> None:
        """Everything is through: batches are closed, and all rows accounted for."""
        if not hasattr(self, "model"):
            return
        for batch in self._batches():
            self.here.close_batch(batch, self.rows[batch])
        self._check(closed=True)

    # How it is done.

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
