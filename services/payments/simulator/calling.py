"""How the simulator tells by itself that a debit came back: a signed call, until somebody has taken it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from dataclasses import dataclass, field

import httpx

from services.payments.simulator.doing import Books
from services.payments.simulator.ledger import Entry
from shared.webhooks import signed

_LOOKS = 1.0
"""Seconds."""


@dataclass
class Calls:
    """To ``url``, signed with ``secret``. After a restart everything is told once more."""

    url: str
    secret: bytes = field(repr=False)
    books: Books
    told: set[str] = field(default_factory=set)

    async def watch(self) -> None:
        while True:
            with contextlib.suppress(httpx.HTTPError):
                await self.tell()
            await asyncio.sleep(_LOOKS)

    async def tell(self) -> None:
        """Raises httpx.HTTPError where nobody takes the call."""
        for back in self.books.returns(""):
            if back["reference"] not in self.told:
                await self._call(back)
                self.told.add(back["reference"])

    async def _call(self, back: Entry) -> None:
        body = json.dumps({"type": "debit.returned", "data": {name: back[name] for name in ("reference", "code", "amount")}}).encode()
        at = int(self.books.clock().timestamp())
        headers = {"content-type": "application/json", **signed(self.secret, f"{back['reference']}-return", at, body)}
        async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
            answer = await client.post(self.url, content=body, headers=headers)
        if answer.is_error:
            print(f"Nobody takes what the simulator tells: {self.url} answers {answer.status_code}.", file=sys.stderr)
            answer.raise_for_status()
