"""The JSON of a position, which stands in more than one published record; those of communes and villages come again."""

from __future__ import annotations

from typing import Final

from schemas.address import Position
from schemas.codec import encode
from schemas.usual_texts import usual_text

_NULL: Final = b"null"
_OF_GAZETTEER: Final = "gazetteer."
_MOST_POINTS: Final = 4096


class Point:
    """A position and its parts as JSON; `whole` is all of it."""

    def __init__(self, position: Position | None) -> None:
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


_NOWHERE: Final = Point(None)
_POINTS: Final[dict[tuple[float, float, float, str], Point]] = {}


def point_of(position: Position | None) -> Point:
    """The point of a position; those of the gazetteer are remembered."""
    if position is None:
        return _NOWHERE
    source = position.source
    if not source.startswith(_OF_GAZETTEER):
        return Point(position)
    key = (position.lat, position.lon, position.accuracy_m, source)
    known = _POINTS.get(key)
    if known is None:
        if len(_POINTS) >= _MOST_POINTS:
            _POINTS.clear()
        known = _POINTS[key] = Point(position)
    return known
