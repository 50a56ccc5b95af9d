"""Tax tables as they are looked up: which of their rows can count for an address on a day (prices.md, T3 and T4)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from heapq import heappop, heappush
from typing import Any, NamedTuple

from services.cart.standard1.snapshot import postal_of

OPEN = "0001-01-01"
"""Since when a rate holds that does not say."""
_NEVER = "9999-12-31"
_LONGEST = 12
_STEP = 1_000
"""Rows that are worked off at once, a few milliseconds."""


class Rate(NamedTuple):
    """A row of a table's version; empty texts hold everywhere, or always."""

    table: str
    number: int
    country: str
    region: str
    postal: str
    postal_to: str
    tax_class: str
    rate: str
    since: str
    until: str


class Rates:
    """The rates that hold on a day; ``first`` and ``last`` are the days between which they are the same.

    Of ranges that cover a postal code the narrowest counts, then the one that holds since the latest day, then that of the first
    table by name: for each class, with and without a region.
    """

    def __init__(self, rows: Iterable[Rate], today: str) -> None:
        for _ in self.steps(rows, today):
            pass

    @classmethod
    async def made(cls, rows: Iterable[Rate], today: str, pause: Callable[[], Awaitable[None]]) -> Rates:
        """With pauses, so that others have their turn while it is a large table."""
        rates = cls.__new__(cls)
        for _ in rates.steps(rows, today):
            await pause()
        return rates

    def steps(self, rows: Iterable[Rate], today: str) -> Iterator[None]:
        self.first, self.last = OPEN, _NEVER
        self._places: dict[tuple[str, str], list[_Ranges | Rate]] = {}
        groups: dict[tuple[str, str, str], list[Rate]] = {}
        plain: dict[tuple[str, str, str], Rate] = {}
        for n, row in enumerate(rows, 1):
            if not n % _STEP:
                yield
            self._bound(row, today)
            key = (row.country, row.region, row.tax_class)
            if not (row.since or OPEN) <= today <= (row.until or _NEVER):
                continue
            if row.postal:
                groups.setdefault(key, []).append(row)
            elif key not in plain or (plain[key].since, row.table) < (row.since, plain[key].table):
                plain[key] = row
        for (country, region, _), ranges in groups.items():
            swept = _Ranges()
            yield from swept.steps(ranges)
            self._places.setdefault((country, region), []).append(swept)
        for (country, region, _), row in plain.items():
            self._places.setdefault((country, region), []).append(row)

    def _bound(self, row: Rate, today: str) -> None:
        if today < row.since:
            self.last = min(self.last, _day(row.since, -1))
        elif row.since:
            self.first = max(self.first, row.since)
        if row.until and row.until < today:
            self.first = max(self.first, _day(row.until, 1))
        elif row.until:
            self.last = min(self.last, row.until)

    def of(self, country: str, region: str, postal: str) -> list[Mapping[str, Any]]:
        """Rows of a snapshot."""
        code = postal_of(postal, country)
        key = _key(code)
        found = []
        for place in ((country, region), (country, "")) if region else ((country, ""),):
            for each in self._places.get(place, ()):
                if isinstance(each, Rate):
                    found.append(_row(each, None))
                elif code and (rate := each.covering(key)):
                    found.append(_row(rate, code))
        return found


class _Ranges:
    """Where in the line of all postal codes another range begins to be the best."""

    def steps(self, rows: Iterable[Rate]) -> Iterator[None]:
        weighed = []
        for n, row in enumerate(rows, 1):
            if not n % _STEP:
                yield
            weighed.append((_size(row), -int((row.since or OPEN).replace("-", "")), row.table, row))
        ranked = [row for *_, row in sorted(weighed)]
        begins: dict[int, list[int]] = {}
        ends = [0] * len(ranked)
        for rank, row in enumerate(ranked):
            begins.setdefault(_key(row.postal), []).append(rank)
            ends[rank] = _key(row.postal_to or row.postal) + 1
        yield
        yield from self._sweep(ranked, begins, ends)

    def _sweep(self, ranked: Sequence[Rate], begins: Mapping[int, Sequence[int]], ends: Sequence[int]) -> Iterator[None]:
        self._starts: list[int] = []
        self._best: list[Rate | None] = []
        open_ones: list[int] = []
        for n, place in enumerate(sorted({*begins, *ends}), 1):
            if not n % _STEP:
                yield
            for rank in begins.get(place, ()):
                heappush(open_ones, rank)
            while open_ones and ends[open_ones[0]] <= place:
                heappop(open_ones)
            self._starts.append(place)
            self._best.append(ranked[open_ones[0]] if open_ones else None)

    def covering(self, key: int) -> Rate | None:
        n = bisect_right(self._starts, key)
        return self._best[n - 1] if n else None


def _key(code: str) -> int:
    """Shorter codes come before longer ones, so that a range covers codes as long as its ends."""
    return len(code) << 8 * _LONGEST | int.from_bytes(code.encode()[:_LONGEST].ljust(_LONGEST, b"\0"))


def _size(row: Rate) -> int:
    low, high = row.postal, row.postal_to or row.postal
    if low.isdecimal() and high.isdecimal():
        return int(high) - int(low)
    return _key(high) - _key(low)


def _day(day: str, later: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=later)).isoformat()


def _row(rate: Rate, postal: str | None) -> Mapping[str, Any]:
    place = f"{rate.country}-{rate.region}" if rate.region else rate.country
    codes = f" {rate.postal}-{rate.postal_to}" if rate.postal_to and rate.postal_to != rate.postal else f" {rate.postal}" if rate.postal else ""
    return {
        "id": f"{rate.table}@{rate.number} {place}{codes}",
        "country": rate.country,
        "region": rate.region or None,
        "postal": postal,
        "class": rate.tax_class,
        "rate": rate.rate,
        "from": rate.since or OPEN,
        "until": rate.until or None,
    }
