"""The gazetteer as every command loads it: the built one, and what the user imported."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from gazetteer.gazetteer import Gazetteer


def imports_folder() -> Path:
    """Where imports are kept, as the settings say."""
    from services.stream.settings import read_settings

    return Path(read_settings().imports_dir)


def load_gazetteer(artifact: Path | None = None, *, warn: bool = True) -> Gazetteer:
    """The gazetteer with the user's imports; `artifact` takes the place of the one that the settings name, or of the
    built one. With `warn`, standard error says if some of the imports do not count. Raises GazetteerMissing."""
    from gazetteer.gazetteer import Gazetteer
    from services.stream.settings import read_settings

    named = read_settings().gazetteer
    gazetteer = with_imports(Gazetteer.load(artifact or (Path(named) if named else None)))
    if warn and gazetteer.imports.set_aside:
        typer.echo(
            f"{len(gazetteer.imports.set_aside)} rows of the imports do not count with this gazetteer: "
            "`diachi gazetteer imports` names them",
            err=True,
        )
    return gazetteer


def with_imports(gazetteer: Gazetteer) -> Gazetteer:
    """A gazetteer with the user's imports laid over it. Raises GazetteerMissing."""
    from services.normaliser.listed_parts import part_of

    return gazetteer.with_imports(imports_folder(), part_of)
