"""The rules of the living registry in memory: what is said of a record, what becomes of it, how rows are counted.

`Model.hear` takes what goes into the raw topic, in order by key; `put_back` what `diachi dlq replay` puts back;
`move_to` goes on with the gazetteer of another edition.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from tests.model.ground import Edition
from tests.model.lineage_rules import Communes, Placed, followed, home_area, read, with_commune
from tests.model.registry_rules import Arrival, CodeRules
from tests.model.words import Words

Row = tuple[str, int]
# What a row counts as, and why.
Count = tuple[str, str | None]

UNEXPECTED = "internal.unexpected"

# Which matched records the registrar fails on at first, as a bad release would.
Frail = Literal["nothing", "everything", "register", "release"]


@dataclass(frozen=True)
class Said:
    """The source says this of the record; None withdraws it."""

    words: Words | None


@dataclass(frozen=True)
class Decided:
    """A person settles the record as these words say."""

    words: Words
    based_on: int
    known_commune: bool = True


@dataclass(frozen=True)
class Asked:
    """The record is to be run again with the gazetteer of an edition, or even once more."""

    edition: int
    again: bool = False


@dataclass(frozen=True)
class Broken:
    """Bytes that are no record."""


@dataclass(frozen=True)
class Heard:
    """One raw record. `at` is its offset, `first_at` where it first stood. `poison`: the normaliser fails on it at
    first."""

    record: str
    at: int
    what: Said | Decided | Asked | Broken
    row: Row | None
    first_at: int
    poison: bool = False
    frail: Frail = "nothing"
    was: Count | None = None


@dataclass(frozen=True)
class Order:
    """What the registrar is told: who arrives to be registered, None to release the record from `area`, or only to
    confirm."""

    record: str
    version: int
    area: str
    arrives: Arrival | None
    row: Row | None
    was: Count | None = None
    moved_to: str | None = None
    confirms: bool = False


@dataclass(eq=False)
class Letter:
    """A dead letter, in the order of refusal."""

    content: Heard | Order
    code: str
    replays: int = 0


@dataclass(frozen=True)
class Good:
    """What the published version is made of, while a later one waits: text or decision, what came of it, and since
    which version."""

    words: Words
    decided: Words | None
    came: Placed
    placed_at: int


@dataclass(frozen=True)
class File:
    """What is remembered of a record: the source's last words, when it said them, what holds now, and since when.

    `decided` is what a person said instead; `came` of it, when it was run with the gazetteer of `edition`. `communes`
    are those of what is published, by edition. `placed_at` is the version that brought text and point.
    """

    words: Words | None
    said_at: int
    version: int
    holds: Literal["digitised", "review", "withdrawn"]
    row: Row | None
    area: str | None = None
    decided: Words | None = None
    edition: int = 0
    communes: Communes = field(default_factory=dict)
    came: Placed | None = None
    placed_at: int = 0
    good: Good | None = None

    @property
    def count(self) -> Count:
        return self.holds, self.came.doubt if self.came else None


@dataclass
class Totals:
    """A batch: rows with an outcome, and how many have which, and why."""

    accounted: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)


class Model:
    """Everything that the topics should show after what was heard."""

    def __init__(self, editions: Sequence[Edition]) -> None:
        self._editions = editions
        self.edition = editions[0]
        self.files: dict[str, File] = {}
        self.codes = CodeRules()
        self.review: dict[str, tuple[int, bool]] = {}
        self.letters: list[Letter] = []
        self.totals: dict[str, Totals] = {}

    def move_to(self, edition: int) -> None:
        """The normalisers have another gazetteer; nothing is run again by that."""
        self.edition = self._editions[edition]

    def to_run(self) -> set[str]:
        """The records that were not run with the gazetteer in use."""
        today = self.edition.number
        return {record for record, file in self.files.items() if file.holds != "withdrawn" and file.edition != today}

    def hear(self, heard: Heard, replays: int = 0) -> None:
        """What the normaliser makes of a raw record."""
        match heard.what:
            case _ if heard.poison and replays == 0:
                self._refuse(heard, UNEXPECTED, replays)
            case Broken():
                self._refuse(heard, "input.schema", replays)
            case Decided() as decision:
                self._decide(heard, decision, replays)
            case Asked() as asked:
                self._run_again(heard, asked, replays)
            case Said(words):
                self._say(heard, words)

    def put_back(self, letter: Letter, at: int) -> None:
        """What `diachi dlq replay` does; `at` is the offset in raw where a letter of the normaliser stands now."""
        self.letters.remove(letter)
        count = ("dead_letter", letter.code)
        replays = letter.replays + 1
        if isinstance(letter.content, Order):
            self._carry_out(replace(letter.content, was=count), "nothing", replays)
        else:
            was = None if isinstance(letter.content.what, Decided | Asked) else count
            self.hear(replace(letter.content, at=at, was=was), replays)

    # What is said and decided.

    def _say(self, heard: Heard, words: Words | None) -> None:
        file = self.files.get(heard.record)
        if file is not None and words is not None and file.words == words:
            self.files[heard.record] = replace(file, said_at=max(file.said_at, heard.first_at))
            if heard.row is None or file.holds != "digitised":
                self._count(heard.row, heard.was, ("unchanged", None))
            else:
                assert file.area is not None
                order = Order(heard.record, file.version, file.area, None, heard.row, heard.was, confirms=True)
                self._carry_out(order, heard.frail)
        elif file is not None and heard.first_at < file.said_at:
            self._count(heard.row, heard.was, ("unchanged", None))  # the source has said something newer since
        elif words is None:
            self._withdraw(heard, file)
        else:
            self._correct(heard, file, words)

    def _correct(self, heard: Heard, file: File | None, words: Words) -> None:
        came, area = read(self.edition, words), file.area if file else None
        today, communes = self.edition.number, file.communes if file else {}
        fresh = File(words, heard.first_at, heard.at, "review", heard.row, area, None, today, communes, came, heard.at)
        if came.doubt is not None:
            self.files[heard.record] = replace(fresh, good=_good(file))
            self.review[heard.record] = (heard.at, area is not None)
            self._count(heard.row, heard.was, ("review", came.doubt))
            return
        came = replace(came, area=home_area(self.edition, area, communes, came))
        fresh = replace(fresh, holds="digitised", communes=with_commune({}, self.edition, came), came=came)
        self._settle(heard, file, fresh, heard.row, heard.was)

    def _withdraw(self, heard: Heard, file: File | None) -> None:
        self.files[heard.record] = File(None, heard.first_at, heard.at, "withdrawn", None)
        self.review.pop(heard.record, None)
        if file is None or file.holds == "withdrawn":
            self._count(heard.row, heard.was, ("unchanged", None))
        elif file.area is None:
            self._count(heard.row, heard.was, ("withdrawn", None))
        else:
            self._carry_out(Order(heard.record, heard.at, file.area, None, heard.row, heard.was), heard.frail)

    def _decide(self, heard: Heard, decision: Decided, replays: int) -> None:
        file, place = self.files.get(heard.record), decision.words.place
        if file is None or file.holds == "withdrawn":
            self._refuse(heard, "decision.unknown_record", replays)
        elif decision.based_on != file.version:
            self._refuse(heard, "decision.stale", replays)
        elif not decision.known_commune or place.commune_code not in self.edition.communes:
            self._refuse(heard, "decision.unknown_commune", replays)
        else:
            commune = self.edition.communes[place.commune_code]
            came = Placed(decision.words, commune, commune.area, None)
            area = home_area(self.edition, file.area, file.communes, came)
            stayed = area == file.area and file.communes and commune.code in self._today(file)
            came = replace(came, area=area)
            decided = replace(
                file,
                version=heard.at,
                holds="digitised",
                decided=decision.words,
                edition=self.edition.number,
                communes=with_commune(file.communes if stayed else {}, self.edition, came),
                came=came,
                placed_at=heard.at,
                good=None,
            )
            # The row that brought the text is counted anew.
            self._settle(heard, file, decided, file.row, None if file.row is None else file.count)

    def _today(self, file: File) -> tuple[str, ...]:
        """What the commune of a record has become."""
        since = max(file.communes)
        return self.edition.became(file.communes[since], since)

    # What a change of the gazetteer makes of it.

    def _run_again(self, heard: Heard, asked: Asked, replays: int) -> None:
        file = self.files.get(heard.record)
        if asked.edition != self.edition.number:
            self._refuse(heard, "reprocess.other_gazetteer", replays)
        elif file is None or file.words is None or (file.edition == asked.edition and not asked.again):
            return
        elif file.area is None:
            self._come_to(heard, file, read(self.edition, file.words), same_place=False)
        elif file.good is None:
            came = followed(self.edition, file.area, file.communes, file.words, file.decided)
            self._come_to(heard, file, came, same_place=True)
        else:
            came = read(self.edition, file.words)
            if came.doubt is None:
                came = replace(came, area=home_area(self.edition, file.area, file.communes, came))
            self._come_to(heard, file, came, same_place=False)
            if came.doubt is not None:
                self._follow_published(heard, file.good, file.area)

    def _come_to(self, heard: Heard, file: File, came: Placed, *, same_place: bool) -> None:
        """What is new is published; a row counts where it counted, or goes over to review or out of it."""
        settled = came.doubt is None
        fresh = replace(file, edition=self.edition.number, came=came)
        if settled:
            fresh = replace(fresh, communes=with_commune(file.communes, self.edition, came))
        if settled == (file.holds == "digitised") and came == file.came:
            self.files[heard.record] = fresh
        elif settled:
            same_as = file.placed_at if same_place else None
            placed_at = file.placed_at if same_place else heard.at
            fresh = replace(fresh, version=heard.at, holds="digitised", good=None, placed_at=placed_at)
            self._settle(heard, file, fresh, file.row, None if file.row is None else file.count, same_as)
        else:
            self.files[heard.record] = replace(fresh, version=heard.at, holds="review")
            self.review[heard.record] = (heard.at, file.area is not None)
            self._count(file.row, None if file.row is None else file.count, ("review", came.doubt))

    def _follow_published(self, heard: Heard, good: Good, area: str) -> None:
        """While a correction waits, what is published follows its commune."""
        file = self.files[heard.record]
        came = followed(self.edition, area, file.communes, good.words, good.decided)
        if came.doubt is None and came != good.came:
            communes = with_commune(file.communes, self.edition, came)
            self.files[heard.record] = replace(file, communes=communes, good=replace(good, came=came))
            arrives = Arrival.of(came, file.communes, good.placed_at)
            self._carry_out(Order(heard.record, heard.at, area, arrives, None), heard.frail)

    # What the registrar is told.

    def _settle(
        self,
        heard: Heard,
        before: File | None,
        now: File,
        row: Row | None,
        was: Count | None,
        same_as: int | None = None,
    ) -> None:
        """The record is at home where `now` says: another area is told that it left."""
        assert now.came is not None and now.came.area is not None
        area, left = now.came.area, before.area if before else None
        self.review.pop(heard.record, None)
        self.files[heard.record] = replace(now, area=area)
        if left is not None and left != area:
            self._carry_out(Order(heard.record, heard.at, left, None, None, moved_to=area), heard.frail)
        arrives = Arrival.of(now.came, before.communes if before else {}, same_as)
        self._carry_out(Order(heard.record, heard.at, area, arrives, row, was), heard.frail)

    def _carry_out(self, order: Order, frail: Frail, replays: int = 0) -> None:
        """What the registrar does."""
        kind = "confirm" if order.confirms else "register" if order.arrives else "release"
        if frail in ("everything", kind):
            self._refuse(order, UNEXPECTED, replays)
        elif order.confirms:
            if self.codes.seen.get((order.area, order.record), -1) < order.version:
                self._refuse(order, "registration.missing", replays)
            else:
                self._count(order.row, order.was, ("unchanged", None))
        elif order.arrives is not None:
            news = self.codes.register(order.record, order.version, order.area, order.arrives)
            self._count(order.row, order.was, ("digitised" if news else "unchanged", None))
        else:
            news = self.codes.release(order.record, order.version, order.area, order.moved_to)
            self._count(order.row, order.was, ("withdrawn" if news else "unchanged", None))

    def _refuse(self, content: Heard | Order, code: str, replays: int) -> None:
        self.letters.append(Letter(content, code, replays))
        # A refused decision or request leaves its row as it was.
        if isinstance(content, Order) or not isinstance(content.what, Decided | Asked):
            self._count(content.row, content.was, ("dead_letter", code))

    def _count(self, row: Row | None, was: Count | None, now: Count) -> None:
        if row is None:
            return
        totals = self.totals.setdefault(row[0], Totals())
        if was is None:
            totals.accounted += 1
        else:
            totals.outcomes[was[0]] -= 1
            if was[1] is not None:
                totals.reasons[was[1]] -= 1
        totals.outcomes[now[0]] += 1
        if now[1] is not None:
            totals.reasons[now[1]] += 1


def _good(file: File | None) -> Good | None:
    """What is published of a record whose correction waits."""
    if file is None or file.area is None or file.good is not None:
        return file.good if file else None
    assert file.words is not None and file.came is not None
    return Good(file.words, file.decided, file.came, file.placed_at)
