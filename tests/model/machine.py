"""Random histories of a few records in two communes each and what becomes of those, told to the pipeline and to the
model alike.

Records that may share a dwelling lie in one partition of raw: so the order in which they are registered is known. Two
such groups run beside each other, in different partitions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import orjson
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule
from typer.testing import CliRunner

from schemas.codec import encode
from schemas.raw import Reprocess
from services.cli.main import app
from services.stream import topics
from services.stream.replay import replay_of
from tests.model.comparison import identity, open_letters
from tests.model.ground import TO_PART
from tests.model.installation import PARTITIONS
from tests.model.rules import Asked, Broken, Decided, Frail, Heard, Said
from tests.model.telling import RECORDS, Telling, row_headers
from tests.model.words import Words

MOST_REPLAYS = 3
ASKED_WITH = st.sampled_from([None, None, 0, 1])
# From the edition in use on to the next, or back to the one before; after the last comes the first.
ONWARD = st.sampled_from([1, 1, 2])
MEANWHILE = st.sampled_from(["nothing", "nothing", "withdrawal", "correction", "decision"])
# Steps between the move to another gazetteer and the reprocessing; -1 is never.
AFTER = st.sampled_from([0, 4, 4, 8, 8, -1])
# Steps between two looks at the topics: each takes a second or two.
_CHUNK = 18

GROUPS, RECORD = st.integers(0, PARTITIONS - 1), st.integers(0, RECORDS - 1)
KINDS = st.sampled_from(
    ["street", "street", "street", "street", "house in a village", "village", "listed village", "listed street"]
)
SPOTS = st.sampled_from([None, None, 0, 1, 2, 5, 12, TO_PART // 2, TO_PART])
# The two communes of a group.
COMMUNES = st.sampled_from(
    [("one", "other"), ("one", "whole"), ("whole", "named"), ("whole", "one"), ("one", "untouched"), ("named", "other")]
)
# By which name: that of the first day, that of today, or that of the last day.
NAMED = st.sampled_from(["first", "first", "first", "today", "today", "last"])
CORRECTIONS = st.sampled_from(["point", "point", "text", "commune", "doubt", "doubt", "dwelling", "dwelling"])
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


class Histories(Telling):
    """The rules: what can happen at any moment."""

    @initialize(communes=st.tuples(*[COMMUNES] * PARTITIONS))
    def begin(self, communes: Sequence[tuple[str, str]]) -> None:
        self.begin_run(communes)

    # What sources send.

    @rule(
        group=GROUPS,
        record=RECORD,
        place=st.integers(0, 1),
        named=NAMED,
        kind=KINDS,
        house=st.integers(1, 2),
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
        record = self._known(group, record)
        known = replace(self._last_words(group, record), doubtful=False)
        if what == "point":
            known = replace(known, spot=0 if known.spot is None else known.spot + (-4, -1, 1, 2, 4)[other])
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

    @rule(group=GROUPS, record=RECORD, trouble=TROUBLES, for_good=st.booleans())
    def withdraw(self, group: int, record: int, trouble: tuple[bool, Frail], for_good: bool = True) -> None:
        """Maybe only to send it again, as a new record."""
        key, row = self.keys[group][record], self._row(group)
        headers = [*row_headers(row), *self._marks(trouble)]
        at = self.here.send(topics.RAW, key, None, headers)
        self._hear(Heard(key, at, Said(None), row, at, *trouble), "withdrawal")
        if not for_good:
            self._submit(group, record, self._last_words(group, record), (False, "nothing"))

    # What people decide.

    @rule(
        group=GROUPS,
        record=RECORD,
        place=st.integers(0, 1),
        named=NAMED,
        kind=KINDS,
        house=st.integers(1, 2),
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
        record = self._known(group, record)
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
            at = self.here.send(topics.RAW, key, value, row_headers(row))
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
    @rule(onward=ONWARD, after=AFTER)
    def move(self, onward: int, after: int) -> None:
        """The normalisers are started with another gazetteer: what comes from now on is read with it. After some steps
        of other things, what came before is run again."""
        self._move((self.here.edition + onward) % len(self.here.editions))
        self.due = after

    @invariant()
    def run_again_when_it_is_due(self) -> None:
        if 0 <= self.due <= self.since_the_move:
            self._reprocess(again=False)

    @precondition(lambda self: self.moved and self.waiting >= _CHUNK // 2)
    @rule(again=st.booleans(), group=GROUPS, record=RECORD, meanwhile=MEANWHILE)
    def reprocess(self, again: bool, group: int, record: int, meanwhile: str) -> None:
        """All that was not run with the gazetteer in use, or all; something may happen to a record meanwhile."""
        self._reprocess(lambda: self._meanwhile(group, record, meanwhile), again=again)

    def _move(self, edition: int) -> None:
        kind = f"move from edition {self.here.edition + 1} to {edition + 1}"
        self.here.move_to(edition)
        self.model.move_to(edition)
        self.moved, self.since_the_move = True, 0
        self.steps[kind] += 1
        self.done.append(kind)

    def _reprocess(self, meanwhile: Callable[[], None] = lambda: None, *, again: bool) -> None:
        self.due = -1
        self.here.run(self.here.tail.catch_up())
        before = len(self.here.tail.log[topics.RAW])
        progress = self.here.reprocess(self.begin_with, meanwhile, again=again)
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
        """After a look, all letters of a stage, or one of them."""
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

    def teardown(self) -> None:
        """No history without a merger. Then everything is through: batches are closed, and all rows accounted for."""
        if not hasattr(self, "model"):
            return
        if not self.moved:
            self._move(self.here.edition + 1)
        self._reprocess(again=False)
        for batch in self._batches():
            self.here.close_batch(batch, self.rows[batch])
        self._check(closed=True)
