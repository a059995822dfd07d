"""What the client makes of the tracker's answers, and of those that are none."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from services.intake.tracker_client import (
    TrackerClient,
    TrackerNotReadyError,
    TrackerTokenError,
    TrackerUnavailableError,
)
from services.stream.hidden import Secret


class Pages(BaseHTTPRequestHandler):
    """Answers with the status that the path ends with; `/batches?limit=…` with no batches, to who shows the token."""

    def do_GET(self) -> None:
        last = self.path.rpartition("/")[2]
        status = int(last) if last.isdigit() else 200 if self.headers["Authorization"] == "Bearer sesame" else 401
        body = b"[]"
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if status == 302:
            self.send_header("Location", "/elsewhere/404")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Nothing is logged."""


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_the_token_is_shown(url: str) -> None:
    assert asyncio.run(TrackerClient(url + "/", Secret("sesame")).recent(1)) == []
    with pytest.raises(TrackerTokenError, match="asks for a token"):
        asyncio.run(TrackerClient(url).recent(1))


def test_a_batch_not_heard_of_is_none(url: str) -> None:
    assert asyncio.run(TrackerClient(url).status("404")) is None


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        ("503", TrackerNotReadyError, "not ready"),
        ("500", TrackerUnavailableError, "answers 500"),
        ("302", TrackerUnavailableError, "answers 302"),
    ],
)
def test_other_answers_are_errors_that_say_so(
    url: str, status: str, error: type[TrackerUnavailableError], words: str
) -> None:
    with pytest.raises(error, match=words):
        asyncio.run(TrackerClient(url).status(status))


@pytest.mark.parametrize(
    "nowhere", ["http://127.0.0.1:1", "ftp://127.0.0.1", "127.0.0.1:6066", "http://", "http://a:b"]
)
def test_where_no_tracker_can_be_is_said_with_its_address(nowhere: str) -> None:
    with pytest.raises(TrackerUnavailableError, match="no tracker answers at"):
        asyncio.run(TrackerClient(nowhere).recent(1))
