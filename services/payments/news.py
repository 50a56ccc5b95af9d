"""What gateways tell by themselves: by a call, or asked for while debits of eChecks can come back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from fastapi import APIRouter, Request

from services.payments.desk import Desk
from services.payments.gateways.protocol import Heard, NoList, NotTheirs, Polled
from services.payments.hearing import heard
from services.payments.views import echecks
from shared.http import RunningService, problem
from shared.ids import PluginName
from shared.kernel.codec import stamp
from shared.kernel.commands import Refusal
from shared.kernel.errors import NotFound
from shared.kernel.ports import Range
from shared.service import Running

log = structlog.get_logger()
router = APIRouter(prefix="/gateways")

_HEADER = "x-hook-"
RETURNS_WITHIN = timedelta(days=90)
"""Of its debit: a bank may send one back for 60 days after its statement."""
_AGAIN = timedelta(hours=1)
"""What was said in the last hour before is heard again: clocks differ."""
LOOKS = 5.0
"""Seconds between two looks at whether a gateway is to be asked."""


@router.post("/{name}/hooks")
async def hook(name: PluginName, request: Request, service: RunningService) -> Any:
    """The gateway's own call: its body as it came, its headers named ``x-hook-<name>``. ``heard`` counts what it said that changed something."""
    desk: Desk = service.state["desk"]
    at = await desk.at(name)
    if at.gateway is None:
        raise NotFound("There is no gateway here that calls.")
    headers = {key.removeprefix(_HEADER): value for key, value in request.headers.items() if key.startswith(_HEADER)}
    try:
        told = await at.gateway.hear(headers, await request.body(), at.secrets)
    except NotTheirs:
        log.warning("gateway.hook.refused", gateway=name)
        return problem(400, "signature-wrong", "This call is not signed by the gateway, or cannot be read.")
    return {"heard": await tell(service, name, told)}


async def tell(service: Running, name: str, told: Sequence[Heard]) -> int:
    """Raises Conflict, Unavailable: then it has to be told again."""
    count = 0
    for each in told:
        try:
            count += await heard(service, name, each)
        except Refusal as refusal:
            log.warning("gateway.heard.refused", gateway=name, reference=each.reference, code=refusal.refused.code)
    return count


class Listening:
    """Asks the gateways that want to be, as long as they have taken an eCheck lately; where none has that is a look for one row, and no more."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._next: dict[str, datetime] = {}
        self._since: dict[str, datetime] = {}

    async def watch(self) -> None:
        while True:
            await asyncio.sleep(LOOKS)
            with self._running.watched("payments.news"):
                await self.look()

    async def look(self) -> int:
        """How much was heard that changed something. Raises Unavailable."""
        now = self._running.clock()
        if not await self._lately(now):
            return 0
        names = [stream.partition("-")[2] for stream, _ in await self._running.streams.names("gateway-")]
        due = [name for name in names if self._next.get(name, now) <= now]
        return sum([await self._asked(name, now) for name in due if await self._lately(now, gateway=name)])

    async def _lately(self, now: datetime, **where: str) -> bool:
        """Some eCheck was asked for from which a debit may still come back."""
        rows, _ = await self._running.find(echecks, {"at": Range(stamp(now - RETURNS_WITHIN), None), **where}, limit=1)
        return bool(rows)

    async def _asked(self, name: str, now: datetime) -> int:
        desk: Desk = self._running.state["desk"]
        at = await desk.at(name)
        if not isinstance(at.gateway, Polled):
            return 0
        self._next[name] = now + at.gateway.polls
        try:
            told = await at.gateway.news(self._since.get(name, now - RETURNS_WITHIN), at.secrets)
        except NoList as none:
            log.warning("gateway.news.failed", gateway=name, error=str(none))
            return 0
        count = await tell(self._running, name, told)
        self._since[name] = now - _AGAIN
        return count
