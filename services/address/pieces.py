"""The parts of an address below the commune as pieces of its text, and pieces as components."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from schemas.address import Components

# What says nothing of the place, and does not come between a house number and its street.
ASIDE: Final = frozenset({"plus_code", "remark", "noise"})
SURNAMES: Final = frozenset(
    {"nguyễn", "trần", "lê", "phạm", "hoàng", "huỳnh", "phan", "vũ", "võ", "đặng", "bùi", "đỗ", "hồ", "ngô", "dương",
     "lý", "đinh", "đoàn", "trịnh", "trương", "mai", "cao", "lương", "tôn", "lưu", "lạc", "triệu"}
)  # fmt: skip


class Piece:
    """Part [start, end) of the text (characters) that became a component.

    `label` is a component's name, or one of: `group` and `kilometre`, which become part of village and street; `name`,
    a name that does not say of what; `landmark`, a shop, office or other place to find the way by; and those of ASIDE.
    """

    def __init__(self, start: int, end: int, label: str, value: str) -> None:
        self.start: Final = start
        self.end: Final = end
        self.label: Final = label
        self.value: Final = value

    def labelled(self, label: str) -> Piece:
        """The same part as another component."""
        return Piece(self.start, self.end, label, self.value)


def settled(pieces: Iterable[Piece]) -> list[Piece]:
    """The pieces of one text, in its order, with the labels that only their neighbours tell."""
    found = list(pieces)
    has_street = any(piece.label == "street" for piece in found)
    on_a_map = any(piece.label == "plus_code" for piece in found)
    may_be_flat = any(piece.label == "building" for piece in found) and all(piece.label != "unit" for piece in found)
    before = ""
    for index, piece in enumerate(found):
        if (
            piece.label == "name"
            and not has_street
            and _is_street(piece, "building" if on_a_map and not before else before)
        ):
            found[index] = piece.labelled("street")
            has_street = True
        elif piece.label == "house_number" and may_be_flat and _is_flat(found, index):
            found[index] = piece.labelled("unit")
            may_be_flat = False
        if piece.label not in ASIDE:
            before = found[index].label
    return found


def components_of(pieces: Iterable[Piece]) -> Components:
    """Pieces as components; several of one kind are joined in the order of the text, a group before its village."""
    found = settled(pieces)
    values: dict[str, list[str]] = {}
    for piece in found:
        if piece.value not in values.setdefault(piece.label, []):
            values[piece.label].append(piece.value)
    village = values.get("group", []) + values.get("village", [])
    return Components(
        house_number=_house_number(found),
        alley=_joined(values, "alley"),
        street=_street(values),
        village=", ".join(village) or None,
        building=_joined(values, "building"),
        unit=_joined(values, "unit"),
    )


def _is_street(piece: Piece, before: str) -> bool:
    """Whether a bare name is a street: right after a house number or an alley, or a person's name after a building
    (or after a plus code: maps show no householders)."""
    if before in ("house_number", "alley"):
        return True
    words = piece.value.lower().split(" ")
    return before in ("building", "unit") and words[0] in SURNAMES and 1 < len(words) <= 4


def _is_flat(pieces: Sequence[Piece], index: int) -> bool:
    """Whether a number is that of a flat: a building follows it, and then the number of the house."""
    following = (piece.label for piece in pieces[index + 1 :] if piece.label not in ASIDE)
    return next(following, "") == "building" and "house_number" in following


def _house_number(pieces: Iterable[Piece]) -> str | None:
    """The number that a street follows, the first if there are several in a row, else the first of all."""
    first: Piece | None = None
    in_a_row: Piece | None = None
    for piece in pieces:
        if piece.label == "house_number":
            first = first or piece
            in_a_row = in_a_row or piece
        elif piece.label not in ASIDE:
            if in_a_row is not None and piece.label in ("street", "alley"):
                return in_a_row.value
            in_a_row = None
    return None if first is None else first.value


def _joined(values: dict[str, list[str]], label: str) -> str | None:
    return ", ".join(values[label]) if label in values else None


def _street(values: dict[str, list[str]]) -> str | None:
    parts = [*values.get("street", [])[:1], *values.get("kilometre", [])[:1]]
    return " ".join(parts) or None
