"""What is remembered of a record, redacted, comes to the same result as the record itself."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gazetteer.gazetteer import Gazetteer
from schemas.raw import Householder, RawAddress, RawPosition
from services.address.compose import Written, matched_text, published_text, remembered
from services.address.core import AddressCore
from services.address.glance import Text

TEXTS = [
    "Số 5, thôn Lùng Tao, xã Cao Bồ, tỉnh Tuyên Quang",
    "Ông Bùi Văn Kiểm Thử (0912 345 678), SN 12/3 đường Tân Hà, P. Minh Xuân, TP Tuyên Quang",
    "nhà bà Mẫu, xóm 2, Kim Phú 091 234\n5678",
    ", ,",
    "",
]
PEOPLE = [None, Householder("Bùi Văn Kiểm Thử", "0912 345 678"), Householder("Mẫu"), Householder(None, "+84912345678")]
pieces = st.sampled_from(["xã Cao Bồ", "Minh Xuân", "thôn 5 0912.345.678", "Bùi Văn Kiểm Thử", "  ", "TP Tuyên Quang"])
fields = st.none() | pieces
texts = st.sampled_from(TEXTS) | st.text(max_size=60) | st.lists(pieces, max_size=4).map(", ".join)


@settings(max_examples=500, deadline=None)
@given(texts, fields, fields, fields, fields, st.sampled_from(PEOPLE))
def test_the_redacted_fields_say_the_same(
    address: str,
    village: str | None,
    commune: str | None,
    district: str | None,
    province: str | None,
    householder: Householder | None,
) -> None:
    raw = RawAddress("post", "1", address, village, commune, district, province, householder=householder)
    published = published_text(Written(raw)).text
    kept = remembered(raw, published)
    again = RawAddress("post", "1", kept.address, kept.village, kept.commune, kept.district, kept.province)
    assert published_text(Written(again)).text == published
    assert matched_text(Written(again), Text(published)).text == matched_text(Written(raw), Text(published)).text
    assert remembered(again, published) == kept


@pytest.fixture(scope="module")
def core() -> AddressCore:
    return AddressCore(Gazetteer.load())


@pytest.mark.parametrize("householder", PEOPLE, ids=str)
@pytest.mark.parametrize("address", TEXTS)
def test_they_come_to_the_same_result(core: AddressCore, address: str, householder: Householder | None) -> None:
    position = RawPosition(easting=425_000.0, northing=2_413_000.0, epsg=9211, accuracy_m=8)
    raw = RawAddress("post", "1", address, commune="Minh Xuân", position=position, householder=householder)
    (found,) = core.digitise([raw])
    kept = remembered(raw, found.address_text)
    again = RawAddress(
        "post", "1", kept.address, kept.village, kept.commune, kept.district, kept.province, kept.position
    )
    assert core.digitise([again]) == [found]
