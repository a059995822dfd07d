"""What may be logged of an unexpected exception: never its message, which may quote a record."""

from __future__ import annotations

import traceback


def where(error: BaseException) -> dict[str, str]:
    """Type and place of an exception."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "unknown"
    return {"error": type(error).__name__, "at": place}
