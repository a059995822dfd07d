"""A TCP proxy between the workers and the broker, which can be cut, slowed and silenced."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from services.process.ports import free_port

_CHUNK = 32 * 1024
_MOST_UNDER_WAY = 256


@dataclass
class Proxy:
    """Listens on 127.0.0.1:`port`, and passes everything on to `target`.

    `delay` is added to each chunk that passes, in seconds, one chunk after the other; `latency` is how long each is on
    its way, with others behind it. While `silent`, nothing passes and nobody is told; while `refusing`, new connections
    are closed at once. May be changed from any thread. `delayed` and `held` count the chunks that came later for it.
    """

    port: int
    target: int
    delay: float = 0.0
    latency: float = 0.0
    silent: bool = False
    refusing: bool = False
    delayed: int = 0
    held: int = 0
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    def cut(self) -> int:
        """End every connection with a reset; returns how many there were."""

        async def reset() -> int:
            writers = list(self._writers)
            for writer in writers:
                writer.transport.abort()
            return len(writers)

        return asyncio.run_coroutine_threadsafe(reset(), self._loop).result(10) // 2

    async def serve(self, ready: threading.Event, stop: asyncio.Event) -> None:
        server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        ready.set()
        await stop.wait()
        server.close()
        for writer in list(self._writers):
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refusing:
            writer.transport.abort()
            return
        try:
            on_reader, on_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:  # the broker is down
            writer.transport.abort()
            return
        pair = {writer, on_writer}
        self._writers |= pair
        try:
            ways = [
                asyncio.ensure_future(self._pass(reader, on_writer)),
                asyncio.ensure_future(self._pass(on_reader, writer)),
            ]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
        finally:
            self._writers -= pair
            for each in pair:
                each.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_MOST_UNDER_WAY)
        taking = asyncio.ensure_future(self._take(reader, under_way))
        try:
            with contextlib.suppress(OSError):
                while (arrival := await under_way.get())[1]:
                    due, chunk = arrival
                    self.delayed += self.delay > 0
                    await asyncio.sleep(max(self.delay, due - self._loop.time()))
                    self.held += self.silent
                    while self.silent:
                        await asyncio.sleep(0.05)
                    writer.write(chunk)
                    await writer.drain()
        finally:
            taking.cancel()

    async def _take(self, reader: asyncio.StreamReader, under_way: asyncio.Queue[tuple[float, bytes]]) -> None:
        """Put what comes on its way, with the time when it is due; nothing at all is the end."""
        chunk = b"-"
        while chunk:
            try:
                chunk = await reader.read(_CHUNK)
            except OSError:
                chunk = b""
            await under_way.put((self._loop.time() + self.latency, chunk))


@contextmanager
def running_proxy(target: int) -> Iterator[Proxy]:
    """A proxy in a thread of its own."""
    proxy = Proxy(free_port(), target)
    ready, stop = threading.Event(), asyncio.Event()
    thread = threading.Thread(target=lambda: proxy._loop.run_until_complete(proxy.serve(ready, stop)), daemon=True)
    thread.start()
    assert ready.wait(10), f"the proxy could not listen on port {proxy.port}"
    try:
        yield proxy
    finally:
        proxy._loop.call_soon_threadsafe(stop.set)
        thread.join(10)
