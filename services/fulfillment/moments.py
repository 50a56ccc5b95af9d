"""Dates as carriers and spreadsheets write them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

DayOrMonth = Literal["", "day-first", "month-first"]
"""What comes first in dates such as 03/04/2026; empty: nobody knows."""

_NOON = time(12, tzinfo=UTC)
"""A day without a time is the same day in most of the world at this one."""
_MONTHS = {name: n for n, name in enumerate(("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1)}
_CLOCK = re.compile(r"[T ]*(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*([AaPp])?\.?(?:[Mm]\.?)?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?$")
_NUMBERS = re.compile(r"(\d{1,4})([/.\-])(\d{1,2})\2(\d{1,4})")
_NAMED = re.compile(
    r"(?:[A-Za-z]{3,9},? +)?(?:(\d{1,2})(?:st|nd|rd|th)?[ \-/]*([A-Za-z]{3,9})\.?|([A-Za-z]{3,9})\.?[ \-/]*(\d{1,2})(?:st|nd|rd|th)?),?[ \-/]*(\d{4})"
)
_SERIAL = re.compile(r"([3-6]\d{4})(?:\.(\d{1,12}))?")
_FIRST_DAY = datetime(1899, 12, 30, tzinfo=UTC)
"""Of the numbers that spreadsheets keep dates as."""
_HINT = "Write it as 2026-11-26, or with a time as 2026-11-26 14:05."


_ODDS = timedelta(days=1)
"""Clocks and time zones differ."""


def happened(at: datetime, now: datetime, placed_at: datetime | None = None) -> datetime:
    """When something became of an order, never later than now. Raises ValueError with a sentence for what cannot be."""
    if at > now + _ODDS:
        raise ValueError(f"{at:%Y-%m-%d} is still to come.")
    if placed_at and at < placed_at - _ODDS:
        raise ValueError(f"{at:%Y-%m-%d} is before the order was placed.")
    return min(at, now)


def moment(text: str, first: DayOrMonth = "") -> datetime:
    """In UTC, which is also what a time without a zone is in. Raises ValueError with a sentence."""
    text = " ".join(text.split())
    serial = _SERIAL.fullmatch(text)
    if serial:
        return (_FIRST_DAY + timedelta(days=float(text))).replace(microsecond=0) if serial[2] else datetime.combine(_day_of(serial[1]), _NOON)
    clock = _CLOCK.search(text)
    days = set(_days(text[: clock.start()] if clock else text, first))
    if len(days) > 1:
        said = " or ".join(f"{day.day} {day:%B %Y}" for day in sorted(days))
        raise ValueError(f"{text[:40]} is {said}, and nobody knows which. Say whether the day or the month comes first, or write it as 2026-11-26.")
    if not days:
        raise ValueError(f"{text[:40]!r} is no date. {_HINT}")
    return datetime.combine(days.pop(), _time(clock) if clock else _NOON).astimezone(UTC)


def _day_of(serial: str) -> date:
    return (_FIRST_DAY + timedelta(days=int(serial))).date()


def _days(text: str, first: DayOrMonth) -> Iterator[date]:
    """Every day that it may mean."""
    text = text.strip()
    numbers, named = _NUMBERS.fullmatch(text), _NAMED.fullmatch(text)
    if re.fullmatch(r"\d{8}", text):
        yield from _dated(text[:4], text[4:6], text[6:])
    elif numbers:
        yield from _in_numbers(numbers[1], numbers[3], numbers[4], numbers[2], first)
    elif named:
        month = _MONTHS.get((named[2] or named[3])[:3].lower())
        if month:
            yield from _dated(named[5], str(month), named[1] or named[4])


def _in_numbers(a: str, b: str, c: str, between: str, first: DayOrMonth) -> Iterator[date]:
    """Year first; else with dots the day, with anything else whichever was said, or may be."""
    if len(a) == 4 and len(c) <= 2:
        yield from _dated(a, b, c)
    elif len(c) != 4 or len(a) > 2:
        if len(a) <= 2 and len(c) <= 2:
            raise ValueError(f"{a}{between}{b}{between}{c} has no year of four digits. {_HINT}")
    else:
        if between == "." or first != "month-first":
            yield from _dated(c, b, a)
        if between != "." and first != "day-first":
            yield from _dated(c, a, b)


def _dated(year: str, month: str, day: str) -> Iterator[date]:
    try:
        yield date(int(year), int(month), int(day))
    except ValueError:
        return


def _time(clock: re.Match[str]) -> time:
    """Raises ValueError with a sentence."""
    hour, minute, second, half, zone = int(clock[1]), int(clock[2]), int(clock[3] or 0), (clock[4] or "").lower(), clock[5]
    if half and not 1 <= hour <= 12:
        raise ValueError(f"{clock[0].strip()} is no time.")
    hour = hour % 12 + (12 if half == "p" else 0) if half else hour
    try:
        offset = zone if zone and zone[0] in "+-" else "+00:00"
        return time.fromisoformat(f"{hour:02}:{minute:02}:{second:02}{offset}")
    except ValueError as error:
        raise ValueError(f"{clock[0].strip()} is no time.") from error
