"""What became of shipments, as whoever ships them writes it into a table. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast

from pydantic import TypeAdapter, ValidationError

from services.fulfillment.moments import DayOrMonth, happened, moment
from services.fulfillment.plugins.told import Number, Short
from shared.contracts.fulfillment import Parcel
from shared.ids import ORDER_ID, PLUGIN_NAME, is_order_id
from shared.sheets import Unreadable, lines, plain, safe
from shared.text import sentence

MOST = 5_000
"""Rows of one file."""
Became = Literal["shipped", "delivered", "returned"]

_COLUMNS: Mapping[str, Sequence[str]] = {
    "order": ("order", "orderid", "ordernumber", "orderno", "orderref", "purchaseorder"),
    "export_id": ("exportid", "shipmentid", "shipment", "reference"),
    "status": ("status", "shipmentstatus", "trackingstatus", "deliverystatus"),
    "carrier": ("carrier", "carriername", "carriercode", "courier", "shipper"),
    "tracking": ("tracking", "trackingnumber", "trackingno", "trackingid", "trackingcode"),
    "service": ("service", "shippingservice", "shipservice", "servicecode", "shipmethod", "shippingmethod"),
    "date": (
        "date", "at", "shipdate", "shippeddate", "shippedat", "shippedon", "dateshipped", "deliverydate", "delivereddate", "deliveredat",
        "returndate", "returneddate", "returnedat",
    ),
    "rma": ("rma", "rmanumber", "rmano", "returnnumber"),
}  # fmt: skip
"""How headings may be written, in small letters and without anything between them."""
_WORDS: Mapping[str, Became] = {
    "": "shipped", "shipped": "shipped", "intransit": "shipped", "dispatched": "shipped", "sent": "shipped", "outfordelivery": "shipped",
    "delivered": "delivered", "arrived": "delivered",
    "returned": "returned", "return": "returned", "received": "returned", "returnreceived": "returned",
}  # fmt: skip
_EXPORT = re.compile(f"({ORDER_ID})-({PLUGIN_NAME})", re.IGNORECASE)
_RMA = re.compile(f"({ORDER_ID})-R[1-9][0-9]{{0,3}}")
_ROUNDED = re.compile(r"\d(?:[.,]\d+)?E\+?\d+", re.IGNORECASE)
_KINDS: Mapping[str, TypeAdapter[str]] = {"tracking": TypeAdapter(Number)}
_SHORT = TypeAdapter(Short)


@dataclass(frozen=True, slots=True)
class Problem:
    row: int
    field: str
    detail: str


@dataclass(frozen=True, slots=True)
class Told:
    """``plugin`` is empty where the row names the order alone, ``at`` None where it has no date."""

    row: int
    order_id: str
    plugin: str
    became: Became
    parcel: Parcel
    at: datetime | None
    rma: str


@dataclass(frozen=True, slots=True)
class Table:
    """``cells`` has the headings, and each row by its number, as they came."""

    headings: Sequence[str]
    cells: Mapping[int, Sequence[str]]
    told: Sequence[Told]
    problems: Sequence[Problem]


class Wrong(Exception):
    """Says, for people, what is wrong with a row. ``field`` is the column that it is about, where it is about one."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field


def table(data: bytes, first: DayOrMonth, now: datetime) -> Table:
    """Raises Unreadable where nothing of it can be told apart into rows and columns."""
    (number, headings), *rows = lines(data, MOST)
    places = _places(headings, number)
    if not rows:
        raise Unreadable("There is nothing below the headings.", f"row {number}")
    told, problems = [], []
    for row, cells in rows:
        try:
            if any(cell.strip() for cell in cells[len(headings) :]):
                raise Wrong("", f"This row has {len(cells)} cells, and there are {len(headings)} columns.")
            told.append(_told(row, lambda name, cells=cells: _cell(cells, places.get(name)), first, now))  # type: ignore[misc]
        except Wrong as wrong:
            problems.append(Problem(row, wrong.field, str(wrong)))
    return Table(headings, dict(rows), told, problems)


def rejected(table: Table, problems: Sequence[Problem]) -> str:
    """The rows that say nothing that can be taken, as they came, with what is wrong: to be put right and imported again."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(map(safe, [*table.headings, "problem"]))
    for problem in sorted(problems, key=lambda problem: problem.row):
        cells = [*table.cells[problem.row], *[""] * len(table.headings)][: max(len(table.headings), len(table.cells[problem.row]))]
        writer.writerow(map(safe, [*map(plain, cells), f"row {problem.row}: {problem.detail}"]))
    return "\ufeff" + out.getvalue()


def _places(headings: Sequence[str], number: int) -> Mapping[str, int]:
    """Raises Unreadable."""
    places: dict[str, int] = {}
    for place, heading in enumerate(headings):
        bare = re.sub(r"[^a-z0-9]", "", heading.casefold().replace("#", "number"))
        name = next((name for name, known in _COLUMNS.items() if bare in known), None)
        if name in places:
            raise Unreadable(f"{headings[places[name]].strip()} and {heading.strip()} both say the {name}. Leave one of them.", f"row {number}")
        if name:
            places[name] = place
    if not places.keys() & {"order", "export_id", "rma"}:
        raise Unreadable("No column says which order a row is about. Name one of them order, or export_id.", f"row {number}")
    return places


def _cell(cells: Sequence[str], place: int | None) -> str:
    return plain(cells[place]).strip() if place is not None and place < len(cells) else ""


def _told(row: int, cell: Callable[[str], str], first: DayOrMonth, now: datetime) -> Told:
    became = _WORDS.get(re.sub(r"[^a-z]", "", cell("status").casefold()))
    if became is None:
        raise Wrong("status", f"{_short(cell('status'))} is none of shipped, delivered, returned.")
    order_id, plugin = _about(cell("order"), cell("export_id"), cell("rma"))
    parcel = Parcel(**{name: _line(name, cell(name)) for name in ("carrier", "tracking", "service")})
    if became == "shipped" and not parcel.tracking and not cell("status"):
        raise Wrong("tracking", "There is no tracking number. Where there is none, say shipped in a column status.")
    return Told(row, order_id, plugin, became, parcel, _at(cell("date"), first, now), cell("rma").upper())


def _about(order: str, export_id: str, rma: str) -> tuple[str, str]:
    """Which order, and which plugin's part of it, where that is said."""
    order = order.lstrip("#").strip().upper()
    export = _EXPORT.fullmatch(export_id)
    if export_id and not export:
        raise Wrong("export_id", f"{_short(export_id)} is no export id. One is like 1A2B3C4D5E-csv.")
    returned = _RMA.fullmatch(rma.upper())
    if rma and not returned:
        raise Wrong("rma", f"{_short(rma)} is no RMA number. One is like 1A2B3C4D5E-R1.")
    if order and not is_order_id(order):
        raise Wrong("order", f"{_short(order)} is no order number. One has ten letters and digits.")
    named = {each for each in (order, export and export[1].upper(), returned and returned[1]) if each}
    if len(named) != 1:
        raise Wrong("order", f"It names {len(named)} orders: {', '.join(sorted(named))}." if named else "It does not say which order it is about.")
    return cast(str, named.pop()), export[2].lower() if export else ""


def _line(name: str, text: str) -> str:
    if name == "tracking" and _ROUNDED.fullmatch(text):
        raise Wrong(name, f"A spreadsheet has rounded {text} off. Format the column as text, and take the number from its source.")
    try:
        return _KINDS.get(name, _SHORT).validate_python(text)
    except ValidationError as error:
        raise Wrong(name, sentence(error.errors()[0])) from error


def _at(text: str, first: DayOrMonth, now: datetime) -> datetime | None:
    if not text:
        return None
    try:
        return happened(moment(text, first), now)
    except (ValueError, OverflowError) as error:
        raise Wrong("date", str(error)) from error


def _short(text: str) -> str:
    return f"“{text[:40]}{'…' if len(text) > 40 else ''}”"
