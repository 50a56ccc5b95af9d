"""The real server as a process of its own, on data of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from services.gateway.accounts import PASSWORD
from tests.http import Connection
from tests.ports import free_port


@dataclass(frozen=True)
class Site:
    data: Path
    port: int
    pid: int
    headers: dict[str, str]
    """Cookie and CSRF token of a signed-in agent."""

    async def connect(self) -> Connection:
        return await Connection("127.0.0.1", self.port).open()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def export(self, order_id: str) -> Path:
        return self.data / "exports" / f"{order_id}-csv.csv"

    def memory(self) -> int:
        """Resident bytes."""
        return int(psutil.Process(self.pid).memory_info().rss)


@contextlib.asynccontextmanager
async def site(folder: Path, **settings: str) -> AsyncIterator[Site]:
    port = free_port()
    where = {"RINGUP_DATA": str(folder / "data"), "RINGUP_KEY_FILE": str(folder / "master.key"), "RINGUP_PORT": str(port), **settings}
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "services", "run", env={**os.environ, **where})
    try:
        await _ready(port, process)
        yield Site(folder / "data", port, process.pid, await _signed_in(port))
    finally:
        process.terminate()
        await process.wait()


async def _ready(port: int, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(100):
        while True:
            if process.returncode is not None:
                raise RuntimeError("the server ended before it was ready")
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                connection = await Connection("127.0.0.1", port).open()
                status, _, _ = await connection.request("GET", "/sign-in")
                connection.close()
                if status == 200:
                    return
            await asyncio.sleep(0.05)


async def _signed_in(port: int) -> dict[str, str]:
    connection = await Connection("127.0.0.1", port).open()
    form = {"content-type": "application/x-www-form-urlencoded"}
    _, answered, _ = await connection.request("POST", "/sign-in", f"user=agent1&password={PASSWORD}".encode(), form)
    cookie = answered["set-cookie"].split(";")[0]
    _, _, body = await connection.request("GET", "/order-entry", headers={"cookie": cookie})
    connection.close()
    token = re.search(rb'<meta name="csrf" content="([^"]+)"', body)
    if token is None:
        raise RuntimeError("nobody could sign in")
    return {"cookie": cookie, "x-csrf-token": token[1].decode()}
