"""The plugins that are configured: each with what it is told, and whether it can be used now."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from services.fulfillment.plugin import SwitchOff, plugin
from services.fulfillment.plugins.installed import Installed
from services.fulfillment.plugins.protocol import Options, Plugin, Secrets
from services.fulfillment.secrets import Safe
from shared.contracts.fulfillment import PluginConfigured
from shared.kernel.errors import Corrupt
from shared.service import Running

log = structlog.get_logger()

_ASKED_EVERY = timedelta(seconds=1)
MOST = 100
"""So many may be configured."""


@dataclass(frozen=True, slots=True)
class At:
    """``why`` it cannot be used, in words for people; then ``plugin`` may be None."""

    plugin: Plugin | None
    options: Options = field(default_factory=dict)
    secrets: Secrets = field(default_factory=dict, repr=False)
    why: str = ""


class Roster:
    def __init__(self, running: Running, installed: Installed, safe: Safe) -> None:
        self._running = running
        self._installed = installed
        self._safe = safe
        self._usable: Sequence[str] = ()
        self._asked_at: datetime | None = None

    async def configured(self) -> Mapping[str, PluginConfigured]:
        """By name."""
        names = [stream.partition("-")[2] for stream, _ in await self._running.streams.names("plugin-", limit=MOST)]
        found = {name: (await self._running.load(plugin, name))[0] for name in names}
        return {name: known for name, known in found.items() if known}

    async def is_full(self) -> bool:
        return len(await self._running.streams.names("plugin-", limit=MOST)) >= MOST

    async def usable(self) -> Sequence[str]:
        """Names of those that are on and installed; not asked anew each time."""
        now = self._running.clock()
        if self._asked_at is None or not self._asked_at <= now < self._asked_at + _ASKED_EVERY:
            known = await self.configured()
            self._usable = [name for name, each in known.items() if each.on and each.kind in self._installed.plugins]
            self._asked_at = now
        return self._usable

    def changed(self) -> None:
        """Looked at anew, next time."""
        self._asked_at = None

    async def at(self, name: str, *, on: bool = True) -> At:
        """``on``: one that is switched off cannot be used. Raises Unavailable."""
        known: PluginConfigured | None = (await self._running.load(plugin, name))[0]
        if known is None:
            return At(None, why=f"There is no plugin {name}. Configure it, and what waits goes out.")
        found = self._installed.plugins.get(known.kind)
        if found is None:
            why = self._installed.broken.get(known.kind, f"The kind {known.kind} of this plugin is not installed any more. Install it again.")
            return At(None, known.options, why=why)
        try:
            secrets = await self._safe.find(known.secrets)
        except Corrupt as error:
            return At(None, known.options, why=str(error))
        off = "" if known.on or not on else f"The plugin {name} is switched off. Switched on, it goes on with what waits."
        return At(found, known.options, secrets, off)

    async def switch_off(self, name: str, why: str) -> None:
        """By itself: what waits for it goes on waiting. Raises Unavailable."""
        await self._running.send(name, SwitchOff(why), uuid.uuid4().hex, "service:fulfillment")
        self.changed()
        log.error("plugin.off", plugin=name, why=why)
