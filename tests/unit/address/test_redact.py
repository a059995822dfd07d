"""Personal data in address text: what goes, and what must stay."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.raw import Householder
from services.address.glance import Text
from services.address.redact import MARK, redact

MAU = Householder(name="Nguyễn Thị Mẫu", phone="0900 000 123")


@pytest.mark.parametrize(
    "phone",
    [
        "0912345678",
        "0912 345 678",
        "0912.345.678",
        "0912-345-678",
        "091 234 5678",
        "09 12 34 56 78",
        "09.1234.5678",
        "(0912) 345678",
        "(0912)345.678",
        "0 912 345 678",
        "+84912345678",
        "+84 912 345 678",
        "+84 (0)912 345 678",
        "(+84) 912-345-678",
        "0084 912 345 678",
        "84912345678",
        "84.912.345.678",
        "912345678",
        "912 345 678",
        "0352345678",
        "0552345678",
        "0752345678",
        "0852345678",
        "01682345678",
        "0207 3822 222",
        "(0207) 3822222",
        "02073.822.222",
        "+84 207 3822222",
        "027 3822 222",
        "0511 3822222",
        "19006017",
        "1900 6017",
        "1900.54.54.69",
        "1800-1234",
        "ĐT: 3822222",
        "ĐT 3822 222",
        "SĐT:382222",
        "điện thoại 0912 345 678",
        "tel. 0912345678",
        "Hotline: 1900 6017",
        "ĐT:(0207)3822222",
        "０９１２３４５６７８",
        "٠٩١٢٣٤٥٦٧٨",
        "0912\u200b345\u00ad678",
        "0912–345–678",
    ],
)
def test_phone_numbers_go_and_their_surroundings_stay(phone: str) -> None:
    assert redact(f"Số 5 Trần Phú, {phone}, tổ 3", None) == f"Số 5 Trần Phú, {MARK}, tổ 3"
    assert redact(f"Số 5 Trần Phú {phone} tổ 3", None) == f"Số 5 Trần Phú {MARK} tổ 3"
    assert redact(phone, None) == MARK


@pytest.mark.parametrize(
    "text",
    [
        "Số 02-04-06-08-10 Trần Phú, phường Phan Thiết",
        "Số 101-103-105-107 đường 17/8",
        "Số 12/34/56/78 ngõ 90",
        "1900-1902 Huỳnh Tấn Phát",
        "Số 1900 Huỳnh Tấn Phát, 700000",
        "Km125+300 QL2, xã Hùng Lợi 22110",
        "Km 12+500, Quốc lộ 2C",
        "ĐT 185, xã Tân Trào 22110",
        "ĐT.185 Km 12",
        "QL2, QL3, QL279, DT176",
        "7PH7R6F7+CJX Tuyên Quang",
        "22110-R6F7CJX-9",
        "22110-R6F7CJX-02-7",
        "22110-0000117-M",
        "221100000117",
        "Tổ 05, phường Minh Xuân, 22110",
        "Tổ 05 22110",
        "Thửa 012, tờ bản đồ 0345",
        "21.823612, 105.214109",
        "X=2414234.919 Y=418753.501",
        "sinh ngày 01/02/1990",
        "Căn 1205, tầng 12, tòa A, 301000",
        "Lô 03 05 07 09 11 khu A",
        "",
        "…",
    ],
)
def test_other_numbers_stay(text: str) -> None:
    assert redact(text, None) == text
    assert redact(text, MAU) == text


@pytest.mark.parametrize(
    "name",
    [
        "Nguyễn Thị Mẫu",
        "NGUYỄN THỊ MẪU",
        "nguyen thi mau",
        "Nguyễn  Thị\tMẫu",
        "NguyễnThịMẫu",
        "Nguyễn-Thị-Mẫu",
        unicodedata.normalize("NFD", "Nguyễn Thị Mẫu"),
        "Ông Nguyễn Thị Mẫu",
        "bà Nguyễn Thị Mẫu",
        "Nhà bà Nguyễn Thị Mẫu",
        "hộ anh Nguyễn Thị Mẫu",
        "gia đình chị Nguyễn Thị Mẫu",
    ],
)
def test_the_householder_s_name_goes(name: str) -> None:
    assert redact(f"{name}, thôn 5, xã Hùng Lợi", MAU) == f"{MARK}, thôn 5, xã Hùng Lợi"
    assert redact(f"Số 12 {name}", MAU) == f"Số 12 {MARK}"


@pytest.mark.parametrize(
    "text",
    ["Nguyễn Thị Mẫuđơn", "Nguyễn Thị", "Mẫu Nguyễn Thị", "ông Trần Văn Khác, thôn 5"],
)
def test_other_names_stay(text: str) -> None:
    assert redact(text, MAU) == text


@pytest.mark.parametrize(
    "text",
    [
        "0900000123",
        "09/00/000/123",
        "0 9 0 0 0 0 0 1 2 3",
        "900000123",
        "090-00-00-12-3",
        "+84 900 000 123",
        "0900,000,123",
    ],
)
def test_the_householder_s_phone_goes_in_any_grouping(text: str) -> None:
    assert redact(f"Tổ 5, {text}, Hàm Yên", MAU) == f"Tổ 5, {MARK}, Hàm Yên"


def test_a_short_local_number_in_the_householder_s_field() -> None:
    assert redact("Tổ 5, 382 222, Hàm Yên", Householder(phone="382222")) == f"Tổ 5, {MARK}, Hàm Yên"
    assert redact("Tổ 5, Hàm Yên", Householder(phone="5")) == "Tổ 5, Hàm Yên"
    both = Householder(phone="0900000123 / 382222")
    assert redact("0900.000.123, tổ 5, 382.222", both) == f"{MARK}, tổ 5, {MARK}"


def test_a_street_named_like_the_householder_stays_where_a_word_says_so() -> None:
    householder = Householder(name="Trần Phú")
    text = "Số 5 đường Trần Phú, Đ.Trần Phú, Phố TRẦN PHÚ, P. Trần Phú, phường Trần Phú"
    assert redact(text, householder) == text
    assert redact("Trần Phú, số 5 đường Trần Phú", householder) == f"{MARK}, số 5 đường Trần Phú"
    assert redact("ông Trần Phú, thôn 5", householder) == f"{MARK}, thôn 5"


def test_a_single_short_word_does_not_tear_names_of_places_apart() -> None:
    householder = Householder(name="Ông Hà")
    assert redact("Tổ 5, Hà Giang, ông Hà, Hà, Hà Nội", householder) == f"Tổ 5, Hà Giang, {MARK}, {MARK}, Hà Nội"


def test_several_people_in_the_householder_s_field() -> None:
    householder = Householder(name="Ông Lê Văn Một và bà Đỗ Thị Hai")
    assert redact("Đỗ Thị Hai, LE VAN MOT, thôn 5", householder) == f"{MARK}, {MARK}, thôn 5"


def test_an_office_is_not_a_person() -> None:
    text = "UBND xã Hùng Lợi, xã Hùng Lợi"
    assert redact(text, Householder(name="UBND xã Hùng Lợi")) == text
    assert redact("Nguyễn Văn Xã, thôn 5", Householder(name="Nguyễn Văn Xã")) == f"{MARK}, thôn 5"


def folded_letters(text: str) -> str:
    """A second way to fold, for the tests: letters and digits without marks."""
    plain = unicodedata.normalize("NFKD", text.lower().replace("đ", "d"))
    return "".join(char for char in plain if char.isalnum())


# The text around holds none of the letters and digits of what must go, so that what is found is a leak.
around = st.text(st.sampled_from("Bb Zz, Ww - / ; 45 6 (Ǆ ﬁ ß İ \u0301 \u200b 🏠"), max_size=25)
spellings = st.sampled_from(
    [
        str.upper,
        str.lower,
        str.title,
        lambda text: unicodedata.normalize("NFD", text),
        lambda text: unicodedata.normalize("NFKD", text.replace("Đ", "D").replace("đ", "d")),
        lambda text: text.replace(" ", "  "),
        lambda text: text.replace(" ", "\u00a0"),
        lambda text: "\u200b".join(text),
    ]
)
marked_names = st.lists(st.sampled_from(["Nguyễn", "Đỗ", "Quý", "Hoà", "Lý", "Mẫu", "Y"]), min_size=2, max_size=5).map(
    " ".join
)


@given(around, around, marked_names, spellings)
def test_no_marked_name_is_left(before: str, after: str, name: str, spell: object) -> None:
    assert callable(spell)
    redacted = redact(f"{before} {spell(name)}, {after}", Householder(name=name))
    assert folded_letters(name) not in folded_letters(redacted)


groupings = st.lists(st.sampled_from(["", " ", ".", "-", " - ", "/", ", ", "\u200b", "\u00a0"]), min_size=9, max_size=9)


@given(around, around, st.from_regex(r"0[3789][0-3789]{8}", fullmatch=True), groupings, st.sampled_from(["", "Ｆ"]))
@example("4, ", " 5", "0900000123", [""] * 9, "Ｆ")
def test_no_marked_phone_is_left(before: str, after: str, phone: str, between: list[str], wide: str) -> None:
    written = phone[0] + "".join(gap + digit for gap, digit in zip(between, phone[1:], strict=True))
    if wide:
        written = "".join(chr(ord(char) + 0xFEE0) if char.isdigit() else char for char in written)
    redacted = redact(f"{before}, {written}, {after}", Householder(phone=phone))
    assert phone[1:] not in folded_letters(redacted)


def test_no_digit_escapes_the_quick_look() -> None:
    """Phone numbers in digits of any script: what may be one is looked at closely."""
    digits = [char for char in map(chr, range(sys.maxunicode + 1)) if unicodedata.digit(char, None) is not None]
    assert len(digits) > 700
    assert [char for char in digits if not Text(char * 6).may_hold_phone] == []


@given(st.text(max_size=200), st.none() | st.builds(Householder, st.none() | st.text(), st.none() | st.text()))
def test_no_text_breaks_it(text: str, householder: Householder | None) -> None:
    redacted = redact(text, householder)
    assert len(redacted) <= len(text)
    if MARK not in redacted:
        assert redacted == text
