"""Chooses free loopback ports below the range from which the system takes the ports of outgoing connections.

Inside that range a client that reconnects to a stopped server can be given the server's own port as its source, connect
to itself, and keep the server from coming back (seen with every database on an ephemeral port).
"""

import random
import socket

LOOPBACK = "127.0.0.1"
LOWEST, HIGHEST = 20_000, 32_767  # Linux takes outgoing ports from 32768 on, other systems from 49152


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def choose_port() -> int:
    """Returns a free port, chosen at random so that two servers that start at once rarely want the same one.

    OSError if all are taken.
    """
    for port in random.sample(range(LOWEST, HIGHEST + 1), k=200):
        if is_free(port):
            return port
    raise OSError(f"no free port between {LOWEST} and {HIGHEST}")
