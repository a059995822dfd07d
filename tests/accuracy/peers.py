"""The published packages that do a part of the same work, asked about the same rows on the same machine.

They are installed from `peers.lock` into an environment of their own, `build/peers-venv`, and each runs in a process of
its own (`peer_worker.py`). Where a package gives official codes, these are compared; where it gives names only, an
answer is right if the names of commune, district and province are those of an acceptable commune, without regard to
accents, case and kinds, and a district that is not named does not count against it.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import orjson

from gazetteer.gazetteer import Gazetteer
from gazetteer.names import fold, merge_i_y

T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[2]
LOCK = Path(__file__).with_name("peers.lock")
VENV = ROOT / "build" / "peers-venv"
# Package: rows it is asked at most of one set (all where None). Those with a limit take 10 to 50 ms for a row.
PEERS: dict[str, int | None] = {
    "vietnamadminunits": None,
    "vn-address-converter": None,
    "vietnam-address-converter": 600,
    "onflow-location-platform": 600,
}
_SEED = 20_250_701
_TIMEOUT_S = 900
_KIND = re.compile(r"^(?:thanh pho|thi xa|thi tran|dac khu|phuong|quan|huyen|tinh|xa|tp|tx|tt|p|q|h|x|t) +(?=.)")


class PeerError(Exception):
    """A peer could not be installed or run; the message says why, in one line."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What a peer said of some texts: `answers` in order, and records per second of CPU time."""

    answers: tuple[dict[str, Any], ...]
    per_second: float


def version(package: str) -> str:
    """The version of a peer, as locked."""
    found = re.search(rf"^{re.escape(package)}==([\w.]+)", LOCK.read_text("utf-8"), flags=re.MULTILINE)
    assert found is not None
    return found[1]


def install() -> Path:
    """The interpreter of the peers' environment, which is made if it is missing or older than the lock."""
    python, stamp = VENV / "bin" / "python", VENV / ".locked"
    lock = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == lock:
        return python
    _run([sys.executable, "-m", "venv", "--clear", str(VENV)])
    _run(
        [
            str(python),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--require-hashes",
            "-r",
            str(LOCK),
        ]
    )
    stamp.write_text(lock)
    return python


def ask(python: Path, package: str, texts: Sequence[str]) -> Answered:
    """What a peer says of the texts. Raises PeerError."""
    worker = Path(__file__).with_name("peer_worker.py")
    out = _run([str(python), "-I", str(worker), package], orjson.dumps(list(texts)))
    said = orjson.loads(out)
    return Answered(tuple(said["answers"]), len(texts) / max(said["seconds"], 1e-9))


def sample(rows: Sequence[T], limit: int | None) -> list[T]:
    """At most `limit` of the rows, always the same, in their order."""
    if limit is None or len(rows) <= limit:
        return list(rows)
    return [rows[place] for place in sorted(Random(_SEED).sample(range(len(rows)), limit))]


def _run(command: list[str], stdin: bytes = b"") -> bytes:
    try:
        done = subprocess.run(command, input=stdin, capture_output=True, check=True, timeout=_TIMEOUT_S)
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode(errors="replace").strip().splitlines() or [f"exit code {error.returncode}"]
        raise PeerError(lines[-1]) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PeerError(str(error).splitlines()[0]) from error
    return done.stdout


class Judge:
    """Compares answers with acceptable communes."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer

    def old_is_right(self, answer: dict[str, Any], codes: Iterable[str]) -> bool:
        """`codes` are those of acceptable communes before July 2025."""
        said = answer["old"]
        if said is None:
            return False
        return said["code"] in codes if said["code"] else any(self._is_old(said["names"], code) for code in codes)

    def new_is_right(self, answer: dict[str, Any], codes: Iterable[str]) -> bool:
        """`codes` are those of acceptable communes of today."""
        said = answer["new"]
        if said is None:
            return False
        return said["code"] in codes if said["code"] else any(self._is_new(said["names"], code) for code in codes)

    def _is_old(self, names: list[str], code: str) -> bool:
        """In any edition, since the lists of the peers are of different dates."""
        commune, *wider = map(_key, names)
        for legacy in self._gazetteer.legacy_by_code(code):
            district = self._gazetteer.district_of(legacy)
            province = self._gazetteer.old_provinces[legacy.province_code]
            units = {_key(name) for name in (district.name, *district.aliases, province.name, *province.aliases)}
            if commune in map(_key, (legacy.name, *legacy.aliases)) and units.issuperset(wider):
                return True
        return False

    def _is_new(self, names: list[str], code: str) -> bool:
        commune, *wider = map(_key, names)
        place = self._gazetteer.communes[code]
        province = self._gazetteer.provinces[place.province_code]
        units = {_key(name) for name in (province.name, *province.aliases)}
        return commune in map(_key, (place.name, *place.aliases)) and units.issuperset(wider)


def _key(name: str) -> str:
    """A name without its kind, accents, or leading zeros."""
    plain = _KIND.sub("", merge_i_y(fold(name)))
    return plain.lstrip("0") if plain.isdigit() else plain
