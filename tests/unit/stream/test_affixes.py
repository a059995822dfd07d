"""Short values without what they have in common are whole again afterwards, whatever they are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import encode
from schemas.registrar_state import Area, Dwelling, RegisteredRecord
from services.stream.affixes import MOST_FORMS, Affixes
from services.stream.packing import Packing

RECORDS = [encode(RegisteredRecord(100 + number, f"2211000{number:05}", None)) for number in range(200)]
DWELLINGS = [encode(Dwelling(f"2211000{number:05}", None)) for number in range(100)]
AREAS = [encode(Area(number)) for number in range(100)]
SAMPLES = [*RECORDS, *DWELLINGS, *AREAS]
LEARNT = Affixes(SAMPLES)

ANY = st.binary(max_size=60) | st.sampled_from(SAMPLES)


@given(ANY | st.tuples(ANY, ANY).map(b"".join))
def test_what_is_stripped_can_be_restored(value: bytes) -> None:
    stripped = LEARNT.strip(value)
    if stripped is not None:
        assert len(stripped) < len(value)
        assert LEARNT.restore(stripped) == value


def test_values_of_each_kind_are_kept_short() -> None:
    for kind, most in ((RECORDS, 26), (DWELLINGS, 14), (AREAS, 4)):
        assert max(len(LEARNT.strip(value) or value) for value in kind) <= most
    # A start that the samples happen to share is of a value: another must do as well.
    assert LEARNT.strip(encode(RegisteredRecord(7_000_000, "99110R6F7CJX", None))) is not None
    assert LEARNT.strip(encode(RegisteredRecord(7, None, None, "22331"))) is None


def test_others_are_left_alone() -> None:
    assert LEARNT.strip(b"") is None and LEARNT.strip(RECORDS[0] * 2) is None
    assert LEARNT.restore(bytes([MOST_FORMS])) is None and LEARNT.restore(b"\x28\xb5\x2f\xfd") is None
    assert Affixes([]).strip(RECORDS[0]) is None
    many = [b"%03d%05d" % (number % 50, ending) for number in range(1000) for ending in range(40)]
    assert Affixes(many).restore(bytes([MOST_FORMS])) is None


def test_packed_values_of_all_kinds_come_back() -> None:
    packing = Packing(SAMPLES)
    for value in [*SAMPLES, *(sample * 3 for sample in SAMPLES[::50]), b"", b"\x00", b"\x00" * 200]:
        assert packing.unpack(packing.pack(value)) == value
