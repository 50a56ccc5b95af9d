"""One Kafka and one MongoDB on this machine: in containers where Docker answers, else as processes."""

from __future__ import annotations

import json
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from deploy import processes
from deploy.answers import REPLICA_SET
from deploy.downloads import Unobtainable

__all__ = ["Servers", "Unobtainable", "free_ports"]


class Server(Protocol):
    def start(self) -> None:
        """Returns when it answers."""

    def runs(self) -> bool: ...

    def kill(self) -> None: ...

    def stop(self) -> None: ...


class Servers:
    """On ports and data of their own, the same after a restart. Every call blocks: in a coroutine, use a thread."""

    def __init__(self, folder: Path) -> None:
        """``folder`` holds data and logs of processes. Raises Unobtainable, answers.NotReady."""
        folder.mkdir(parents=True, exist_ok=True)
        kafka, controller, mongo = _kept_ports(folder)
        self.kafka = f"127.0.0.1:{kafka}"
        """Bootstrap server."""
        self.mongo = f"mongodb://127.0.0.1:{mongo}/?replicaSet={REPLICA_SET}"
        self._kafka, self._mongo = _servers(folder, kafka, controller, mongo)
        with ExitStack() as otherwise:
            otherwise.callback(self.stop)
            self._kafka.start()
            self._mongo.start()
            otherwise.pop_all()

    def kill_kafka(self) -> None:
        """With SIGKILL."""
        self._kafka.kill()

    def start_kafka(self) -> None:
        self._kafka.start()

    def kill_mongo(self) -> None:
        """With SIGKILL."""
        self._mongo.kill()

    def start_mongo(self) -> None:
        self._mongo.start()

    def running(self) -> dict[str, bool]:
        return {"Kafka": self._kafka.runs(), "MongoDB": self._mongo.runs()}

    def stop(self) -> None:
        self._kafka.stop()
        self._mongo.stop()

    def __enter__(self) -> Servers:
        return self

    def __exit__(self, *ended: object) -> None:
        self.stop()


def _servers(folder: Path, kafka: int, controller: int, mongo: int) -> tuple[Server, Server]:
    try:
        from deploy import containers
    except ImportError:  # testcontainers is a tool for tests, and is left out of an installation
        pass
    else:
        if containers.docker_answers():
            return containers.kafka(kafka), containers.mongo(mongo)
    return processes.kafka(folder, kafka, controller), processes.mongo(folder, mongo)


def _kept_ports(folder: Path) -> list[int]:
    """Both servers write their own address into their data."""
    file = folder / "ports.json"
    if not file.exists():
        file.write_text(json.dumps(free_ports(3)))
    ports: list[int] = json.loads(file.read_text())
    return ports


def free_ports(number: int) -> list[int]:
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(number)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
