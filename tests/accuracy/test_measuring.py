"""The figures are what they are called: held against the sets' own scorer, and on rows made up here."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from msgspec.structs import replace

from gazetteer.gazetteer import Gazetteer
from schemas.address import AddressResult, NextAction
from schemas.raw import RawAddress
from services.address.core import AddressCore
from tests.accuracy import report, sets
from tests.accuracy.report import Section


@pytest.fixture(scope="module")
def core() -> AddressCore:
    return AddressCore(Gazetteer.load())


@pytest.fixture(scope="module")
def result(core: AddressCore) -> AddressResult:
    """An accepted one, with the commune of before July 2025 and that of today."""
    found = core.digitise([RawAddress("test", "1", "Thôn 5, xã Thái Hòa, huyện Hàm Yên, tỉnh Tuyên Quang")])[0]
    assert found.legacy is not None
    assert found.next_action is NextAction.ACCEPT
    return found


def _row(expect: str = "match", **labels: Any) -> dict[str, Any]:
    return {"id": "r", "raw": "", "expect": expect, **labels}


def test_a_row_is_right_only_with_an_acceptable_commune(result: AddressResult) -> None:
    assert result.legacy is not None
    old, new = result.legacy.commune_code, result.commune_code
    right = sets.compare([(_row(old_codes=["x", old], new_codes=[new]), result)])
    assert (right.old_right, right.new_right, right.accept_precision, right.wrong_accepts) == (1.0, 1.0, 1.0, ())
    wrong = sets.compare([(_row(old_code=old, new_codes=["x"]), result)])
    assert (wrong.old_right, wrong.new_right, wrong.accept_precision, wrong.wrong_accepts) == (1.0, 0.0, 0.0, ("r",))


def test_an_old_commune_left_open_is_not_right_but_no_wrong_accept(result: AddressResult) -> None:
    assert result.legacy is not None
    row = _row(old_code=result.legacy.commune_code, new_codes=[result.commune_code])
    shares = sets.compare([(row, replace(result, legacy=None))])
    assert (shares.old_right, shares.new_right, shares.accept_precision) == (0.0, 1.0, 1.0)


def test_of_a_row_without_an_answer_only_an_accept_is_wrong(result: AddressResult) -> None:
    row = _row("abstain")
    accepted = sets.compare([(row, result)])
    assert (accepted.abstained, accepted.wrong_accepts, accepted.accept_coverage) == (0.0, ("r",), 0.0)
    asked = sets.compare([(row, replace(result, next_action=NextAction.CONFIRM))])
    assert (asked.abstained, asked.wrong_accepts, asked.confirm, asked.accept_precision) == (1.0, (), 1.0, None)


@pytest.mark.skipif(not sets.FOLDER.is_dir(), reason="the labelled sets are not part of the project")
@pytest.mark.parametrize("name", ["tq_hg", "hcmut450"])
def test_the_sets_own_scorer_says_the_same(core: AddressCore, name: str, tmp_path: Path) -> None:
    rows = sets.load(name)
    results, _ = sets.digitise(core, [row["raw"] for row in rows])
    predictions = tmp_path / "predictions.jsonl"
    predictions.write_bytes(b"\n".join(_prediction(row, one) for row, one in zip(rows, results, strict=True)))
    command = [sys.executable, str(sets.FOLDER / "score.py"), str(sets.FOLDER / f"{name}.jsonl"), str(predictions)]
    out = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    said = [float(share) for share in re.findall(r"([\d.]+)%", out)]
    shares = sets.compare(list(zip(rows, results, strict=True)))
    ours = (shares.old_right, shares.new_right, shares.accept_precision, shares.accept_coverage, shares.abstained)
    assert said[:5] == [round(100 * (share or 0.0), 2) for share in ours]


def _prediction(row: dict[str, Any], result: AddressResult) -> bytes:
    return orjson.dumps(
        {
            "id": row["id"],
            "commune_code": result.commune_code,
            "legacy_commune_code": None if result.legacy is None else result.legacy.commune_code,
            "next_action": result.next_action,
            "score": result.score,
        }
    )


def test_a_page_is_a_table_for_each_section_with_all_cells() -> None:
    section = Section(
        "Things", ("name", "share"), [("a|b", report.percent(0.5)), ("c", report.percent(None))], "Of.", ["x"]
    )
    lines = report.page([section], "Facts.").splitlines()
    assert "Facts." in lines
    start = lines.index("## Things")
    assert lines[start + 2 : start + 10] == [
        "Of.", "", "| name | share |", "|---|---:|", "| a\\|b | 50.00% |", "| c | – |", "", "- x",
    ]  # fmt: skip
