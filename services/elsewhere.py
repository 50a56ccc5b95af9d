"""The services where each has processes of its own, called over HTTP, every call signed; or the server of this machine."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from services import control
from shared.asgi import Client, HttpClient, Rotation
from shared.clients import Clients
from shared.contracts.registry import SERVICES
from shared.engine import derived
from shared.settings import Settings
from shared.signing import PURPOSE, Signature


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


@contextlib.asynccontextmanager
async def reached(settings: Settings) -> AsyncIterator[Clients | None]:
    """For operators: the services that run, wherever they do; None where none runs. Raises SettingsError, Unavailable."""
    if settings.engine == "cluster":
        async with called(settings, await derived(settings, PURPOSE), control.PATIENCE) as clients:
            yield clients
    else:
        async with control.dialled(settings.data) as found:
            yield found
