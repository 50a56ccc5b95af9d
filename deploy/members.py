"""The processes of a cluster on one machine: the simulator gateway, every service, cart and payments twice, and the gateway in front."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deploy.servers import free_ports
from services.server import GATEWAY
from shared.contracts.registry import SERVICES
from shared.settings import Settings

_TWICE = ("cart", "payments")
SIMULATOR = "simulator"


@dataclass(frozen=True, slots=True)
class Member:
    """``health`` is a path that answers with 200 once it is well, and else says why not."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    address: str
    health: str


def members(settings: Settings, kafka: str, mongo: str) -> Sequence[Member]:
    """In the order of their ports, from ``settings.port`` on, which is the gateway's; where that is 0, any that are free."""
    names = [GATEWAY, *SERVICES, *_TWICE, SIMULATOR]
    ports = range(settings.port, settings.port + len(names)) if settings.port else free_ports(len(names))
    addresses = [(name, f"http://{settings.host}:{port}") for name, port in zip(names, ports, strict=True)]
    common = _environment(settings, kafka, mongo, addresses)
    number: Counter[str] = Counter()
    made = []
    for (name, address), port in zip(addresses, ports, strict=True):
        number[name] += 1
        if name == SIMULATOR:
            made.append(_simulator(settings, address, port))
        else:
            made.append(_room(name, f"{name}-{number[name]}" if name in _TWICE else name, common, address, port))
    return made


def _environment(settings: Settings, kafka: str, mongo: str, addresses: Sequence[tuple[str, str]]) -> dict[str, str]:
    urls = {f"RINGUP_{name.upper()}_URL": ",".join(url for other, url in addresses if other == name) for name in (*SERVICES, SIMULATOR)}
    ours = {
        "ENGINE": "cluster", "KAFKA": kafka, "MONGO": mongo, "DATA": str(settings.data), "KEY_FILE": str(settings.master_file),
        "HOST": settings.host, "DEMO": str(settings.demo), "PARTITIONS": str(settings.partitions), "LOG_LEVEL": settings.log_level,
        "INSTALLATION": settings.installation,
    }  # fmt: skip
    return {**os.environ, **urls, **{f"RINGUP_{name}": value for name, value in ours.items()}}


def _room(room: str, name: str, common: Mapping[str, str], address: str, port: int) -> Member:
    health = "/health/door" if room == GATEWAY else "/health/ready"
    environment = {**common, "RINGUP_PORT": str(port), "RINGUP_INSTANCE": name}
    return Member(name, (sys.executable, "-m", "services", "serve", room), environment, address, health)


def _simulator(settings: Settings, address: str, port: int) -> Member:
    where = ("--host", settings.host, "--port", str(port), "--data", str(settings.data))
    return Member(SIMULATOR, (sys.executable, "-m", "services.payments.simulator", *where), dict(os.environ), address, "/health/live")
