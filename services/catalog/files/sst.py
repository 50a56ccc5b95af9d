"""Rows of a tax table out of the rate and boundary files of the Streamlined Sales Tax states. Pure.

Their Technology Guide describes the columns; neither file has a header. Of the boundary file the ZIP records are read: a ZIP code's rate
is the sum of those of its state, county, place and special districts. ZIP+4 and address records say more than a ZIP code does.
"""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from services.catalog.checks.problem import Problem
from services.catalog.files.taxes import MOST, ordered, overlaps, plain, told
from shared.contracts.catalog import TaxRow
from shared.sheets import Unreadable, text_of

_STATE, _COUNTY, _PLACE = "45", "00", "01"
"""Types of jurisdictions in the rate file."""
_RATE_COLUMNS, _BOUNDARY_COLUMNS = 9, 29
_ZIP_LOW, _ZIP_HIGH, _STATE_AT, _STATE_IN, _COUNTY_AT, _PLACE_AT = 17, 19, 22, 23, 24, 25
_OPEN = 2999
"""A year from which on a date means for ever."""
_FIPS = (
    "01AL 02AK 04AZ 05AR 06CA 08CO 09CT 10DE 11DC 12FL 13GA 15HI 16ID 17IL 18IN 19IA 20KS 21KY 22LA 23ME 24MD 25MA 26MI 27MN 28MS 29MO 30MT 31NE "
    "32NV 33NH 34NJ 35NM 36NY 37NC 38ND 39OH 40OK 41OR 42PA 44RI 45SC 46SD 47TN 48TX 49UT 50VT 51VA 53WA 54WV 55WI 56WY"
)
STATES = {each[:2]: each[2:] for each in _FIPS.split()}


@dataclass(frozen=True, slots=True)
class Rate:
    """Fractions, such as 0.065, that hold from ``since`` up to and with ``until``."""

    standard: Decimal
    food: Decimal
    since: date
    until: date


Jurisdiction = tuple[str, str, str]
"""FIPS code of the state, type, code."""


@dataclass(slots=True)
class Found:
    """``skipped`` counts records of the boundary file by their type."""

    rows: list[TaxRow] = field(default_factory=list)
    wrong: list[Problem] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Book:
    """What is known of rates, and from which day on it matters. ``classes`` has food only where some food is taxed differently."""

    rates: Mapping[Jurisdiction, Sequence[Rate]]
    classes: Sequence[str]
    today: date


def from_files(rates: bytes, boundary: bytes | None, today: date, *, intrastate: bool) -> Found:
    """What holds today or later. ``intrastate``: sold from within the state. Raises Unreadable."""
    found, skipped = Found(), Counter[str]()
    known = _rates(_lines(rates, "rate file", _RATE_COLUMNS), intrastate, found.wrong)
    states = [each for each in known if each[1] == _STATE]
    if not states and not found.wrong:
        raise Unreadable("The rate file has no row of a state (type 45). Is it the boundary file?")
    differs = any(rate.food != rate.standard for rates in known.values() for rate in rates)
    book = Book(known, ("standard", "food") if differs else ("standard",), today)
    placed = [(f"rate file, {STATES[each[0]]}", row) for each in states for row in _summed([each], book, each[0], ("", ""), (date.min, date.max))]
    for number, cells in _lines(boundary, "boundary file", _BOUNDARY_COLUMNS) if boundary else ():
        if cells[0].strip().upper() != "Z":
            skipped[cells[0].strip().upper()] += 1
            continue
        at = f"boundary file, row {number}"
        placed += [(at, row) for row in _zip(at, cells, book, found.wrong)]
    if len(placed) > MOST:
        raise Unreadable(f"The files give {len(placed):,} rows, and at most {MOST:,} are taken. Import fewer states at once.")
    unique: dict[TaxRow, str] = {}
    for at, row in placed:
        unique.setdefault(row, at)
    found.wrong = told([*found.wrong, *overlaps((at, row) for row, at in unique.items())])
    found.rows, found.skipped = ordered(unique), dict(skipped)
    return found


def _lines(data: bytes, file: str, columns: int) -> Iterator[tuple[int, list[str]]]:
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text_of(data), newline=""), strict=True), 1):
            if any(cell.strip() for cell in cells):
                if len(cells) < columns:
                    raise Unreadable(f"This row has {len(cells)} columns, and the {file} has {columns} at least.", f"{file}, row {number}")
                yield number, cells
    except csv.Error as error:
        raise Unreadable(f"The {file} is no table: {error}.", file) from error


def _rates(lines: Iterator[tuple[int, list[str]]], intrastate: bool, wrong: list[Problem]) -> dict[Jurisdiction, list[Rate]]:
    known: dict[Jurisdiction, list[Rate]] = defaultdict(list)
    first = 3 if intrastate else 4
    for number, cells in lines:
        at = f"rate file, row {number}"
        state, kind, code = (cell.strip() for cell in cells[:3])
        try:
            if state.zfill(2) not in STATES:
                raise ValueError(f"{state!r} is not the FIPS code of a state.")
            standard = _fraction(cells[first])
            food = _fraction(cells[first + 2]) if cells[first + 2].strip() else standard
            since, until = _day(cells[7]), _day(cells[8])
            if until < since:
                raise ValueError("This rate ends before it begins.")
            known[state.zfill(2), kind.zfill(2), code].append(Rate(standard, food, since, until))
        except ValueError as error:
            wrong.append(Problem(at, "not-readable", str(error)))
    return known


def _fraction(cell: str) -> Decimal:
    try:
        rate = Decimal(cell.strip())
    except InvalidOperation as error:
        raise ValueError(f"{cell.strip()!r} is no rate. It is written as a fraction, such as 0.065.") from error
    if not (rate.is_finite() and 0 <= rate <= 1):
        raise ValueError(f"The rate {cell.strip()} is not between 0 and 1.")
    return rate


def _day(cell: str) -> date:
    text = cell.strip()
    try:
        if len(text) != 8:
            raise ValueError
        return date.max if int(text[:4]) >= _OPEN else date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError as error:
        raise ValueError(f"{text!r} is no date. It is written as 20300630.") from error


def _zip(at: str, cells: Sequence[str], book: Book, wrong: list[Problem]) -> Iterator[TaxRow]:
    try:
        since, until = _day(cells[1]), _day(cells[2])
        low, high = cells[_ZIP_LOW].strip(), cells[_ZIP_HIGH].strip() or cells[_ZIP_LOW].strip()
        if not all(len(code) == 5 and code.isascii() and code.isdigit() for code in (low, high)) or high < low:
            raise ValueError(f"{low!r} to {high!r} is no range of ZIP codes.")
        if until < book.today:
            return
        state = cells[_STATE_AT].strip().zfill(2)
        if (state, _STATE, state) not in book.rates:
            raise ValueError(f"The rate file has no rate of the state {state}. Both files are of the same states and quarter.")
        within = list(_jurisdictions(state, cells))
        for each in within:
            if each not in book.rates and each[1] not in (_STATE, _COUNTY, _PLACE):
                raise ValueError(f"The rate file has no rate of the district {each[2]} (type {each[1]}). Both files are of the same quarter.")
    except ValueError as error:
        wrong.append(Problem(at, "not-readable", str(error)))
        return
    yield from _summed(within, book, state, (low, "" if high == low else high), (since, until))


def _jurisdictions(state: str, cells: Sequence[str]) -> Iterator[Jurisdiction]:
    """Zeros stand for none. Each special district is three cells: where its code is from, the code, its type."""
    if cells[_STATE_IN].strip().strip("0"):
        yield state, _STATE, cells[_STATE_IN].strip().zfill(2)
    for at, kind in ((_COUNTY_AT, _COUNTY), (_PLACE_AT, _PLACE)):
        if cells[at].strip().strip("0"):
            yield state, kind, cells[at].strip()
    for n in range(_BOUNDARY_COLUMNS, len(cells) - 2, 3):
        code, kind = cells[n + 1].strip(), cells[n + 2].strip()
        if code.strip("0"):
            yield state, kind.zfill(2), code


def _summed(
    within: Sequence[Jurisdiction], book: Book, state: str, codes: tuple[str, str], days: tuple[date, date]
) -> Iterator[TaxRow]:  # fmt: skip
    """A row for each stretch of days in which none of the rates changes. A ZIP code where nobody has a rate has 0, a state has none then."""
    since, until = days
    rates = [rate for each in within for rate in book.rates.get(each, ()) if rate.since <= until and rate.until >= since]
    starts = {since, *(rate.since for rate in rates), *(rate.until + timedelta(1) for rate in rates if rate.until < date.max)}
    begins = sorted(day for day in starts if since <= day <= until)
    for day, following in zip(begins, [*begins[1:], None], strict=True):
        end = following - timedelta(1) if following else until
        holding = [rate for rate in rates if rate.since <= day <= rate.until]
        if end >= book.today and (holding or codes[0]):
            for tax_class in book.classes:
                percent = sum((getattr(rate, tax_class) for rate in holding), Decimal(0)) * 100
                yield TaxRow(
                    country="US", region=STATES[state], postal=codes[0], postal_to=codes[1], tax_class=tax_class, rate=plain(percent),
                    since="" if day == date.min else day.isoformat(), until="" if end == date.max else end.isoformat(),
                )  # fmt: skip
