"""The latest values of a topic on disk: as a mapping says, and within bounded memory."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from tempfile import gettempdir

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.stream.spool import spooled


@given(st.lists(st.tuples(st.binary(max_size=2), st.none() | st.binary(max_size=8)), max_size=40))
def test_the_latest_value_of_each_key_is_there_in_order(records: list[tuple[bytes, bytes | None]]) -> None:
    latest: dict[bytes, bytes | None] = {}
    with spooled() as spool:
        for key, value in records:
            spool.put(key, value)
            latest[key] = value
        assert list(spool.values()) == [latest[key] for key in sorted(latest) if latest[key] is not None]


def test_nothing_is_left_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    assert gettempdir() == str(tmp_path)
    with pytest.raises(RuntimeError), spooled() as spool:  # noqa: PT012
        spool.put(b"k", b"v")
        (folder,) = tmp_path.iterdir()
        assert folder.stat().st_mode & 0o077 == 0
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_python_holds_no_more_of_many_values_than_of_few() -> None:
    def peak(count: int) -> int:
        with spooled() as spool:
            tracemalloc.start()
            for number in range(count):
                spool.put(b"%d" % number, b"%d" % number * 200)
            assert sum(1 for _ in spool.values()) == count
            found = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        return found

    # Ten times as many, some 20 MB of values.
    assert peak(20_000) < 1.5 * peak(2_000)
