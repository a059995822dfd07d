"""`diachi status`: where batches stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from schemas.batch import BatchStatus
    from services.stream.hidden import Secret


def status(
    batch_id: Annotated[str | None, typer.Argument(help="A batch; without it, the batches opened last.")] = None,
    tracker: Annotated[
        str | None, typer.Option(help="Address of the tracker.", show_default="DIACHI_TRACKER_URL")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many batches to list.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show what became of a batch. Exit status 1 if the tracker does not know it or does not answer."""
    import asyncio

    from services.intake.tracker_client import TrackerTokenError, TrackerUnavailableError
    from services.stream.secrets import http_token
    from services.stream.settings import read_settings

    settings = read_settings()
    url = tracker or settings.tracker_url
    try:
        found = asyncio.run(_ask(url, http_token(settings), batch_id, limit))
    except TrackerTokenError as error:
        typer.echo(f"diachi status: {error}.", err=True)
        raise typer.Exit(1) from None
    except TrackerUnavailableError as error:
        typer.echo(
            f"diachi status: {error}. Is `diachi run` or `diachi tracker` running? --tracker names another address.",
            err=True,
        )
        raise typer.Exit(1) from None
    if found is None:
        typer.echo(f"diachi status: the tracker at {url} knows no batch {batch_id!r}.", err=True)
        raise typer.Exit(1)
    if as_json:
        from schemas.codec import encode

        typer.echo(encode(found).decode())
        return
    _print(found)


async def _ask(url: str, token: Secret, batch_id: str | None, limit: int) -> BatchStatus | list[BatchStatus] | None:
    from services.intake.tracker_client import TrackerClient

    client = TrackerClient(url, token)
    return await client.recent(limit) if batch_id is None else await client.status(batch_id)


def _print(found: BatchStatus | list[BatchStatus]) -> None:
    from rich.console import Console

    from services.cli.batch_view import batches_table, outcome_table, reason_table

    if isinstance(found, list):
        # Wide enough for whole ids, which people copy, also into a file.
        wide = Console(soft_wrap=True, width=160)
        wide.print(batches_table(found) if found else "No batch was submitted yet.")
        return
    console = Console(soft_wrap=True)
    console.print(f"batch   {found.batch_id}", highlight=False)
    console.print(f"source  {found.source or '?'}    name  {found.name or ''}", highlight=False, markup=False)
    console.print(f"state   {found.state}    opened  {found.opened_at or '?'}", highlight=False)
    console.print(outcome_table(found))
    if (reasons := reason_table(found)) is not None:
        console.print(reasons)
