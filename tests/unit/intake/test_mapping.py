"""Columns as fields."""

from __future__ import annotations

import pytest

from services.intake.mapping import FIELDS, MOST_EXTRA, MappingError, is_personal, map_columns, map_keys, read_choices


@pytest.mark.parametrize("name", FIELDS)
def test_a_fields_own_name_is_its_column(name: str) -> None:
    assert map_columns(sorted({name, "address"}), {}).columns[name] == name


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("ĐỊA CHỈ", "address"),
        ("Dia_chi", "address"),
        ("Thôn/Bản", "village"),
        ("Tổ dân phố", "village"),
        ("Xã, phường", "commune"),
        ("Quận/Huyện", "district"),
        ("Tỉnh/Thành phố", "province"),
        ("Họ và tên", "householder_name"),
        ("Số điện thoại", "householder_phone"),
        ("SĐT", "householder_phone"),
        ("Vĩ độ", "lat"),
        ("Kinh  độ", "lon"),
        ("Mã", "id"),
        ("Độ chính xác (m)", "accuracy_m"),
    ],
)
def test_vietnamese_headings_are_known_in_any_spelling(heading: str, name: str) -> None:
    assert map_columns([heading, "raw"] if name != "address" else [heading], {}).columns[name] == heading


def test_the_axes_x_and_y_are_never_guessed() -> None:
    assert map_columns(["address", "X", "Y", "Tọa độ X"], {}).columns == {"address": "address"}


def test_what_the_operator_says_goes_before_names() -> None:
    found = map_columns(["DiaChi", "Chỗ ở", "Ma", "So hieu"], {"address": "chỗ  ở", "id": ""})
    assert found.columns == {"address": "Chỗ ở"}
    assert found.extra == ("DiaChi", "Ma", "So hieu")


def test_a_chosen_column_is_not_taken_for_another_field_as_well() -> None:
    found = map_columns(["address", "Thôn"], {"commune": "thon"})
    assert found.columns == {"address": "address", "commune": "Thôn"}


def test_a_missing_address_says_which_columns_there_are_and_how_to_map() -> None:
    with pytest.raises(MappingError, match=r'"Chỗ ở", "Số".*--map address="Chỗ ở"'):
        map_columns(["Chỗ ở", "Số"], {})


def test_an_address_in_parts_is_made_of_those_below_the_village() -> None:
    found = map_columns(["Xã", "Số nhà", "Đường", "Thôn", "Ghi chú"], {})
    assert found.address_parts == ("Số nhà", "Đường")
    assert found.columns == {"commune": "Xã", "village": "Thôn"}
    assert found.extra == ("Số nhà", "Đường", "Ghi chú")
    assert map_columns(["Thôn", "Xã"], {}).address_parts == ()
    assert map_columns(["Địa chỉ", "Số nhà"], {}).address_parts == ()


def test_what_a_heading_says_in_brackets_is_no_part_of_its_name() -> None:
    found = map_columns(["Địa chỉ (số nhà, thôn)", "Xã/Phường [mới]", "Ghi chú (nếu có)"], {})
    assert found.columns == {"address": "Địa chỉ (số nhà, thôn)", "commune": "Xã/Phường [mới]"}


def test_two_columns_for_one_field_want_a_decision() -> None:
    with pytest.raises(MappingError, match=r'"Xã", "Phường".*commune.*--map commune="Xã"'):
        map_columns(["address", "Xã", "Phường"], {})
    assert map_columns(["address", "Xã", "Phường"], {"commune": "Phường"}).extra == ("Xã",)
    assert map_columns(["address", "commune", "Phường"], {}).columns["commune"] == "commune"


@pytest.mark.parametrize(
    ("options", "says"),
    [(["address"], "FIELD=COLUMN"), (["adress=x"], "the fields are id, address"), (["id=a", "id=b"], "twice")],
)
def test_choices_that_cannot_be_read_are_named(options: list[str], says: str) -> None:
    with pytest.raises(MappingError, match=says):
        read_choices(options)


def test_a_chosen_column_that_does_not_exist_is_named() -> None:
    with pytest.raises(MappingError, match=r'no such column. The columns are "a", "b"'):
        map_columns(["a", "b"], read_choices(["address=c"]))


def test_own_columns_beyond_what_the_contract_holds_are_told() -> None:
    found = map_columns(["address", "n" * 101, *(f"own {n}" for n in range(60))], {})
    assert len(found.extra) == MOST_EXTRA
    assert len(found.left_out) == 11


def test_an_object_may_lack_fields_and_have_likely_ones_twice() -> None:
    assert map_keys(["xã", "phường", "n"], {"address": "nowhere"}).columns == {"commune": "xã"}
    assert map_keys(["raw", "id"], {}).columns == {"address": "raw", "id": "id"}


def test_columns_that_speak_of_persons_are_known() -> None:
    for column in ("Họ tên", "Tên khách hàng", "Người nhận", "SĐT 2", "E-mail liên hệ, email", "Số CCCD", "phone_2"):
        assert is_personal(column), column
    for column in ("Tuyến", "Mã bưu cục", "route", "Ghi chú"):
        assert not is_personal(column), column
