"""Which encoding a text file is in: UTF-8 and UTF-16 by their bytes, older Vietnamese ones by the words they make."""

from __future__ import annotations

import codecs
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from services.intake.legacy import (
    LEAST_SHARE,
    LEAST_WORDS,
    Legacy,
    accented_words,
    decode,
    share_of_syllables,
)

_CHUNK = 1 << 20
# Enough words to judge by; whether a file is UTF-8 is seen over all of it.
_JUDGED_BYTES = 1 << 20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LEAST_ZEROS = 0.3

READ_ENCODINGS = "UTF-8, UTF-16, Windows-1258, TCVN3 (ABC) and VNI"


@dataclass(frozen=True, slots=True)
class Encoding:
    """How to decode a file: Python's `codec` with `errors`, then `legacy` where the characters still stand for bytes.

    `name` is what people call it. Windows-1258 must be put in NFC after decoding: it writes tones as marks.
    """

    name: str
    codec: str
    errors: str = "strict"
    legacy: Legacy | None = None

    @property
    def composes(self) -> bool:
        """Whether the text must be put in NFC."""
        return self.codec == "cp1258"


_UTF8 = Encoding("UTF-8", "utf-8-sig")
# Bytes that are not UTF-8 go on in the rows, and are refused there.
_BROKEN_UTF8 = Encoding("UTF-8", "utf-8-sig", "surrogateescape")


def recognise_file(path: Path) -> Encoding:
    """The encoding of a file; UTF-8 with bytes that are none where no other fits. Raises OSError."""
    with path.open("rb") as file:
        sample = file.read(_CHUNK)
        for mark, codec in _MARKS:
            if sample.startswith(mark) and codec != "utf-8-sig":
                return Encoding(codec.upper(), codec)
        if (wide := _utf16_without_mark(sample)) is not None:
            return Encoding("UTF-16", wide)
        file.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            file.seek(0)
            return _older(file.read(_JUDGED_BYTES)) or _BROKEN_UTF8
    return _UTF8


def _utf16_without_mark(sample: bytes) -> str | None:
    """UTF-16 in which many characters are ASCII has a zero in every second byte."""
    pairs = len(sample) // 2
    if pairs == 0:
        return None
    even, odd = (sample[start : 2 * pairs : 2].count(0) / pairs for start in (0, 1))
    if odd > _LEAST_ZEROS and even < odd / 10:
        return "utf-16-le"
    return "utf-16-be" if even > _LEAST_ZEROS and odd < even / 10 else None


def _older(data: bytes) -> Encoding | None:
    """The older encoding in which the bytes make Vietnamese words; None where they are UTF-8 with some faults."""
    text = data.decode(errors="surrogateescape")
    broken = sum("\udc80" <= char <= "\udcff" for char in text)
    if 2 * sum(char > "\x7f" for char in text) > 3 * broken:
        return None
    latin = data.decode("latin-1")
    candidates = [
        (Encoding(which.value, "latin-1", legacy=which), set(accented_words(decode(latin, which)))) for which in Legacy
    ]
    windows = unicodedata.normalize("NFC", data.decode("cp1258", errors="replace"))
    candidates.append((Encoding("Windows-1258", "cp1258", "replace"), set(accented_words(windows))))
    best, words = max(candidates, key=lambda candidate: share_of_syllables(candidate[1]))
    return best if len(words) >= LEAST_WORDS and share_of_syllables(words) >= LEAST_SHARE else None
