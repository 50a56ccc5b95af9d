"""Rows of a tax table out of CSV, and what no two rows of a table may be to each other. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from services.catalog.account import is_rate
from services.catalog.checks.problem import Problem, Problems
from services.catalog.checks.shapes import is_date, is_tax_class
from services.catalog.places import place_problem
from shared.contracts.catalog import TaxRow
from shared.sheets import Row, read

COLUMNS = ("country", "region", "postal", "postal_from", "postal_to", "class", "rate", "from", "until")
MOST = 200_000
MOST_TOLD = 1_000
Placed = tuple[str, TaxRow]
"""Where a row of a table came from, and it."""


def from_csv(data: bytes) -> tuple[list[TaxRow], list[Problem]]:
    """Raises Unreadable."""
    lines = read(data, COLUMNS, ("country", "rate"), MOST)
    wrong: list[Problem] = []
    placed = [(f"row {line.number}", row) for line in lines if (row := _row(line, wrong))]
    wrong += overlaps(placed)
    return ordered(row for _, row in placed), told(wrong)


def told(wrong: Sequence[Problem]) -> list[Problem]:
    """As many as somebody can read; the last one says how many more there are."""
    if len(wrong) <= MOST_TOLD:
        return list(wrong)
    more = Problem("file", "more", f"{len(wrong) - MOST_TOLD:,} more rows are wrong. Correct these first.")
    return [*wrong[:MOST_TOLD], more]


def ordered(rows: Iterable[TaxRow]) -> list[TaxRow]:
    return sorted(rows, key=lambda row: (row.country, row.region, row.postal, row.postal_to, row.tax_class, row.since))


def postal(text: str, country: str) -> str:
    """As codes are compared (prices.md, T4)."""
    code = text.replace(" ", "").replace("-", "").upper()
    return code[:5] if country == "US" else code


def _row(line: Row, wrong: list[Problem]) -> TaxRow | None:
    found = len(wrong)
    cells = {name: line.cells.get(name, "").strip() for name in COLUMNS}
    country, region = cells["country"].upper(), cells["region"].upper()
    misplaced = place_problem(country, "")
    if misplaced:
        wrong.append(Problem(line.at("country"), "unknown-country", misplaced))
    elif place_problem(country, region):
        wrong.append(Problem(line.at("region"), "unknown-region", place_problem(country, region)))
    begin, end = _postal(line, cells, country, wrong)
    rate = cells["rate"].removesuffix("%").strip()
    checks: tuple[tuple[str, bool, str], ...] = (
        ("rate", is_rate(rate), "A rate is in percent, from 0 to 100 with at most six decimals, such as 8.25."),
        ("class", not cells["class"] or is_tax_class(cells["class"]), "A class is a word of small letters, such as standard or food."),
        ("from", not cells["from"] or is_date(cells["from"]), "A date is written as 2030-06-30."),
        ("until", not cells["until"] or is_date(cells["until"]), "A date is written as 2030-06-30."),
        ("until", not (cells["from"] and cells["until"]) or cells["from"] <= cells["until"], "This row ends before it begins."),
    )
    wrong += [Problem(line.at(column), "not-readable", detail) for column, right, detail in checks if not right]
    if len(wrong) > found:
        return None
    return TaxRow(
        country=country, region=region, postal=begin, postal_to=end, tax_class=cells["class"] or "standard", rate=plain(Decimal(rate)),
        since=cells["from"], until=cells["until"],
    )  # fmt: skip


def plain(rate: Decimal) -> str:
    """Without exponent and needless zeros."""
    text = f"{rate:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _postal(line: Row, cells: Mapping[str, str], country: str, wrong: list[Problem]) -> tuple[str, str]:
    if cells["postal"] and (cells["postal_from"] or cells["postal_to"]):
        wrong.append(Problem(line.at("postal"), "two-ways", "Give one code, or the first and the last one of a range."))
    first = "postal" if cells["postal"] else "postal_from"
    begin, end = postal(cells[first], country), postal(cells["postal_to"], country)
    for column, code in ((first, begin), ("postal_to", end)):
        if code and not (code.isascii() and code.isalnum() and len(code) <= 10):
            wrong.append(Problem(line.at(column), "not-a-code", "A postal code has letters and digits only, ten at most."))
        elif code and country == "US" and not (code.isdigit() and len(code) == 5):
            wrong.append(Problem(line.at(column), "not-a-code", "A ZIP code has five digits; spreadsheets drop zeros at its start."))
    if end and not begin:
        wrong.append(Problem(line.at("postal_from"), "missing", "A range has a first code too."))
    elif end and (len(end) != len(begin) or end < begin):
        wrong.append(Problem(line.at("postal_to"), "not-a-range", f"The last code of the range comes before {begin}, or is not as long."))
    return begin, "" if end == begin else end


def overlaps(rows: Iterable[Placed]) -> Problems:
    """Two rows for the same range, class and first day; and ranges of which neither is within the other, so that none is the narrower one.

    A range within another is fine (the narrower one holds), and so is one that begins later (the later one holds): prices.md, T3.
    """
    groups: dict[tuple[str, str, str], list[Placed]] = defaultdict(list)
    for at, row in rows:
        groups[row.country, row.region, row.tax_class].append((at, row))
    for group in groups.values():
        yield from _twice(group)
        yield from _crossing([(at, row) for at, row in group if row.postal])


def _twice(group: Sequence[Placed]) -> Problems:
    seen: dict[tuple[str, str, str], str] = {}
    for at, row in group:
        key = (row.postal, row.postal_to, row.since)
        if key in seen:
            yield Problem(at, "overlap", f"{_called(row)} is in {seen[key]} already, from the same day. Remove one of them.")
        seen.setdefault(key, at)


def _crossing(group: list[Placed]) -> Problems:
    """Those that are open at a code lie within each other, or are named."""
    group.sort(key=lambda placed: (len(placed[1].postal), placed[1].postal, _reversed(_last(placed[1]))))
    open_at: list[Placed] = []
    for at, row in group:
        open_at = [each for each in open_at if len(each[1].postal) == len(row.postal) and _last(each[1]) >= row.postal]
        crossed = next((place for place, other in open_at if _last(other) < _last(row) and _meet(other, row)), None)
        if crossed:
            detail = f"{_called(row)} crosses the range of {crossed}: for codes in both, none of them is the narrower one."
            yield Problem(at, "overlap", detail)
        open_at.append((at, row))


def _last(row: TaxRow) -> str:
    return row.postal_to or row.postal


def _reversed(code: str) -> tuple[int, ...]:
    return tuple(-ord(character) for character in code)


def _meet(one: TaxRow, other: TaxRow) -> bool:
    return not ((one.until and other.since and one.until < other.since) or (other.until and one.since and other.until < one.since))


def _called(row: TaxRow) -> str:
    where = "-".join(filter(None, (row.country, row.region)))
    codes = f" {row.postal}" + (f"-{row.postal_to}" if row.postal_to else "") if row.postal else ""
    return f"{where}{codes}, {row.tax_class},"
