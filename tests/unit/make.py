"""Records for tests, valid and as plain as can be; each test changes what it is about."""

from __future__ import annotations

from dataclasses import dataclass, field

from msgspec.structs import replace as _replace

from schemas.address import (
    AddressResult,
    Components,
    CoordinateLevel,
    MatchLevel,
    NextAction,
    Position,
)
from schemas.matched import MatchedAction, MatchedAddress
from services.address.identity import address_id
from services.address.vpostcode import encode_located

AREA = "22110"
LAT, LON = 21.823612, 105.214109


@dataclass
class Record:
    """A consumed record as the stages see it."""

    value: bytes | None
    key: bytes | None = b"post:1"
    offset: int = 0
    partition: int = 0
    timestamp: int = 1_767_000_000_000
    headers: tuple[tuple[str, bytes | None], ...] = field(default=())


def result(
    *, lat: float | None = LAT, lon: float = LON, area: str = AREA, dwelling: str | None = None
) -> AddressResult:
    """An accepted address in phường Minh Xuân, with a point unless `lat` is None."""
    located = lat is not None
    return AddressResult(
        address_text="Số 5, đường Bình Thuận, phường Minh Xuân, Tuyên Quang",
        components=Components(house_number="5", street="đường Bình Thuận"),
        commune_code="02215",
        commune="Phường Minh Xuân",
        province_code="08",
        province="Tỉnh Tuyên Quang",
        legacy=None,
        registry_area=area,
        position=Position(lat, lon, 5.0, "input.wgs84") if lat is not None else None,
        match_level=MatchLevel.HOUSE,
        coordinate_level=CoordinateLevel.POINT if located else CoordinateLevel.NONE,
        score=100,
        margin=100,
        faults=(),
        next_action=NextAction.ACCEPT,
        rivals=(),
        dwelling_id=dwelling,
        proposed_code=encode_located(area, lat, lon) if lat is not None else None,
        gazetteer_version="0123456789ab",
        postal_code=area,
    )


def review_result() -> AddressResult:
    """An address that a person must decide."""
    return _replace(result(lat=None), next_action=NextAction.CONFIRM, score=60, faults=("point.outside_commune",))


def event(version: int, found: AddressResult | None, record: str = "post:1", **changes: object) -> MatchedAddress:
    """A REGISTER event, or a RELEASE where `found` is None."""
    made = MatchedAddress(
        record_key=record,
        address_id=address_id(record),
        version=version,
        action=MatchedAction.RELEASE if found is None else MatchedAction.REGISTER,
        registry_area=AREA,
        result=found,
        batch_id="b1",
        line_no=version,
    )
    return _replace(made, **changes)  # type: ignore[arg-type]
