"""``make bench``: every row in one run. ``python -m tests.bench append`` runs one file of rows."""

from __future__ import annotations

import gc
import statistics
import sys
from collections.abc import Sequence

import uvloop
from rich.console import Console
from rich.table import Table

from tests.bench import (
    append,
    catalog,
    cluster,
    clustered,
    customers,
    entry,
    growth,
    listing,
    orders,
    payments,
    prices,
    quality,
    replay,
    shipments,
    shipping,
)
from tests.bench.row import ALTERNATIONS, Row, spread

EMBEDDED = {
    "append": append.rows,
    "replay": replay.rows,
    "orders": orders.rows,
    "growth": growth.rows,
    "catalog": catalog.rows,
    "prices": prices.rows,
    "entry": entry.rows,
    "payments": payments.rows,
    "shipping": shipping.rows,
    "shipments": shipments.rows,
    "listing": listing.rows,
    "customers": customers.rows,
    "quality": quality.rows,
}
FILES = {**EMBEDDED, "cluster": cluster.rows, "clustered": clustered.rows}


def table(rows: list[Row]) -> Table:
    made = Table("what", "ours", "against", "theirs", "ratio", "target", "durability", show_lines=True)
    for row in rows:
        ratio = f"{spread(row.ratios, 2)}" if row.ratios else ""
        missed = row.target is not None and statistics.median(row.ratios) < row.target
        target = row.wanted if row.target is None else f"{'MISSED ' if missed else ''}>= {row.target}"
        theirs = f"{spread(row.theirs)} {row.unit}" if row.theirs else ""
        made.add_row(row.what, f"{spread(row.ours)} {row.unit}", row.against, theirs, ratio, target, row.durability)
    return made


async def measured(names: Sequence[str]) -> list[Row]:
    return [row for name in names for row in await FILES[name]()]


if __name__ == "__main__":
    gc.freeze()
    gc.set_threshold(2_000, 10, 50)  # as in the server
    console = Console(width=170)
    console.print(table(uvloop.run(measured(sys.argv[1:] or list(EMBEDDED)))))
    console.print(f"Median (lowest-highest) of {ALTERNATIONS} turns, ours and theirs by turns.")
