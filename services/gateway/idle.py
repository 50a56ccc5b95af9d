"""How long a session may be idle, as the account's settings say."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import structlog

from services.gateway.live import Live
from services.gateway.sessions import IDLE
from shared.clients import Caller, Clients, call

log = structlog.get_logger()

_AGAIN = 5.0
"""Seconds, while catalog cannot say."""


class Idle:
    """What was said last holds while catalog cannot say."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._after = IDLE

    def __call__(self) -> timedelta:
        return self._after

    async def follow(self, live: Live) -> None:
        """Never ends."""
        async for notice in live.listen():
            if notice["type"] in ("connected", "missed", "AccountSettingsChanged"):
                while not await self.read():
                    await asyncio.sleep(_AGAIN)

    async def read(self) -> bool:
        """Whether catalog could say."""
        try:
            answer = await call(self._clients["catalog"], Caller("service:gateway"), "GET", "/settings")
        except (OSError, TimeoutError) as error:
            log.warning("idle.waits", error=repr(error))
            return False
        if answer.status != 200:
            return False
        settings: dict[str, Any] = answer.json()["settings"]
        self._after = timedelta(minutes=settings["session_idle_minutes"])
        return True
