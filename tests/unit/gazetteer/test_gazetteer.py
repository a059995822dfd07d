"""What the shipped gazetteer holds: its counts, and facts that are known from elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from hashlib import sha256
from pathlib import Path

import pytest

from gazetteer.gazetteer import Gazetteer
from gazetteer.lineage import Lineage, is_split
from gazetteer.model import Successor
from gazetteer.names import tone_key
from gazetteer.tables import DATA, read_tables

ANCHORS = "700f5fc6e0e2cbb38bc83c37e0bb1c6a667fbc6002cdd39919b876b52fca58e9"
LOAD = """
import sys, time
from pathlib import Path
import psutil
from gazetteer.gazetteer import Gazetteer
start = time.perf_counter()
gazetteer = Gazetteer.load(Path(sys.argv[1]))
print(time.perf_counter() - start, psutil.Process().memory_info().rss / 1e6)
"""


def test_counts(gazetteer: Gazetteer) -> None:
    assert len(gazetteer.communes) == 3321
    assert len(gazetteer.provinces) == 34
    assert len(gazetteer.old_provinces) == 63
    assert sum(one.province_code == "08" for one in gazetteer.communes.values()) == 124
    assert len(gazetteer.villages) == 64
    # 10,035 communes of June 2025, and the five island districts without communes.
    assert len({one.code for one in gazetteer.legacy if one.edition == 2025}) == 10_035 + 5
    of_2025 = [one for one in gazetteer.legacy if one.edition == 2025]
    assert len(of_2025) == len({one.code for one in of_2025})
    assert sum(one.province_code == "08" for one in of_2025) == 137
    assert sum(one.province_code == "02" for one in of_2025) == 193


def test_every_commune_has_a_postal_code_of_its_own_an_area_and_an_anchor(gazetteer: Gazetteer) -> None:
    communes = gazetteer.communes.values()
    assert len({one.postal_code for one in communes}) == 3321
    assert all(re.fullmatch(r"\d{5}", one.postal_code) for one in communes)
    assert {one.registry_area for one in communes} == set(gazetteer.areas)
    assert {one.postal_code[:2] for one in communes if one.province_code == "08"} == {"20", "22"}
    not_decodable = {one.name for one in communes if not one.decodable}
    assert not_decodable == {"Trường Sa", "Hoàng Sa", "Côn Đảo"}


def test_anchors_are_frozen() -> None:
    """A changed row would change the meaning of codes that are written on doors. New areas are appended."""
    lines = (DATA / "anchors.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    assert sha256("".join(lines[: 1 + 3321]).encode()).hexdigest() == ANCHORS


def test_all_references_hold(gazetteer: Gazetteer) -> None:
    for one in gazetteer.legacy:
        assert gazetteer.district_of(one).code == one.district_code
        assert one.province_code in gazetteer.old_provinces
        assert sum(successor.usual for successor in one.successors) == (1 if one.successors else 0)
        for successor in one.successors:
            commune = gazetteer.communes[successor.commune_code]
            assert one in gazetteer.predecessors(commune.code)
            assert gazetteer.province_successor[one.province_code] == commune.province_code
    assert set(gazetteer.province_successor.values()) == set(gazetteer.provinces)


def test_splits(gazetteer: Gazetteer) -> None:
    """The source knows 471; 29 of them are namesakes in merged provinces, which the corrections refute."""
    rows = Counter(row["old"] for row in read_tables()["lineage"])
    assert sum(count > 1 for count in rows.values()) == 471
    split = {one.code for one in gazetteer.legacy if one.edition == 2025 and is_split(one)}
    assert len(split) == 471 - 29
    of_tuyen_quang = {one.name for one in gazetteer.legacy if one.code in split and one.province_code in ("02", "08")}
    assert of_tuyen_quang == {"Thái Bình", "Kim Phú", "Quang Trung", "Việt Lâm", "Yên Định"}


def test_a_code_survives_its_name(gazetteer: Gazetteer) -> None:
    assert gazetteer.communes["02287"].full_name == "Xã Chiêm Hóa"
    (old,) = gazetteer.legacy_by_code("02287")
    assert old.full_name == "Thị trấn Vĩnh Lộc"
    assert gazetteer.successors("02287") == (Successor("02287", True),)


def test_a_name_is_reused(gazetteer: Gazetteer) -> None:
    """Old Tân Quang of Tuyên Quang city is not the Tân Quang of today, which was in Hà Giang."""
    today = {one.code for one in gazetteer.communes.values() if one.name == "Tân Quang" and one.province_code == "08"}
    ward = [one for one in gazetteer.legacy if one.full_name == "Phường Tân Quang" and one.province_code == "08"]
    assert today
    assert ward
    assert not today & {successor.commune_code for one in ward for successor in one.successors}


def test_chains_are_followed(gazetteer: Gazetteer) -> None:
    """The code of Thanh Phát in Sơn Dương stands in the list of 2019 alone."""
    (old,) = gazetteer.legacy_by_code("02581")
    assert (old.name, old.edition) == ("Thanh Phát", 2019)
    assert [successor.commune_code for successor in old.successors] == ["02578"]
    unknown = [one.name for one in gazetteer.legacy if not one.successors]
    assert unknown == ["Chư Jôr"]


def test_a_chain_of_mergers_that_closes_ends() -> None:
    direct = {"c": [Successor("x", False), Successor("y", True)], "d": [Successor("y", True)]}
    lineage = Lineage(direct, {"a": ["b"], "b": ["c"], "r": ["s"], "s": ["r"], "m": ["c", "d"], "n": ["a", "r"]})
    both = (Successor("y", True), Successor("x", False))
    assert lineage.successors_of_code("a") == both
    assert lineage.successors_of_code("m") == both
    assert lineage.successors_of_code("n") == both
    assert lineage.successors_of_code("r") == ()
    assert lineage.successors_of_code("unknown") == ()


def test_namesakes_in_merged_provinces_are_not_taken_for_splits(gazetteer: Gazetteer) -> None:
    """The source sent ward 4 of Mỹ Tho to Cao Lãnh, 80 km away, because ward 4 of Cao Lãnh went there."""
    (ward,) = [one for one in gazetteer.legacy_by_code("28252") if one.edition == 2025]
    assert "29869" not in [successor.commune_code for successor in ward.successors]


def test_district_codes_that_passed_on(gazetteer: Gazetteer) -> None:
    assert gazetteer.districts["769"].full_name == "Thành phố Thủ Đức"
    assert gazetteer.districts["769@2019"].full_name == "Quận 2"
    old = {gazetteer.district_of(one).name for one in gazetteer.legacy if one.name == "Thảo Điền"}
    assert old == {"2", "Thủ Đức"}
    assert "Huyện" in gazetteer.districts["292"].former_kinds


@pytest.mark.parametrize(
    ("code", "alias"),
    [("00712", "Phó Bảng"), ("00736", "Xà Phìn"), ("02263", "Khau Tinh"), ("02431", "Quí Quân"), ("01087", "Nậm Tỵ")],
)
def test_spellings_of_the_other_list_are_aliases(gazetteer: Gazetteer, code: str, alias: str) -> None:
    assert any(alias in one.aliases for one in gazetteer.legacy_by_code(code))


def test_what_people_write(gazetteer: Gazetteer) -> None:
    assert {"Dak Lak", "Dac Lac", "Đăk Lăk"} <= set(gazetteer.provinces["66"].aliases)
    (tan_yen,) = [one for one in gazetteer.legacy if one.full_name == "Thị trấn Tân Yên" and one.province_code == "08"]
    assert tan_yen.aliases == ("Hàm Yên",)


def test_known_errors_are_mended(gazetteer: Gazetteer) -> None:
    communes = gazetteer.communes
    assert communes["08296"].lat == pytest.approx(21.4722)
    assert communes["04924"].lat == pytest.approx(20.8924)
    assert communes["30130"].lat == pytest.approx(10.6149)
    assert communes["28615"].lat == pytest.approx(10.4123)
    assert communes["10543"].full_name == "Phường Việt Hòa"
    assert communes["11848"].full_name == "Xã Vĩnh Hòa"
    assert communes["31213"].full_name == "Phường Tân Lộc"
    assert communes["31299"].full_name == "Xã Phong Điền"
    for name, district in (("Đức Ninh", "074"), ("Lang Quán", "075")):
        (old,) = [one for one in gazetteer.legacy if one.name == name and one.district_code == district]
        assert (old.lat, old.bbox) == (None, None)


def test_a_village_knows_its_commune_unless_it_was_split(gazetteer: Gazetteer) -> None:
    for village in gazetteer.villages:
        successors = gazetteer.successors(village.legacy_commune_code)
        assert village.commune_code == (successors[0].commune_code if len(successors) == 1 else None)


def test_names_are_tidy(gazetteer: Gazetteer) -> None:
    for one in [*gazetteer.communes.values(), *gazetteer.legacy]:
        assert one.name == " ".join(one.name.split())
        assert one.name not in one.aliases
        assert all(tone_key(alias) for alias in one.aliases)


def test_load_time_and_memory(artifact: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Memory is held to its limit in a fresh process; the time depends on the machine and is only printed."""
    done = subprocess.run(
        [sys.executable, "-c", LOAD, str(artifact)],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    seconds, megabytes = map(float, done.stdout.split())
    with capsys.disabled():
        print(f" [gazetteer loads in {seconds:.2f} s, {megabytes:.0f} MB]", end="")
    assert megabytes < 150
