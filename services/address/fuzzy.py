"""Misspelt names: the spans of many texts compared at once with the names of the provinces they speak of.

Three rounds, each narrower than the country: provinces that no text spells right; then, where no province is known,
districts; then districts and communes of the provinces known by now. Only a text that none of this helps is compared
with all communes, by its few most likely spans.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import OSA

from services.address.initials import Initials, abbreviations
from services.address.lexicon import CommunePlace, Lexicon, Name
from services.address.mentions import Left, Mention, Reading, left_of, word_for
from services.address.sounds import sound, sounds
from services.address.tokens import COMMA, DASH, GLUED
from services.address.words import COMMUNE_KINDS, DISTRICT_KINDS, LOCAL_KINDS, PROVINCE_KINDS, TYPE_WORDS, Kind

LEAST_SIMILARITY: Final = 0.70
_SHORT: Final = 4
_LEAST_FIRM: Final = 5
_LEAST_SHORT: Final = 0.75
_LEAST_PROVINCE: Final = 0.70
# Behind the word for a commune, in a province known, two slips in a short name.
_LEAST_TYPED: Final = 0.55
_MAX_TYPED: Final = 8
# What is said alike is as close as one letter in a long name.
_SOUND_SIMILARITY: Final = 0.92
_SURE_SIMILARITY: Final = 0.8
_KEPT_PER_SPAN: Final = 3
_KEPT_BEHIND: Final = 0.13
_MAX_SPAN_TOKENS: Final = 5
_MAX_KEY: Final = 22
_MAX_TOKENS: Final = 16
_MAX_SPANS: Final = 60
_MAX_SPANS_NATIONAL: Final = 6
_MAX_DISTRICT_PROVINCES: Final = 4
_MAX_ADDED: Final = 32
# A type word that stands alone is no misspelt name: `Phường , tỉnh Vĩnh Long` is not Phú Long.
_TYPE_KEYS: Final = frozenset(words.replace(" ", "") for words, kind in TYPE_WORDS.items() if kind not in LOCAL_KINDS)
# Words for a village that begin no name of a commune: `thon Go` is not Thượng Lộ.
_NEVER_FIRST: Final = frozenset({"thon", "khom", "tdp", "kp"})
_DIGITS: Final = str.maketrans("", "", "abcdefghijklmnopqrstuvwxyz")


class Span:
    """Tokens [start, end) of a text and their glued key."""

    def __init__(self, start: int, end: int, key: str) -> None:
        self.start: Final = start
        self.end: Final = end
        self.key: Final = key


class _Scope:
    """Names to compare with, as rapidfuzz wants them."""

    def __init__(self, names: Iterable[Name]) -> None:
        unique = {name.key: name for name in names if not name.numeric and len(name.key) > 1}
        self.keys = list(unique)
        self.names = list(unique.values())
        self.digits = [key.translate(_DIGITS) for key in self.keys]
        self.by_sound: dict[str, list[int]] = defaultdict(list)
        for index, key in enumerate(self.keys):
            if len(key) >= _LEAST_FIRM:
                self.by_sound[sound(key)].append(index)


class FuzzyNames:
    """Finds misspelt names in batches of readings and adds them as mentions."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self._initials = Initials(lexicon)
        self._provinces = _Scope(name for name in lexicon.names.values() if name.provinces)
        self._districts = _Scope(name for name in lexicon.names.values() if name.districts)
        self._communes = _Scope(name for name in lexicon.names.values() if name.communes)
        self._of_province = _scopes_by_province(lexicon)

    def extend(self, readings: Sequence[Reading]) -> None:
        """Add the misspelt names that the texts may hold to their mentions."""
        homes = [_provinces_named(reading, self.lexicon) for reading in readings]
        spans = [_spans(reading, home) for reading, home in zip(readings, homes, strict=True)]
        forms = [abbreviations(reading) for reading in readings]
        lost = [row for row, home in enumerate(homes) if not home or _goes_on_unread(readings[row])]
        self._round(readings, spans, dict.fromkeys(lost, self._provinces), _LEAST_PROVINCE)
        for row in lost:
            self._initials.extend_provinces(readings[row], forms[row])
            homes[row] = _provinces_named(readings[row], self.lexicon)
            if _surely_named(readings[row]):
                spans[row] = _spans(readings[row], homes[row])
        lost = [row for row in lost if not homes[row]]
        self._round(readings, spans, dict.fromkeys(lost, self._districts), _LEAST_PROVINCE)
        for row in lost:
            homes[row] = _provinces_of_districts(readings[row]) or _provinces_named(readings[row], self.lexicon, True)
        for reading, form, home in zip(readings, forms, homes, strict=True):
            self._initials.extend(reading, form, sorted(home))
        self._round_by_province(readings, spans, homes)
        lost = [row for row in lost if not homes[row]]
        likely = {row: _likeliest(readings[row], spans[row]) for row in lost}
        chosen = [likely.get(row, []) for row in range(len(readings))]
        self._round(readings, chosen, dict.fromkeys(lost, self._communes))
        self._round_of_last_resort(readings, spans, homes)

    def _round_of_last_resort(
        self, readings: Sequence[Reading], spans: list[list[Span]], homes: list[set[str]]
    ) -> None:
        """What stands behind the word for a commune and is near no name may still be a short one with two slips."""
        for reading, some, home in zip(readings, spans, homes, strict=True):
            unknown = [span for span in some if _unknown_commune(reading, span)] if home else []
            for id_ in sorted(home) if unknown else ():
                scope = self._of_province.get(id_)
                if scope is not None:
                    queries = [span.key for span in unknown]
                    _add_hits(reading, unknown, _compare(queries, scope, _LEAST_TYPED, _LEAST_TYPED), scope)

    def _round_by_province(self, readings: Sequence[Reading], spans: list[list[Span]], homes: list[set[str]]) -> None:
        """Compare each text with the districts and communes of its provinces."""
        rows_of: dict[str, list[int]] = defaultdict(list)
        for row, home in enumerate(homes):
            # In a fixed order: what is found last would otherwise differ from process to process.
            for id_ in sorted(home):
                if id_ in self._of_province:
                    rows_of[id_].append(row)
        for id_, rows in rows_of.items():
            self._round(readings, spans, dict.fromkeys(rows, self._of_province[id_]))

    def _round(
        self,
        readings: Sequence[Reading],
        spans: list[list[Span]],
        scope_of: dict[int, _Scope],
        least: float = LEAST_SIMILARITY,
    ) -> None:
        """One comparison for all rows that share a scope: each distinct span once."""
        rows_of: dict[int, list[int]] = defaultdict(list)
        scopes = {id(scope): scope for scope in scope_of.values()}
        for row, scope in scope_of.items():
            rows_of[id(scope)].append(row)
        for scope_id, rows in rows_of.items():
            scope = scopes[scope_id]
            queries = list(dict.fromkeys(span.key for row in rows for span in spans[row]))
            hits = _compare(queries, scope, least)
            for row in rows:
                _add_hits(readings[row], spans[row], hits, scope)


def _unknown_commune(reading: Reading, span: Span) -> bool:
    """Whether a span is all that stands between the word for a commune and what follows, and no name is found in it."""
    word, tokens = word_for(reading, span.start, span.end), reading.tokens
    if word is None or word.kind not in COMMUNE_KINDS or len(span.key) > _MAX_TYPED:
        return False
    if span.end < len(tokens) and tokens.gaps[span.end] < DASH and span.end not in _word_starts(reading):
        return False
    return all(m.end <= span.start or span.end <= m.start for m in reading.mentions)


def _compare(
    queries: list[str], scope: _Scope, least: float, least_short: float = _LEAST_SHORT
) -> dict[str, list[tuple[float, int]]]:
    """For each query its best names: (similarity, index of the name), best first. Exact ones are known already."""
    if not queries or not scope.keys:
        return {}
    table = process.cdist(queries, scope.keys, scorer=OSA.normalized_similarity, score_cutoff=least, dtype=np.float32)
    hits: dict[str, list[tuple[float, int]]] = defaultdict(list)
    flat = table.ravel()
    # Much quicker on truth values than on the numbers themselves.
    near = np.flatnonzero(flat != 0)
    rows, columns = np.divmod(near, len(scope.keys))
    for row, column, similarity in zip(rows.tolist(), columns.tolist(), flat[near].tolist(), strict=True):
        query = queries[row]
        if similarity < 1 and (len(query) > _SHORT or similarity >= least_short):
            digits = scope.digits[column]
            if not digits or query.translate(_DIGITS) in ("", digits):
                hits[query].append((similarity, column))
    for query, heard in zip(queries, sounds(queries), strict=True):
        alike = scope.by_sound.get(heard)
        if alike is not None:
            others = [hit for hit in hits[query] if hit[1] not in alike]
            hits[query] = others + [(_SOUND_SIMILARITY, index) for index in alike if scope.keys[index] != query]
    for found in hits.values():
        found.sort(reverse=True)
        del found[_KEPT_PER_SPAN:]
        while found and found[-1][0] < found[0][0] - _KEPT_BEHIND:
            found.pop()
    return hits


def _add_hits(reading: Reading, spans: list[Span], hits: dict[str, list[tuple[float, int]]], scope: _Scope) -> None:
    """Add the best span of each name, and further ones that do not overlap it."""
    found = [(similarity, span, scope.names[column]) for span in spans for similarity, column in hits.get(span.key, ())]
    found.sort(key=lambda hit: (-hit[0], hit[1].start - hit[1].end))
    for similarity, span, name in found[:_MAX_ADDED]:
        if all(m.name is not name or span.end <= m.start or m.end <= span.start for m in reading.mentions):
            word = word_for(reading, span.start, span.end)
            left = left_of(reading, span.start, word)
            toned = "".join(reading.tokens.toned[span.start : span.end])
            reading.add(Mention(span.start, span.end, name, word, left, toned, similarity))


def _spelt_right(reading: Reading, home: set[str]) -> list[Mention]:
    """Exact mentions that fit the provinces named: what is spelt right is not read as something else misspelt."""
    type_starts = {word.start for word in reading.words if not word.weak and word.kind not in LOCAL_KINDS}
    return [
        mention
        for mention in reading.mentions
        if len(mention.name.key) >= _LEAST_FIRM
        and mention.similarity == 1
        and mention.start not in type_starts
        and not _runs_into_type(reading, mention)
        and not _of_other_kind(reading, mention)
        and (mention.end - mention.start > 1 or _ends_phrase(reading, mention))
        and (mention.left is not Left.INNER or mention.name.districts or mention.name.provinces)
        and (mention.name.provinces or not home or not home.isdisjoint(mention.name.homes))
    ]


def _of_other_kind(reading: Reading, mention: Mention) -> bool:
    """Whether a name stands behind a word for what it is not the name of: a commune's Đồng Lai in `tỉnh đồng lai`,
    which is Đồng Nai."""
    word, name = mention.word, mention.name
    if word is None or (word.weak and mention.end < len(reading.tokens)):
        return False
    if word.kind in PROVINCE_KINDS:
        return not name.provinces and not (word.kind is Kind.CITY and name.districts)
    return word.kind in DISTRICT_KINDS and not name.districts


def _runs_into_type(reading: Reading, mention: Mention) -> bool:
    """Whether a name ends in a type word that another name follows: Hà Tĩnh in `xa Khuon Ha tinh Tuyen Quang`."""
    tokens, last = reading.tokens, mention.end - 1
    if last == mention.start or mention.end == len(tokens) or tokens.gaps[mention.end] >= DASH:
        return False
    word = reading.word_before.get(mention.end)
    return word is not None and word.start == last and word.kind not in LOCAL_KINDS


def _ends_phrase(reading: Reading, mention: Mention) -> bool:
    """Whether no word of the same phrase follows a name, but that of a district or province."""
    tokens = reading.tokens
    if mention.end == len(tokens) or tokens.gaps[mention.end] >= DASH or mention.end in _word_starts(reading):
        return True
    return any(after.name.districts or after.name.provinces for after in reading.starting.get(mention.end, ()))


def _spans(reading: Reading, home: set[str]) -> list[Span]:
    """The spans that may be misspelt names: within commas, near the end of the text, not only numbers, and not
    overlapping a name that is spelt right; but a longer name may begin with one (`Tân Phú` in `Tân Phú Đôgn`)."""
    tokens = reading.tokens
    right = _spelt_right(reading, home)
    begun = [m for m in right if not m.name.provinces and not _ends_phrase(reading, m)]
    firm = {index for mention in right if mention not in begun for index in range(mention.start, mention.end)}
    count = len(tokens)
    spans: list[Span] = []
    typed = {
        index
        for word in reading.words
        if not word.weak and word.kind not in LOCAL_KINDS
        for index in range(word.start, word.end)
    }
    typed |= reading.country
    told = {start for start in reading.local_starts if tokens.words[start] in _NEVER_FIRST}
    for start in range(count - 1, max(-1, count - 1 - _MAX_TOKENS), -1):
        if start in typed or start in firm or start in told or tokens.words[start].isdigit():
            continue
        key = ""
        for end in range(start, min(count, start + _MAX_SPAN_TOKENS)):
            if end > start and (tokens.gaps[end] == COMMA or end in typed or end in firm):
                break
            key += tokens.words[end]
            if len(key) > _MAX_KEY:
                break
            digit_follows = end + 1 < count and tokens.gaps[end + 1] == GLUED and tokens.words[end + 1].isdigit()
            if len(key) > 2 and not digit_follows and key not in _TYPE_KEYS and _goes_on(start, end + 1, begun):
                spans.append(Span(start, end + 1, key))
        if len(spans) >= _MAX_SPANS:
            break
    return spans


def _goes_on(start: int, end: int, begun: Sequence[Mention]) -> bool:
    """Whether tokens [start, end) hold more than each name that they overlap."""
    return all(end <= m.start or m.end <= start or (start <= m.start and m.end < end) for m in begun)


def _likeliest(reading: Reading, spans: list[Span]) -> list[Span]:
    """The spans that begin at a comma or type word and reach the next one: what a whole name would be."""
    tokens = reading.tokens
    whole = [
        span
        for span in spans
        if (span.end == len(tokens) or tokens.gaps[span.end] >= DASH or span.end in _word_starts(reading))
        and left_of(reading, span.start, word_for(reading, span.start, span.end)) in (Left.TYPED, Left.EDGE)
    ]
    return whole[:_MAX_SPANS_NATIONAL]


def _word_starts(reading: Reading) -> set[int]:
    return {word.start for word in reading.words}


def _provinces_named(reading: Reading, lexicon: Lexicon, by_streets: bool = False) -> set[str]:
    """The provinces that the text names, with those of the other age; `by_streets` also where a street bears the name
    (`đường Điện Biên Phủ`)."""
    named = {
        id_
        for m in reading.mentions
        if m.can_be_province and (by_streets or (m.left is not Left.LOCAL and not _runs_into_type(reading, m)))
        for id_ in m.name.province_ids
    }
    return named.union(*(lexicon.provinces[id_].near for id_ in named))


def _goes_on_unread(reading: Reading) -> bool:
    """Whether a name that none of the gazetteer's is follows the last province, which may then be a commune's namesake:
    Thái Bình in `thon 2 thai binh tuyen quangg`."""
    last = max((m.end for m in reading.mentions if m.can_be_province and m.name.provinces), default=0)
    named = {index for m in reading.mentions if m.end - m.start > 1 for index in range(m.start, m.end)}
    return sum(index not in named and not reading.neutral[index] for index in range(last, len(reading.tokens))) > 1


def _surely_named(reading: Reading) -> bool:
    return any(m.similarity >= _SURE_SIMILARITY for m in reading.mentions if m.name.provinces and m.can_be_province)


def _provinces_of_districts(reading: Reading) -> set[str]:
    homes = {d.province.id for m in reading.mentions if m.can_be_district for d in m.name.districts}
    return homes if len(homes) <= _MAX_DISTRICT_PROVINCES else set()


def _scopes_by_province(lexicon: Lexicon) -> dict[str, _Scope]:
    """The names of districts and communes, old and of today, in the area of each old province."""
    names: dict[str, list[Name]] = defaultdict(list)
    for district in lexicon.districts.values():
        names[district.province.id] += [lexicon.names[key] for key in district.keys]
    for place in lexicon.communes:
        for id_ in _old_provinces(place, lexicon):
            names[id_] += [lexicon.names[key] for key in place.keys]
    return {id_: _Scope(names[id_]) for id_, province in lexicon.provinces.items() if not province.current}


def _old_provinces(place: CommunePlace, lexicon: Lexicon) -> set[str]:
    if place.district is not None:
        return {place.province.id}
    return {lexicon.districts[key].province.id for key in place.districts}
