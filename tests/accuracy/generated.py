"""What the core makes of generated texts: hard noise, synthetic villages, clean addresses, texts from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from gazetteer.gazetteer import Gazetteer
from schemas.address import AddressResult, CoordinateLevel, NextAction
from services.address.core import AddressCore
from tests.accuracy import noise, villages
from tests.accuracy.composed import detail, new_home, old_communes, old_home
from tests.accuracy.elsewhere import KINDS, elsewhere
from tests.accuracy.noise import Alike, Noised, Style
from tests.accuracy.sets import Speed, digitise, digitise_twice, share

SEED = 223_589
_OLD = Style(accents=True, kinds="full", district=True, lower=False, commas=True, pick=0)
# A commune of today is written without a district, as an old one may be.
_TODAY = replace(_OLD, district=False)


@dataclass(frozen=True, slots=True)
class NoiseMeasured:
    """Shares of texts with hard noise. `strict`: the old commune meant; `old_right`: or one whose text was the same
    before the slips. `new_right`: the commune of today. `decidable`: no other commune has the same text. `misleading`:
    a slip turned the commune's name into another's, and `misled` are the wrong ACCEPTs of those."""

    rows: int
    decidable: float
    strict: float
    old_right: float
    new_right: float
    accepted: float
    wrong_accepts: float
    misleading: float
    misled: float
    speed: Speed


@dataclass(frozen=True, slots=True)
class VillagesMeasured:
    """Shares of addresses in synthetic villages whose result is the village's own point. Of the noised ones, `open`:
    the result leaves open, in a right commune, which of several villages with that text it is; `commune`: it is in
    the right commune of today, whatever its village."""

    rows: int
    clean: float
    found: float
    open: float
    commune: float


@dataclass(frozen=True, slots=True)
class CleanMeasured:
    """Shares of complete, well written addresses. `accepted` rightly; `asked`: a CONFIRM that offers the right commune,
    which was split or whose text is another's as well; `lost`: neither; `wrong_accepts` are among the lost."""

    rows: int
    accepted: float
    asked: float
    lost: float
    wrong_accepts: float


@dataclass(frozen=True, slots=True)
class ElsewhereMeasured:
    """Of one kind of texts from elsewhere, the shares accepted and asked about, and the accepted texts."""

    kind: str
    rows: int
    accepted: float
    asked: float
    texts: tuple[str, ...]


def measure_noise(gazetteer: Gazetteer, count: int, seed: int = SEED) -> NoiseMeasured:
    """The core on `count` texts with hard noise: all old communes before one comes again."""
    rows = noise.noised(gazetteer, count, seed)
    results, speed = digitise_twice(gazetteer, [row.text for row in rows])
    pairs = list(zip(rows, results, strict=True))
    today = [_new_is_right(gazetteer, row, result) for row, result in pairs]
    accepted = [result.next_action is NextAction.ACCEPT for result in results]
    wrong = [yes and not right for yes, right in zip(accepted, today, strict=True)]
    return NoiseMeasured(
        rows=count,
        decidable=share(row.decidable for row in rows) or 0.0,
        strict=share(_legacy(result) == row.meant for row, result in pairs) or 0.0,
        old_right=share(old_is_right(gazetteer, row, result) for row, result in pairs) or 0.0,
        new_right=share(today) or 0.0,
        accepted=share(accepted) or 0.0,
        wrong_accepts=share(wrong) or 0.0,
        misleading=share(row.misleading for row in rows) or 0.0,
        misled=share(one and row.misleading for row, one in zip(rows, wrong, strict=True)) or 0.0,
        speed=speed,
    )


def old_is_right(gazetteer: Gazetteer, row: Noised, result: AddressResult) -> bool:
    """One of the acceptable old communes; or, where several communes have the text, the one of today that took one in
    (the old one left open), or that has the text itself."""
    legacy = _legacy(result)
    if legacy is not None:
        return legacy in row.old_codes
    return not row.decidable and _new_is_right(gazetteer, row, result)


def new_codes(gazetteer: Gazetteer, row: Noised) -> frozenset[str]:
    """The acceptable communes of today."""
    parts = {part.commune_code for code in row.old_codes for part in gazetteer.successors(code)}
    return row.new_codes | parts


def _new_is_right(gazetteer: Gazetteer, row: Noised, result: AddressResult) -> bool:
    return result.commune_code in new_codes(gazetteer, row)


def _legacy(result: AddressResult) -> str | None:
    return None if result.legacy is None else result.legacy.commune_code


def measure_villages(gazetteer: Gazetteer, seed: int = SEED) -> VillagesMeasured:
    """The core with all synthetic villages in its index, on one clean and one noised address in each."""
    made = villages.synthetic_villages(gazetteer, seed)
    core = AddressCore(gazetteer, made)
    clean, _, _ = _in_villages(core, villages.clean(gazetteer, made))
    return VillagesMeasured(len(made), clean, *_in_villages(core, villages.noised(gazetteer, made, seed)))


def _in_villages(core: AddressCore, rows: Sequence[villages.InVillage]) -> tuple[float, float, float]:
    """The shares in the right village, rightly left open, and in the right commune."""
    results, _ = digitise(core, [row.text for row in rows])
    found = open_ = commune = 0
    for row, result in zip(rows, results, strict=True):
        in_commune, at = result.commune_code in row.communes, result.position
        found += in_commune and at is not None and (at.lat, at.lon) in row.points
        open_ += in_commune and row.open and result.coordinate_level is CoordinateLevel.COMMUNE
        commune += in_commune
    return found / len(rows), open_ / len(rows), commune / len(rows)


def measure_clean(core: AddressCore, limit: int | None = None, seed: int = SEED) -> CleanMeasured:
    """The core on a complete, well written address in each commune, old and of today, or in `limit` of all these."""
    gazetteer, random = core.gazetteer, Random(seed)
    alike = Alike(gazetteer)
    homes = [(old_home(gazetteer, one), True) for one in old_communes(gazetteer)]
    homes += [(new_home(gazetteer, one), False) for one in gazetteer.communes.values()]
    homes = homes if limit is None else random.sample(homes, limit)
    results, _ = digitise(core, [home.text(detail(random, home.commune.kind)) for home, _ in homes])
    accepted = asked = wrong = 0
    for (home, old), result in zip(homes, results, strict=True):
        parts = {one.commune_code for one in gazetteer.successors(home.code)} if old else {home.code}
        legacies, today = alike.codes(_OLD if old else _TODAY, home)
        right = result.commune_code in parts and (not old or _legacy(result) in (None, home.code))
        open_ = len(parts) > 1 or len(legacies) + len(today) > 1
        if result.next_action is NextAction.ACCEPT:
            accepted += right
            wrong += not right
        elif result.next_action is NextAction.CONFIRM and open_:
            asked += right or bool({rival.commune_code for rival in result.rivals} & parts)
    count = len(homes)
    return CleanMeasured(count, accepted / count, asked / count, 1 - (accepted + asked) / count, wrong / count)


def measure_elsewhere(core: AddressCore, count: int, seed: int = SEED) -> list[ElsewhereMeasured]:
    """The core on `count` texts from elsewhere, by kind."""
    rows = elsewhere(core.gazetteer, count, seed)
    results, _ = digitise(core, [row.text for row in rows])
    measured = []
    for kind in KINDS:
        pairs = [(row.text, result.next_action) for row, result in zip(rows, results, strict=True) if row.kind == kind]
        texts = tuple(text for text, action in pairs if action is NextAction.ACCEPT)
        asked = sum(action is NextAction.CONFIRM for _, action in pairs)
        measured.append(ElsewhereMeasured(kind, len(pairs), len(texts) / len(pairs), asked / len(pairs), texts))
    return measured
