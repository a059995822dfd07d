"""The HTTP side of a service: `/livez`, `/readyz` for the orchestrator, `/metrics` for Prometheus.

Served by the standard library in threads, as prometheus_client's own server is: aiohttp, for three short answers, would
take 9 MiB of every worker.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from socketserver import TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING, Any, TypeVar
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import structlog
from prometheus_client import make_wsgi_app

from services.stream.failures import where
from services.stream.metrics import Metrics

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

log = structlog.get_logger()

T = TypeVar("T")

# Answers come from the event loop: one that does not get to them for so long is not well.
_LOOP_SECONDS = 5.0
# A client that says nothing for so long is let go.
_CLIENT_SECONDS = 10.0
_POLL_SECONDS = 0.1
_STATUS = {
    200: "200 OK",
    404: "404 Not Found",
    405: "405 Method Not Allowed",
    500: "500 Internal Server Error",
    503: "503 Service Unavailable",
}


@asynccontextmanager
async def serve_health(
    host: str,
    port: int,
    metrics: Metrics,
    *,
    alive: Callable[[], bool],
    ready: Callable[[], bool],
    measure: Callable[[], Coroutine[Any, Any, None]],
) -> AsyncIterator[int]:
    """Serve until the context ends; yields the port, which is a free one where `port` is 0.

    `/livez` and `/readyz` answer 200 or 503 in plain text, 503 also where the event loop is held up; `measure` is
    awaited before metrics are rendered. All three are called in the event loop. Raises OSError where the address cannot
    be had.
    """
    loop, render = asyncio.get_running_loop(), make_wsgi_app(metrics.registry)

    def in_loop(work: Coroutine[Any, Any, T]) -> T | None:
        asked = asyncio.run_coroutine_threadsafe(work, loop)
        try:
            return asked.result(_LOOP_SECONDS)
        except TimeoutError:
            asked.cancel()  # else they pile up until the loop gets to them
            return None

    async def call(read: Callable[[], bool]) -> bool:
        return read()

    def page(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return _text(start, 405, "GET only\n")
        if path in checks:
            good = in_loop(call(checks[path]))
            return _text(start, 200 if good else 503, "ok\n" if good else "not ok\n")
        if path == "/metrics":
            in_loop(measure())
            rendered: Iterable[bytes] = render(environ, start)
            return rendered
        return _text(start, 404, "/livez, /readyz or /metrics\n")

    def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        try:
            return page(environ, start)
        except Exception as error:  # wsgiref would write it to standard error, message and all
            log.warning("health request failed", **where(error))
            return _text(start, 500, "failed, see the log\n")

    checks = {"/livez": alive, "/readyz": ready}
    server = _server(host, port)
    server.set_app(answer)
    serving = threading.Thread(target=server.serve_forever, args=(_POLL_SECONDS,), name="health", daemon=True)
    serving.start()
    try:
        yield server.server_port
    finally:
        await asyncio.to_thread(server.shutdown)
        server.server_close()


class _Server(ThreadingMixIn, WSGIServer):
    # A client that is still there does not keep the service from ending.
    daemon_threads = True

    def server_bind(self) -> None:
        """As HTTPServer, without asking the DNS for the host's name, which can take long."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]
        self.setup_environ()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client went away, mostly."""
        error = sys.exception()
        if not isinstance(error, ConnectionError | TimeoutError):
            log.warning("health request failed", **where(error or RuntimeError()))


class _Handler(WSGIRequestHandler):
    timeout = _CLIENT_SECONDS

    def log_message(self, *_: Any) -> None:
        """Say nothing: these requests come every few seconds."""


def _server(host: str, port: int) -> _Server:
    family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]

    class Server(_Server):
        address_family = family

    return Server(address[:2], _Handler)  # type: ignore[arg-type]


def _text(start: StartResponse, status: int, text: str) -> Iterable[bytes]:
    start(_STATUS[status], [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(text)))])
    return [text.encode()]
