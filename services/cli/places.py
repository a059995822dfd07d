"""The gazetteer as every command loads it: the built one, and what the user imported."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gazetteer.gazetteer import Gazetteer


def imports_folder() -> Path:
    """Where imports are kept, as the settings say."""
    from services.stream.settings import Settings

    return Path(Settings().imports_dir)


def load_gazetteer(artifact: Path | None = None) -> Gazetteer:
    """The gazetteer with the user's imports; `artifact` takes the place of the one that the settings name, or of the
    built one. Raises GazetteerMissing."""
    from gazetteer.gazetteer import Gazetteer
    from services.stream.settings import Settings

    named = Settings().gazetteer
    return Gazetteer.load(artifact or (Path(named) if named else None), imports_folder())
