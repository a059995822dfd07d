"""Records whose headers have names that are not UTF-8: no client of ours makes them, and the broker takes them."""

from __future__ import annotations

import asyncio
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.record.util import calc_crc32c

# Of a record batch in format 2: the checksum, and what comes behind it is what it is of.
_CRC = slice(17, 21)
_NAME, _SPOILT = b"NAME", b"\xff\xfe\xfd\xfc"


def spoil(batch: Any) -> None:
    """Turn each header name NAME of a record batch that was not yet sent into one that is not UTF-8."""
    batch.close()
    data = bytearray(batch._build().replace(_NAME, _SPOILT))
    data[_CRC] = calc_crc32c(bytes(data[_CRC.stop :])).to_bytes(4, "big")
    batch._buffer = bytes(data)


async def send_unreadable(servers: str, topic: str, count: int, partitions: int) -> None:
    """So many such records, each in a record batch of its own, over all partitions in turn."""
    producer = AIOKafkaProducer(bootstrap_servers=servers)
    await producer.start()
    try:
        sent = []
        for number in range(count):
            batch: Any = producer.create_batch()
            batch.append(timestamp=None, key=b"flood:%d" % number, value=b"{}", headers=[(_NAME.decode(), b"v")])
            spoil(batch)
            sent.append(await producer.send_batch(batch, topic, partition=number % partitions))
        await asyncio.gather(*sent)
    finally:
        await producer.stop()
