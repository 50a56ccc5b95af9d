"""Ports for servers that tests start."""

import itertools
import os
import random
import socket

_FIRST, _EACH = 20_000, 1_500
"""Below what Linux and macOS give to outgoing connections."""
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_NEXT = itertools.count(random.randrange(_EACH))  # noqa: S311


def free_port() -> int:
    """One that neither another worker nor a connection takes between now and when it is bound."""
    for n in _NEXT:
        port = _FIRST + _WORKER % 8 * _EACH + n % _EACH
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("unreachable")
