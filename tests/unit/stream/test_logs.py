"""What is logged of an exception is its type and place, whoever logs it; and it goes where standard error is now."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from services.stream.logs import configure_logs

MARK = "0912 345 678"
log = structlog.get_logger()


@pytest.fixture
def configured() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logs("INFO")
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize("library", [False, True])
@pytest.mark.usefixtures("configured")
def test_no_message_of_an_exception_is_logged(library: bool, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise ValueError(MARK)
    except ValueError as error:
        if library:
            logging.getLogger("mode").exception("it failed: %r", error)
        else:
            log.error("it failed", exc_info=error)
            log.exception("it failed")
    said = capsys.readouterr().err
    lines = [json.loads(line) for line in said.splitlines()]
    assert len(lines) == (1 if library else 2)
    for line in lines:
        assert line["event"] == ("it failed: 'ValueError'" if library else "it failed")
        assert line["error"] == "ValueError"
        assert line["at"].rpartition(":")[0] == __file__
    assert MARK not in said


@pytest.mark.usefixtures("configured")
def test_logs_go_to_the_standard_error_of_the_moment(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log.warning("first")
    with monkeypatch.context() as other:
        other.setattr("sys.stderr", open("/dev/null", "w", encoding="utf-8"))  # noqa: PTH123, SIM115
        log.warning("into nothing")
        logging.getLogger("faust").warning("into nothing")
    log.warning("second")
    logging.getLogger("faust").warning("third")
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["first", "second", "third"]
