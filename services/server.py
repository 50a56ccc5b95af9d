"""All of Ringup in one process: engine, services, gateway, and the servers at its doors."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass

import uvicorn
import uvloop

from services import control, demo
from services.gateway import accounts
from services.gateway.app import Gateway
from services.gateway.door import Door
from services.gateway.live import Live
from services.house import House
from shared.contracts.registry import SERVICES
from shared.engine import Engine, open_engine
from shared.ids import INSTALLATION
from shared.settings import Settings, SettingsError

_STOPS_WITHIN = 5
"""Seconds that open requests get on the way out."""


@dataclass(frozen=True)
class Building:
    """Everything at work, without a server before it."""

    engine: Engine
    house: House
    gateway: Gateway
    first_password: str | None
    """Of the account ``admin``, which was made since nobody could sign in."""


@contextlib.asynccontextmanager
async def building(settings: Settings) -> AsyncIterator[Building]:
    """Raises SettingsError, Unavailable, Corrupt."""
    engine = await open_engine(settings)
    try:
        house = House(settings, engine.ports)
        live = Live(lambda: engine.tail(SERVICES))
        gateway = Gateway(settings, house.clients, engine.blobs_of("gateway"), live, engine.keyring.derived(INSTALLATION), house.clock)
        await house.start()
        for running in house.running.values():
            running.subscribe(engine.broker)
        await engine.broker.start()
        following = asyncio.create_task(live.run())
        password = await _accounts(settings, house, gateway.door)
        try:
            yield Building(engine, house, gateway, password)
        finally:
            following.cancel()
            await house.stop()
    finally:
        await engine.close()


async def _accounts(settings: Settings, house: House, door: Door) -> str | None:
    if settings.demo:
        await demo.furnish(house, door.users, door.key)
        return None
    await accounts.retire(door.users, door.sessions)
    return await accounts.first(door.users)


async def serve(settings: Settings, ready: Callable[[str | None], None]) -> None:
    """Until SIGTERM or SIGINT. Raises SettingsError, Unavailable, Corrupt."""
    with bound(settings) as door:
        async with building(settings) as all, control.opened(all.house.app, settings.data):
            gc.collect()
            gc.freeze()
            gc.set_threshold(2_000, 10, 50)
            config = uvicorn.Config(all.gateway.app, log_config=None, access_log=False, timeout_graceful_shutdown=_STOPS_WITHIN)
            server = control.Server(config)
            for ends in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(ends, server.handle_exit, ends, None)
            ready(all.first_password)
            await server.serve(sockets=[door])


@contextlib.contextmanager
def bound(settings: Settings) -> Iterator[socket.socket]:
    """The port, taken before anything else happens. Raises SettingsError."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((settings.host, settings.port))
        except OSError as error:
            why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be opened ({error.strerror})"
            raise SettingsError(f"Port {settings.port} on {settings.host} {why}. Choose another with RINGUP_PORT.") from error
        door.set_inheritable(True)
        yield door


def run(settings: Settings, ready: Callable[[str | None], None] = lambda first_password: None) -> int:
    """``ready`` is told the password of the first account where one was made."""
    uvloop.run(serve(settings, ready))
    return 0
