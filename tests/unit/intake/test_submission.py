"""What a batch is called: as its file, less the phone numbers in that."""

from __future__ import annotations

import pytest

from services.intake.submission import batch_name


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("hộ 0912 345 678.csv", "hộ ….csv"),
        ("0912345678_thôn 5.xlsx", "…_thôn 5.xlsx"),
        ("gửi-0912.345.678-thôn-5.xlsx", "gửi-…-thôn-5.xlsx"),
        ("anh Kiểm (+84 912 345 678).ods", "anh Kiểm ….ods"),
        ("x" * 195 + " 0912345678.csv", "x" * 195 + " ….cs"),
    ],
)
def test_phones_are_taken_out(file: str, name: str) -> None:
    assert batch_name(file) == name


@pytest.mark.parametrize(
    "file",
    [
        *(
            "Minh Xuân.xlsx",
            "2025-11-24.csv",
            "dia-chi_20251124.csv",
            "20251124_0815.csv",
            "export-20251124081500.jsonl",
        ),
        *("lô 12 (2).xlsx", "22110_2025.csv", "2025.11.24 08h15 bản 3.csv", "QD-1684-2025.ods", "TQ-000118.csv"),
    ],
)
def test_dates_and_numbers_stay(file: str) -> None:
    assert batch_name(file) == file
