"""The edge cases of edge_cases.yaml, one test each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from gazetteer.gazetteer import Gazetteer
from schemas.raw import RawAddress
from services.address.core import AddressCore

_CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "edge_cases.yaml").read_text(encoding="utf-8"))
_COMPONENTS = ("house_number", "alley", "street", "village", "building", "unit")


@pytest.fixture(scope="module")
def core() -> AddressCore:
    return AddressCore(Gazetteer.load())


@pytest.mark.parametrize("case", _CASES, ids=[case["raw"] for case in _CASES])
def test_edge_case(core: AddressCore, case: dict[str, Any]) -> None:
    result = core.digitise([RawAddress("test", "1", case["raw"])])[0]
    legacy = "" if result.legacy is None else f"{result.legacy.commune}, {result.legacy.district}"
    seen: dict[str, Any] = {
        "commune": result.commune or "",
        "legacy": legacy,
        "action": result.next_action.value,
        **{name: getattr(result.components, name) or "" for name in _COMPONENTS},
    }
    expected = {key: value for key, value in case.items() if key in seen}
    assert {key: seen[key] for key in expected} == expected, (result.score, result.margin, result.faults)
    assert set(case.get("faults", ())) <= set(result.faults)
    assert set(case.get("rivals", ())) <= {rival.commune for rival in result.rivals}


def test_cases_name_no_unknown_field() -> None:
    known = {"raw", "commune", "legacy", "action", "rivals", "faults", *_COMPONENTS}
    assert all(set(case) <= known for case in _CASES)
