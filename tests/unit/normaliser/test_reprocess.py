"""Records run again after a change of the gazetteer, through both stages, with the real core and real tables.

The merger, the split and the renaming are made up (tests/gazetteers.py); the step from June to July 2025 is real.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from gazetteer.gazetteer import Gazetteer
from gazetteer.model import Village
from schemas.batch import BatchTransitions
from schemas.codec import decode, encode
from schemas.dead_letter import DeadLetterHeader
from schemas.normaliser_state import CommuneAt
from schemas.outcome import Outcome
from services.address.core import AddressCore
from services.stream import topics
from services.stream.outputs import Output
from tests.gazetteers import (
    BACH_NGOC,
    CAO_BO,
    MERGED,
    PART,
    RENAMED,
    VI_XUYEN,
    change_row,
    edit,
    june_artifact,
    loaded,
    merger_tables,
)
from tests.unit.make import Record
from tests.unit.normaliser.line import NOWHERE, Line, decision, request, submission

CAO_BO_AREA, VI_XUYEN_AREA = "20223", "20206"
IN_CAO_BO = "Số 5, thôn Lùng Tao, xã Cao Bồ, tỉnh Tuyên Quang"
IN_THUONG_SON = "Số 7, thôn Trung, xã Thượng Sơn, tỉnh Tuyên Quang"
IN_VI_XUYEN = "Số 1, tổ 3, xã Vị Xuyên, tỉnh Tuyên Quang"
IN_BACH_NGOC = "Số 2, thôn Ngòi, xã Bạch Ngọc, tỉnh Tuyên Quang"
IN_QUANG_BINH = "Số 9, thôn Yên Lập, xã Quang Bình, tỉnh Tuyên Quang"
IN_PART = {"lat": 22.7301, "lon": 105.0203}
FAR_FROM_PART = {"lat": 22.6941, "lon": 104.9710}


@pytest.fixture(scope="module")
def today() -> AddressCore:
    return AddressCore(Gazetteer.load())


@pytest.fixture(scope="module")
def merged(tmp_path_factory: pytest.TempPathFactory) -> AddressCore:
    return AddressCore(loaded(merger_tables(tmp_path_factory.mktemp("tables") / "merger")))


@pytest.fixture(scope="module")
def june(tmp_path_factory: pytest.TempPathFactory) -> AddressCore:
    return AddressCore(Gazetteer.load(june_artifact(tmp_path_factory.mktemp("tables") / "june")))


@pytest.fixture
def line(today: AddressCore) -> Iterator[Line]:
    made = Line(today)
    yield made
    # Whatever happened: every row is counted once, and nothing was counted that was not there.
    tally = made.tallies["b1"]
    assert all(count > 0 for count in tally.outcomes.values())
    assert sum(tally.outcomes.values()) == tally.accounted


def letter(outputs: Sequence[Output]) -> str:
    (found,) = (one for one in outputs if one.topic == topics.RAW_DEAD_LETTERS)
    return dict(found.headers)[DeadLetterHeader.ERROR_CODE.value].decode()


def test_in_a_merger_codes_and_areas_stay_and_attributes_change(line: Line, merged: AddressCore) -> None:
    point = {"lat": 22.7574, "lon": 104.882}
    line.send(submission("1", IN_CAO_BO, position=point), submission("2", IN_THUONG_SON), submission("3", IN_BACH_NGOC))
    before = line.addresses()
    line.use(merged)
    line.again("1", "2", "3")
    assert line.addresses().keys() == before.keys()
    for code, address in line.addresses().items():
        was = before[code]
        assert (address.written_code, address.record_key, address.line_no) == (
            was.written_code,
            was.record_key,
            was.line_no,
        )
        assert address.result.registry_area == was.result.registry_area == code[:5]
        assert address.result.gazetteer_version == merged.version
        assert (
            address.result.position is None
            or address.result.position.source != "input.wgs84"
            or (address.result.position == was.result.position)
        )
    one, two, three = (line.address(name).result for name in "123")
    assert (one.commune_code, one.commune) == (two.commune_code, two.commune) == (MERGED, "Xã Tây Côn Lĩnh")
    assert one.proposed_code == line.address("1").code
    assert (three.commune_code, three.commune) == (BACH_NGOC, f"Xã {RENAMED}")
    assert line.counts() == {"digitised": 3}
    assert [one.commune_code for one in line.state("1").communes] == [CAO_BO, MERGED]


def test_an_untouched_address_is_published_no_second_time_and_a_second_run_does_nothing(
    line: Line, merged: AddressCore
) -> None:
    line.send(submission("1", IN_QUANG_BINH), submission("2", IN_CAO_BO))
    line.use(merged)
    made = line.again("1", "2")
    assert {one.key for one in made if one.topic == topics.DIGITISED} == {line.address("2").code.encode()}
    assert line.state("1").version == 0 and line.state("1").gazetteer_version == merged.version
    assert line.again("1", "2") == [] and line.again("1", "2", again=True) == []
    # What was run again is still known by its text.
    (row,) = [one for one in line.send(submission("2", IN_CAO_BO, line_no=9)) if one.topic == topics.BATCH_PROGRESS]
    assert [step.outcome for step in decode(BatchTransitions, row.value or b"").transitions] == [Outcome.UNCHANGED]


def test_an_address_of_a_split_commune_is_decided_by_its_point_or_by_a_person(line: Line, merged: AddressCore) -> None:
    line.send(
        submission("1", IN_VI_XUYEN),
        submission("2", IN_VI_XUYEN.replace("Số 1", "Số 2"), position=IN_PART),
        submission("3", IN_VI_XUYEN.replace("Số 1", "Số 3"), position=FAR_FROM_PART),
    )
    before = line.addresses()
    line.use(merged)
    line.again("1", "2", "3")
    assert line.addresses().keys() == before.keys()
    assert line.address("2").result.commune_code == PART
    assert line.address("3").result.commune_code == VI_XUYEN
    assert line.address("1") == before[line.address("1").code], "the last good version stays published"
    item = line.review("1")
    assert item is not None and item.published
    assert item.result.faults[0] == "commune.split"
    assert [item.result.commune_code, *(rival.commune_code for rival in item.result.rivals)] == [VI_XUYEN, PART]
    assert line.counts() == {"digitised": 2, "review": 1}
    assert line.again("1") == []
    line.send(decision(line, "1", PART, text=IN_VI_XUYEN))
    assert line.review("1") is None
    assert line.address("1").code in before
    assert line.address("1").result.commune_code == PART
    assert line.counts() == {"digitised": 3}
    # The decision holds, also when everything is run once more.
    assert line.again("1", again=True) == []


def test_a_listed_street_decides_the_part_of_a_split_commune(line: Line, merged: AddressCore) -> None:
    line.send(submission("1", "Số 1 đường Giả Định, xã Vị Xuyên, Tuyên Quang"))
    code = line.address("1").code
    with_street = AddressCore(merged.gazetteer)
    with_street.confirm_villages({"street": Village("Giả Định", "đường", None, PART, "test")}, 0)
    line.use(with_street)
    line.again("1")
    assert line.review("1") is None
    assert (line.address("1").code, line.address("1").result.commune_code) == (code, PART)


def test_decisions_outlive_a_merger_and_are_followed(line: Line, merged: AddressCore) -> None:
    line.send(submission("1", NOWHERE))
    line.send(decision(line, "1", CAO_BO, components={"house_number": "12", "village": "Thôn Lùng Tao"}))
    code = line.address("1").code
    line.use(merged)
    line.again("1")
    now = line.address("1")
    assert (now.code, now.result.commune_code, now.result.components.house_number) == (code, MERGED, "12")
    decided = line.state("1").decision
    assert decided is not None and decided.commune_code == CAO_BO
    assert line.send(submission("1", NOWHERE)) != [] and line.address("1") == now
    assert line.again("1", again=True) == []


def test_a_request_brings_nothing_back_and_undoes_nothing(line: Line, merged: AddressCore) -> None:
    line.send(submission("1", IN_CAO_BO), submission("2", IN_THUONG_SON))
    line.send(Record(None, key=b"post:1"))
    line.use(merged)
    line.send(submission("2", "Số 8, thôn Trung, xã Tây Côn Lĩnh, tỉnh Tuyên Quang"))
    corrected = line.address("2")
    assert line.again("1", "2", "4") == []
    assert list(line.addresses().values()) == [corrected]
    assert corrected.result.registry_area == "20224", "a correction within what its commune became stays in its area"


def test_a_correction_in_review_leaves_what_is_published_to_be_run(line: Line, merged: AddressCore) -> None:
    line.send(submission("1", IN_CAO_BO))
    code = line.address("1").code
    line.send(submission("1", NOWHERE, line_no=2))
    waiting = line.review("1")
    line.use(merged)
    line.again("1")
    assert (line.address("1").code, line.address("1").result.commune_code) == (code, MERGED)
    assert line.review("1") == waiting, "what waits has not changed: a decision on it is not stale"
    line.send(decision(line, "1", MERGED, text=NOWHERE))
    assert (line.address("1").code, line.counts()) == (code, {"digitised": 2})
    assert line.address("1").result.address_text == NOWHERE


def test_what_waits_in_review_may_be_settled_by_the_new_gazetteer(line: Line, merged: AddressCore) -> None:
    line.send(submission("1", "Số 5, xã Tây Côn Lĩnh, Tuyên Quang"), submission("2", NOWHERE))
    assert line.counts() == {"review": 2}
    waiting = line.review("2")
    line.use(merged)
    line.again("1", "2")
    assert line.address("1").result.commune_code == MERGED
    assert line.review("1") is None and line.review("2") == waiting
    assert line.counts() == {"digitised": 1, "review": 1}


def test_dwellings_that_are_shared_keep_their_code(line: Line, merged: AddressCore) -> None:
    line.send(submission("1", IN_CAO_BO), submission("2", IN_CAO_BO), submission("3", IN_CAO_BO.replace("5", "6")))
    before = set(line.addresses())
    assert len(before) == 2
    line.use(merged)
    line.again("1")
    line.again("2", "3")
    assert set(line.addresses()) == before
    for record_id in ("1", "2"):
        line.send(Record(None, key=f"post:{record_id}".encode()))
    assert set(line.addresses()) == {line.address("3").code}, "it is retired with the last, as ever"


def test_a_shared_code_stays_when_a_text_is_corrected_before_all_is_run_again(line: Line, merged: AddressCore) -> None:
    line.send(submission("1", IN_CAO_BO), submission("2", IN_CAO_BO))
    before = set(line.addresses())
    line.use(merged)
    line.send(submission("2", IN_CAO_BO.replace("Số 5", "SN 5"), line_no=3))
    assert set(line.addresses()) == before
    line.again("1")
    assert set(line.addresses()) == before and len(before) == 1
    line.send(Record(None, key=b"post:2"))
    assert set(line.addresses()) == before, "the other one lives there"


def test_a_correction_that_was_not_registered_is_no_place_to_stay_at(line: Line, merged: AddressCore) -> None:
    """Of two who share a home one is corrected to another, and the registrar fails on that; then comes the merger."""
    line.send(submission("1", IN_CAO_BO), submission("2", IN_CAO_BO))
    (shared,) = line.addresses()
    line.process(line.normaliser, [submission("2", IN_CAO_BO.replace("5", "6"), line_no=3)])
    line.use(merged)
    line.again("1", "2")
    assert line.address("1").code == shared != line.address("2").code
    line.send(submission("1", IN_CAO_BO.replace("5", "6"), line_no=4))
    assert set(line.addresses()) == {line.address("1").code}, "number 6 is where 2 lives"


def test_a_doubtful_correction_that_comes_to_the_same_keeps_its_item(line: Line, merged: AddressCore) -> None:
    line.send(submission("1", IN_CAO_BO))
    line.use(merged)
    line.again("1")
    line.send(submission("1", IN_CAO_BO, line_no=2, position={"lat": 10.77, "lon": 106.7}))
    waiting = line.review("1")
    assert waiting is not None and waiting.published
    assert line.again("1", again=True) == []
    assert line.review("1") == waiting, "who decides on it is not told that it is stale"


def test_two_dwellings_do_not_become_one_by_a_merger(line: Line, merged: AddressCore) -> None:
    """Number 5 of the village Trung in both communes; the second one new, in the area of the merged commune."""
    line.send(
        submission("1", IN_THUONG_SON.replace("7", "5")), submission("2", "Số 5, thôn Trung, xã Cao Bồ, Tuyên Quang")
    )
    before = set(line.addresses())
    line.use(merged)
    line.again("1", "2")
    assert set(line.addresses()) == before and len(before) == 2


def test_the_way_back_gives_the_communes_of_before(line: Line, today: AddressCore, merged: AddressCore) -> None:
    line.send(submission("1", IN_CAO_BO), submission("2", IN_VI_XUYEN), submission("3", NOWHERE))
    line.send(decision(line, "3", CAO_BO))
    before = line.addresses()
    line.use(merged)
    line.again("1", "2", "3")
    line.use(today)
    line.again("1", "2", "3")
    assert line.review("2") is None
    assert line.counts() == {"digitised": 3}
    assert line.addresses().keys() == before.keys()
    for code, was in before.items():
        assert line.addresses()[code].result == was.result
    assert line.state("1").communes == (CommuneAt("2025-07-01", CAO_BO),)


def test_lineage_that_is_mended_later_leads_anew(line: Line, merged: AddressCore, tmp_path: Path) -> None:
    line.send(submission("1", IN_BACH_NGOC))
    line.use(merged)
    line.again("1")
    folder = merger_tables(tmp_path / "mended")
    edit(
        folder,
        "changes",
        lambda rows: (
            [row for row in rows if row["code"] != BACH_NGOC] + [change_row(BACH_NGOC, "Xã", "Bạch Ngọc", MERGED)]
        ),
    )
    line.use(AddressCore(loaded(folder)))
    line.again("1")
    assert line.address("1").result.commune_code == MERGED


def test_a_commune_that_ended_without_lineage_is_for_a_person(line: Line, today: AddressCore, tmp_path: Path) -> None:
    line.send(submission("1", IN_CAO_BO))
    before = line.addresses()
    folder = merger_tables(tmp_path / "unexplained")
    edit(folder, "changes", lambda rows: [row for row in rows if row["code"] != CAO_BO])
    edit(folder, "lineage", lambda rows: [row for row in rows if row["new"] != CAO_BO])
    line.use(AddressCore(loaded(folder)))
    line.again("1")
    assert line.addresses() == before
    assert line.counts() == {"review": 1}
    line.use(today)
    line.again("1")
    assert line.counts() == {"digitised": 1}


def test_a_gazetteer_that_reads_an_untouched_commune_elsewhere_moves_nobody(line: Line, today: AddressCore) -> None:
    """The same edition, mended: of the same text it says another commune than before."""
    line.send(submission("1", IN_QUANG_BINH))
    before = line.addresses()
    state = line.state("1")
    mistaken = replace(state, communes=(CommuneAt("2025-07-01", BACH_NGOC),), gazetteer_version="earlier")
    store = line.stores["normaliser"]
    store.put(b"post:1", encode(mistaken))
    store.commit()
    line.again("1")
    item = line.review("1")
    assert item is not None and "commune.was_another" in item.result.faults and item.published
    assert line.addresses() == before


def test_a_request_for_another_gazetteer_is_refused_and_one_of_an_earlier_release_too(
    line: Line, today: AddressCore, merged: AddressCore
) -> None:
    line.send(submission("1", IN_CAO_BO))
    assert letter(line.send(request("1", merged.version))) == "reprocess.other_gazetteer"
    bare = replace(line.state("1"), fields=None, result_hash=None, communes=(), gazetteer_version="earlier")
    store = line.stores["normaliser"]
    store.put(b"post:1", encode(bare))
    store.commit()
    assert letter(line.again("1")) == "reprocess.nothing_remembered"
    assert line.counts() == {"digitised": 1}


def test_names_and_phones_are_not_remembered(line: Line) -> None:
    person = {"name": "Bùi Văn Kiểm Thử", "phone": "0912 345 678"}
    text = f"Ông Bùi Văn Kiểm Thử (0912345678), {IN_CAO_BO}"
    line.send(
        submission("1", text, householder=person), submission("2", text, householder=person, village="nhà 0912.345.678")
    )
    for record_id in ("1", "2"):
        remembered = line.stores["normaliser"].get(f"post:{record_id}".encode()) or b""
        assert b"Ki\xe1\xbb\x83m" not in remembered and b"345" not in remembered


JUNE_TEXTS = {
    "1": "Số 12, đường Tân Hà, phường Minh Xuân, thành phố Tuyên Quang, tỉnh Tuyên Quang",
    "2": "Thôn 3, xã Cao Bồ, huyện Vị Xuyên, tỉnh Hà Giang",
    "3": "xóm 2, xã Kim Phú, thành phố Tuyên Quang, tỉnh Tuyên Quang",
    "4": "Số 4, tổ 5, thị trấn Vị Xuyên, huyện Vị Xuyên, tỉnh Hà Giang",
}


def test_the_step_from_june_to_july_2025(june: AddressCore, today: AddressCore) -> None:
    line = Line(june)
    line.send(*(submission(name, text) for name, text in JUNE_TEXTS.items()))
    assert line.counts() == {"digitised": 4}
    before = {name: line.address(name) for name in JUNE_TEXTS}
    assert before["1"].result.commune_code == "02203"
    line.use(today)
    line.again(*JUNE_TEXTS)
    assert line.counts() == {"digitised": 3, "review": 1}, "Kim Phú was split"
    for name, was in before.items():
        now = line.address(name)
        assert (now.code, now.result.registry_area) == (was.code, was.result.registry_area)
    assert line.address("1").result.commune == "Phường Minh Xuân"
    assert line.address("1").result.commune_code == "02215", "the code of another commune of June"
    assert line.address("2").result.province == "Tỉnh Tuyên Quang"
    item = line.review("3")
    assert item is not None and item.result.faults[0] == "commune.split"
    assert all(line.again(name, again=True) == [] for name in JUNE_TEXTS)
    line.use(june)
    line.again(*JUNE_TEXTS)
    assert {name: line.address(name).result for name in JUNE_TEXTS} == {
        name: was.result for name, was in before.items()
    }
