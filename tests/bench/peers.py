"""The core's part of the work by other means: which commune of today an address speaks of, on the same rows.

Rows that show a fault on purpose are left out, and so are points: the others read text alone. vietnamadminunits runs in
an environment of its own, which tests/accuracy makes. rapidfuzz searches among the written forms of all communes of
the country, old and new, without accents: what one would write in an afternoon. It is asked about a sample of the rows.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import process

from gazetteer.gazetteer import Gazetteer
from gazetteer.names import fold
from gazetteer.samples.compose import Row
from schemas.address import AddressResult, NextAction
from schemas.raw import RawAddress
from services.address.core import AddressCore
from tests.accuracy import peers
from tests.bench.province import composed

_BATCH = 1000
_PACKAGE = "vietnamadminunits"
# A search through the country takes tens of milliseconds.
_SEARCHED = 500


@dataclass(frozen=True, slots=True)
class Compared:
    """Records per second of CPU time on one core, and how many communes were right of `rows`.

    `asks` counts the rows that it leaves to a person; the others know no such thing.
    """

    name: str
    rows: int
    per_second: float
    right: int
    asks: int | None = None


def compared(count: int) -> list[Compared]:
    """This project, and those that do a part of the same, on the sound ones of `count` rows of the province."""
    rows = [(_text(one.row), one.commune_code) for one in composed(count) if one.commune_code is not None]
    gazetteer = Gazetteer.load()
    found = [_ours(gazetteer, rows), _search(gazetteer, peers.sample(rows, _SEARCHED))]
    try:
        found.append(_package(gazetteer, rows))
    except peers.PeerError as error:
        print(f"{_PACKAGE} is left out: {error}", file=sys.stderr)
    return found


Asked = Sequence[tuple[str, str]]


def _text(row: Row) -> str:
    parts = (row.address, row.village, row.commune, row.district, row.province)
    return ", ".join(part for part in parts if part)


def _ours(gazetteer: Gazetteer, rows: Asked) -> Compared:
    core, results = AddressCore(gazetteer), list[AddressResult]()
    raws = [RawAddress("bench", str(number), text) for number, (text, _) in enumerate(rows)]
    started = time.process_time()
    for start in range(0, len(raws), _BATCH):
        results += core.digitise(raws[start : start + _BATCH])
    seconds = time.process_time() - started
    right = sum(result.commune_code == code for result, (_, code) in zip(results, rows, strict=True))
    asks = sum(result.next_action is not NextAction.ACCEPT for result in results)
    return Compared("Diachi", len(rows), len(rows) / seconds, right, asks)


def _package(gazetteer: Gazetteer, rows: Asked) -> Compared:
    said = peers.ask(peers.install(), _PACKAGE, [text for text, _ in rows])
    judge = peers.Judge(gazetteer)
    right = sum(judge.new_is_right(answer, (code,)) for answer, (_, code) in zip(said.answers, rows, strict=True))
    return Compared(f"{_PACKAGE} {peers.version(_PACKAGE)}", len(rows), said.per_second, right)


def _search(gazetteer: Gazetteer, rows: Asked) -> Compared:
    forms = _written_forms(gazetteer)
    names = list(forms)
    started = time.process_time()
    found = [process.extractOne(fold(text), names) for text, _ in rows]
    seconds = time.process_time() - started
    right = sum(code in forms[best[0]] for best, (_, code) in zip(found, rows, strict=True) if best)
    return Compared("rapidfuzz extractOne", len(rows), len(rows) / seconds, right)


def _written_forms(gazetteer: Gazetteer) -> dict[str, set[str]]:
    """Folded "commune, district, province" of old communes and "commune, province" of today's: the codes of today's
    communes that each may mean."""
    forms: dict[str, set[str]] = {}
    for commune in gazetteer.communes.values():
        text = f"{commune.full_name}, {gazetteer.provinces[commune.province_code].full_name}"
        forms.setdefault(fold(text), set()).add(commune.code)
        for legacy in gazetteer.predecessors(commune.code):
            text = f"{legacy.full_name}, {gazetteer.district_of(legacy).full_name}, "
            text += gazetteer.old_provinces[legacy.province_code].full_name
            forms.setdefault(fold(text), set()).add(commune.code)
    return forms
