"""Asks the tracker over HTTP where batches stand."""

from __future__ import annotations

import asyncio
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import quote, urlsplit

from schemas.batch import BatchStatus
from schemas.codec import decode
from services.stream.hidden import NONE, Secret

_TIMEOUT_SECONDS = 10.0
_CONNECTIONS = {"http": HTTPConnection, "https": HTTPSConnection}


class TrackerUnavailableError(RuntimeError):
    """The tracker does not answer as it should. Says at which address."""


class TrackerTokenError(TrackerUnavailableError):
    """The tracker asks for a token that it was not shown. Says which setting to look at."""


class TrackerNotReadyError(TrackerUnavailableError):
    """The tracker runs, but is still reading its table back."""


class TrackerClient:
    """A client of one tracker. `token` is shown to it, if there is one.

    It asks a few times a second at most, by the standard library and in a thread: to load aiohttp takes longer than all
    questions of a submission.
    """

    def __init__(self, url: str, token: Secret = NONE) -> None:
        self.url = url.rstrip("/")
        self._token = token

    async def status(self, batch_id: str) -> BatchStatus | None:
        """Where a batch stands; None while the tracker has not heard of it. Raises TrackerUnavailableError."""
        body = await self._get(f"/batches/{quote(batch_id, safe='')}")
        return None if body is None else decode(BatchStatus, body)

    async def recent(self, limit: int) -> list[BatchStatus]:
        """The batches opened last, the latest first. Raises TrackerUnavailableError."""
        body = await self._get(f"/batches?limit={limit}")
        return [] if body is None else decode(list[BatchStatus], body)

    async def _get(self, path: str) -> bytes | None:
        try:
            status, body = await asyncio.to_thread(self._ask, path)
        except (HTTPException, OSError, ValueError) as error:
            raise TrackerUnavailableError(f"no tracker answers at {self.url} ({type(error).__name__})") from None
        if status == 404:
            return None
        if status == 401:
            raise TrackerTokenError(self._wants_token())
        if status == 503:
            raise TrackerNotReadyError(f"the tracker at {self.url} is not ready yet: it reads its table back")
        if status != 200:
            raise TrackerUnavailableError(f"the tracker at {self.url} answers {status}")
        return body

    def _ask(self, path: str) -> tuple[int, bytes]:
        """Status and body. Follows to nowhere else: the tracker sends nobody there, and the token is for it alone."""
        token = self._token.reveal()
        shown = {"Authorization": f"Bearer {token}"} if token else {}
        parts = urlsplit(self.url)
        if parts.scheme not in _CONNECTIONS or not parts.hostname:
            raise ValueError("no address of HTTP")
        with closing(_CONNECTIONS[parts.scheme](parts.hostname, parts.port, timeout=_TIMEOUT_SECONDS)) as connection:
            connection.request("GET", parts.path + path, headers=shown)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def _wants_token(self) -> str:
        what = "does not take the token that it was shown" if self._token else "asks for a token"
        return f"the tracker at {self.url} {what}: see DIACHI_HTTP_TOKEN, or DIACHI_HTTP_TOKEN_FILE"
