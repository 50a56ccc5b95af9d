"""What is counted, for Prometheus: one registry a process, and what each service counts in it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest


class Metrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.commands = Counter("ringup_commands", "Commands by outcome.", ("service", "outcome"), registry=self.registry)
        self.appended = Counter("ringup_events_appended", "Events on stable storage.", ("service",), registry=self.registry)
        self.batches = Counter("ringup_view_batches", "Batches projected into views.", ("service",), registry=self.registry)
        self.projected = Counter("ringup_view_events", "Events projected into views.", ("service",), registry=self.registry)
        self.effects = Counter("ringup_effects", "Effects by outcome.", ("service", "effect", "outcome"), registry=self.registry)
        self.parked = Gauge("ringup_parked_streams", "Streams that wait because a group cannot digest them.", ("service",), registry=self.registry)
        self.lag = Gauge("ringup_lag_events", "Events that a group has not read.", ("service", "group"), registry=self.registry)
        self.lag_age = Gauge("ringup_lag_seconds", "Age of the oldest event that a group has not read.", ("service", "group"), registry=self.registry)

        self.looked_up: list[Callable[[], Awaitable[None]]] = []
        """Set the gauges, only when somebody asks."""

    async def text(self) -> bytes:
        """Everything counted in this process, in the exposition format."""
        for look in self.looked_up:
            await look()
        return generate_latest(self.registry)


class Meter:
    """What one service counts, its labels bound beforehand."""

    def __init__(self, metrics: Metrics, service: str) -> None:
        self.metrics = metrics
        self.service = service
        self.accepted, self.repeated, self.refused = (
            metrics.commands.labels(service, outcome) for outcome in ("accepted", "repeated", "refused")
        )  # fmt: skip
        self.appended = metrics.appended.labels(service)
        self.batches = metrics.batches.labels(service)
        self.projected = metrics.projected.labels(service)

    def effect(self, name: str, outcome: str) -> None:
        self.metrics.effects.labels(self.service, name, outcome).inc()
