"""`diachi registry`: the registry of codes in a file, as a backup."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.asking import ask_kafka, refused

if TYPE_CHECKING:
    from services.stream.connection import Connection

app = typer.Typer(help="Copy the registry of codes into a file, or from one.", no_args_is_help=True)

Copy = Callable[["Connection", str, Path], Coroutine[Any, Any, "Counter[str]"]]


@app.command("export")
def export_file(
    file: Annotated[Path, typer.Argument(help="File to write; by custom it ends in .registry.gz.")],
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that exists.")] = False,
) -> None:
    """Write all codes, records, decisions, review items and published addresses to a file, with a checksum.

    The services may run, but nothing may be on its way through them. The file holds no names and phones of
    householders.
    """
    from services.stream.registry_backup import export_registry

    if file.exists() and not force:
        raise refused("registry export", f"{file} exists: name another file, or give --force")
    _report(_copy("registry export", export_registry, file), f"written to {file}")


@app.command("import")
def import_file(file: Annotated[Path, typer.Argument(help="A file that `diachi registry export` wrote.")]) -> None:
    """Take a registry over, all of it or nothing, into an installation that has none and whose services are stopped.

    The topics must be there (`diachi topics create`). Records that are sent again get the codes they have; no code is
    issued twice.
    """
    from services.stream.registry_backup import import_registry

    _report(_copy("registry import", import_registry, file), "imported: start the services")


def _copy(command: str, copy: Copy, file: Path) -> Counter[str]:
    from services.stream.registry_backup import RegistryBusyError
    from services.stream.registry_file import RegistryFileError

    try:
        return ask_kafka(command, lambda settings, connection: copy(connection, settings.topic_prefix, file))
    except (RegistryBusyError, RegistryFileError) as error:
        raise refused(command, str(error)) from None
    except OSError as error:
        raise refused(command, f"{file} cannot be written: {error.strerror}") from None


def _report(counts: Counter[str], done: str) -> None:
    for topic, count in counts.items():
        typer.echo(f"{count:>12,}  {topic}")
    typer.echo(f"{sum(counts.values()):>12,}  records {done}")
