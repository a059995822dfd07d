"""Values that resemble each other, kept small: compressed one by one, with a dictionary of what they have in common."""

from __future__ import annotations

from collections.abc import Sequence

import zstandard

_DICTIONARY_BYTES = 4096
# Of less there is nothing to learn. Where many samples are empty, the library's training ends the process.
_LEAST_BYTES = 4 * _DICTIONARY_BYTES
_LEAST_SAMPLE = 16
# Higher levels gain a hundredth of the size, and cost a quarter more.
_LEVEL = 1


class Packing:
    """Packs bytes, and unpacks what it packed itself. For one thread at a time; holds some 200 KiB."""

    def __init__(self, samples: Sequence[bytes]) -> None:
        """Learns from some hundred values. Raises ValueError where nothing can be learnt from them, as they are too
        few or too short."""
        telling: list[bytes | bytearray | memoryview] = [sample for sample in samples if len(sample) >= _LEAST_SAMPLE]
        if sum(map(len, telling)) < _LEAST_BYTES:
            raise ValueError(f"{len(telling)} values of {_LEAST_SAMPLE} bytes or more are too little to learn from")
        try:
            dictionary = zstandard.train_dictionary(_DICTIONARY_BYTES, telling)
        except zstandard.ZstdError as error:
            raise ValueError(f"no dictionary can be made of {len(samples)} values: {error}") from None
        # Without it the dictionary is digested for each value.
        dictionary.precompute_compress(level=_LEVEL)
        # What is packed stays in this process and belongs to this dictionary: it need not say to which, nor prove it.
        self._compressor = zstandard.ZstdCompressor(
            level=_LEVEL, dict_data=dictionary, write_checksum=False, write_dict_id=False
        )
        self._decompressor = zstandard.ZstdDecompressor(dict_data=dictionary)

    def pack(self, value: bytes) -> bytes:
        """What `unpack` makes the value of again: about a fifth of it for a JSON record like the samples."""
        # A copy: the bytes that come from the compressor take the room of the worst case, whatever their length.
        return bytes(memoryview(self._compressor.compress(value)))

    def unpack(self, packed: bytes) -> bytes:
        """The value that was packed."""
        return self._decompressor.decompress(packed)
