"""All of Ringup in one process, or one room of it: engine, services, gateway, and the servers at their doors."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any

import structlog
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from services import control, demo
from services.elsewhere import called
from services.gateway import accounts
from services.gateway.app import Gateway
from services.gateway.door import Door
from services.gateway.live import Live
from services.gateway.operators import operators
from services.house import SERVICES, House
from shared.clients import Clients
from shared.contracts.registry import SERVICES as CONTRACTS
from shared.engine import Engine, open_engine
from shared.ids import INSTALLATION
from shared.kernel.errors import KernelError
from shared.service import utc_now
from shared.settings import Settings, SettingsError
from shared.signing import PURPOSE, Signed

GATEWAY = "gateway"
ROOMS = (*CONTRACTS, GATEWAY)
"""What may be served alone."""
_STOPS_WITHIN = 5
"""Seconds that open requests get on the way out."""
_AGAIN = 1.0

log = structlog.get_logger()


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
    async with _opened(settings) as engine, _at_work(engine, House(settings, engine.ports)) as house, _door(engine, house.clients) as gateway:
        password = await _accounts(gateway.door)
        if settings.demo:
            await demo.furnish(house.clients, gateway.door.users, gateway.door.key)
        yield Building(engine, house, gateway, password)


@contextlib.asynccontextmanager
async def room(settings: Settings, name: str) -> AsyncIterator[tuple[ASGIApp, str | None]]:
    """One of ``ROOMS`` at work alone, the others elsewhere; and the password of the first account where one was made.

    Raises SettingsError, Unavailable, Corrupt.
    """
    if settings.engine != "cluster":
        raise SettingsError("One service alone needs the cluster engine: set RINGUP_ENGINE=cluster, or start everything with 'ringup run'.")
    async with _opened(settings) as engine:
        key = engine.keyring.derived(PURPOSE)
        async with called(settings, key) as elsewhere:
            if name == GATEWAY:
                async with _door(engine, elsewhere) as gateway, _furnishing(gateway.door):
                    yield gateway.app, await _accounts(gateway.door)
            else:
                alone = [service for service in SERVICES if service.name == name]
                async with _at_work(engine, House(settings, engine.ports, services=alone, elsewhere=elsewhere)) as house:
                    yield Signed(house.apps[name], key, name), None


@contextlib.asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Engine]:
    engine = await open_engine(settings)
    try:
        yield engine
    finally:
        await engine.close()


@contextlib.asynccontextmanager
async def _at_work(engine: Engine, house: House) -> AsyncIterator[House]:
    """On the way out, also where not all could be started, the batches in hand are finished and committed first."""
    async with contextlib.AsyncExitStack() as leaving:
        leaving.push_async_callback(house.stop)
        await house.start()
        for running in house.running.values():
            running.subscribe(engine.broker)
        await engine.broker.start()
        leaving.push_async_callback(engine.broker.stop)
        yield house


@contextlib.asynccontextmanager
async def _door(engine: Engine, clients: Clients) -> AsyncIterator[Gateway]:
    live = Live(lambda: engine.tail(CONTRACTS))
    gateway = Gateway(engine.settings, clients, engine.blobs_of(GATEWAY), live, engine.keyring.derived(INSTALLATION), utc_now)
    async with _beside(live.run()), _beside(gateway.door.idle.follow(live)):
        yield gateway


@contextlib.asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _accounts(door: Door) -> str | None:
    if door.settings.demo:
        await accounts.furnish(door.users)
        return None
    await accounts.retire(door.users, door.sessions)
    return await accounts.first(door.users)


def _furnishing(door: Door) -> contextlib.AbstractAsyncContextManager[None]:
    return _beside(_furnished(door)) if door.settings.demo else contextlib.nullcontext()


async def _furnished(door: Door) -> None:
    """The services may start later than the gateway, or be away for a while."""
    while True:
        try:
            return await demo.furnish(door.clients, door.users, door.key)
        except (KernelError, OSError, TimeoutError) as error:
            log.warning("demo.waits", error=str(error))
        await asyncio.sleep(_AGAIN)


async def serve(settings: Settings, ready: Callable[[str | None], None]) -> None:
    """Everything, until SIGTERM or SIGINT. Raises SettingsError, Unavailable, Corrupt."""
    with bound(settings) as door:
        async with building(settings) as all, control.opened(_operated(all), settings.data):
            ready(all.first_password)
            await _answer(all.gateway.app, door, settings)


def _operated(all: Building) -> Starlette:
    """Everything that operators may ask: ``/<service>/...``, and of the gateway its users."""
    door = all.gateway.door
    return Starlette(routes=[Mount(f"/{GATEWAY}", operators(door.users, door.access)), *all.house.app.routes])


async def serve_room(settings: Settings, name: str, ready: Callable[[str | None], None]) -> None:
    """One of ``ROOMS``, until SIGTERM or SIGINT. Raises SettingsError, Unavailable, Corrupt."""
    with bound(settings) as door:
        async with room(settings, name) as (app, first_password):
            ready(first_password)
            await _answer(app, door, settings)


async def _answer(app: ASGIApp, door: socket.socket, settings: Settings) -> None:
    gc.collect()
    gc.freeze()
    gc.set_threshold(2_000, 10, 50)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=_STOPS_WITHIN,
        forwarded_allow_ips=settings.trusted_proxies,
    )
    server = control.Server(config)
    for ends in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(ends, server.handle_exit, ends, None)
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


def run_room(settings: Settings, name: str, ready: Callable[[str | None], None]) -> int:
    uvloop.run(serve_room(settings, name, ready))
    return 0
