"""How the command line reaches the services: the running server through its socket, else the files themselves."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from services.cli.show import waiting
from services.customers.erasure import erase_again
from services.elsewhere import reached
from services.house import House
from shared.asgi import Client
from shared.clients import Caller, Clients, call
from shared.engine import DataFolder, finish
from shared.kernel.errors import Unavailable
from shared.operate import lag_of
from shared.settings import Settings, SettingsError

OPERATOR = Caller(f"cli:{os.environ.get('USER') or os.getuid()}", "ops")
_POLL = 0.05


@dataclass(frozen=True)
class Files:
    engine: DataFolder
    house: House


class Failed(Exception):
    """What was asked for was refused; the message is a sentence."""


@contextlib.asynccontextmanager
async def ops(settings: Settings) -> AsyncIterator[Client]:
    """Raises SettingsError, Unavailable, Corrupt."""
    async with _any_way(settings) as clients:
        yield clients["ops"]


@contextlib.asynccontextmanager
async def customers(settings: Settings) -> AsyncIterator[Client]:
    """Raises SettingsError, Unavailable, Corrupt."""
    async with _any_way(settings) as clients:
        yield clients["customers"]


@contextlib.asynccontextmanager
async def _any_way(settings: Settings) -> AsyncIterator[Clients]:
    async with reached(settings) as clients:
        if clients:
            yield clients
            return
    async with at_the_files(settings) as files:
        with waiting("Views catch up"):
            await caught_up(files.house)
        yield files.house.clients


@contextlib.asynccontextmanager
async def server(settings: Settings) -> AsyncIterator[Client]:
    """Ops of the server that runs. Raises Failed where none does."""
    async with reached(settings) as clients:
        if not clients:
            raise Failed(f"No server runs on {settings.data}: nothing will be recorded. Start it with: ringup run")
        yield clients["ops"]


@contextlib.asynccontextmanager
async def payments_of_server(settings: Settings) -> AsyncIterator[Client]:
    """Of the server that runs: it alone speaks with gateways. Raises Failed where none does."""
    async with reached(settings) as clients:
        if not clients:
            raise Failed(f"No server runs on {settings.data}, and it is the server that asks a gateway. Start it with: ringup run")
        yield clients["payments"]


@contextlib.asynccontextmanager
async def fulfillment_of_server(settings: Settings) -> AsyncIterator[Client]:
    """Of the server that runs: others have to hear at once what is told. Raises Failed where none does."""
    async with reached(settings) as clients:
        if not clients:
            raise Failed(f"No server runs on {settings.data}, and it is the server that takes an import. Start it with: ringup run")
        yield clients["fulfillment"]


def must_be_there(settings: Settings) -> None:
    """Raises SettingsError where nothing was ever kept."""
    finish(settings.data)
    if not (settings.data / "events.db").exists():
        raise SettingsError(f"There is no Ringup data in {settings.data}. Start it once with 'ringup run', or point RINGUP_DATA to the right folder.")


@contextlib.asynccontextmanager
async def at_the_files(settings: Settings) -> AsyncIterator[Files]:
    """Views are kept up, nothing acts."""
    must_be_there(settings)
    engine = DataFolder(settings)
    try:
        house = House(settings, engine.ports)
        await house.open()
        for running in house.running.values():
            running.subscribe(engine.broker, policies=False)
        await engine.broker.start()
        try:
            yield Files(engine, house)
        finally:
            await house.stop()
    finally:
        await engine.close()


async def caught_up(house: House) -> None:
    """Raises Unavailable where something keeps a view from it."""
    for running in house.running.values():
        while len(running.builds) < len(running.service.views) or any(
            events for events, _ in (await lag_of(running, running.service.views_group)).values()
        ):
            if running.problems:
                raise Unavailable("; ".join(running.problems.values()))
            await asyncio.sleep(_POLL)


async def erase_all_again(engine: DataFolder, house: House) -> int:
    """Whom events from another time still know; how many were left to do."""
    customers, by = house.running["customers"], OPERATOR.actor
    return sum([await erase_again(customers, erasure.label, erasure.streams, by) for erasure in engine.keyring.erasures.read()])


async def ask(client: Client, method: str, path: str, json: Any = None, **query: Any) -> Any:
    """Raises Failed with the sentence of a refusal."""
    try:
        answer = await call(client, OPERATOR, method, path, json, query=query)
    except (OSError, TimeoutError) as error:
        raise Failed("The server has stopped answering.") from error
    body = answer.json()
    if answer.status >= 400 and "detail" in body:
        raise Failed(body["detail"])
    return body
