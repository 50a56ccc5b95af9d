"""The tax tables in memory: the newest complete version of each, read anew when another one is there, while orders go on."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from services.cart.rates import Rate, Rates
from services.cart.views import tax_parts, tax_tables
from shared.kernel.errors import Unavailable
from shared.service import Running

_LOOK_AGAIN = timedelta(seconds=1)
"""Another process may have projected a new table."""


class Tables:
    def __init__(self, service: Running) -> None:
        self._service = service
        self._loading = asyncio.Lock()
        self._rows: dict[str, tuple[int, list[Rate]]] = {}
        self._rates: Rates | None = None
        self._refresh: asyncio.Task[None] | None = None
        self._projected: asyncio.Event | None = None
        self._looked: datetime | None = None

    async def rates(self, today: str) -> Rates:
        """Those of before while newer ones are read. Raises Unavailable."""
        rates = self._rates
        if rates is None or not rates.first <= today <= rates.last:
            async with self._loading:
                rates = self._rates
                if rates is None or not rates.first <= today <= rates.last:
                    rates = await self._load(today)
        elif self._refresh is None and self._may_have_changed() and await self._newer():
            self._refresh = self._service.spawn(self._load_aside(today))
        return rates

    def _may_have_changed(self) -> bool:
        projected, now = self._service.working.projected, self._service.clock()
        if projected is self._projected and self._looked and now - self._looked < _LOOK_AGAIN:
            return False
        self._projected, self._looked = projected, now
        return True

    async def _newer(self) -> dict[str, tuple[int, list[int]]]:
        """Number and parts of each table of which a version that is not read yet is complete."""
        cursor: str | None = None
        found = {}
        while True:
            rows, cursor = await self._service.find(tax_tables, limit=500, cursor=cursor, open_fields=False)
            found.update({row["id"]: (row["complete"], row["complete_parts"]) for row in rows if row["complete"]})
            if cursor is None:
                return {table: each for table, each in found.items() if self._rows.get(table, (0,))[0] != each[0]}

    async def _load_aside(self, today: str) -> None:
        try:
            async with self._loading:
                await self._load(today)
        finally:
            self._refresh = None

    async def _load(self, today: str) -> Rates:
        for table, (number, parts) in (await self._newer()).items():
            rows = [row for part in parts for row in await self._part(table, number, part)]
            self._rows[table] = number, rows
        held = [rows for _, rows in self._rows.values()]
        self._rates = await Rates.made((row for rows in held for row in rows), today, _pause)
        return self._rates

    async def _part(self, table: str, number: int, part: int) -> list[Rate]:
        row = await self._service.get(tax_parts, f"{table}/{number % 2}/{part}", opened=False)
        if row is None or row["number"] != number:
            raise Unavailable("A newer tax table is arriving. Try again.")
        await _pause()
        return [Rate(table, number, *each) for each in row["rows"]]


async def _pause() -> None:
    await asyncio.sleep(0)
