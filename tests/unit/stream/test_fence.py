"""What tells that the controller has fenced a dead broker: its word, and its log."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from services.stream.broker.fence import is_fenced

_FENCING = "812 [quorum] INFO org.apache.kafka.controller.ReplicationControlManager - Fencing broker 1 at epoch 42."
_PARTITION = "813 [quorum] INFO org.apache.kafka.controller.ReplicationControlManager - partition change for t-{}: none"


def _change(change: int, *, broker: int = 1, epoch: int = 42, more: bytes = b"") -> bytes:
    """A change of a broker's registration as the metadata log has it; `more` is a further tagged field."""
    fields = bytes((1 + bool(more), 0, 1)) + struct.pack(">b", change) + more
    return b"\x01\x11\x03" + struct.pack(">iq", broker, epoch) + fields


_REGISTERED, _BACK, _GONE = b"\x01\x00\x04\x00\x00\x00\x01" + b"i" * 16, _change(-1), _change(1)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "fence.log"


def _metadata(folder: Path, *parts: bytes) -> Path:
    for number, part in enumerate(parts):
        (folder / f"{number:020}.log").write_bytes(part)
    return folder


def test_the_line_is_found_before_those_of_many_partitions(log: Path, tmp_path: Path) -> None:
    log.write_text("\n".join([_FENCING, *(_PARTITION.format(number) for number in range(5_000))]), encoding="utf-8")
    assert is_fenced(log, _metadata(tmp_path, _REGISTERED + _BACK + b"partitions" * 5_000 + _GONE + b"more"))


@pytest.mark.parametrize(
    "written",
    [
        b"",
        _REGISTERED + _BACK,
        _GONE + _BACK,
        _GONE[:-1],
        _BACK + _change(1, epoch=41),
        _BACK + _change(1, epoch=43),
        _BACK + _change(1, broker=2),
        _BACK + b"\x01\x11\x03" + struct.pack(">iq", 1, 42) + b"\x01\x01\x01\x01",
    ],
    ids=["nothing", "at work", "back again", "half written", "an older one", "a newer one", "another", "stopping"],
)
def test_what_is_only_said_is_not_done(log: Path, tmp_path: Path, written: bytes) -> None:
    log.write_text(_FENCING, encoding="utf-8")
    assert not is_fenced(log, _metadata(tmp_path, written))


def test_the_record_may_say_more_and_stand_in_a_later_part(log: Path, tmp_path: Path) -> None:
    log.write_text(_FENCING, encoding="utf-8")
    assert is_fenced(log, _metadata(tmp_path, _REGISTERED + _BACK, _change(1, more=b"\x01\x01\x01")))


def test_what_nobody_says_is_of_another_time(log: Path, tmp_path: Path) -> None:
    metadata = _metadata(tmp_path, _BACK + _GONE)
    assert not is_fenced(log, metadata)
    log.write_text("\n".join(_PARTITION.format(number) for number in range(10)), encoding="utf-8")
    assert not is_fenced(log, metadata)
