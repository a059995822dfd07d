"""`diachi explain`: why an address was decided as it was, for a postal worker to read."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from services.address.explain import Explanation


class Language(StrEnum):
    """Languages of the explanation."""

    VI = "vi"
    EN = "en"


# One row for each text: Vietnamese, English.
_TEXTS: dict[str, tuple[str, str]] = {
    "read": ("Đọc được", "What was read"),
    "part": ("Phần", "Part"),
    "text": ("Trong địa chỉ", "In the text"),
    "value": ("Hiểu là", "Understood as"),
    "candidates": ("Các xã, phường có thể", "Communes it may be"),
    "commune_column": ("Xã, phường", "Commune"),
    "today": ("Nay là", "Today"),
    "score": ("Điểm", "Score"),
    "faults": ("Lỗi (điểm trừ)", "Faults (points off)"),
    "none": ("không", "none"),
    "no_candidates": ("Không có xã, phường nào phù hợp.", "No commune fits."),
    "fuzzy": ("Đã tìm cả tên viết sai chính tả.", "Misspelt names were looked for too."),
    "result": ("Kết quả", "Result"),
    "legacy": ("Trước tháng 7/2025", "Before July 2025"),
    "assumed": ("suy đoán: địa chỉ có thể viết trước hoặc sau thời điểm này", "assumed: the text fits both times"),
    "position": ("Vị trí", "Position"),
    "code": ("Mã đề xuất", "Proposed code"),
    "level": ("Khớp đến", "Matched to"),
    "decision": ("Quyết định", "Decision"),
    "ACCEPT": ("CHẤP NHẬN: được cấp mã", "ACCEPT: will be coded"),
    "CONFIRM": ("CẦN XÁC NHẬN: chọn trong các phương án", "CONFIRM: a person chooses between the candidates"),
    "FIX": ("CẦN SỬA: không xác định được nơi", "FIX: the text cannot be placed"),
    "accepted": (
        "Điểm {score} (cần từ {accept_score}), hơn phương án kế tiếp {margin} điểm (cần từ {accept_margin}).",
        "The score is {score} (needed: {accept_score}), {margin} ahead of the next one (needed: {accept_margin}).",
    ),
    "no_commune": ("Không tìm thấy xã, phường nào.", "No commune was found."),
    "score_low": (
        "Điểm {score} thấp hơn mức {accept_score} để tự chấp nhận.",
        "The score {score} is below the {accept_score} that is accepted unseen.",
    ),
    "rival_near": (
        "Phương án kế tiếp chỉ kém {margin} điểm (cần hơn ít nhất {accept_margin}).",
        "The next candidate is only {margin} behind (at least {accept_margin} is needed).",
    ),
    "level.none": ("chưa khớp", "nothing"),
    "level.province": ("tỉnh", "the province"),
    "level.district": ("huyện", "the district"),
    "level.commune": ("xã, phường", "the commune"),
    "level.village": ("thôn, tổ dân phố", "the village"),
    "level.street": ("đường", "the street"),
    "level.house": ("số nhà", "the house"),
    "house_number": ("số nhà", "house number"),
    "alley": ("ngõ, hẻm", "alley"),
    "street": ("đường", "street"),
    "kilometre": ("cột km", "kilometre"),
    "village": ("thôn, tổ dân phố", "village"),
    "group": ("tổ, đội", "group"),
    "building": ("tòa nhà", "building"),
    "unit": ("căn hộ", "flat"),
    "name": ("tên khác", "other name"),
    "landmark": ("địa điểm gần đó", "landmark"),
    "plus_code": ("mã cộng (Plus Code)", "plus code"),
    "remark": ("ghi chú", "remark"),
    "noise": ("không thuộc địa chỉ", "not part of the address"),
    "commune": ("xã, phường", "commune"),
    "district": ("quận, huyện", "district"),
    "province": ("tỉnh, thành phố", "province"),
    "unread": ("chưa hiểu", "not understood"),
}


def explain(
    address: Annotated[str, typer.Argument(help="The address as it was written.")],
    lang: Annotated[Language, typer.Option(help="Language of the explanation.")] = Language.VI,
    lat: Annotated[float | None, typer.Option(help="Latitude, WGS84 degrees.")] = None,
    lon: Annotated[float | None, typer.Option(help="Longitude, WGS84 degrees.")] = None,
) -> None:
    """Show how an address is read, which communes it may mean, and why the decision falls."""
    from rich.console import Console

    from gazetteer.gazetteer import GazetteerMissing
    from schemas.raw import RawAddress, RawPosition
    from services.address.core import AddressCore
    from services.cli.places import load_gazetteer

    try:
        core = AddressCore(load_gazetteer())
    except GazetteerMissing as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    position = None if lat is None and lon is None else RawPosition(lat=lat, lon=lon)
    explained = core.explain(RawAddress("explain", "1", address, position=position))
    console = Console()
    index = 0 if lang is Language.VI else 1
    console.print(_spans_table(explained, index))
    console.print(_candidates_table(explained, index))
    console.print(_result_table(explained, index))
    for line in _reason_lines(explained, index):
        console.print(line)


def _say(key: str, index: int) -> str:
    return _TEXTS[key][index]


def _spans_table(explained: Explanation, index: int) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=_say("read", index), title_justify="left")
    for key in ("part", "text", "value"):
        table.add_column(_say(key, index))
    for span in explained.spans:
        value = "" if span.label in ("commune", "district", "province", "unread") else span.value
        table.add_row(_say(str(span.label), index), Text(span.text), Text(value))
    return table


def _candidates_table(explained: Explanation, index: int) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=_say("candidates", index), title_justify="left", show_lines=True)
    for key in ("commune_column", "today", "score", "faults"):
        table.add_column(_say(key, index), justify="right" if key == "score" else "left")
    if not explained.candidates:
        table.add_row(_say("no_candidates", index), "", "", "")
    for candidate in explained.candidates:
        faults = "\n".join(f"−{fault.penalty} {fault.vi if index == 0 else fault.en}" for fault in candidate.faults)
        current = "\n".join(f"{name} ({code})" for name, code in zip(candidate.current, candidate.codes, strict=True))
        table.add_row(Text(candidate.name), Text(current), str(candidate.score), Text(faults or _say("none", index)))
    if explained.fuzzy:
        table.caption = _say("fuzzy", index)
    return table


def _result_table(explained: Explanation, index: int) -> Table:
    from rich.table import Table
    from rich.text import Text

    result = explained.result
    table = Table(title=_say("result", index), title_justify="left", show_header=False)
    table.add_row(_say("decision", index), Text(_say(result.next_action, index), style="bold"))
    if result.commune is not None:
        table.add_row(
            _say("commune_column", index), Text(f"{result.commune}, {result.province} ({result.commune_code})")
        )
    if result.legacy is not None:
        old = result.legacy
        assumed = f"; {_say('assumed', index)}" if old.assumed else ""
        table.add_row(
            _say("legacy", index), Text(f"{old.commune}, {old.district}, {old.province} ({old.commune_code}){assumed}")
        )
    table.add_row(_say("level", index), _say(f"level.{result.match_level}", index))
    if result.position is not None:
        place = result.position
        table.add_row(_say("position", index), f"{place.lat:.6f}, {place.lon:.6f} ± {place.accuracy_m:.0f} m")
    if result.proposed_code is not None:
        table.add_row(_say("code", index), result.proposed_code)
    faults = "\n".join(f"−{fault.penalty} {fault.vi if index == 0 else fault.en}" for fault in explained.faults)
    table.add_row(_say("score", index), str(result.score))
    table.add_row(_say("faults", index), Text(faults or _say("none", index)))
    return table


def _reason_lines(explained: Explanation, index: int) -> list[str]:
    result = explained.result
    return [
        _say(reason, index).format(
            score=result.score,
            margin=result.margin,
            accept_score=explained.accept_score,
            accept_margin=explained.accept_margin,
        )
        for reason in explained.reasons
    ]
