"""Kafka and MongoDB as processes of this machine, which end with the one that started them."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deploy import answers
from deploy.broker import properties
from deploy.downloads import Unobtainable, java, kafka_jars, mongod, run

_ENDS_WITHIN = 20.0


def leashed(command: Sequence[str]) -> list[str]:
    """The command as one that the kernel kills when the thread that started it ends. Raises Unobtainable."""
    leash = shutil.which("setpriv")
    if leash is None:
        raise Unobtainable("setpriv of util-linux is missing, with which what we start ends when we do.")
    return [leash, "--pdeathsig", "KILL", *command]


class Process:
    """Started from a thread of its own, since whoever asks for a restart may do so from a thread that ends."""

    def __init__(self, name: str, command: Sequence[str], log: Path, ready: Callable[[], bool]) -> None:
        self._name, self._log, self._ready = name, log, ready
        self._command = leashed(command)
        self._starter = ThreadPoolExecutor(1, f"starts-{name}")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it answers. Raises answers.NotReady."""
        self._process = self._starter.submit(self._spawn).result()
        answers.until(self._ready, self.runs, self._name, self._last_words)

    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _spawn(self) -> subprocess.Popen[bytes]:
        """In a session of its own, so that Ctrl-C in a terminal reaches it last."""
        with self._log.open("ab") as log:
            return subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    def _last_words(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-5:])

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)
        self._starter.shutdown()

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, how)
        try:
            self._process.wait(_ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


def kafka(folder: Path, port: int, controller: int) -> Process:
    """Raises Unobtainable."""
    kafka = [java(), "-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-cp", f"{kafka_jars()}/*", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
    data, file = folder / "kafka", folder / "kafka.properties"
    file.write_text("".join(f"{name}={value}\n" for name, value in {**properties(port, controller), "log.dirs": str(data)}.items()))
    if not (data / "meta.properties").exists():
        cluster = urlsafe_b64encode(bytes(1) + os.urandom(15)).decode().rstrip("=")  # never begins with a hyphen, as an option would
        run([*kafka, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(file)], "Kafka's folder cannot be made")
    return Process("Kafka", [*kafka, "kafka.Kafka", str(file)], folder / "kafka.log", lambda: answers.kafka(port))


def mongo(folder: Path, port: int) -> Process:
    """Raises Unobtainable."""
    data = folder / "mongo"
    data.mkdir(exist_ok=True)
    where = ["--dbpath", str(data), "--port", str(port), "--bind_ip", "127.0.0.1", "--nounixsocket"]
    how = ["--replSet", answers.REPLICA_SET, "--wiredTigerCacheSizeGB", "0.5", "--quiet"]
    return Process("MongoDB", [str(mongod()), *where, *how], folder / "mongo.log", lambda: answers.mongo(port))
