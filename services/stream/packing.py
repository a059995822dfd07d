"""Values that resemble each other, kept small: short ones without what they begin and end with, the others compressed
one by one, with a dictionary of what they have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import zstandard

from services.stream.affixes import Affixes

_DICTIONARY_BYTES: Final = 4096
# Of less there is nothing to learn. Where many samples are empty, the library's training ends the process.
_LEAST_BYTES: Final = 4 * _DICTIONARY_BYTES
_LEAST_SAMPLE: Final = 16
# Found for values of both stages; to let the library search takes four times as long, for the same size.
_SEGMENT: Final = 1000
_MATCH: Final = 8
# Higher levels gain a hundredth of the size, and cost a quarter more. Matches of six bytes and more are found faster
# than shorter ones, and make less of these values. What stays in this process needs no mark that says what it is.
_PARAMETERS: Final = zstandard.ZstdCompressionParameters.from_level(
    1,
    dict_size=_DICTIONARY_BYTES,
    source_size=600,
    min_match=6,
    format=zstandard.FORMAT_ZSTD1_MAGICLESS,
    write_content_size=True,
    write_checksum=False,
    write_dict_id=False,
)
# Stands before what is compressed; no form has this number.
_COMPRESSED: Final = b"\xff"


class Packing:
    """Packs bytes, and unpacks what it packed itself. For one thread at a time; holds some 200 KiB."""

    def __init__(self, samples: Sequence[bytes]) -> None:
        """Learns from some hundred values. Raises ValueError where nothing can be learnt from them, as they are too
        few or too short."""
        telling = [sample for sample in samples if len(sample) >= _LEAST_SAMPLE]
        if sum(map(len, telling)) < _LEAST_BYTES:
            raise ValueError(f"{len(telling)} values of {_LEAST_SAMPLE} bytes or more are too little to learn from")
        try:
            dictionary = zstandard.train_dictionary(
                _DICTIONARY_BYTES, list[bytes | bytearray | memoryview](telling), k=_SEGMENT, d=_MATCH
            )
        except zstandard.ZstdError as error:
            raise ValueError(f"no dictionary can be made of {len(samples)} values: {error}") from None
        # Without it the dictionary is digested for each value.
        dictionary.precompute_compress(compression_params=_PARAMETERS)
        # Bound once: looking up a method costs as much as a call.
        self._compress: Final = zstandard.ZstdCompressor(dict_data=dictionary, compression_params=_PARAMETERS).compress
        self._decompress: Final = zstandard.ZstdDecompressor(
            dict_data=dictionary, format=zstandard.FORMAT_ZSTD1_MAGICLESS
        ).decompress
        self._affixes = Affixes(telling)

    def pack(self, value: bytes) -> bytes:
        """What `unpack` makes the value of again: about a fifth of it for a JSON record like the samples."""
        stripped = self._affixes.strip(value)
        if stripped is not None:
            return stripped
        # A copy too: the bytes that come from the compressor take the room of the worst case, whatever their length.
        return _COMPRESSED + self._compress(value)

    def unpack(self, packed: bytes) -> bytes:
        """The value that was packed."""
        whole = self._affixes.restore(packed)
        return whole if whole is not None else self._decompress(packed[1:])

    def keep(self, changes: Mapping[bytes, bytes | None], kept: dict[bytes, bytes]) -> None:
        """Take changes over into packed values by key; None takes a key out."""
        for key, value in changes.items():
            if value is None:
                kept.pop(key, None)
            else:
                kept[key] = self.pack(value)
