"""The named faults of an address: what each costs, and what it says to the people who mend addresses.

A score is 100 minus the penalties of the faults found. A penalty weighs how likely the fault makes the result wrong:
under 10 the result stands, from 10 to 29 it needs other evidence, from 30 it should not be accepted unseen.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

PERFECT_SCORE = 100


class Fault(StrEnum):
    """One row each: dotted name as published, penalty, meaning in English, meaning in Vietnamese."""

    penalty: int
    en: str
    vi: str

    def __new__(cls, value: str, penalty: int, en: str, vi: str) -> Fault:
        """A member that equals its dotted name and carries the rest of its row."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.penalty = penalty
        member.en = en
        member.vi = vi
        return member

    # The submitted point. A row without a point has no fault.
    POINT_UNREADABLE = (
        "point.unreadable",
        5,
        "The coordinates are neither degrees nor VN-2000 metres; the point was not used.",
        "Tọa độ không phải là độ, cũng không phải là số mét VN-2000; không dùng điểm này.",
    )
    POINT_INCOMPLETE = (
        "point.incomplete",
        5,
        "Only one of the two coordinates is given; the point was not used.",
        "Chỉ có một trong hai tọa độ; không dùng điểm này.",
    )
    POINT_ZERO = (
        "point.zero",
        5,
        "The point is (0, 0), which stands for a missing one; it was not used.",
        "Tọa độ là (0, 0), tức là chưa đo; không dùng điểm này.",
    )
    POINT_SWAPPED_AXES = (
        "point.swapped_axes",
        3,
        "The two coordinates stood in each other's place; they were put right.",
        "Hai tọa độ bị đảo chỗ cho nhau; đã đổi lại.",
    )
    POINT_OUTSIDE_VIETNAM = (
        "point.outside_vietnam",
        10,
        "The point lies outside Vietnam; it was not used.",
        "Điểm nằm ngoài lãnh thổ Việt Nam; không dùng điểm này.",
    )
    POINT_COARSE = (
        "point.coarse",
        5,
        "The degrees have fewer than four decimals, which leaves tens of metres open or more.",
        "Tọa độ có ít hơn bốn chữ số thập phân, sai số từ vài chục mét trở lên.",
    )
    POINT_OUTSIDE_COMMUNE = (
        "point.outside_commune",
        30,
        "The point lies outside the commune that the text names; it was not used.",
        "Điểm nằm ngoài xã, phường ghi trong địa chỉ; không dùng điểm này.",
    )
    POINT_UNKNOWN_PROJECTION = (
        "point.unknown_projection",
        5,
        "The EPSG code is missing beside metres, or does not fit the coordinates; the point was not used.",
        "Tọa độ mét thiếu mã EPSG của múi chiếu VN-2000, hoặc mã EPSG không hợp với tọa độ; không dùng điểm này.",
    )
    POINT_METRES_AS_DEGREES = (
        "point.metres_as_degrees",
        5,
        "The latitude and longitude hold metres; they were used only if a VN-2000 zone (EPSG code) came with them.",
        "Cột vĩ độ, kinh độ chứa số mét; chỉ dùng khi có kèm mã EPSG của múi chiếu VN-2000.",
    )
    POINT_VN2000_AS_WGS84 = (
        "point.vn2000_as_wgs84",
        3,
        "The latitude and longitude are VN-2000, some 200 m off in WGS84; the metres beside them were used.",
        "Vĩ độ, kinh độ thuộc hệ VN-2000, lệch khoảng 200 m so với WGS84; đã dùng tọa độ mét kèm theo.",
    )
    POINT_DEGREES_AS_METRES = (
        "point.degrees_as_metres",
        5,
        "The easting and northing columns hold degrees; the datum is not known, so the point was not used.",
        "Cột tọa độ mét chứa số độ; không rõ hệ tọa độ nên không dùng điểm này.",
    )
    POINT_CONTRADICTS = (
        "point.contradicts",
        10,
        "Degrees and metres are both given and lie more than 50 m apart; neither was used.",
        "Tọa độ độ và tọa độ mét cách nhau hơn 50 m; không dùng điểm nào.",
    )


def score_of(faults: Iterable[Fault]) -> int:
    """100 minus the penalties of `faults`, not below 0."""
    return max(0, PERFECT_SCORE - sum(fault.penalty for fault in faults))
