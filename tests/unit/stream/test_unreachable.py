"""Ports that take no connection and ports that break it off: what is said of each is what is so."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import uvloop

from services.process.ports import free_port
from services.stream.connection import Connection
from services.stream.topic_ids import topic_id
from services.stream.unreachable import BrokerAbsentError, BrokerRefusedError

Hang = Callable[[socket.socket], None]
LOOPS = pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])


def close(client: socket.socket) -> None:
    client.close()


def hear_and_close(client: socket.socket) -> None:
    client.recv(4096)
    client.close()


def reset(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


@contextmanager
def listening(hang: Hang) -> Iterator[str]:
    """The address of a port that takes every connection, and does with it what `hang` does."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                hang(client)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def ask(loop: Callable[[], asyncio.AbstractEventLoop], connection: Connection) -> None:
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(topic_id(connection, "t"))


def tls(servers: str) -> Connection:
    return Connection(servers, "SSL", ssl.create_default_context())


@LOOPS
@pytest.mark.parametrize("make", [Connection, tls], ids=["plain", "tls"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_port_that_refuses_is_not_said_to_want_anything(
    loop: Callable[[], asyncio.AbstractEventLoop], make: Callable[[str], Connection], host: str
) -> None:
    first, second = free_port(), free_port()
    with pytest.raises(BrokerAbsentError) as absent:
        ask(loop, make(f"{host}:{first},{host}:{second}"))
    assert str(absent.value) == (
        f"{host}:{first} refuses connections; {host}:{second} refuses connections: "
        "is the broker running, and is KAFKA_BOOTSTRAP_SERVERS right?"
    )


@LOOPS
@pytest.mark.parametrize("hang", [close, hear_and_close, reset])
def test_a_port_that_closes_at_once_may_want_tls_or_may_be_starting(
    loop: Callable[[], asyncio.AbstractEventLoop], hang: Hang
) -> None:
    # The first one of the list is down, which explains less than what the second one does.
    with listening(hang) as address, pytest.raises(BrokerRefusedError) as refused:
        ask(loop, Connection(f"127.0.0.1:{free_port()},{address}"))
    said = str(refused.value)
    assert said.startswith(f"Kafka at {address} takes connections and closes them at once: ")
    assert "just starting or stopping" in said and "DIACHI_KAFKA_SECURITY_PROTOCOL (PLAINTEXT)" in said


@LOOPS
@pytest.mark.parametrize("hang", [close, hear_and_close, reset])
def test_a_port_that_breaks_tls_off_may_be_starting_too(
    loop: Callable[[], asyncio.AbstractEventLoop], hang: Hang
) -> None:
    with listening(hang) as address, pytest.raises(BrokerRefusedError) as refused:
        ask(loop, tls(address))
    said = str(refused.value)
    assert said.startswith(f"Kafka at {address} does not answer in TLS (")
    assert "just starting or stopping" in said and "DIACHI_KAFKA_SECURITY_PROTOCOL (SSL)" in said
