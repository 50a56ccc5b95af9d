"""How plugins do: one that has failed for three days without a success is switched off, and somebody is told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from services.fulfillment.roster import Roster
from services.fulfillment.views import cancellations, shipments, switches, within
from shared.contracts.fulfillment import PluginConfigured
from shared.kernel.ports import Prefix
from shared.kernel.views import Row
from shared.service import Running

GIVES_UP = timedelta(days=3)
ALARM = timedelta(minutes=15)
"""So long it may fail before somebody is told."""
MOST_LOOKED_AT = 200
"""Of what is to be stopped."""
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


async def unstopped(running: Running, name: str) -> Sequence[Row]:
    """What is to be stopped there and nobody has said whether it is; those that were asked for first at the front."""
    waiting, _ = await running.find(cancellations, {"plugin": name}, sort="due_at", limit=MOST_LOOKED_AT, open_fields=False)
    rows = await running.many(shipments, [row["reference"] for row in waiting], opened=False)
    asked = [row for row in rows.values() if row.get("cancel", {}).get("state") == "requested"]
    return sorted(asked, key=lambda row: str(row["cancel"]["at"]))


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
            self._say(f"plugin {name}", await self._trouble(name, known))
            self._say(f"plugin {name} stops", await self._unstopped(name))

    def _say(self, about: str, said: str) -> None:
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

    async def _unstopped(self, name: str) -> str:
        """Also where all else goes well, or the plugin is off: what nobody wants any more may be leaving meanwhile."""
        rows = await unstopped(self._running, name)
        waited = self._running.clock() - datetime.fromisoformat(rows[0]["cancel"]["at"]) if rows else timedelta(0)
        if waited < ALARM:
            return ""
        row, others = rows[0], f" and {len(rows) - 1} more" if len(rows) > 1 else ""
        answer = row["cancel"].get("answer") or "There is no answer yet."
        return f"The plugin {name} has not said for {_for(waited)} whether it stops {row['id']}{others}: {answer} Ask them yourself."

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
