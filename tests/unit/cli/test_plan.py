"""`diachi gazetteer plan` as people run it: communes, and addresses from a file."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from gazetteer.build import build
from gazetteer.following import Why
from gazetteer.gazetteer import Gazetteer
from gazetteer.tables import DATA
from schemas.codec import encode
from schemas.digitised import DigitisedAddress
from schemas.raw import RawAddress, RawPosition
from services.address.core import AddressCore
from services.address.faults import Fault
from services.address.outlook import Prospect, outlooks
from services.cli.main import app
from services.cli.places import load_gazetteer
from services.cli.plan import _LISTED
from tests.gazetteers import MERGED, PART, built, copied, edit, june_artifact, merger_tables

runner = CliRunner()
TEXTS = {
    "Số 5, thôn Lùng Tao, xã Cao Bồ, tỉnh Tuyên Quang": Prospect.ATTRIBUTES,
    "Số 1, tổ 3, xã Vị Xuyên, tỉnh Tuyên Quang": Prospect.REVIEW,
    "Số 9, thôn Yên Lập, xã Quang Bình, tỉnh Tuyên Quang": Prospect.UNCHANGED,
}


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(DATA, tmp_path_factory.mktemp("old") / "old.json.gz").path


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(merger_tables(tmp_path_factory.mktemp("new") / "tables"))


@pytest.fixture(scope="module")
def addresses(old: Path) -> list[DigitisedAddress]:
    """One address of each prospect, and one of the split commune with a point in its new part."""
    in_part = RawPosition(22.7301, 105.0203)
    raws = [RawAddress("post", str(nth), text) for nth, text in enumerate(TEXTS, start=1)]
    raws.append(RawAddress("post", "4", next(text for text in TEXTS if "Vị Xuyên" in text), position=in_part))
    results = AddressCore(Gazetteer.load(old)).digitise(raws)
    return [
        DigitisedAddress(
            code=f"{result.registry_area}0000001",
            unit=None,
            written_code="as written",
            aliases=(),
            address_id="",
            record_key=f"post:{raw.source_record_id}",
            version=0,
            batch_id=None,
            line_no=None,
            digitised_at="2025-11-24T08:00:00Z",
            result=result,
        )
        for raw, result in zip(raws, results, strict=True)
    ]


def lines(addresses: Sequence[DigitisedAddress]) -> bytes:
    return b"".join(encode(one) + b"\n" for one in addresses)


def plan(*arguments: str | Path, status: int = 0) -> str:
    done = runner.invoke(app, ["gazetteer", "plan", *map(str, arguments)])
    assert done.exit_code == status, done.output
    return done.output


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_each_address_has_its_prospect(new: Path, addresses: list[DigitisedAddress]) -> None:
    core = AddressCore(Gazetteer.load(new))
    found = outlooks(core, "2025-07-01", addresses)
    assert [one.prospect for one in found] == [*TEXTS.values(), Prospect.ATTRIBUTES]
    assert found[0].result.commune_code == MERGED and found[3].result.commune_code == PART
    # Those that were published with the new gazetteer already are as they are to be.
    done = [replace(one.address, result=replace(one.result, gazetteer_version=core.version)) for one in found]
    assert {one.prospect for one in outlooks(core, "2025-07-01", done)} == {Prospect.UNCHANGED}


@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.gz"])
def test_addresses_of_a_file_are_counted_and_listed(
    old: Path, new: Path, addresses: list[DigitisedAddress], tmp_path: Path, ending: str
) -> None:
    file = tmp_path / f"registry{ending}"
    file.write_bytes(gzip.compress(lines(addresses)) if ending.endswith("gz") else lines(addresses))
    said = plan(old, new, "--registry", file, "--addresses", tmp_path / "out.csv")
    assert [line.split()[0] for line in said.splitlines() if line.startswith(" " * 11)] == ["2", "1", "1"]
    listed = rows(tmp_path / "out.csv")
    assert [(one["record"], one["what"]) for one in listed] == [
        ("post:1", "attributes"),
        ("post:2", "review"),
        ("post:4", "attributes"),
    ]
    assert (listed[0]["commune"], listed[0]["new commune"]) == ("Xã Cao Bồ", "Xã Tây Côn Lĩnh")
    assert "divided" in listed[1]["why"] and listed[0]["why"] == ""


def test_a_text_that_a_spreadsheet_would_run_is_written_as_text(
    old: Path, new: Path, addresses: list[DigitisedAddress], tmp_path: Path
) -> None:
    evil = replace(addresses[0], result=replace(addresses[0].result, address_text='=HYPERLINK("x"), xã Cao Bồ'))
    file = tmp_path / "registry.jsonl"
    file.write_bytes(lines([evil]))
    plan(old, new, "--registry", file, "--addresses", tmp_path / "out.csv")
    assert rows(tmp_path / "out.csv")[0]["address"].startswith("'=")


def test_all_communes_are_in_the_file_and_the_first_ones_on_the_screen(old: Path, tmp_path: Path) -> None:
    june = june_artifact(tmp_path / "june")
    said = plan(june, old, "--units", tmp_path / "units.csv")
    listed = rows(tmp_path / "units.csv")
    assert f"{len(listed):,} communes change" in said
    assert f"and {len(listed) - _LISTED:,} more" in said
    assert ("02497", "split") in {(one["code"], one["what"]) for one in listed}


def test_nothing_changes_between_a_gazetteer_and_itself_whether_artifact_or_tables(old: Path) -> None:
    assert "0 communes change" in plan(old, DATA)


LISTS = """commune,legacy_commune,kind,name,lat,lon,edition
00952,,thôn,Hư Cấu,,,2025-07-01
00952,,thôn,Giả Định,,,2025-07-01
00958,,thôn,Giả Định,,,2025-07-01
00913,,thôn,Ví Dụ,,,2025-07-01
00913,,thôn,Tưởng Tượng,22.7301,105.0203,2025-07-01
02215,,thôn,Hư Cấu,,,2025-07-01
"""


@pytest.fixture
def imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of imports that are older than the merger."""
    folder = tmp_path / "imports"
    folder.mkdir()
    (folder / "villages.csv").write_text(LISTS, encoding="utf-8")
    (folder / "postal-codes.csv").write_text("commune,postal_code\n00952,20999\n00976,20998\n", encoding="utf-8")
    monkeypatch.setenv("DIACHI_IMPORTS_DIR", str(folder))
    return folder


def test_the_plan_says_what_becomes_of_imports_and_they_stay_as_they_are(
    old: Path, new: Path, imported: Path, tmp_path: Path
) -> None:
    before = {path.name: path.read_bytes() for path in imported.iterdir()}
    said = plan(old, new, "--imports", tmp_path / "rows.csv")
    assert "imports: 2 rows follow their communes, 4 are set aside; 4 of 8 count then" in said
    found = {(one["name"], one["commune"]): (one["into"], one["why"] != "") for one in rows(tmp_path / "rows.csv")}
    assert found == {
        ("thôn hư cấu", "00952"): (f"Xã Tây Côn Lĩnh ({MERGED})", False),
        ("thôn tưởng tượng", "00913"): (f"Xã Làng Vàng ({PART})", False),
        ("thôn giả định", "00952"): (f"Xã Tây Côn Lĩnh ({MERGED})", True),
        ("thôn giả định", "00958"): (f"Xã Tây Côn Lĩnh ({MERGED})", True),
        ("thôn ví dụ", "00913"): ("", True),
        ("20999", "00952"): (f"Xã Tây Côn Lĩnh ({MERGED})", True),
    }
    assert {path.name: path.read_bytes() for path in imported.iterdir()} == before
    assert "0 rows follow their communes, 0 are set aside; 8 of 8 count then" in plan(old, old)


def test_the_imports_are_shown_as_they_count_and_the_others_are_named(
    old: Path, new: Path, imported: Path, tmp_path: Path
) -> None:
    shown = runner.invoke(app, ["gazetteer", "imports", "--artifact", str(new), "--report", str(tmp_path / "rows.csv")])
    assert shown.exit_code == 0, shown.output
    assert "villages      3 of 3 communes" in shown.output and "postal codes  1" in shown.output
    assert "set aside: " in shown.output and "import the list" in shown.output
    assert len(rows(tmp_path / "rows.csv")) == 6
    back = runner.invoke(app, ["gazetteer", "imports", "--artifact", str(old)])
    assert "villages      6 of 4 communes" in back.output and "set aside" not in back.output


def test_commands_go_on_and_say_that_rows_do_not_count(
    new: Path, imported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIACHI_GAZETTEER", str(new))
    asked = runner.invoke(app, ["explain", "Thôn Hư Cấu, xã Tây Côn Lĩnh, tỉnh Tuyên Quang", "--lang", "en"])
    assert asked.exit_code == 0, asked.output
    assert "4 rows of the imports do not count" in asked.stderr
    assert Fault.VILLAGE_UNLISTED.en not in asked.stdout


def test_a_list_of_the_new_commune_stands_for_what_followed(
    old: Path, new: Path, imported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = tmp_path / "new.csv"
    listed.write_text(f"Thôn,Mã xã\nThôn Mới,{MERGED}\n", encoding="utf-8")
    monkeypatch.setenv("DIACHI_GAZETTEER", str(new))
    done = runner.invoke(app, ["gazetteer", "villages", str(listed)])
    assert done.exit_code == 0 and "(new 1, changed 0, gone 0)" in done.output, done.output
    assert {
        one.name for one in load_gazetteer(new).villages if one.commune_code == MERGED and one.source == "import"
    } == {"Mới"}
    # What is of the other edition is kept for the way back, and the new list waits.
    back = load_gazetteer(old)
    assert "Giả Định" in {one.name for one in back.villages} and "Mới" not in {one.name for one in back.villages}
    assert [one.why for one in back.imports.set_aside] == [Why.LATER]


def test_what_cannot_be_planned_is_said(old: Path, new: Path, tmp_path: Path) -> None:
    assert "give the older one first" in plan(new, old, status=1)
    assert "--registry too" in plan(old, new, "--addresses", tmp_path / "out.csv", status=1)
    broken = tmp_path / "broken.jsonl"
    broken.write_bytes(b'{"code": 1}\n')
    assert "address 1 is no record" in plan(old, new, "--registry", broken, status=1)
    assert "give `live`" in plan(old, new, "--registry", tmp_path / "absent", status=1)
    assert "not a gazetteer artifact" in plan(broken, new, status=1)
    tables = copied(tmp_path / "tables")
    edit(tables, "postal_codes", lambda found: found[1:])
    assert "1 errors; `diachi gazetteer check --data" in plan(old, tables, status=1)
