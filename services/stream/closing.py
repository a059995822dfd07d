"""Closes a consumer, also where its broker is away."""

from __future__ import annotations

import asyncio

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

log = structlog.get_logger()


async def close_consumer(consumer: AIOKafkaConsumer) -> None:
    """Close it; what became of its last fetch is no matter, as nothing of that was processed.

    A fetch that waits to try again hands its cancellation on to who closes the client, where it would look as if that
    one were cancelled: a service would end with a trace instead of its reason.
    """
    ended: list[BaseException | None] = await asyncio.gather(consumer.stop(), return_exceptions=True)
    error = ended[0]
    if isinstance(error, KafkaError | asyncio.CancelledError):
        log.warning("the consumer did not close in good order", error=type(error).__name__)
    elif error is not None:
        raise error
