"""The file of a registry's backup: gzipped lines of JSON, with a heading, and an ending that holds their checksum.

The heading names format and version; each record is a line `[topic, partition, key, value, headers, timestamp]`; the
ending counts the records by topic and has the SHA-256 of all lines before it.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from services.stream.envelope import Headers

FORMAT = "diachi-registry"
VERSION = 1

_LEVEL = 3


class RegistryFileError(Exception):
    """A file cannot be used; says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Heading:
    """`made_at` is RFC 3339; `partitions` are those of each topic when the file was made."""

    made_at: str
    partitions: dict[str, int]


@dataclass(frozen=True, slots=True)
class Entry:
    """One record: the latest of its key. `topic` is without prefix, `value` parsed JSON."""

    topic: str
    partition: int
    key: str
    value: Any
    headers: Headers
    timestamp: int


class RegistryWriter:
    """Writes a file beside its place, and moves it there when it is whole; without `finish` nothing is left."""

    def __init__(self, path: Path, heading: Heading) -> None:
        """Raises OSError."""
        self._path = path
        self._partial = path.with_name(path.name + ".partial")
        self._file = os.fdopen(os.open(self._partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
        self._gzip = gzip.GzipFile(filename="", fileobj=self._file, mode="wb", compresslevel=_LEVEL, mtime=0)
        self._hash = hashlib.sha256()
        self._counts: Counter[str] = Counter()
        self._line({"format": FORMAT, "version": VERSION, "made_at": heading.made_at, "partitions": heading.partitions})

    def add(self, topic: str, partition: int, key: bytes, value: bytes, headers: Headers, timestamp: int) -> None:
        """One record, its value in JSON bytes."""
        named = [[name, content and content.decode()] for name, content in headers]
        self._line([topic, partition, key.decode(), orjson.Fragment(value), named, timestamp])
        self._counts[topic] += 1

    def finish(self) -> Counter[str]:
        """Write the ending, and put the file into its place. Returns the records by topic."""
        self._gzip.write(orjson.dumps({"records": self._counts, "sha256": self._hash.hexdigest()}) + b"\n")
        self._gzip.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._partial.replace(self._path)
        return self._counts

    def drop(self) -> None:
        """Leave nothing behind, unless it was finished."""
        self._file.close()
        self._partial.unlink(missing_ok=True)

    def _line(self, value: Any) -> None:
        line = orjson.dumps(value) + b"\n"
        self._hash.update(line)
        self._gzip.write(line)


def check_file(path: Path) -> tuple[Heading, Counter[str]]:
    """The heading of a whole and undamaged file, and its records by topic. Raises RegistryFileError."""
    heading, counts, digest, ending = None, Counter[str](), hashlib.sha256(), None
    for line in _lines(path):
        if ending is not None:
            raise _damaged(path, "there is something after its ending")
        if heading is None:
            heading = _heading(path, line)
        elif line.startswith(b"["):
            counts[_entry(path, line).topic] += 1
        else:
            ending = _parsed(path, line)
            continue
        digest.update(line)
    if heading is None:
        raise RegistryFileError(f"{path} is empty: give a file that `diachi registry export` wrote")
    if ending is None:
        raise _damaged(path, "it ends too early")
    if ending != {"records": dict(counts), "sha256": digest.hexdigest()}:
        raise _damaged(path, "its checksum does not fit")
    return heading, counts


def read_entries(path: Path) -> Iterator[Entry]:
    """The records of a file that was checked. Raises RegistryFileError."""
    for line in _lines(path):
        if line.startswith(b"["):
            yield _entry(path, line)


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with gzip.open(path, "rb") as file:
            yield from file
    except EOFError:
        raise _damaged(path, "it ends too early") from None
    except (gzip.BadGzipFile, zlib.error):
        raise _damaged(path, "it is no gzip file, or its bytes were changed") from None
    except OSError as error:
        raise RegistryFileError(f"{path} cannot be read: {error.strerror}") from None


def _heading(path: Path, line: bytes) -> Heading:
    value = _parsed(path, line)
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise RegistryFileError(f"{path} is no registry: give a file that `diachi registry export` wrote")
    if value.get("version") != VERSION:
        raise RegistryFileError(
            f"{path} has version {value.get('version')!r} of the format, this release reads {VERSION}: import it with "
            "the release that wrote it"
        )
    try:
        return Heading(value["made_at"], value["partitions"])
    except KeyError:
        raise _damaged(path, "its heading is not whole") from None


def _entry(path: Path, line: bytes) -> Entry:
    try:
        topic, partition, key, value, headers, timestamp = orjson.loads(line)
        return Entry(
            topic, partition, key, value, [(name, text and text.encode()) for name, text in headers], timestamp
        )
    except (ValueError, TypeError, AttributeError):
        raise _damaged(path, "a line is no record") from None


def _parsed(path: Path, line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        raise _damaged(path, "a line is no JSON") from None


def _damaged(path: Path, why: str) -> RegistryFileError:
    return RegistryFileError(f"{path} is damaged: {why}. Nothing was imported; take another copy")
