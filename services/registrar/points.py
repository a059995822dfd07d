"""The JSON of the position of a registration, which stands in its entry and in all that is published of it."""

from __future__ import annotations

from typing import Final

from schemas.address import Position
from schemas.codec import encode
from schemas.usual_texts import usual_text

_NULL: Final = b"null"


class Point:
    """A position and its parts as JSON; `whole` is all of it."""

    def __init__(self, position: Position | None) -> None:
        self.position: Final = position
        if position is None:
            self.lat, self.lon, self.accuracy_m, self.whole = _NULL, _NULL, _NULL, _NULL
            return
        self.lat, self.lon, self.accuracy_m = encode(position.lat), encode(position.lon), encode(position.accuracy_m)
        self.whole = b"".join(
            [
                b'{"lat":',
                self.lat,
                b',"lon":',
                self.lon,
                b',"accuracy_m":',
                self.accuracy_m,
                b',"source":',
                usual_text(position.source),
                b"}",
            ]
        )


class _Latest:
    """The point that was asked for last."""

    def __init__(self) -> None:
        self.point = Point(None)


_NOWHERE: Final = Point(None)
_LATEST: Final = _Latest()


def point_of(position: Position | None) -> Point:
    """The point of a position; of the same one twice in a row, it is made once."""
    if position is None:
        return _NOWHERE
    point = _LATEST.point
    if point.position is not position:
        point = _LATEST.point = Point(position)
    return point
