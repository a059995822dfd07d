"""`python -m tests.accuracy.spans`: how well the parts of an address are found, on spans labelled by hand.

The set (`vnai_ner_cases` in `../shared/eval`) gives the words of each part, not where they stand, so that a part is
compared by its words. Conventions differ within the set and from ours; what follows is applied to both sides alike:

- case, accents' placement and marks at the edges do not count;
- the word for the kind is left off a house number, street, commune, district and province (`Số 100`, `Phường 12`),
  since the set writes it or not; an alley, a village or group, and a building keep it;
- the same words twice under one label count once;
- an entity whose words do not stand in the text (the labeller knew the place) cannot be found, and is left out.

Ours to theirs: house number and flat are NUM; street and kilometre STR; village and group NHB, and with them floors,
and towers, blocks or lots with no name but a letter or number (`Tòa A1`, `Lô C`); other buildings BLD; the names of the
best candidate WDS, DST and PRO; plus code PCD. Housing and industrial estates (`KDC Phú Hòa 1`), to us a kind of
building, are POI there, like shops and landmarks: POI has no counterpart.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from gazetteer.gazetteer import Gazetteer
from gazetteer.names import tone_key
from schemas.raw import RawAddress
from services.address.core import AddressCore
from services.address.explain import Span
from tests.accuracy.sets import FOLDER, load

SET = "vnai_ner_cases"
LABELS = ("NUM", "ALY", "STR", "NHB", "BLD", "WDS", "DST", "PRO", "PCD")
LEAST_SHARED = 0.5  # Of the words of two spans together, for one to count as having found the other.

_OURS = {
    "house_number": "NUM",
    "unit": "NUM",
    "alley": "ALY",
    "street": "STR",
    "kilometre": "STR",
    "village": "NHB",
    "group": "NHB",
    "building": "BLD",
    "commune": "WDS",
    "district": "DST",
    "province": "PRO",
    "plus_code": "PCD",
}
_KIND_WORDS = {
    "NUM": re.compile(r"^(?:số nhà|nhà số|so nha|nha so|số|so|sn|nhà|nha)(?= |\d)\s*"),
    "STR": re.compile(r"^(?:đường|duong|đ|phố|pho) "),
    "WDS": re.compile(r"^(?:phường|phuong|p|xã|xa|thị trấn|thi tran|tt) "),
    "DST": re.compile(r"^(?:quận|quan|q|huyện|huyen|h|thị xã|thi xa|tx|thành phố|thanh pho|tp) "),
    "PRO": re.compile(r"^(?:tỉnh|tinh|thành phố|thanh pho|tp)(?: trung ương)? "),
}
_FLOOR = re.compile(r"^(?:tầng|tang|lầu|lau) ")
_ESTATE = re.compile(r"^(?:khu |kdc |kđt |kdt |kcn |kcx |ktt |ccn |cụm )")
_NAMELESS = re.compile(r"^(?:tòa nhà|toà nhà|toa nha|tòa|toà|toa|tháp|block|lô|lo|dãy|sảnh)(?: [^\W\d]{0,2}\d*)+$")

# A part as compared: its label and words.
Part = tuple[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Found:
    """Of one label: spans labelled by hand, spans of ours, and how many of them agree word for word, and by overlap."""

    label: str
    labelled: int
    ours: int
    exact: int
    overlapping: int

    @property
    def precision(self) -> float:
        """Exact, between 0 and 1."""
        return self.exact / self.ours if self.ours else 0.0

    @property
    def recall(self) -> float:
        """Exact, between 0 and 1."""
        return self.exact / self.labelled if self.labelled else 0.0

    @property
    def f1(self) -> float:
        """Exact, between 0 and 1."""
        return _f1(self.exact, self.labelled, self.ours)

    @property
    def overlap_f1(self) -> float:
        """Where LEAST_SHARED of the words is enough."""
        return _f1(self.overlapping, self.labelled, self.ours)


@dataclass(frozen=True, slots=True)
class Miss:
    """What was found in one text for one label, and what should have been, where they differ."""

    text: str
    label: str
    expected: tuple[str, ...]
    found: tuple[str, ...]


def measure(core: AddressCore) -> tuple[list[Found], list[Miss]]:
    """One row for each of LABELS, and every difference."""
    labelled: Counter[str] = Counter()
    ours: Counter[str] = Counter()
    exact: Counter[str] = Counter()
    overlapping: Counter[str] = Counter()
    misses: list[Miss] = []
    for row in load(SET):
        explained = core.explain(RawAddress("eval", row["id"], row["raw"]))
        expected, found = set(parts_expected(row)), set(parts_found(explained.spans))
        labelled.update(label for label, _ in expected)
        ours.update(label for label, _ in found)
        exact.update(label for label, _ in expected & found)
        missed, extra = sorted(expected - found), sorted(found - expected)
        overlapping.update(label for label, _ in expected & found)
        overlapping.update(_overlapping(missed, extra))
        for label in LABELS:
            sides = tuple(tuple(" ".join(words) for one, words in side if one == label) for side in (missed, extra))
            if any(sides):
                misses.append(Miss(row["raw"], label, *sides))
    return [Found(one, labelled[one], ours[one], exact[one], overlapping[one]) for one in LABELS], misses


def _f1(right: int, labelled: int, ours: int) -> float:
    return 2 * right / (labelled + ours) if labelled + ours else 0.0


def parts_expected(row: dict[str, Any]) -> list[Part]:
    """What the labels of a row say, of LABELS, as far as it stands in the text."""
    text = f" {tone_key(row['raw'])} "
    return [
        _part(entity["label"], entity["text"])
        for entity in row["entities"]
        if entity["label"] in LABELS and f" {tone_key(entity['text'])} " in text
    ]


def parts_found(spans: Iterable[Span]) -> Iterator[Part]:
    """Our spans under the labels of the set."""
    for span in spans:
        label = _OURS.get(span.label)
        words = tone_key(span.text)
        if (label == "BLD" and _NAMELESS.match(words)) or (label == "NUM" and _FLOOR.match(words)):
            label = "NHB"
        if label is not None and not (label == "BLD" and _ESTATE.match(words)):
            yield _part(label, span.text)


def _part(label: str, text: str) -> Part:
    words = tone_key(text)
    kind = _KIND_WORDS.get(label)
    bare = kind.sub("", words) if kind is not None else words
    return label, tuple((bare or words).split())


def _overlapping(missed: list[Part], extra: list[Part]) -> Iterator[str]:
    """The labels of spans that share enough words with one of the other side, each counted once."""
    free = list(extra)
    for label, words in missed:
        for other in free:
            shared = len(set(words) & set(other[1])) / len(set(words) | set(other[1]))
            if other[0] == label and shared >= LEAST_SHARED:
                free.remove(other)
                yield label
                break


def main() -> None:
    """Print the table; with --misses also every difference."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--misses", nargs="?", const="", metavar="LABEL", help="print the differences too")
    wanted = parser.parse_args().misses
    console = Console(width=120)
    if not FOLDER.is_dir():
        console.print(f"No labelled sets: {FOLDER} does not exist.")
        raise SystemExit(1)
    found, misses = measure(AddressCore(Gazetteer.load()))
    table = Table("label", "labelled", "ours", "precision", "recall", "F1", "F1 by overlap", title=SET)
    for one in found:
        shares = (one.precision, one.recall, one.f1, one.overlap_f1)
        table.add_row(one.label, str(one.labelled), str(one.ours), *(f"{share:.1%}" for share in shares))
    console.print(table)
    for miss in misses:
        if wanted is not None and wanted in ("", miss.label):
            console.print(f"{miss.label} {miss.text}", highlight=False, markup=False)
            console.print(f"     {list(miss.expected)} ≠ {list(miss.found)}", highlight=False, markup=False)


if __name__ == "__main__":
    main()
