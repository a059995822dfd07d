"""The rules of the living registry in memory: what is said of a record, what becomes of it, how rows are counted.

`Model.hear` takes what goes into the raw topic, in order by key; `put_back` what `diachi dlq replay` puts back.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Literal

from tests.model.registry_rules import CodeRules
from tests.model.words import Words

Row = tuple[str, int]
# What a row counts as, and why.
Count = tuple[str, str | None]

UNEXPECTED = "internal.unexpected"
_DOUBT = "point.outside_commune"

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
class Broken:
    """Bytes that are no record."""


@dataclass(frozen=True)
class Heard:
    """One raw record. `at` is its offset, `first_at` where it first stood. `poison`: the normaliser fails on it at
    first."""

    record: str
    at: int
    what: Said | Decided | Broken
    row: Row | None
    first_at: int
    poison: bool = False
    frail: Frail = "nothing"
    was: Count | None = None


@dataclass(frozen=True)
class Order:
    """What the registrar is told: `words` to register, None to release the record from `area`, or only to confirm."""

    record: str
    version: int
    area: str
    words: Words | None
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


@dataclass
class File:
    """What is remembered of a record: the source's last words, when it said them, what holds now, and since when."""

    words: Words | None
    said_at: int
    version: int
    holds: Literal["digitised", "review", "withdrawn"]
    row: Row | None
    area: str | None = None
    decided: bool = False

    @property
    def count(self) -> Count:
        return self.holds, _DOUBT if self.holds == "review" else None


@dataclass
class Totals:
    """A batch: rows with an outcome, and how many have which, and why."""

    accounted: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)


class Model:
    """Everything that the topics should show after what was heard."""

    def __init__(self) -> None:
        self.files: dict[str, File] = {}
        self.codes = CodeRules()
        self.review: dict[str, tuple[int, bool]] = {}
        self.letters: list[Letter] = []
        self.totals: dict[str, Totals] = {}

    def hear(self, heard: Heard, replays: int = 0) -> None:
        """What the normaliser makes of a raw record."""
        match heard.what:
            case _ if heard.poison and replays == 0:
                self._refuse(heard, UNEXPECTED, replays)
            case Broken():
                self._refuse(heard, "input.schema", replays)
            case Decided() as decision:
                self._decide(heard, decision, replays)
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
            was = None if isinstance(letter.content.what, Decided) else count
            self.hear(replace(letter.content, at=at, was=was), replays)

    def _say(self, heard: Heard, words: Words | None) -> None:
        file = self.files.get(heard.record)
        if file is not None and words is not None and file.words == words:
            file.said_at = max(file.said_at, heard.first_at)
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
        elif words.doubtful:
            area = file.area if file else None
            self.files[heard.record] = File(words, heard.first_at, heard.at, "review", heard.row, area)
            self.review[heard.record] = (heard.at, area is not None)
            self._count(heard.row, heard.was, ("review", _DOUBT))
        else:
            self._settle(heard, words, words, heard.row, heard.was, heard.first_at)

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
        file = self.files.get(heard.record)
        if file is None or file.holds == "withdrawn":
            self._refuse(heard, "decision.unknown_record", replays)
        elif decision.based_on != file.version:
            self._refuse(heard, "decision.stale", replays)
        elif not decision.known_commune:
            self._refuse(heard, "decision.unknown_commune", replays)
        else:
            # The row that brought the text is counted anew.
            was = None if file.row is None else file.count
            self._settle(heard, decision.words, file.words, file.row, was, file.said_at, decided=True)

    def _settle(
        self,
        heard: Heard,
        words: Words,
        source_words: Words | None,
        row: Row | None,
        was: Count | None,
        said_at: int,
        *,
        decided: bool = False,
    ) -> None:
        """The record is at home where `words` say: another area is told that it left."""
        file, area = self.files.get(heard.record), words.place.area
        self.review.pop(heard.record, None)
        self.files[heard.record] = File(source_words, said_at, heard.at, "digitised", row, area, decided)
        if file is not None and file.area is not None and file.area != area:
            left = Order(heard.record, heard.at, file.area, None, None, moved_to=area)
            self._carry_out(left, heard.frail)
        self._carry_out(Order(heard.record, heard.at, area, words, row, was), heard.frail)

    def _carry_out(self, order: Order, frail: Frail, replays: int = 0) -> None:
        """What the registrar does."""
        kind = "confirm" if order.confirms else "register" if order.words else "release"
        if frail in ("everything", kind):
            self._refuse(order, UNEXPECTED, replays)
        elif order.confirms:
            if self.codes.seen.get((order.area, order.record), -1) < order.version:
                self._refuse(order, "registration.missing", replays)
            else:
                self._count(order.row, order.was, ("unchanged", None))
        elif order.words is not None:
            news = self.codes.register(order.record, order.version, order.words)
            self._count(order.row, order.was, ("digitised" if news else "unchanged", None))
        else:
            news = self.codes.release(order.record, order.version, order.area, order.moved_to)
            self._count(order.row, order.was, ("withdrawn" if news else "unchanged", None))

    def _refuse(self, content: Heard | Order, code: str, replays: int) -> None:
        self.letters.append(Letter(content, code, replays))
        # A refused decision leaves its row as it was.
        if isinstance(content, Order) or not isinstance(content.what, Decided):
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
