"""Panels of horizontal bars as SVG, without a library: the page shows them beside its tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _LABEL, _VALUE = 720, 190, 90
_BAR, _GAP, _TITLE, _MARGIN = 22, 8, 34, 18
_FONT = "font-family='system-ui, sans-serif'"


@dataclass(frozen=True, slots=True)
class Bar:
    """A labelled amount, 0 or more."""

    label: str
    amount: float


@dataclass(frozen=True, slots=True)
class Panel:
    """Bars of one unit, drawn to one scale."""

    title: str
    bars: Sequence[Bar]


def svg(panels: Sequence[Panel]) -> str:
    """The panels below each other."""
    parts, top = [], _MARGIN
    for panel in panels:
        parts.append(
            f"<text x='{_MARGIN}' y='{top + 16}' font-size='15' font-weight='600'>{escape(panel.title)}</text>"
        )
        top += _TITLE
        most = max((bar.amount for bar in panel.bars), default=0) or 1
        for bar in panel.bars:
            parts += _drawn(bar, most, top)
            top += _BAR + _GAP
        top += _MARGIN
    body, size = "\n".join(parts), f"width='{_WIDTH}' height='{top}'"
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' {size} viewBox='0 0 {_WIDTH} {top}' {_FONT}>\n"
        f"<rect width='{_WIDTH}' height='{top}' fill='white'/>\n<g fill='#1c2733'>\n{body}\n</g>\n</svg>\n"
    )


def _drawn(bar: Bar, most: float, top: int) -> list[str]:
    left = _MARGIN + _LABEL
    width = max(1.0, bar.amount / most * (_WIDTH - left - _VALUE - _MARGIN))
    middle = top + _BAR - 6
    return [
        f"<text x='{left - 10}' y='{middle}' font-size='13' text-anchor='end'>{escape(bar.label)}</text>",
        f"<rect x='{left}' y='{top}' width='{width:.1f}' height='{_BAR}' rx='2' fill='#2f6f9f'/>",
        f"<text x='{left + width + 8:.1f}' y='{middle}' font-size='13'>{_number(bar.amount)}</text>",
    ]


def _number(amount: float) -> str:
    return f"{amount:,.0f}" if amount >= 100 else f"{amount:,.1f}"
