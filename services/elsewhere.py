"""The services where each has processes of its own: called over HTTP, every call signed."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from shared.asgi import Client, HttpClient, Rotation
from shared.clients import Clients
from shared.contracts.registry import SERVICES
from shared.settings import Settings
from shared.signing import Signature


@contextlib.asynccontextmanager
async def called(settings: Settings, key: bytes, patience: float = 30.0) -> AsyncIterator[Clients]:
    """``key`` is the installation's for ``signing.PURPOSE``; ``patience`` in seconds."""
    async with contextlib.AsyncExitStack() as stack:
        clients: dict[str, Client] = {}
        for name in SERVICES:
            addresses: str = getattr(settings, f"{name}_url")
            processes = [HttpClient(address.strip(), patience, auth=Signature(key, name)) for address in addresses.split(",")]
            for process in processes:
                stack.push_async_callback(process.close)
            clients[name] = Rotation(processes)
        yield clients
