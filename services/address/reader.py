"""Texts read segment by segment: what stands between two commas is remembered with all that it mentions.

Hardly two tails are alike, but most are put together of a commune, a district and a province that came before, written
in the same way. No name reaches over a comma. Where the words beside a segment may change how it is read, as few do,
the text is read as a whole.
"""

from __future__ import annotations

from typing import Final

from gazetteer.names import LONGEST_REMEMBERED
from services.address.cache import BoundedCache
from services.address.lexicon import Lexicon
from services.address.mentions import Mention, Reading, add_numbered, read, read_names
from services.address.tokens import Tokens, tokenise
from services.address.type_words import TypeWord, may_go_on
from services.address.words import LOCAL_KINDS

_CACHED_SEGMENTS: Final = 8_192


class _Segment:
    """What stands between two commas, read by itself.

    `opens` says that words after the segment may change how it is read, `leads` that words before it may; `unclean`
    that it can only be read with the whole text.
    """

    def __init__(self, reading: Reading, opens: bool, leads: bool, unclean: bool) -> None:
        # Tuples: many are kept, and lists take more room.
        tokens = reading.tokens
        self.words: Final = tuple(tokens.words)
        self.toned: Final = tuple(tokens.toned)
        self.starts: Final = tuple(tokens.starts)
        self.ends: Final = tuple(tokens.ends)
        self.gaps: Final = tuple(tokens.gaps)
        self.neutral: Final = tuple(reading.neutral)
        self.country: Final = reading.country
        self.type_words: Final = tuple(reading.words)
        self.mentions: Final = tuple(reading.mentions)
        self.opens: Final = opens
        self.leads: Final = leads
        self.unclean: Final = unclean


class Reader:
    """Reads texts by names spelt right, remembering their segments."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        # A word without accents says less in a text that has some.
        self._accented: BoundedCache[str, _Segment] = BoundedCache(_CACHED_SEGMENTS)
        self._plain: BoundedCache[str, _Segment] = BoundedCache(_CACHED_SEGMENTS)

    def read(self, text: str) -> Reading:
        """The type words and the exact mentions of a text."""
        parts = text.split(",")
        # A text of one segment is remembered whole by whoever asks.
        if len(text) > LONGEST_REMEMBERED or len(parts) == 1:
            return self._whole(text)
        accented = not text.isascii()
        known = self._accented if accented else self._plain
        tokens = Tokens(text, [], [], [], [], [], cut=False)
        reading = Reading(tokens, [], {}, [], frozenset(), {})
        offset, opens = 0, False
        for part in parts:
            segment = known.get(part)
            if segment is None:
                segment = self._read(part, accented)
                known.put(part, segment)
            if segment.unclean:
                return self._whole(text)
            if segment.words:
                if opens or (segment.leads and len(tokens)):
                    return self._whole(text)
                opens = segment.opens
                _add(reading, segment, offset)
            offset += len(part) + 1
        add_numbered(reading, self._lexicon)
        return reading

    def _whole(self, text: str) -> Reading:
        lexicon = self._lexicon
        return read(tokenise(text, lexicon.syllables, lexicon.slips), lexicon)

    def _read(self, part: str, accented: bool) -> _Segment:
        lexicon = self._lexicon
        tokens = tokenise(part, lexicon.syllables, lexicon.slips)
        words = tokens.words
        opens = may_go_on(tokens, lexicon.slips) or (len(words) > 0 and words[-1] == "viet")
        # A number may belong to a village named before the comma.
        leads = len(words) > 0 and words[0].isdigit()
        unclean = tokens.text != part or "\\" in part
        return _Segment(read_names(tokens, lexicon, accented), opens, leads, unclean)


def _add(reading: Reading, segment: _Segment, offset: int) -> None:
    """Add a segment that begins at a character of the text to what was read before it."""
    tokens = reading.tokens
    at = len(tokens)
    tokens.words.extend(segment.words)
    tokens.toned.extend(segment.toned)
    tokens.gaps.extend(segment.gaps)
    reading.neutral.extend(segment.neutral)
    if offset:
        for start in segment.starts:
            tokens.starts.append(start + offset)
        for end in segment.ends:
            tokens.ends.append(end + offset)
    else:
        tokens.starts.extend(segment.starts)
        tokens.ends.extend(segment.ends)
    if segment.country:
        reading.country = reading.country.union([index + at for index in segment.country])
    for known in segment.type_words:
        word = TypeWord(known.start + at, known.end + at, known.kind, known.weak) if at else known
        reading.words.append(word)
        reading.word_before[word.end] = word
        if word.kind in LOCAL_KINDS:
            reading.local_starts[word.start] = word.kind
    for mention in segment.mentions:
        reading.add(_moved(mention, reading, at) if at else mention)


def _moved(mention: Mention, reading: Reading, by: int) -> Mention:
    """A mention so many tokens further on, with the type word that stands there now."""
    start, word = mention.start + by, mention.word
    if word is not None:
        # A type word before the name is one of the reading's; one behind it belongs to the mention alone.
        if word.end == mention.start:
            word = reading.word_before[start]
        else:
            word = TypeWord(word.start + by, word.end + by, word.kind, word.weak)
    return Mention(start, mention.end + by, mention.name, word, mention.left, mention.toned)
