"""TCP ports of 127.0.0.1."""

from __future__ import annotations

import random
import socket

# Below the ports that systems give to outgoing connections (Linux from 32768, macOS from 49152): one of those could
# take the port of a server while that is being restarted.
_SERVERS = range(20_000, 32_000)
_TRIES = 100


def free_port() -> int:
    """A port that was free a moment ago, drawn at random. Raises OSError if none is found."""
    # Not from the seeded generator of a test: two processes would draw the same ports.
    draw = random.SystemRandom()
    for _ in range(_TRIES):
        port = draw.choice(_SERVERS)
        if is_free(port):
            return port
    raise OSError(f"no free port of 127.0.0.1 found from {_SERVERS.start} to {_SERVERS.stop - 1}")


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
