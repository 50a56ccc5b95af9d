"""How often strangers may do what costs something, counted in this process by address and by order."""

from __future__ import annotations

import ipaddress
import math
import time
from typing import Literal

from limits import RateLimitItemPerHour
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

Act = Literal["view", "open", "begin", "change", "fact", "token", "submit", "hook", "letter"]

ADDRESS: dict[Act, int] = {"view": 1200, "open": 60, "begin": 30, "change": 300, "fact": 20, "token": 30, "submit": 30, "hook": 6000, "letter": 30}
"""An hour; of letters by user. A page that waits for an outcome asks for views; a household, or a whole mobile network, shares one address."""
ORDER: dict[Act, int] = {"change": 200, "token": 12, "submit": 12}
_NETWORK = 64
"""Bits of an IPv6 address that belong to its network; the rest is the holder's to choose."""


class Throttle:
    def __init__(self) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def wait(self, act: Act, address: str, order_id: str = "") -> int:
        """Seconds until it may be done once more; 0: now, and it is counted."""
        asked = [(ADDRESS[act], ("address", network(address)))]
        if order_id and act in ORDER:
            asked.append((ORDER[act], ("order", order_id)))
        for most, by in asked:
            limit = RateLimitItemPerHour(most)
            if not await self._limiter.hit(limit, act, *by):
                stats = await self._limiter.get_window_stats(limit, act, *by)
                return max(1, math.ceil(stats.reset_time - time.time()))
        return 0


def network(address: str) -> str:
    """What one caller can't change at will."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, _NETWORK), strict=False))
    return str(found)
