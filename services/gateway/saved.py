"""Views of a list that somebody keeps under a name, in access.db: filters, never whom somebody has looked for."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from urllib.parse import parse_qsl

from shared.kernel.commands import Refusal
from shared.kernel.decider import Refused
from shared.kernel.ports import Blobs

MOST = 20
_KIND = "saved"


@dataclass(frozen=True, slots=True)
class Saved:
    id: str
    name: str
    query: str
    """As it stands in the address, without the question mark."""

    def filters(self) -> Sequence[tuple[str, str]]:
        return parse_qsl(self.query)


class SavedViews:
    """Raises Unavailable."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def of(self, user: str) -> Sequence[Saved]:
        """By name."""
        found, _ = await self._found(user)
        return sorted(found, key=lambda each: each.name.casefold())

    async def keep(self, user: str, name: str, query: str) -> Saved:
        """Raises Refusal for a name that is taken, and where there are too many."""
        async with self._turns[user]:
            found, before = await self._found(user)
            if any(each.name.casefold() == name.casefold() for each in found):
                raise Refusal(Refused("taken", f"You have a view called {name} already. Choose another name.", field="name", conflict=False))
            if len(found) >= MOST:
                raise Refusal(Refused("too-many", f"You have {MOST} views, which is the most. Forget one first.", field="name"))
            made = Saved(secrets.token_hex(4), name, query)
            await self._save(user, [*found, made], before)
            return made

    async def forget(self, user: str, id: str) -> Saved | None:
        """What was forgotten; None where it was already."""
        async with self._turns[user]:
            found, before = await self._found(user)
            gone = next((each for each in found if each.id == id), None)
            if gone:
                await self._save(user, [each for each in found if each.id != id], before)
            return gone

    async def _found(self, user: str) -> tuple[list[Saved], bytes | None]:
        data = await self._blobs.get(_KIND, user)
        return [Saved(**each) for each in json.loads(data)] if data else [], data

    async def _save(self, user: str, views: Sequence[Saved], before: bytes | None) -> None:
        """Raises Refusal where another process was faster."""
        data = json.dumps([asdict(each) for each in views]).encode()
        if before is None:
            await self._blobs.put(_KIND, user, data)
        elif not await self._blobs.replace(_KIND, user, before, data):
            raise Refusal(Refused("busy", "Your views were changed somewhere else at this moment. Try again."))
