"""Whether compiled modules are told from those whose source changed since."""

from __future__ import annotations

import os
from pathlib import Path

from services.process.compiled import advice, stale_modules


def module(folder: Path, name: str, *, source_at: int, compiled_at: int | None) -> Path:
    source = folder / f"{name}.py"
    source.write_text("")
    os.utime(source, (source_at, source_at))
    if compiled_at is not None:
        compiled = folder / f"{name}.cpython-311-x86_64-linux-gnu.so"
        compiled.write_bytes(b"")
        os.utime(compiled, (compiled_at, compiled_at))
    return source


def test_a_source_newer_than_its_module_is_stale(tmp_path: Path) -> None:
    changed = module(tmp_path, "changed", source_at=200, compiled_at=100)
    module(tmp_path, "fresh", source_at=100, compiled_at=200)
    module(tmp_path, "interpreted", source_at=200, compiled_at=None)
    (tmp_path / "compiled__mypyc.cpython-311-x86_64-linux-gnu.so").write_bytes(b"")
    assert stale_modules((tmp_path,)) == [changed]
    assert str(changed) in advice([changed])


def test_without_compiled_modules_nothing_is_stale(tmp_path: Path) -> None:
    module(tmp_path, "interpreted", source_at=200, compiled_at=None)
    assert stale_modules((tmp_path,)) == []
