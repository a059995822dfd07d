"""Whether compiled modules still say what their sources say: Python takes the compiled one whatever its age."""

from __future__ import annotations

from pathlib import Path

_ROOT = Path(__file__).parents[2]
_SERVICES = ("address", "normaliser", "registrar", "stream")
_FOLDERS = (_ROOT / "gazetteer", _ROOT / "schemas", *(_ROOT / "services" / name for name in _SERVICES))


def stale_modules(folders: tuple[Path, ...] = _FOLDERS) -> list[Path]:
    """The sources that were changed after they were compiled."""
    return [
        source
        for folder in folders
        for compiled in sorted(folder.glob("*.so"))
        if (source := folder / f"{compiled.name.partition('.')[0]}.py").is_file()
        and source.stat().st_mtime > compiled.stat().st_mtime
    ]


def advice(stale: list[Path]) -> str:
    """What to do about them, in one line."""
    more = f" and {len(stale) - 1} more" if len(stale) > 1 else ""
    return f"{stale[0]}{more} was changed after it was compiled: run `make install`, or `make pure` to run the sources"
