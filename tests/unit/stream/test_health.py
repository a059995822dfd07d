"""The pages of health and metrics, asked over sockets."""

from __future__ import annotations

import asyncio
import http.client
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from services.stream import health
from services.stream.health import serve_health
from services.stream.metrics import Metrics


class Service:
    """What the pages ask, and an event loop of its own, in a thread."""

    def __init__(self) -> None:
        self.alive, self.ready = True, False
        self.metrics = Metrics("test")
        self.loop = asyncio.new_event_loop()

    async def measure(self) -> None:
        self.metrics.lag_records.labels("test", "0").set(42)

    @contextmanager
    def served(self, host: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
        """Yields the port."""
        thread = threading.Thread(target=self.loop.run_forever)
        thread.start()
        pages = serve_health(
            host, port, self.metrics, alive=lambda: self.alive, ready=lambda: self.ready, measure=self.measure
        )
        try:
            yield asyncio.run_coroutine_threadsafe(pages.__aenter__(), self.loop).result(20)
            asyncio.run_coroutine_threadsafe(pages.__aexit__(None, None, None), self.loop).result(20)
        finally:
            self.loop.call_soon_threadsafe(self.loop.stop)
            thread.join()
            self.loop.close()


def ask(port: int, path: str, method: str = "GET", host: str = "127.0.0.1") -> tuple[int, str]:
    connection = http.client.HTTPConnection(host, port, timeout=20)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_what_each_page_says() -> None:
    service = Service()
    with service.served() as port:
        assert ask(port, "/livez") == (200, "ok\n")
        assert ask(port, "/readyz") == (503, "not ok\n")
        service.alive, service.ready = False, True
        assert ask(port, "/livez") == (503, "not ok\n")
        assert ask(port, "/readyz?verbose") == (200, "ok\n")
        assert ask(port, "/readyz", "HEAD") == (200, "")
        status, text = ask(port, "/metrics")
        assert status == 200 and 'diachi_consumer_lag_records{partition="0",stage="test"} 42.0' in text
        assert ask(port, "/")[0] == 404
        assert ask(port, "/livez", "POST")[0] == 405


def test_a_loop_that_is_held_up_is_not_well_and_its_metrics_are_still_to_be_had(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(health, "_LOOP_SECONDS", 0.2)
    service, held_up = Service(), threading.Event()
    with service.served() as port, ThreadPoolExecutor(2) as pool:
        service.loop.call_soon_threadsafe(held_up.wait, 20)
        alive, measured = pool.map(lambda path: ask(port, path), ("/livez", "/metrics"))
        held_up.set()
        assert alive == (503, "not ok\n")
        assert measured[0] == 200 and "diachi_records_total" in measured[1]
        assert ask(port, "/livez") == (200, "ok\n")


def test_what_goes_wrong_is_logged_by_its_place_and_not_quoted(capfd: pytest.CaptureFixture[str]) -> None:
    class Failing(Service):
        async def measure(self) -> None:
            raise ValueError("Số 5 đường Bình Thuận")

    with Failing().served() as port:
        assert ask(port, "/metrics") == (500, "failed, see the log\n")
        assert ask(port, "/livez") == (200, "ok\n")
    said = capfd.readouterr()
    assert "Bình Thuận" not in said.err + said.out and "Traceback" not in said.err


def test_clients_that_say_nothing_or_nonsense_keep_nobody_waiting(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(health._Handler, "timeout", 0.5)
    with Service().served() as port:
        silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(30)]
        for nonsense in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET / HTTP/9.9\r\n\r\n", b"x" * 70_000):
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.sendall(nonsense)
        assert ask(port, "/livez") == (200, "ok\n")
        silent[0].settimeout(20)
        assert silent[0].recv(1) == b"", "it is let go"
        for each in silent:
            each.close()
    assert "Traceback" not in capfd.readouterr().err


def test_the_port_is_the_one_that_was_asked_for_and_free_again_afterwards() -> None:
    with Service().served() as port, pytest.raises(OSError, match="in use"), Service().served(port=port):
        pytest.fail("two on one port")
    with Service().served(port=port) as again:
        assert again == port


def test_its_end_does_not_wait_for_a_client() -> None:
    started = time.monotonic()
    with Service().served() as port:
        client = socket.create_connection(("127.0.0.1", port))
        assert ask(port, "/livez") == (200, "ok\n")
    assert time.monotonic() - started < health._CLIENT_SECONDS
    client.close()


def test_a_host_of_ipv6() -> None:
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            pytest.skip("no IPv6 here")
    with Service().served("::1") as port:
        assert ask(port, "/livez", host="::1") == (200, "ok\n")
