"""What the tracker answers over HTTP: batches, health and metrics."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, TypeAlias

import faust
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from schemas.batch import BatchStatus
from schemas.codec import decode, encode
from services.stream.hidden import Secret
from services.stream.metrics import Metrics
from services.tracker.bearer import shows
from services.tracker.fold import BatchTally, status

_Page: TypeAlias = Callable[..., Awaitable[Any]]

_RECENT = 20
_MOST_RECENT = 1000


def add_views(app: faust.App, table: Any, metrics: Metrics, token: Secret) -> None:
    """Register the pages. They show the table as it stands in memory, a commit ahead of `batch.status.v1` at most.

    Those of batches answer only who shows `token`, unless it is empty. Health and metrics, which name no batch, answer
    everybody: whatever supervises services need not know it.
    """

    tables: Any = app.tables

    def ready() -> bool:
        return bool(tables.recovery.completed.is_set() and not app.rebalancing)

    @app.page("/batches/{batch_id}")
    @_guarded(token)
    async def batch(view: Any, request: Any, batch_id: str) -> Any:
        if not ready():
            return _error(
                view, 503, "tracker.not_ready", "The tracker is reading its table back; try again in a moment."
            )
        tally = table.data.get(batch_id.encode())
        if tally is None:
            detail = f"No event of batch {batch_id!r} was read so far. See /batches for those that are known."
            return _error(view, 404, "batch.unknown", detail)
        return _json(view, status(batch_id, decode(BatchTally, tally)))

    @app.page("/batches")
    @_guarded(token)
    async def batches(view: Any, request: Any) -> Any:
        text = request.query.get("limit", str(_RECENT))
        if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= _MOST_RECENT:
            detail = f"limit is a number from 1 to {_MOST_RECENT}."
            return _error(view, 400, "request.limit", detail)
        if not ready():
            return _error(
                view, 503, "tracker.not_ready", "The tracker is reading its table back; try again in a moment."
            )
        return _json(view, recent(table.data, int(text)))

    @app.page("/livez")
    async def livez(view: Any, request: Any) -> Any:
        return view.text("ok\n")

    @app.page("/readyz")
    async def readyz(view: Any, request: Any) -> Any:
        return view.text("ok\n") if ready() else view.text("not ok\n", status=503)

    @app.page("/metrics")
    async def render(view: Any, request: Any) -> Any:
        await measure(app, table, metrics)
        return view.bytes(generate_latest(metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


def _guarded(token: Secret) -> Callable[[_Page], _Page]:
    """Has a page answer 401 to who does not show the token."""
    wanted = token.reveal()

    def guard(page: _Page) -> _Page:
        if not wanted:
            return page

        @wraps(page)
        async def asked(view: Any, request: Any, **parts: Any) -> Any:
            if shows(wanted, request.headers.get("Authorization")):
                return await page(view, request, **parts)
            detail = "Show the tracker's token: Authorization: Bearer, as DIACHI_HTTP_TOKEN has `diachi status` do."
            return _error(view, 401, "tracker.token", detail, {"WWW-Authenticate": 'Bearer realm="diachi"'})

        return asked

    return guard


def recent(tallies: dict[bytes, bytes], limit: int) -> list[BatchStatus]:
    """The batches that were opened last, the latest first."""
    # Without an opening yet (its event is still on its way), a batch is as new as can be.
    decoded = [(key.decode(), decode(BatchTally, value)) for key, value in tallies.items()]
    decoded.sort(key=lambda item: item[1].opened_at or "9999", reverse=True)
    return [status(batch_id, tally) for batch_id, tally in decoded[:limit]]


async def measure(app: faust.App, table: Any, metrics: Metrics) -> None:
    """Bring the gauges up to date."""
    source = [tp for tp in app.consumer.assignment() if tp.topic not in app.tables.changelog_topics]
    metrics.partitions.labels("tracker").set(len(source))
    metrics.state_keys.labels("tracker", "all").set(len(table.data))
    for tp in source:
        position, end = await app.consumer.position(tp), app.consumer.highwater(tp)
        lag = max(0, end - position) if position is not None and end is not None else 0
        metrics.lag_records.labels("tracker", str(tp.partition)).set(lag)


def _json(view: Any, value: Any, http_status: int = 200, headers: dict[str, str] | None = None) -> Any:
    return view.bytes(encode(value), content_type="application/json", status=http_status, headers=headers)


def _error(view: Any, http_status: int, code: str, detail: str, headers: dict[str, str] | None = None) -> Any:
    return _json(view, {"error": code, "detail": detail}, http_status, headers)
