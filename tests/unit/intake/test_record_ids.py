"""Which ids of records look like phones or national ids, and which are an operator's own numbers."""

from __future__ import annotations

import pytest

from services.intake.record_ids import resemblance

PHONES = ["0912345678", "0912 345 679", "+84 352-345-678", "912345678", "(0207) 3822 222"]
NATIONAL = ["008201001234", "024 095 012 345", "001099000111"]


@pytest.mark.parametrize(
    ("column", "ids", "expected"),
    [
        ("Mã", PHONES, "phone numbers"),
        (None, PHONES, "phone numbers"),
        ("Mã", NATIONAL, "national id numbers"),
        ("Mã", [*PHONES, "K1", "K2"], "phone numbers"),
        # By its heading alone, also of few rows, and of forms that numbers alone do not tell.
        ("Số CCCD chủ hộ", ["123456789"], "national id numbers"),
        ("Số điện thoại", ["1"], "phone numbers"),
        ("SĐT", [], "phone numbers"),
    ],
)
def test_what_names_people_is_seen(column: str | None, ids: list[str], expected: str) -> None:
    assert resemblance(column, ids) == expected


@pytest.mark.parametrize(
    "ids",
    [
        [],
        PHONES[:2],
        [*PHONES[:2], "K1", "K2", "K3"],
        [str(n) for n in range(1, 400)],
        [f"TQ-{n:06}" for n in range(100)],
        [f"{n:010}" for n in range(100)],
        [f"2025{n:08}" for n in range(100)],
        [f"08{n:010}" for n in range(100)],
        ["5f3a9c0012ab44de-1", "0912345678abcdef-1", "0912345678abcdef-2"],
        ["22110R6F7CJX", "221100000117"],
    ],
)
def test_an_operators_own_numbers_are_left_alone(ids: list[str]) -> None:
    assert resemblance("Mã khách hàng", ids) is None
