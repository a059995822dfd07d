"""The file of a registry: what was written is read, and what is damaged anywhere is refused."""

from __future__ import annotations

import gzip
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.stream.registry_backup import as_restored
from services.stream.registry_file import Heading, RegistryFileError, RegistryWriter, check_file, read_entries

HEADING = Heading("2025-11-24T08:00:00Z", {"registrar.state.v1": 2})
ROWS = [("registrar.state.v1", 1, f"code:{n}", {"n": n, "text": "Số 5, phường Minh Xuân"}) for n in range(50)]


def write(path: Path, rows: list[tuple[str, int, str, dict[str, object]]] = ROWS) -> Path:
    writer = RegistryWriter(path, HEADING)
    for topic, partition, key, value in rows:
        writer.add(topic, partition, key.encode(), orjson.dumps(value), [("ce_id", b"1")], 17)
    writer.finish()
    return path


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gz")
    assert check_file(path) == (HEADING, {"registrar.state.v1": 50})
    read = list(read_entries(path))
    assert [(one.topic, one.partition, one.key, one.value) for one in read] == ROWS
    assert {(tuple(one.headers), one.timestamp) for one in read} == {((("ce_id", b"1"),), 17)}
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_of_one_that_was_not_finished_nothing_is_left(tmp_path: Path) -> None:
    old = write(tmp_path / "a.gz").read_bytes()
    writer = RegistryWriter(tmp_path / "a.gz", HEADING)
    writer.add("registrar.state.v1", 0, b"k", b"{}", [], 0)
    writer.drop()
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [old]


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_a_byte_that_is_changed_or_missing_is_found(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = write(tmp_path_factory.mktemp("registry") / "a.gz", ROWS[:5])
    content = bytearray(path.read_bytes())
    # The first ten bytes are gzip's own heading, of which some mean nothing.
    place = data.draw(st.integers(10, len(content) - 1))
    if data.draw(st.booleans()):
        content[place] ^= data.draw(st.integers(1, 255))
    else:
        del content[place:]
    path.write_bytes(content)
    with pytest.raises(RegistryFileError, match=r"damaged|no registry|version"):
        check_file(path)


def test_a_line_that_was_changed_and_packed_again_is_found(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gz")
    lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
    for changed in (
        [lines[0], *lines[2:]],
        [lines[0], lines[2], lines[1], *lines[3:]],
        [*lines[:-1], lines[1], lines[-1]],
        [*lines, lines[1]],
        [*lines[:-2], lines[-2].replace("Minh Xuân".encode(), b"Minh Xuan"), lines[-1]],
    ):
        path.write_bytes(gzip.compress(b"".join(changed)))
        with pytest.raises(RegistryFileError, match="damaged"):
            check_file(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (gzip.compress(b'{"format":"diachi-registry","version":2}\n'), "version 2 of the format, this release reads 1"),
        (gzip.compress(b'{"format":"other","version":1}\n'), "is no registry"),
        (gzip.compress(b"[1]\n"), "is no registry"),
        (gzip.compress(b"no JSON\n"), "is damaged"),
        (gzip.compress(b""), "is empty"),
        (b"", "is empty"),
        (b"a,b,c\n", "is no gzip file"),
    ],
)
def test_another_file_is_refused_by_name(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(content)
    with pytest.raises(RegistryFileError, match=said) as refused:
        check_file(path)
    assert str(path) in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RegistryFileError, match=r"a\.gz cannot be read: No such file"):
        check_file(tmp_path / "a.gz")


def test_versions_and_rows_are_of_the_old_installation() -> None:
    state = {"version": 7, "source_version": 5, "batch_id": "b1", "line_no": 3, "decision": {"based_on_version": 2}}
    assert as_restored("normaliser.state.v1", state) == {
        "version": -1,
        "source_version": -1,
        "batch_id": None,
        "line_no": None,
        "decision": {"based_on_version": 2},
    }
    assert as_restored("address.map-feature.v1", {"properties": {"version": 7, "code": "x"}}) == {
        "properties": {"version": -1, "code": "x"}
    }
    assert as_restored("registrar.state.v1", {"kind": "area", "last_serial": 9}) == {"kind": "area", "last_serial": 9}
