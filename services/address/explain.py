"""Why an address was decided as it was: the parse with its spans, the candidates with their faults, the decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gazetteer.gazetteer import Gazetteer
from schemas.address import AddressResult, NextAction
from services.address.below import pieces_of
from services.address.candidates import Candidate
from services.address.decide import ACCEPT_MARGIN, ACCEPT_SCORE, RIVAL_WITHIN
from services.address.faults import Fault
from services.address.mentions import Mention, Reading
from services.address.pieces import Piece, settled
from services.address.ranking import Ranking

MAX_CANDIDATES: Final = 6
_FAULTS: Final = {fault.value: fault for fault in Fault}


class Label(StrEnum):
    """What a span of the text was read as; the component labels are those of `pieces`."""

    COMMUNE = "commune"
    DISTRICT = "district"
    PROVINCE = "province"
    UNREAD = "unread"


class Reason(StrEnum):
    """Why the decision fell. ACCEPT has one reason, the others may have several."""

    ACCEPTED = "accepted"
    NO_COMMUNE = "no_commune"
    SCORE_LOW = "score_low"
    RIVAL_NEAR = "rival_near"


@dataclass(frozen=True, slots=True)
class Span:
    """Characters [start, end) of the matched text, and what they were read as (a component label or a `Label`)."""

    start: int
    end: int
    text: str
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class CandidateView:
    """A candidate as people read it. `current` are today's communes it stands for, `codes` their codes."""

    name: str
    legacy_code: str | None
    codes: tuple[str, ...]
    current: tuple[str, ...]
    score: int
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """`text` is what was matched: the submitted text with the separate fields. `fuzzy` says that misspelt names
    were looked for. `faults` are those of the result."""

    text: str
    spans: tuple[Span, ...]
    candidates: tuple[CandidateView, ...]
    faults: tuple[Fault, ...]
    result: AddressResult
    reasons: tuple[Reason, ...]
    accept_score: int
    accept_margin: int
    fuzzy: bool


def explanation(
    gazetteer: Gazetteer, reading: Reading, ranking: Ranking, result: AddressResult, fuzzy: bool
) -> Explanation:
    """The explanation of one result from its reading and ranking."""
    return Explanation(
        text=reading.tokens.text,
        spans=tuple(_spans(reading, ranking.ranked)),
        candidates=tuple(_views(gazetteer, ranking.ranked)),
        faults=tuple(_FAULTS[value] for value in result.faults),
        result=result,
        reasons=tuple(_reasons(result)),
        accept_score=ACCEPT_SCORE,
        accept_margin=ACCEPT_MARGIN,
        fuzzy=fuzzy,
    )


def _reasons(result: AddressResult) -> list[Reason]:
    if result.next_action is NextAction.ACCEPT:
        return [Reason.ACCEPTED]
    if result.commune_code is None:
        return [Reason.NO_COMMUNE]
    reasons = []
    if result.score < ACCEPT_SCORE:
        reasons.append(Reason.SCORE_LOW)
    if result.margin < ACCEPT_MARGIN:
        reasons.append(Reason.RIVAL_NEAR)
    return reasons


def _spans(reading: Reading, ranked: Sequence[Candidate]) -> list[Span]:
    """The spans of components and of the best candidate's names, and the words between that were left unread."""
    text = reading.tokens.text
    spans = [
        _piece_span(text, piece) for piece in settled(tuple(pieces_of(reading, ranked[0].mentions if ranked else [])))
    ]
    if ranked:
        best = ranked[0]
        found = ((best.commune, Label.COMMUNE), (best.district, Label.DISTRICT), (best.province, Label.PROVINCE))
        spans += [_mention_span(reading, mention, label) for mention, label in found if mention is not None]
    spans.sort(key=lambda span: span.start)
    return _with_unread(reading, spans)


def _piece_span(text: str, piece: Piece) -> Span:
    return Span(piece.start, piece.end, text[piece.start : piece.end], piece.label, piece.value)


def _mention_span(reading: Reading, mention: Mention, label: Label) -> Span:
    tokens = reading.tokens
    start = tokens.starts[mention.outer_start]
    last = mention.end if mention.word is None else max(mention.end, mention.word.end)
    end = tokens.ends[last - 1]
    return Span(start, end, tokens.text[start:end], label, mention.name.key)


def _with_unread(reading: Reading, spans: list[Span]) -> list[Span]:
    """Add the runs of tokens that no span covers."""
    tokens = reading.tokens
    free = [
        index
        for index, (start, end) in enumerate(zip(tokens.starts, tokens.ends, strict=True))
        if not any(span.start < end and start < span.end for span in spans)
    ]
    unread = list(spans)
    run: list[int] = []
    for index in [*free, -1]:
        if run and index != run[-1] + 1:
            start, end = tokens.starts[run[0]], tokens.ends[run[-1]]
            unread.append(Span(start, end, tokens.text[start:end], Label.UNREAD, ""))
            run = []
        run.append(index)
    return sorted(unread, key=lambda span: span.start)


def _views(gazetteer: Gazetteer, ranked: Sequence[Candidate]) -> list[CandidateView]:
    """The best candidates, one for each place."""
    views: list[CandidateView] = []
    seen: set[tuple[str | None, tuple[str, ...]]] = set()
    for candidate in ranked:
        place = candidate.place
        key = (place.code if place.legacy else None, place.current)
        if key in seen or len(views) == MAX_CANDIDATES or candidate.score < ranked[0].score - RIVAL_WITHIN:
            continue
        seen.add(key)
        communes = [gazetteer.communes[code] for code in place.current]
        legacy = place.legacy
        if legacy is None:
            name = f"{communes[0].full_name}, {gazetteer.provinces[communes[0].province_code].full_name}"
        else:
            district = gazetteer.district_of(legacy)
            province = gazetteer.old_provinces[legacy.province_code]
            name = f"{legacy.full_name}, {district.full_name}, {province.full_name}"
        views.append(
            CandidateView(
                name=name,
                legacy_code=None if legacy is None else legacy.code,
                codes=place.current,
                current=tuple(commune.full_name for commune in communes),
                score=max(0, candidate.score),
                faults=candidate.faults,
            )
        )
    return views
