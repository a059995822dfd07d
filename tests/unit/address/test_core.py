"""What the core promises: order, batches, points, splits, decisions, nothing that raises."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gazetteer.gazetteer import Gazetteer
from schemas.address import Components, CoordinateLevel, MatchLevel, NextAction
from schemas.raw import Decision, Householder, RawAddress, RawPosition
from services.address.core import AddressCore, UnknownCommuneError
from services.address.faults import Fault
from services.address.glance import Text
from services.address.tokens import MAX_CHARACTERS
from tests.unit.address.pathological import PATHOLOGICAL

GAZETTEER = Gazetteer.load()
CORE = AddressCore(GAZETTEER)
MINH_XUAN = "02215"
SPLIT = "xã Việt Lâm, huyện Vị Xuyên, Hà Giang"

_WORDS = st.sampled_from(
    ["xã", "phường", "TT", "huyện", "TP.", "tỉnh", "thôn", "tổ", "ấp", "số", "đường", "km", "QL2", "12", "3/4", "05",
     "Hàm", "Yên", "Tuyên", "Quang", "Sơn", "Dương", "Minh", "Xuân", "Hà", "Nội", "Quận", "3", "P.", "X.", "H.", ",",
     "-", ";", "(", ")", ".", "\u0323", "\u0309", "đ", "47V5+Q9V", "22°41'", "Việt", "Nam", "Nguyễn", "An", "Bắc"]
)  # fmt: skip
_ADDRESSES = st.one_of(st.text(max_size=200), st.lists(_WORDS, max_size=25).map(" ".join))


def _raw(text: str, position: RawPosition | None = None) -> RawAddress:
    return RawAddress("test", "1", text, position=position)


@given(_ADDRESSES)
def test_no_text_raises_and_the_score_is_the_sum_of_its_faults(text: str) -> None:
    result = CORE.digitise([_raw(text)])[0]
    assert 0 <= result.score <= 100
    assert result.margin >= 0
    by_value = {fault.value: fault for fault in Fault}
    if result.commune_code is None:
        assert result.next_action is NextAction.FIX
    else:
        assert result.score == max(0, 100 - sum(by_value[value].penalty for value in result.faults))


@given(st.lists(_ADDRESSES, max_size=6))
def test_a_batch_gives_what_its_records_give_alone_in_order(texts: list[str]) -> None:
    batch = [_raw(text) for text in texts]
    assert CORE.digitise(batch) == [AddressCore.digitise(CORE, [raw])[0] for raw in batch]


@given(_ADDRESSES)
def test_a_text_cut_at_commas_is_ranked_like_the_whole(text: str) -> None:
    """Only the value of a leading house number may be lost."""
    cut = CORE.matcher.match([Text(text)])[0].ranking.ranked
    reading = CORE.matcher.read(text)
    ranking = CORE.matcher.rank(reading)
    if not ranking.settled:
        ranking = CORE.matcher.rank_fuzzy([reading])[0]
    assert [(one.place.code, one.faults) for one in cut[:1]] == [
        (one.place.code, one.faults) for one in ranking.ranked[:1]
    ]


@settings(max_examples=8, deadline=None)
@given(st.lists(_ADDRESSES, min_size=1, max_size=4))
def test_what_was_seen_before_changes_nothing(texts: list[str]) -> None:
    fresh = AddressCore(GAZETTEER)
    batch = [_raw(text) for text in texts]
    assert fresh.digitise(batch) == CORE.digitise(batch)


@given(_ADDRESSES)
def test_composed_and_decomposed_text_mean_the_same(text: str) -> None:
    composed = CORE.digitise([_raw(unicodedata.normalize("NFC", text))])[0]
    decomposed = CORE.digitise([_raw(unicodedata.normalize("NFD", text))])[0]
    assert replace(composed, address_text="") == replace(decomposed, address_text="")


@pytest.mark.parametrize("text", PATHOLOGICAL.values(), ids=PATHOLOGICAL)
def test_a_pathological_text_is_bounded(text: str) -> None:
    result = CORE.digitise([_raw(text)])[0]
    assert result.next_action is not NextAction.ACCEPT
    assert len(text) <= MAX_CHARACTERS or {Fault.TEXT_TOO_LONG, Fault.TEXT_EMPTY} & set(result.faults)


def test_an_empty_text_says_so() -> None:
    assert CORE.digitise([_raw("  ")])[0].faults == (Fault.TEXT_EMPTY,)


def test_separate_fields_are_read_by_their_columns() -> None:
    raw = RawAddress("test", "1", "Số 5", village="5", commune="Thái Sơn", district="Hàm Yên", province="Tuyên Quang")
    result = CORE.digitise([raw])[0]
    assert result.legacy is not None
    assert result.legacy.commune == "Xã Thái Sơn"
    assert result.components == Components(house_number="5", village="Thôn 5")
    assert result.match_level is MatchLevel.HOUSE
    assert result.next_action is NextAction.ACCEPT


def test_householder_and_phone_stay_out_of_the_result() -> None:
    raw = RawAddress(
        "test",
        "1",
        "Nhà bà Trịnh Thị Mẫu Đơn, tổ 3, P. Minh Xuân, TP Tuyên Quang, ĐT 0912345678",
        householder=Householder(name="Trịnh Thị Mẫu Đơn", phone="0912345678"),
    )
    text = str(CORE.digitise([raw])[0])
    assert "Mẫu Đơn" not in text
    assert "912345678" not in text


def test_a_point_in_the_commune_is_used_and_coded() -> None:
    commune = GAZETTEER.communes[MINH_XUAN]
    result = CORE.digitise([_raw("phường Minh Xuân, tỉnh Tuyên Quang", RawPosition(commune.lat, commune.lon))])[0]
    assert result.coordinate_level is CoordinateLevel.POINT
    assert result.proposed_code is not None
    assert result.proposed_code.startswith(commune.registry_area)


def test_a_point_outside_the_commune_is_named_and_not_used() -> None:
    result = CORE.digitise([_raw("phường Minh Xuân, tỉnh Tuyên Quang", RawPosition(10.776, 106.7))])[0]
    assert Fault.POINT_OUTSIDE_COMMUNE in result.faults
    assert result.coordinate_level is CoordinateLevel.COMMUNE
    assert result.proposed_code is None
    assert result.next_action is NextAction.CONFIRM


def test_a_point_decides_between_homonyms() -> None:
    text = "xã Tân Tiến"
    named = [one for one in GAZETTEER.communes.values() if one.name == "Tân Tiến" and one.lat is not None]
    assert len(named) > 1
    for commune in named[:3]:
        result = CORE.digitise([_raw(text, RawPosition(commune.lat, commune.lon))])[0]
        assert result.commune_code == commune.code


def test_a_point_decides_in_which_part_of_a_divided_commune_an_address_lies() -> None:
    undecided = CORE.digitise([_raw(SPLIT)])[0]
    assert undecided.next_action is NextAction.CONFIRM
    assert undecided.margin == 0
    parts = {undecided.commune_code, *(rival.commune_code for rival in undecided.rivals)}
    assert len(parts) > 1
    usual = GAZETTEER.communes[undecided.commune_code or ""]
    decided = CORE.digitise([_raw(SPLIT, RawPosition(usual.lat, usual.lon))])[0]
    assert decided.commune_code == usual.code
    assert Fault.COMMUNE_SPLIT not in decided.faults
    assert decided.next_action is NextAction.ACCEPT


def _decision(code: str = MINH_XUAN, village: str | None = None) -> Decision:
    return Decision(
        source="test",
        source_record_id="1",
        decided_by="reviewer",
        decided_at="2026-01-01T00:00:00Z",
        based_on_version=1,
        commune_code=code,
        address_text="Số 12, 15 Lê Lợi, Tuyên Quang",
        village=village,
    )


def test_a_decided_point_outside_the_decided_commune_is_named_and_not_used() -> None:
    inside = CORE.settle(replace(_decision(), position=RawPosition(lat=21.823612, lon=105.214109)))
    outside = CORE.settle(replace(_decision(), position=RawPosition(lat=22.812345, lon=105.912345)))
    assert inside.proposed_code is not None
    assert (outside.proposed_code, outside.faults) == (None, ("point.outside_commune",))
    assert outside.position is not None and outside.position.source.startswith("gazetteer.")


def test_personal_data_in_a_separate_field_is_gone_before_the_field_is_read() -> None:
    raw = RawAddress(
        source="post",
        source_record_id="1",
        address="Số 7",
        village="0900 000 123 Bùi Văn Mẫu",
        commune="Minh Xuân",
        province="Tuyên Quang",
        householder=Householder(name="Bùi Văn Mẫu", phone="0900000123"),
    )
    result = CORE.digitise([raw])[0]
    assert (result.commune_code, result.components.village) == (MINH_XUAN, None)
    assert "0900" not in result.address_text and "Mẫu" not in result.address_text


def test_a_decision_is_accepted_as_settled() -> None:
    result = CORE.settle(_decision(village="Tổ 9"))
    assert result.next_action is NextAction.ACCEPT
    assert result.commune_code == MINH_XUAN
    assert result.components.village == "Tổ 9"
    assert result.registry_area == GAZETTEER.communes[MINH_XUAN].registry_area


def test_a_decision_for_an_unknown_commune_is_refused() -> None:
    with pytest.raises(UnknownCommuneError, match="99999"):
        CORE.settle(_decision(code="99999"))


def test_an_explanation_agrees_with_the_result_and_covers_the_text() -> None:
    raw = _raw("Số 12, tổ 5, P. Tân Qang, TP Tuyên Quang")
    explained = CORE.explain(raw)
    assert explained.result == CORE.digitise([raw])[0]
    assert [span.label for span in explained.spans] == ["house_number", "group", "commune", "district"]
    assert all(explained.text[span.start : span.end] == span.text for span in explained.spans)
    assert explained.fuzzy
    best = explained.candidates[0]
    assert best.score == 100 - sum(fault.penalty for fault in best.faults)
