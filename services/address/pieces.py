"""The parts of an address below the commune as pieces of its text, and pieces as components."""

from __future__ import annotations

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


def settled(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """The pieces of one text, in its order, with the labels that only their neighbours tell."""
    has_name = has_street = on_a_map = has_building = has_unit = False
    for piece in pieces:
        label = piece.label
        has_name |= label == "name"
        has_street |= label == "street"
        on_a_map |= label == "plus_code"
        has_building |= label == "building"
        has_unit |= label == "unit"
    may_be_flat = has_building and not has_unit
    if not may_be_flat and (has_street or not has_name):
        return pieces
    found = list(pieces)
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
    return tuple(found)


def components_of(pieces: tuple[Piece, ...]) -> Components:
    """Pieces as components; several of one kind are joined in the order of the text, a group before its village."""
    found = settled(pieces)
    return Components(
        _house_number(found),
        _joined(found, "alley"),
        _street(found),
        _village(found),
        _joined(found, "building"),
        _joined(found, "unit"),
    )


def _is_street(piece: Piece, before: str) -> bool:
    """Whether a bare name is a street: right after a house number or an alley, or a person's name after a building
    (or after a plus code: maps show no householders)."""
    if before in ("house_number", "alley"):
        return True
    words = piece.value.lower().split(" ")
    return before in ("building", "unit") and words[0] in SURNAMES and 1 < len(words) <= 4


def _is_flat(pieces: list[Piece], index: int) -> bool:
    """Whether a number is that of a flat: a building follows it, and then the number of the house."""
    following = (piece.label for piece in pieces[index + 1 :] if piece.label not in ASIDE)
    return next(following, "") == "building" and "house_number" in following


def _house_number(pieces: tuple[Piece, ...]) -> str | None:
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


def _joined(pieces: tuple[Piece, ...], label: str) -> str | None:
    """The different values of one kind; None if there are none."""
    first: str | None = None
    several: list[str] | None = None
    for piece in pieces:
        if piece.label == label:
            if first is None:
                first = piece.value
            elif several is not None:
                if piece.value not in several:
                    several.append(piece.value)
            elif piece.value != first:
                several = [first, piece.value]
    return first if several is None else ", ".join(several)


def _village(pieces: tuple[Piece, ...]) -> str | None:
    village, group = _joined(pieces, "village"), _joined(pieces, "group")
    if group is None:
        return village or None
    return (group if village is None else f"{group}, {village}") or None


def _street(pieces: tuple[Piece, ...]) -> str | None:
    """The first street, and the first kilometre mark behind it."""
    street = kilometre = ""
    for piece in pieces:
        if piece.label == "street":
            street = street or piece.value
        elif piece.label == "kilometre":
            kilometre = kilometre or piece.value
    return (f"{street} {kilometre}" if street and kilometre else street or kilometre) or None
