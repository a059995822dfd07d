"""The decision: accept, let a person confirm, or ask for the text to be mended. All thresholds stand here."""

from __future__ import annotations

from typing import Final

from schemas.address import NextAction
from services.address.faults import Fault

# What a candidate without faults scores; the penalties of its faults are taken off.
PERFECT_SCORE: Final = 100
# Below this a candidate is not worth showing.
LEAST_SCORE: Final = 40
# An address is accepted unseen from this score on, and only if it leads all rivals in other communes by the margin.
ACCEPT_SCORE: Final = 84
ACCEPT_MARGIN: Final = 6
# Rivals shown to the person who decides.
MAX_RIVALS: Final = 5
RIVAL_WITHIN: Final = 30

# Compiled code asks an enum anew for a member or what belongs to it each time.
_PENALTY: Final = {fault: fault.penalty for fault in Fault}
_ACCEPT: Final = NextAction.ACCEPT
_CONFIRM: Final = NextAction.CONFIRM
_FIX: Final = NextAction.FIX


def decide(score: int, margin: int, placed: bool) -> NextAction:
    """`placed` says that a commune of today was found. When in doubt, ask."""
    if not placed or score < LEAST_SCORE:
        return _FIX
    if score >= ACCEPT_SCORE and margin >= ACCEPT_MARGIN:
        return _ACCEPT
    return _CONFIRM


def total_penalty(faults: list[Fault]) -> int:
    """What the faults take off a score."""
    total = 0
    for fault in faults:
        total += _PENALTY[fault]
    return total
