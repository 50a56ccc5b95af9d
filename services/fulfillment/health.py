"""How plugins do: one that has failed for three days without a success is switched off, and somebody is told."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

from services.fulfillment.roster import Roster
from services.fulfillment.views import shipments, switches, within
from shared.contracts.fulfillment import PluginConfigured
from shared.kernel.ports import Prefix
from shared.service import Running

GIVES_UP = timedelta(days=3)
ALARM = timedelta(minutes=15)
"""So long it may fail before somebody is told."""
LOOKS = 30.0
"""Seconds between two looks at how they do."""


async def failing(running: Running, name: str) -> dict[str, Any] | None:
    """What of it has not worked for longest, and is tried again."""
    where = {"plugin_failing_since": Prefix(within(name))}
    rows, _ = await running.find(shipments, where, sort="plugin_failing_since", limit=1, open_fields=False)
    return rows[0] if rows else None


async def last_success(running: Running, name: str) -> datetime | None:
    where = {"plugin_worked_at": Prefix(within(name))}
    rows, _ = await running.find(shipments, where, sort="plugin_worked_at", descending=True, limit=1, open_fields=False)
    return datetime.fromisoformat(rows[0]["worked_at"]) if rows else None


class Watch:
    def __init__(self, running: Running, roster: Roster) -> None:
        self._running = running
        self._roster = roster

    async def watch(self) -> None:
        while True:
            with self._running.watched("fulfillment.plugins"):
                await self.look()
            await asyncio.sleep(LOOKS)

    async def look(self) -> None:
        for name, known in (await self._roster.configured()).items():
            about = f"plugin {name}"
            said = await self._trouble(name, known)
            if said:
                self._running.warnings[about] = said
            else:
                self._running.warnings.pop(about, None)

    async def _trouble(self, name: str, known: PluginConfigured) -> str:
        """What somebody should know, in words; switches it off where it has failed for too long."""
        if not known.on:
            return f"The plugin {name} was switched off by itself: {known.why}" if known.why else ""
        oldest = await failing(self._running, name)
        if oldest is None:
            return ""
        failed = self._running.clock() - await self._since(name, datetime.fromisoformat(oldest["failing_since"]))
        if failed >= GIVES_UP:
            why = f"It has failed for {GIVES_UP.days} days. The last answer: {oldest['reason']}"
            await self._roster.switch_off(name, why)
            return f"The plugin {name} was switched off by itself: {why}"
        return f"The plugin {name} has been failing for {_for(failed)}: {oldest['reason']}" if failed >= ALARM else ""

    async def _since(self, name: str, failing_since: datetime) -> datetime:
        """Whatever went well, or the moment when somebody switched it on, begins it anew."""
        switched = await self._running.get(switches, name)
        success = await last_success(self._running, name)
        begins = [failing_since, success or failing_since]
        return max(*begins, datetime.fromisoformat(switched["since"]) if switched else failing_since)


def _for(span: timedelta) -> str:
    hours = int(span.total_seconds() // 3600)
    if hours >= 48:
        return f"{hours // 24} days"
    return f"{hours} hours" if hours > 1 else f"{int(span.total_seconds() // 60)} minutes"
