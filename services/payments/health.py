"""How gateways do: what they approved, by our events; how long they took and what was wrong with them, as this process has seen it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from fastapi import APIRouter
from prometheus_client import Histogram

from services.payments.gateway import gateway
from services.payments.gateways.installed import Installed
from services.payments.gateways.protocol import Charge, FollowUp, Gateway, Question, Said, Secrets
from services.payments.views import authorisations
from shared.http import RunningService
from shared.kernel.codec import stamp
from shared.kernel.ports import Range
from shared.kernel.views import Row
from shared.service import Running

log = structlog.get_logger()
router = APIRouter(prefix="/gateways")

_KEPT = 10_000
"""Answers of a gateway whose time is remembered."""
_TRIED_EVERY = timedelta(minutes=1)
_REFUSED = "gateway-refused"
_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 30)
"""Seconds; a gateway far away takes half a second, and at 30 it is given up."""


@dataclass
class Seen:
    """Of one gateway, since this process started."""

    took: deque[tuple[datetime, float]] = field(default_factory=lambda: deque(maxlen=_KEPT))
    answered_at: datetime | None = None
    error: str = ""
    tried_at: datetime | None = None


class Watch:
    """Measures what gateways are asked, and finds out why where one does not answer."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._seen: dict[str, Seen] = {}
        labels = ("service", "gateway", "operation")
        registry = running.meter.metrics.registry
        self._seconds = Histogram("ringup_gateway_seconds", "What gateways took to answer.", labels, registry=registry, buckets=_BUCKETS)

    def over(self, name: str, gateway: Gateway) -> Gateway:
        return Watched(name, gateway, self)

    def seen(self, name: str) -> Seen:
        return self._seen.setdefault(name, Seen())

    async def measured(self, name: str, operation: str, gateway: Gateway, secrets: Secrets, asked: Awaitable[Said]) -> Said:
        started = time.perf_counter()
        said = await asked
        seconds, seen, now = time.perf_counter() - started, self.seen(name), self._running.clock()
        self._seconds.labels("payments", name, operation).observe(seconds)
        if operation != "lookup":
            seen.took.append((now, seconds))
        if said.answer == "unknown" or said.reason == _REFUSED:
            self._find_out(name, gateway, secrets, now)
        else:
            seen.answered_at = now
            self._well(name)
        return said

    def _find_out(self, name: str, gateway: Gateway, secrets: Secrets, now: datetime) -> None:
        seen = self.seen(name)
        if seen.tried_at is None or seen.tried_at <= now - _TRIED_EVERY:
            seen.tried_at = now
            self._running.spawn(self.tried(name, gateway, secrets))

    async def tried(self, name: str, gateway: Gateway, secrets: Secrets) -> str:
        """What is wrong with it; an answer in between says that it does well."""
        began = self._running.clock()
        trouble = await gateway.trouble(secrets)
        answered_at = self.seen(name).answered_at
        if not trouble:
            self._well(name)
        elif answered_at is None or answered_at < began:
            log.error("gateway.trouble", gateway=name, trouble=trouble)
            self.seen(name).error = trouble
            self._running.warnings[_about(name)] = f"The gateway {name} is in trouble: {trouble}"
        return trouble

    def _well(self, name: str) -> None:
        self._running.warnings.pop(_about(name), None)


def _about(name: str) -> str:
    return f"gateway {name}"


class Watched:
    """A gateway, every call timed. What it has beside the protocol it still has."""

    def __init__(self, name: str, inner: Gateway, watch: Watch) -> None:
        self._name, self._inner, self._watch = name, inner, watch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def authorise(self, charge: Charge, secrets: Secrets) -> Said:
        return await self._timed("authorise", secrets, self._inner.authorise(charge, secrets))

    async def capture(self, asked: FollowUp, secrets: Secrets) -> Said:
        return await self._timed("capture", secrets, self._inner.capture(asked, secrets))

    async def void(self, asked: FollowUp, secrets: Secrets) -> Said:
        return await self._timed("void", secrets, self._inner.void(asked, secrets))

    async def refund(self, asked: FollowUp, secrets: Secrets) -> Said:
        return await self._timed("refund", secrets, self._inner.refund(asked, secrets))

    async def lookup(self, question: Question, secrets: Secrets) -> Said:
        return await self._timed("lookup", secrets, self._inner.lookup(question, secrets))

    async def trouble(self, secrets: Secrets) -> str:
        return await self._watch.tried(self._name, self._inner, secrets)

    async def _timed(self, operation: str, secrets: Secrets, asked: Awaitable[Said]) -> Said:
        return await self._watch.measured(self._name, operation, self._inner, secrets, asked)


@router.get("/health")
async def health(service: RunningService) -> dict[str, Any]:
    """By name. Counts are of authorisations, by our events; times, errors and answers are those of this process, since it started."""
    now = service.clock()
    since = {"hour": stamp(now - timedelta(hours=1)), "day": stamp(now - timedelta(days=1))}
    counts = {span: await _counted(service, {"at": Range(start, None)}) for span, start in since.items()}
    waiting = await _counted(service, {"status": ("open", "unknown")})
    names = [stream.partition("-")[2] for stream, _ in await service.streams.names("gateway-")]
    watch: Watch = service.state["watch"]
    return {"rows": [await _row(service, name, watch.seen(name), counts, waiting.get(name, {}), now) for name in names]}


async def _row(
    service: Running, name: str, seen: Seen, counts: Mapping[str, Mapping[str, Row]], waiting: Row, now: datetime
) -> Row:  # fmt: skip
    known, _ = await service.load(gateway, name)
    installed: Installed = service.state["installed"]
    kind = installed.kinds.get(known.kind)
    spans = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
    return {
        "name": name,
        "title": known.title or (kind.title if kind else name),
        "kind": known.kind,
        "on": known.on,
        **{span: {**_rated(counts[span].get(name, {})), **_took(seen.took, now - length)} for span, length in spans.items()},
        "open": waiting.get("open", 0),
        "unknown": waiting.get("unknown", 0),
        "trouble": service.warnings.get(_about(name), "") or installed.broken.get(known.kind, ""),
        "last_error": seen.error,
        "last_answer_at": stamp(seen.answered_at) if seen.answered_at else None,
    }


async def _counted(service: Running, where: Mapping[str, Any]) -> dict[str, Row]:
    """By gateway: how many of each status, and ``ever_unknown``."""
    found: dict[str, Row] = {}
    rows = await service.documents.totals(service.live(authorisations), ["gateway", "status"], ["unknown"], where)
    for row in rows:
        counted = found.setdefault(row["gateway"], {"ever_unknown": 0})
        counted[row["status"]] = row["count"]
        counted["ever_unknown"] += row["unknown"]
    return found


def _rated(counted: Row) -> Row:
    """``asked`` without those that were refused before the gateway was asked; ``unknown`` were so for a while, or are."""
    approved, declined = counted.get("approved", 0), counted.get("declined", 0)
    asked = sum(counted.get(status, 0) for status in ("open", "unknown", "approved", "declined", "never-heard"))
    rate = round(approved / (approved + declined), 4) if approved + declined else None
    return {"asked": asked, "approved": approved, "declined": declined, "unknown": counted.get("ever_unknown", 0), "approval_rate": rate}


def _took(measured: Iterable[tuple[datetime, float]], since: datetime) -> Row:
    took = sorted(seconds for at, seconds in measured if at >= since)
    if not took:
        return {"p50_ms": None, "p95_ms": None}
    return {f"p{share}_ms": round(took[min(len(took) - 1, len(took) * share // 100)] * 1000, 1) for share in (50, 95)}
