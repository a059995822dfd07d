"""Which commune a row of a list means, by code or by name, of today or of old."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gazetteer.gazetteer import Gazetteer
from gazetteer.model import Commune, LegacyCommune
from gazetteer.names import fold
from schemas.address import AddressResult, NextAction
from schemas.raw import RawAddress
from services.address.core import AddressCore
from services.address.faults import Fault
from services.imports.columns import ListRow
from services.imports.report import Problem

_CODE = re.compile(r"([0-9]{1,5})(?:\.0*)?")
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class NamedCommune:
    """The commune of today that a row means, None if it names an old one that was split and not which part; and the old
    one, if it names one."""

    commune: Commune | None
    legacy: LegacyCommune | None

    @property
    def parts(self) -> tuple[str, ...]:
        """The codes of today that it can be."""
        if self.commune is not None:
            return (self.commune.code,)
        return tuple(one.commune_code for one in self.legacy.successors) if self.legacy else ()


def named_communes(
    core: AddressCore, rows: Sequence[ListRow], province: str | None = None
) -> list[NamedCommune | Problem]:
    """What each row means, in order. `province` counts where a row names none."""
    asked: list[int] = []
    texts: list[str] = []
    found: list[NamedCommune | Problem | None] = []
    for nth, row in enumerate(rows):
        by_code = _by_code(core.gazetteer, row)
        found.append(by_code)
        if by_code is None:
            asked.append(nth)
            texts.append(_text(row, province))
    results = iter(core.digitise([RawAddress("list", str(nth), text) for nth, text in zip(asked, texts, strict=True)]))
    for nth, text in zip(asked, texts, strict=True):
        found[nth] = _by_name(core.gazetteer, text, next(results))
    return [
        _within(core.gazetteer, row, named) if isinstance(named, NamedCommune) else named
        for row, named in zip(rows, found, strict=True)
        if named is not None
    ]


def read_code(text: str | None) -> str | None:
    """A commune's code in five digits, also where a spreadsheet has dropped its zeros; None if it is none."""
    match = _CODE.fullmatch(text.strip()) if text else None
    return match.group(1).zfill(5) if match else None


def _by_code(gazetteer: Gazetteer, row: ListRow) -> NamedCommune | Problem | None:
    """By a code that the row gives; None where it gives none."""
    for field, name_field in (("commune_code", "commune"), ("old_commune_code", "old_commune")):
        text = row.text(field)
        if text is None:
            continue
        code = read_code(text)
        if code is None:
            return Problem("commune.code", f"{text!r} is no code of a commune", "give its five digits, such as 02215")
        return _of_code(gazetteer, code, row.text(name_field), old=field == "old_commune_code")
    return None


def _of_code(gazetteer: Gazetteer, code: str, name: str | None, *, old: bool) -> NamedCommune | Problem:
    """The commune of a code; where old and new ones share it, the name that stands beside it tells which is meant."""
    today, before = gazetteer.communes.get(code), gazetteer.legacy_by_code(code)
    if today is not None and not old and (name is None or _bears(today, name)):
        return NamedCommune(today, None)
    for legacy in before:
        if name is None or _bears(legacy, name):
            return _old(gazetteer, legacy)
    if today is None and not before:
        return Problem("commune.unknown", f"there is no commune {code}", "correct the code: `diachi gazetteer show`")
    known = today if today is not None and not old else before[0] if before else today
    called = known.full_name if known is not None else code
    return Problem("commune.contradicts", f"{code} is {called}, not {name}", "correct the code or the name")


def _bears(unit: Commune | LegacyCommune, name: str) -> bool:
    folded = fold(name)
    return any(folded in (fold(each), fold(f"{unit.kind} {each}")) for each in (unit.name, *unit.aliases))


def _old(gazetteer: Gazetteer, legacy: LegacyCommune) -> NamedCommune | Problem:
    codes = [one.commune_code for one in legacy.successors]
    if not codes:
        return Problem(
            "commune.successor_unknown",
            f"it is not known what became of {legacy.full_name}",
            "give the commune of today in a column of its own (commune_code)",
        )
    return NamedCommune(gazetteer.communes[codes[0]] if len(codes) == 1 else None, legacy)


def _text(row: ListRow, province: str | None) -> str:
    old, new = row.text("old_commune"), row.text("commune")
    parts = (new or old, row.text("district") if new is None or old is None else None, row.text("province") or province)
    return ", ".join(part for part in parts if part)


def _by_name(gazetteer: Gazetteer, text: str, result: AddressResult) -> NamedCommune | Problem:
    if not text:
        return Problem("commune.missing", "no commune is named", "name it, or give its code (commune_code)")
    told = result.legacy is not None and not result.legacy.assumed
    if result.next_action is NextAction.ACCEPT and result.commune_code is not None:
        legacy = gazetteer.legacy_by_code(result.legacy.commune_code)[0] if told and result.legacy else None
        return NamedCommune(gazetteer.communes[result.commune_code], legacy)
    if told and result.legacy is not None and Fault.COMMUNE_SPLIT.value in result.faults:
        return NamedCommune(None, gazetteer.legacy_by_code(result.legacy.commune_code)[0])
    mend = "give its code (commune_code), or its province as well (--province)"
    if result.commune is None:
        return Problem("commune.unknown", f"no commune is known as {text!r}", mend)
    rivals = [f"{rival.commune}, {rival.province}" for rival in result.rivals[:_SHOWN]]
    may_be = "; or ".join([f"{result.commune}, {result.province}", *rivals])
    return Problem("commune.doubtful", f"{text!r} may be {may_be}", mend)


def _within(gazetteer: Gazetteer, row: ListRow, named: NamedCommune) -> NamedCommune | Problem:
    """With the old commune that a row names beside the one of today. It tells villages of one name apart."""
    old_code, old_name = read_code(row.text("old_commune_code")), row.text("old_commune")
    if named.commune is None or named.legacy is not None or (old_code is None and old_name is None):
        return named
    candidates = [
        legacy
        for legacy in gazetteer.predecessors(named.commune.code)
        if (old_code is None or legacy.code == old_code) and (old_name is None or _bears(legacy, old_name))
    ]
    if len({legacy.code for legacy in candidates}) == 1:
        return NamedCommune(named.commune, candidates[0])
    said = " ".join(part for part in (old_code, old_name) if part)
    if candidates:
        return Problem(
            "commune.doubtful", f"several old communes were called {said}", "give its code (old_commune_code)"
        )
    what = f"no old commune {said} went into {named.commune.full_name}"
    return Problem("commune.contradicts", what, "correct the old commune or the one of today")
