"""The operators' door: a Unix socket in the data folder, for its owner alone, behind which all services answer under ``/<service>/``."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Generator, Iterator, Mapping
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from shared.asgi import Client, HttpClient
from shared.contracts.registry import SERVICES
from shared.settings import SettingsError

_NAME = "ringup.sock"
GATEWAY = "gateway"
PATIENCE = 600.0
"""Seconds. Comparing a large view takes its time."""
_LONGEST = 100
"""Bytes. The address of a Unix socket has room for 108 on Linux and 104 elsewhere."""


@contextlib.contextmanager
def _address(data: Path) -> Iterator[str]:
    """A path to the socket that is short enough, good inside the block. Raises SettingsError."""
    path = str(data / _NAME)
    if len(os.fsencode(path)) <= _LONGEST:
        yield path
    elif Path("/proc/self/fd").is_dir():
        folder = os.open(data, os.O_RDONLY)
        try:
            yield f"/proc/self/fd/{folder}/{_NAME}"
        finally:
            os.close(folder)
    else:
        raise SettingsError(f"The path of the data folder {data} is too long for a socket. Choose a shorter one with RINGUP_DATA.")


@contextlib.contextmanager
def _bound(data: Path) -> Iterator[socket.socket]:
    """Whoever serves holds the lock of the data folder, so a socket that lies there is a dead one's."""
    with _address(data) as address, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
        Path(address).unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            door.bind(address)
        except OSError as error:
            raise SettingsError(f"The socket {data / _NAME} cannot be made ({error.strerror}). Choose another folder with RINGUP_DATA.") from error
        finally:
            os.umask(before)
        try:
            yield door
        finally:
            Path(address).unlink(missing_ok=True)


class Server(uvicorn.Server):
    """Leaves the signals to whoever runs it: uvicorn would raise them again on the way out, before anything else was closed."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


@contextlib.asynccontextmanager
async def opened(app: ASGIApp, data: Path) -> AsyncIterator[None]:
    """Serves the app at the operators' door inside the block. Raises SettingsError."""
    with _bound(data) as door:
        server = Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1))
        serving = asyncio.create_task(server.serve(sockets=[door]))
        try:
            yield
        finally:
            server.should_exit = True
            await serving


@contextlib.asynccontextmanager
async def dialled(data: Path) -> AsyncIterator[Mapping[str, Client] | None]:
    """The services of the server that runs on this folder, and its gateway; None where none runs."""
    if not _runs(data):
        yield None
        return
    with _address(data) as address:
        clients = {name: HttpClient(f"http://ringup/{name}", PATIENCE, address) for name in (*SERVICES, GATEWAY)}
        try:
            yield clients
        finally:
            for client in clients.values():
                await client.close()


def _runs(data: Path) -> bool:
    if not data.is_dir():
        return False
    with _address(data) as address, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
        try:
            door.connect(address)
        except OSError:
            return False
        return True
