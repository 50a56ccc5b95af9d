"""``make cluster``: Kafka, MongoDB and every process of Ringup on this machine, one page of how they are, until Ctrl-C.

Settings as ever. Data lies in ``cluster`` in the data folder, and what each process says in ``logs`` there.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from deploy.answers import NotReady
from deploy.members import SIMULATOR, members
from deploy.servers import Servers, Unobtainable
from deploy.supervision import Supervised
from services.cli.options import settings as from_environment
from services.server import GATEWAY
from shared.engines.embedded.engine import ensure_master_key
from shared.settings import Settings, SettingsError

_ASKED, _COUNTED = 1.0, 5.0
"""Seconds between two looks."""
_READ_NOTHING = (GATEWAY, SIMULATOR)


class Cluster:
    def __init__(self, settings: Settings, servers: Servers, console: Console) -> None:
        self.settings = settings
        self._servers = servers
        self._console = console
        logs = settings.data / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        self.processes: Sequence[Supervised] = [Supervised(member, logs) for member in members(settings, servers.kafka, servers.mongo)]
        self._told: dict[str, str] = {}

    async def run(self) -> None:
        """Until SIGINT or SIGTERM; then nothing of it is left."""
        stop = asyncio.Event()
        for ends in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(ends, stop.set)
        self._console.print(
            f"Ringup starts at {self.processes[0].member.address}, its data in {self.settings.data}. Stop it with Ctrl-C.", soft_wrap=True
        )
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._end)
            work = [self._serve(), self._ask(), self._count(), *(process.keep() for process in self.processes)]
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(each) for each in work]
                with Live(get_renderable=self._page, console=self._console, refresh_per_second=2, transient=True):
                    await stop.wait()
                for task in tasks:
                    task.cancel()
            self._console.print("Ringup stops ...")

    async def _end(self) -> None:
        """The gateway first, then what it calls."""
        for process in self.processes:
            if process.member.name == GATEWAY:
                await process.end()
        await asyncio.gather(*(process.end() for process in self.processes))

    async def _serve(self) -> None:
        """Kafka and MongoDB, started again when they died."""
        while True:
            for name, runs in self._servers.running().items():
                if not runs:
                    await asyncio.to_thread(self._servers.start_kafka if name == "Kafka" else self._servers.start_mongo)
            await asyncio.sleep(_ASKED)

    async def _ask(self) -> None:
        while True:
            await asyncio.gather(*(process.ask() for process in self.processes))
            self._tell()
            await asyncio.sleep(_ASKED)

    async def _count(self) -> None:
        while True:
            await asyncio.sleep(_COUNTED)
            for process in self.processes:
                if not process.health and process.member.name not in _READ_NOTHING:
                    await process.count()

    def _tell(self) -> None:
        """One line a change, for whoever reads no page."""
        for process in self.processes if not self._console.is_terminal else ():
            name, health = process.member.name, process.health or "ok"
            if self._told.get(name) != health:
                self._told[name] = health
                self._console.print(f"{name}: {health}", soft_wrap=True)

    def _page(self) -> Table:
        page = Table(box=None, pad_edge=False)
        for heading, side in (("Process", "left"), ("PID", "right"), ("Restarts", "right"), ("Lag", "right"), ("Health", "left")):
            page.add_column(heading, justify="right" if side == "right" else "left")
        for name, runs in self._servers.running().items():
            page.add_row(name, "", "", "", _health("" if runs else "down"))
        for each in self.processes:
            page.add_row(each.member.name, str(each.pid or ""), str(each.restarts), "" if each.lag is None else str(each.lag), _health(each.health))
        return page


def _health(reason: str) -> Text:
    return Text(reason, "yellow") if reason else Text("ok", "green")


def main() -> int:
    console = Console(highlight=False)
    try:
        given = from_environment()
        settings = given.model_copy(update={"engine": "cluster", "data": given.data / "cluster"})
        new_key = not settings.master_file.exists()
        ensure_master_key(settings)
        if new_key:
            console.print(f"A master key was made: {settings.master_file}. Keep a copy where the data is not.", soft_wrap=True)
        with console.status("Kafka and MongoDB start"):
            servers = Servers(settings.data / "servers")
        with servers:
            asyncio.run(Cluster(settings, servers, console).run())
    except (SettingsError, Unobtainable, NotReady) as error:
        console.print(str(error), soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
