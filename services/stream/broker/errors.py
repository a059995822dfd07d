"""What goes wrong when a broker is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

ADVICE = (
    "Install Java 17 or newer and Maven (Apache Kafka), or the Python package noida-db (embedded broker), "
    "or set KAFKA_BOOTSTRAP_SERVERS to a broker that runs elsewhere."
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A kind of broker that was tried and why it did not serve; `log` is the end of its output, if it ran."""

    kind: str
    reason: str
    log: str = ""


class BrokerUnavailable(RuntimeError):  # noqa: N818 - says what is the matter
    """No broker could be had. `attempts` says what was tried; the message says what to install."""

    def __init__(self, attempts: Sequence[Attempt], advice: str = ADVICE) -> None:
        self.attempts = tuple(attempts)
        self.advice = advice
        lines = ["no Kafka broker could be started:"]
        for attempt in self.attempts:
            lines.append(f"- {attempt.kind}: {attempt.reason}")
            lines.extend(f"    {line}" for line in attempt.log.splitlines())
        super().__init__("\n".join([*lines, advice]))


class BrokerFailed(Exception):  # noqa: N818 - as above
    """One kind of broker did not start; `local_broker` turns it into an Attempt."""

    def __init__(self, reason: str, log: str = "") -> None:
        self.reason = reason
        self.log = log
        super().__init__(reason)
