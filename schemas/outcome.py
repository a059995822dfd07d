"""What can become of a submitted row."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """At the end of a batch the counts of these add up to the submitted rows."""

    DIGITISED = "digitised"
    UNCHANGED = "unchanged"
    REVIEW = "review"
    DEAD_LETTER = "dead_letter"
    WITHDRAWN = "withdrawn"
