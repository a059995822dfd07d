"""Asks the tracker over HTTP where batches stand."""

from __future__ import annotations

from types import TracebackType
from urllib.parse import quote

import aiohttp
from pydantic import SecretStr

from schemas.batch import BatchStatus
from schemas.codec import decode

_TIMEOUT = aiohttp.ClientTimeout(total=10)
_NO_TOKEN = SecretStr("")


class TrackerUnavailableError(RuntimeError):
    """The tracker does not answer as it should. Says at which address."""


class TrackerTokenError(TrackerUnavailableError):
    """The tracker asks for a token that it was not shown. Says which setting to look at."""


class TrackerNotReadyError(TrackerUnavailableError):
    """The tracker runs, but is still reading its table back."""


class TrackerClient:
    """A client of one tracker; use it as an asynchronous context manager. `token` is shown to it, if there is one."""

    def __init__(self, url: str, token: SecretStr = _NO_TOKEN) -> None:
        self.url = url.rstrip("/")
        self._token = token
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> TrackerClient:
        token = self._token.get_secret_value()
        shown = {"Authorization": f"Bearer {token}"} if token else None
        self._session = aiohttp.ClientSession(timeout=_TIMEOUT, headers=shown)
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
            # The tracker sends nobody elsewhere, and the token is for it alone.
            async with self._session.get(self.url + path, allow_redirects=False) as answer:
                if answer.status == 404:
                    return None
                if answer.status == 401:
                    raise TrackerTokenError(self._wants_token())
                if answer.status == 503:
                    raise TrackerNotReadyError(f"the tracker at {self.url} is not ready yet: it reads its table back")
                if answer.status != 200:
                    raise TrackerUnavailableError(f"the tracker at {self.url} answers {answer.status}")
                return await answer.read()
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise TrackerUnavailableError(f"no tracker answers at {self.url} ({type(error).__name__})") from None

    def _wants_token(self) -> str:
        what = "does not take the token that it was shown" if self._token.get_secret_value() else "asks for a token"
        return f"the tracker at {self.url} {what}: see DIACHI_HTTP_TOKEN, or DIACHI_HTTP_TOKEN_FILE"
