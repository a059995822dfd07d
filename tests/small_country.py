"""A country of few communes with a merger, a split and a renaming, in three editions."""

from __future__ import annotations

from collections.abc import Iterable

from gazetteer.changes import FIRST_EDITION, Changes
from gazetteer.gazetteer import Gazetteer
from gazetteer.model import Commune, CommuneChange, LegacyCommune, Province, Successor, Village
from gazetteer.places import Places

E1, E2, E3 = FIRST_EDITION, "2026-03-01", "2027-01-01"
# Of 2025: a, b, c, d, e. In 2026 a and b become m, c is split into c and p, d gets another name, e goes into f, which
# stays as it was. In 2027 m becomes n, p goes into f.
A, B, M, N, C, P, D, E, F = (f"0000{n}" for n in range(1, 10))
OLD_1, OLD_2, OLD_C, NOT_KNOWN = "10001", "10002", "10003", "99999"
WEST, EAST = (21.5, 105.05), (21.5, 105.25)


def change(date: str, code: str, *into: str) -> CommuneChange:
    return CommuneChange(date, code, "Xã", code, "08", tuple(Successor(one, nth == 0) for nth, one in enumerate(into)))


CHANGES = (
    change(E2, A, M),
    change(E2, B, M),
    change(E2, C, C, P),
    change(E2, D, D),
    change(E2, E, F),
    change(E3, M, N),
    change(E3, P, F),
)
COMMUNES = {E1: (A, B, C, D, E, F), E2: (M, C, P, D, F), E3: (N, C, D, F)}
# West and east half of a degree's tenth; far apart, so that the nearest is clear.
POINTS = {C: WEST, P: EAST}


def commune(code: str) -> Commune:
    lat, lon = POINTS.get(code, (None, None))
    return Commune(
        code, f"Xã {code}", "Xã", "08", f"2{code[1:]}", f"2{code[1:]}", lat, lon, 21.0, 105.0, True, None, 9.0
    )


def old(code: str, *into: str) -> LegacyCommune:
    ways = tuple(Successor(one, nth == 0) for nth, one in enumerate(into))
    return LegacyCommune(code, 2025, code, "Xã", "1", "1", "08", None, None, None, (), ways)


def country(edition: str, attested: Iterable[Village] = ()) -> Gazetteer:
    changes = tuple(one for one in CHANGES if one.date <= edition)
    ways = {
        code: [one.commune_code for way in july for one in Changes(changes).follow(way, FIRST_EDITION)]
        for code, july in {OLD_1: [A], OLD_2: [A], OLD_C: [C, D]}.items()
    }
    return Gazetteer(
        edition,
        Places(
            provinces=(Province("08", "T", "Tỉnh", True),),
            districts=(),
            communes=tuple(map(commune, COMMUNES[edition])),
            areas=(),
            legacy=tuple(old(code, *into) for code, into in ways.items()),
            villages=tuple(attested),
            changes=changes,
            edition=edition,
        ),
    )
