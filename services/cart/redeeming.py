"""Limited coupons at work: how many uses are taken, from their own streams, and one taken for an order."""

from __future__ import annotations

import asyncio
import uuid
from collections import defaultdict
from collections.abc import Iterable

from services.cart.coupon import Redeem, Uses, coupon, evolve, stream_id
from services.cart.tariff import Tariff
from shared.kernel.commands import Envelope, decode
from shared.kernel.errors import Conflict
from shared.service import Running

_TRIES = 5


class Coupons:
    def __init__(self, service: Running) -> None:
        self._service = service
        self._read: dict[str, tuple[int, Uses]] = {}
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def uses(self, campaign: str, codes: Iterable[str], order_id: str) -> dict[str, int]:
        """By other orders. Only what came since the last time is read."""
        found = {code: (await self._uses(stream_id(campaign, code))).orders for code in sorted(codes)}
        return {code: len(orders) - (order_id in orders) for code, orders in found.items()}

    async def _uses(self, id: str) -> Uses:
        stream = coupon.stream(id)
        version, uses = self._read.get(stream, (0, Uses()))
        for stored in await self._service.streams.load(stream, version):
            fact = decode(self._service.codec, stored)
            version, uses = fact.version, evolve(uses, fact.event)
        if self._read.get(stream, (0,))[0] < version:
            self._read[stream] = version, uses
        return uses

    async def redeem(self, tariff: Tariff, codes: Iterable[str], order_id: str, sent: Envelope) -> None:
        """One after the other here, so that agents who want the same coupon lose no race that has no loser. Raises Refusal, Conflict."""
        for code in sorted(codes):
            limit = tariff.coupons[code].max_uses or 0
            id = stream_id(tariff.campaign.id, code)
            async with self._turns[id]:
                await self._redeem(id, Redeem(tariff.campaign.id, code, order_id, limit), sent)

    async def _redeem(self, id: str, command: Redeem, sent: Envelope) -> None:
        """Each time a command of its own: what was redeemed by the same request before may have gone back."""
        for attempt in range(1, _TRIES + 1):
            try:
                await self._service.execute(coupon, id, command, Envelope(uuid.uuid4().hex, sent.actor, sent.now))
                return
            except Conflict:
                if attempt == _TRIES:
                    raise
