"""The named faults of an address: what each costs, and what it says to the people who mend addresses.

A score is 100 minus the penalties of the faults found. A penalty weighs how likely the fault makes the result wrong:
under 10 the result stands, from 10 to 29 it needs other evidence, from 30 it should not be accepted unseen.
"""

from __future__ import annotations

from enum import StrEnum


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

    # The commune.
    COMMUNE_MISSPELT = (
        "commune.misspelt",
        4,
        "The commune's name is misspelt by a letter or two.",
        "Tên xã, phường viết sai một hai chữ cái.",
    )
    COMMUNE_BADLY_MISSPELT = (
        "commune.badly_misspelt",
        18,
        "The commune's name is misspelt so much that another may be meant.",
        "Tên xã, phường sai nhiều, có thể là tên khác.",
    )
    COMMUNE_ACCENTS = (
        "commune.accents",
        3,
        "The commune's name carries other accents than the official one.",
        "Tên xã, phường sai dấu.",
    )
    COMMUNE_TYPE_DIFFERS = (
        "commune.type_differs",
        8,
        "The text calls the commune by another kind (xã, phường, thị trấn) than it is.",
        "Ghi sai loại đơn vị (xã, phường, thị trấn).",
    )
    COMMUNE_TYPE_FORMER = (
        "commune.type_former",
        18,
        "The text says thị trấn, a kind that no commune of today has.",
        "Ghi thị trấn, loại đơn vị nay không còn.",
    )
    COMMUNE_INSIDE_NAME = (
        "commune.inside_name",
        20,
        "The name is part of a longer name in the text.",
        "Tên này chỉ là một phần của tên dài hơn trong địa chỉ.",
    )
    COMMUNE_INSIDE_PHRASE = (
        "commune.inside_phrase",
        4,
        "Other words stand before the commune's name without a comma or a kind.",
        "Trước tên xã, phường có chữ khác, không có dấu phẩy hoặc loại đơn vị.",
    )
    COMMUNE_AFTER_NUMBER = (
        "commune.after_number",
        18,
        "The name follows a house number, as a street does.",
        "Tên đứng sau số nhà, giống tên đường.",
    )
    COMMUNE_READS_AS_OTHER = (
        "commune.reads_as_other",
        20,
        "The name reads as that of a village, street or building.",
        "Tên này đọc như tên thôn, đường hoặc công trình.",
    )
    COMMUNE_OR_DISTRICT = (
        "commune.or_district",
        22,
        "The name may be that of a former district or province, and the commune left out.",
        "Tên này có thể là tên huyện hoặc tỉnh cũ, còn xã, phường không ghi.",
    )
    COMMUNE_WAS_ANOTHER = (
        "commune.was_another",
        30,
        "The same text was accepted in another commune before, and no merger explains it.",
        "Địa chỉ này trước đây được nhận vào xã, phường khác, và không có sáp nhập nào giải thích điều đó.",
    )
    COMMUNE_SPLIT = (
        "commune.split",
        18,
        "The former commune was divided among several of today's, and nothing says in which part the address lies.",
        "Xã, phường cũ được chia về nhiều đơn vị mới; chưa rõ địa chỉ thuộc phần nào.",
    )
    COMMUNE_UNKNOWN_SUCCESSOR = (
        "commune.unknown_successor",
        40,
        "It is not known which commune of today the former one went into.",
        "Chưa rõ xã, phường cũ nay thuộc đơn vị nào.",
    )
    COMMUNE_POPULAR_NAME = (
        "commune.popular_name",
        3,
        "The town is called by its district's name.",
        "Thị trấn được gọi theo tên huyện.",
    )
    COMMUNE_NAME_UNKNOWN = (
        "commune.name_unknown",
        25,
        "The text names a commune that is not known in this place.",
        "Địa chỉ ghi một xã, phường không có ở nơi này.",
    )
    COMMUNE_ALONE = (
        "commune.alone",
        30,
        "Neither district nor province is named.",
        "Không ghi huyện lẫn tỉnh.",
    )
    COMMUNE_MISSING = (
        "commune.missing",
        60,
        "No commune was found in the text.",
        "Không tìm thấy xã, phường trong địa chỉ.",
    )

    # The district and the province.
    DISTRICT_MISSING = (
        "district.missing",
        3,
        "The district of before July 2025 is not named.",
        "Không ghi quận, huyện (trước tháng 7/2025).",
    )
    DISTRICT_SAME_AS_PROVINCE = (
        "district.same_as_province",
        1,
        "District and province share a name that is written once.",
        "Huyện và tỉnh trùng tên, chỉ ghi một lần.",
    )
    DISTRICT_MISSPELT = (
        "district.misspelt",
        2,
        "The district's name is misspelt.",
        "Tên quận, huyện viết sai.",
    )
    DISTRICT_FORMER = (
        "district.former",
        7,
        "A district is named beside a commune of today.",
        "Ghi quận, huyện cũ cùng với xã, phường mới.",
    )
    DISTRICT_DOUBTFUL = (
        "district.doubtful",
        10,
        "A name that is both the province's and a district's speaks for that district.",
        "Tên vừa là tỉnh vừa là huyện, có thể chỉ huyện mang tên đó.",
    )
    DISTRICT_CONTRADICTS = (
        "district.contradicts",
        25,
        "The text names another district than the commune's.",
        "Địa chỉ ghi quận, huyện khác.",
    )
    PROVINCE_MISSING = (
        "province.missing",
        3,
        "The province is not named.",
        "Không ghi tỉnh, thành phố.",
    )
    PROVINCE_MISSPELT = (
        "province.misspelt",
        1,
        "The province's name is misspelt.",
        "Tên tỉnh, thành phố viết sai.",
    )
    PROVINCE_OTHER_AGE = (
        "province.other_age",
        4,
        "Commune and province are named as of different times, before and after July 2025.",
        "Xã, phường và tỉnh ghi theo hai thời kỳ khác nhau (trước và sau tháng 7/2025).",
    )
    PROVINCE_CONTRADICTS = (
        "province.contradicts",
        27,
        "The text names another province than the commune's.",
        "Địa chỉ ghi tỉnh, thành phố khác.",
    )

    # The text as a whole.
    TEXT_SECOND_COMMUNE = (
        "text.second_commune",
        18,
        "The text names a second commune.",
        "Địa chỉ ghi hai xã, phường.",
    )
    TEXT_OTHER_COMMUNE = (
        "text.other_commune",
        26,
        "The text names another commune by its kind, or with its own district.",
        "Địa chỉ ghi rõ một xã, phường khác.",
    )
    TEXT_UNEXPLAINED = (
        "text.unexplained",
        17,
        "Words after the commune's name remain unexplained.",
        "Còn chữ sau tên xã, phường chưa hiểu được.",
    )
    TEXT_STRAY_WORD = (
        "text.stray_word",
        4,
        "One word after the commune's name remains unexplained.",
        "Còn một chữ sau tên xã, phường chưa hiểu được.",
    )
    TEXT_OUT_OF_ORDER = (
        "text.out_of_order",
        3,
        "District or province stand before the commune.",
        "Huyện hoặc tỉnh ghi trước xã, phường.",
    )
    TEXT_TOO_LONG = (
        "text.too_long",
        20,
        "The text is too long; only its beginning was read.",
        "Địa chỉ quá dài, chỉ đọc phần đầu.",
    )
    TEXT_EMPTY = (
        "text.empty",
        100,
        "There is no text to read.",
        "Không có nội dung địa chỉ.",
    )

    # The village.
    VILLAGE_MISSPELT = (
        "village.misspelt",
        1,
        "The village's name is written otherwise than in the list of its commune.",
        "Tên thôn, tổ dân phố viết khác với danh mục của xã, phường.",
    )
    VILLAGE_UNLISTED = (
        "village.unlisted",
        2,
        "No list confirms the village named.",
        "Chưa có danh mục xác nhận tên thôn, tổ dân phố này.",
    )
