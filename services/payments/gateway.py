"""A gateway as the installation knows it: what it can do and whether it is on; never its credentials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.contracts.payments import GatewayConfigured
from shared.kernel.decider import Aggregate
from shared.kernel.events import Event


@dataclass(frozen=True, slots=True)
class Configure:
    name: str
    kind: str
    capabilities: tuple[str, ...]
    on: bool = True


def decide(command: Configure, known: GatewayConfigured | None) -> Sequence[Event]:
    configured = GatewayConfigured(name=command.name, kind=command.kind, capabilities=command.capabilities, on=command.on)
    return [] if configured == known else [configured]


def evolve(known: GatewayConfigured | None, event: GatewayConfigured) -> GatewayConfigured | None:
    return event


gateway: Aggregate[GatewayConfigured | None] = Aggregate("gateway", None, decide, evolve, (Configure,))
