"""The check of postal codes."""

from __future__ import annotations

from typing import Any

import pytest

from gazetteer.gazetteer import Gazetteer
from services.address.core import AddressCore
from services.imports.columns import POSTAL_FIELDS, list_row
from services.imports.postal_codes import CheckedPostalCodes, check_postal_codes

CORE = AddressCore(Gazetteer.load())


def check(*rows: dict[str, Any]) -> CheckedPostalCodes:
    columns = {name: name for name in POSTAL_FIELDS}
    return check_postal_codes(CORE, [list_row(nth, row, columns) for nth, row in enumerate(rows, 1)], "list.csv")


@pytest.mark.parametrize(
    ("cell", "code"), [("22199", "22199"), (22199, "22199"), ("1106", "01106"), ("1106.0", "01106")]
)
def test_a_code_is_read_as_spreadsheets_write_it(cell: Any, code: str) -> None:
    assert check({"commune_code": "02215", "postal_code": cell}).codes == {"02215": code}


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ({"commune_code": "02215"}, "postal.code"),
        ({"commune_code": "02215", "postal_code": "221"}, "postal.code"),
        ({"commune_code": "02215", "postal_code": "221100"}, "postal.code"),
        ({"commune_code": "02215", "postal_code": "2211O"}, "postal.code"),
        ({"postal_code": "22199"}, "commune.missing"),
        ({"commune_code": "99999", "postal_code": "22199"}, "commune.unknown"),
        ({"old_commune_code": "02497", "postal_code": "22199"}, "commune.split"),
        ({"commune_code": "02509", "postal_code": "22199"}, "postal.twice"),
        ({"commune_code": "02215", "postal_code": "22198"}, "postal.duplicate"),
    ],
)
def test_a_bad_row_is_refused_by_name(row: dict[str, Any], kind: str) -> None:
    checked = check({"commune_code": "02509", "postal_code": "22198"}, row)
    assert [(finding.kind, finding.line) for finding in checked.findings] == [(kind, 2)]
    assert (checked.errors, checked.codes) == (1, {"02509": "22198"})


def test_a_code_that_another_commune_has_is_told_unless_the_list_changes_that_one() -> None:
    other = CORE.gazetteer.communes["02509"].postal_code
    row = {"commune_code": "02215", "postal_code": other}
    taken = check(row)
    assert [(one.kind, one.severity) for one in taken.findings] == [("postal.taken", "warning")]
    swapped = {"commune_code": "02509", "postal_code": CORE.gazetteer.communes["02215"].postal_code}
    assert check(row, swapped).findings == ()
