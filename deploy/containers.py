"""Kafka and MongoDB in containers, where Docker answers. testcontainers sees to it that none outlives us; their data goes with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import docker
from docker.errors import DockerException
from testcontainers.core.container import DockerContainer

from deploy import answers
from deploy.broker import VERSION, properties

_CONTROLLER = 29093


class Container:
    """On the same port inside and outside, so that a restart keeps it."""

    def __init__(self, name: str, image: str, port: int, ready: Callable[[], bool], command: Sequence[str], env: Mapping[str, str]) -> None:
        self._name, self._ready = name, ready
        self._container = DockerContainer(image, env=dict(env))
        if command:
            self._container.with_command(list(command))
        self._container.ports[f"{port}/tcp"] = ("127.0.0.1", port)  # type: ignore[assignment]  # what docker binds to one address
        self._made = False

    def start(self) -> None:
        """Returns when it answers. Raises answers.NotReady."""
        if self._made:
            self._container.get_wrapped_container().start()
        else:
            self._container.start()
            self._made = True
        answers.until(self._ready, self.runs, self._name, self._last_words)

    def runs(self) -> bool:
        self._container.reload()
        return self._container.status in ("created", "running")

    def _last_words(self) -> str:
        return str(self._container.get_wrapped_container().logs(tail=5).decode(errors="replace"))

    def kill(self) -> None:
        container = self._container.get_wrapped_container()
        container.kill()
        container.wait()

    def stop(self) -> None:
        self._container.stop()


def docker_answers() -> bool:
    try:
        client = docker.from_env()
    except DockerException:
        return False
    client.close()
    return True


def kafka(port: int) -> Container:
    setup = {f"KAFKA_{name.upper().replace('.', '_')}": value for name, value in properties(port, _CONTROLLER, host="0.0.0.0").items()}  # noqa: S104
    return Container("Kafka", f"apache/kafka:{VERSION}", port, lambda: answers.kafka(port), [], setup)


def mongo(port: int) -> Container:
    how = ["--replSet", answers.REPLICA_SET, "--port", str(port), "--bind_ip_all"]
    return Container("MongoDB", "mongo:8.0", port, lambda: answers.mongo(port), how, {})
