"""Asks the tracker over HTTP where batches stand."""

from __future__ import annotations

from types import TracebackType
from urllib.parse import quote

import aiohttp

from schemas.batch import BatchStatus
from schemas.codec import decode

_TIMEOUT = aiohttp.ClientTimeout(total=10)


class TrackerUnavailableError(RuntimeError):
    """The tracker does not answer as it should. Says at which address."""


class TrackerNotReadyError(TrackerUnavailableError):
    """The tracker runs, but is still reading its table back."""


class TrackerClient:
    """A client of one tracker; use it as an asynchronous context manager."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> TrackerClient:
        self._session = aiohttp.ClientSession(timeout=_TIMEOUT)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def status(self, batch_id: str) -> BatchStatus | None:
        """Where a batch stands; None while the tracker has not heard of it. Raises TrackerUnavailableError."""
        body = await self._get(f"/batches/{quote(batch_id, safe='')}")
        return None if body is None else decode(BatchStatus, body)

    async def recent(self, limit: int) -> list[BatchStatus]:
        """The batches opened last, the latest first. Raises TrackerUnavailableError."""
        body = await self._get(f"/batches?limit={limit}")
        return [] if body is None else decode(list[BatchStatus], body)

    async def _get(self, path: str) -> bytes | None:
        if self._session is None:
            raise RuntimeError("the client is used outside its context")
        try:
            async with self._session.get(self.url + path) as answer:
                if answer.status == 404:
                    return None
                if answer.status == 503:
                    raise TrackerNotReadyError(f"the tracker at {self.url} is not ready yet: it reads its table back")
                if answer.status != 200:
                    raise TrackerUnavailableError(f"the tracker at {self.url} answers {answer.status}")
                return await answer.read()
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise TrackerUnavailableError(f"no tracker answers at {self.url} ({type(error).__name__})") from None
