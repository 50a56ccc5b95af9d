"""Rows of a file put into what a campaign has already. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from services.catalog.checks.problem import Problem
from shared.kernel.events import Value
from shared.money import formatted, parsed
from shared.sheets import Row
from shared.text import sentence

V = TypeVar("V", bound=Value)


@dataclass(frozen=True, slots=True)
class Merged(Generic[V]):
    """``rows`` is how many the file has; ``touched`` are the positions that it speaks of. Nothing of it counts where something is ``wrong``."""

    now: tuple[V, ...]
    before: tuple[V, ...]
    touched: tuple[int, ...]
    rows: int
    wrong: tuple[Problem, ...] = ()

    def counts(self) -> dict[str, int]:
        """A file removes nothing: what it does not name stays."""
        known = [n for n in self.touched if n < len(self.before)]
        changed = sum(self.now[n] != self.before[n] for n in known)
        added = len(self.now) - len(self.before)
        return {"added": added, "changed": changed, "unchanged": len(known) - changed, "removed": 0, "rows": self.rows}


class Seen:
    """Rows that were read already, by number and by ``name``."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._rows: dict[tuple[str, str], Row] = {}

    def add(self, row: Row) -> None:
        for key in self._keys(row):
            self._rows.setdefault(key, row)

    def twin(self, row: Row) -> Row | None:
        found = (self._rows[key] for key in self._keys(row) if key in self._rows)
        return min(found, key=lambda each: each.number, default=None)

    def _keys(self, row: Row) -> list[tuple[str, str]]:
        return [(each, row.cells[each].upper()) for each in ("number", self._name) if row.cells.get(each)]


def matched(row: Row, known: Sequence[Any], name: str, seen: Seen, wrong: list[Problem]) -> int | None:
    """The position of what a row is about: by its number, else by its ``name``; None for a new one."""
    number, called = row.cells.get("number", ""), row.cells.get(name, "")
    twin = seen.twin(row)
    if twin:
        wrong.append(Problem(row.at("number" if number else name), "twice", f"This is row {twin.number} again. Each has one row."))
        return None
    if number:
        at = next((n for n, each in enumerate(known) if each.id == number), None)
        if at is None:
            wrong.append(Problem(row.at("number"), "unknown-number", f"There is no number {number} here. Leave it out for a new one."))
        return at
    return next((n for n, each in enumerate(known) if called and getattr(each, name).strip().upper() == called.strip().upper()), None)


def body_problems(error: ValidationError, row: Row, variants: Sequence[Row] = ()) -> list[Problem]:
    """What pydantic found, each at its cell."""
    found = []
    for each in error.errors():
        place = each["loc"]
        if len(place) > 2 and place[0] == "variants" and isinstance(place[1], int) and place[1] < len(variants):
            at = variants[place[1]].at(str(place[2]))
        else:
            at = row.at(str(place[0]) if place else "row")
        found.append(Problem(at, each["type"], sentence(each)))
    return found


def money(cell: str, currency: str) -> int | None:
    """None for an empty cell. Raises ValueError with a sentence."""
    if not cell:
        return None
    if "," in cell:
        raise ValueError("Write amounts with a point and without thousands separators, such as 1064.50.")
    if cell.startswith("-"):
        raise ValueError("An amount is never negative.")
    return parsed(cell, currency)


def said(amount: int | None, currency: str) -> str:
    return "" if amount is None else formatted(amount, currency).replace(",", "")
