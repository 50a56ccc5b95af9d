"""What cells of catalog's files say. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from services.catalog.checks.problem import Problem
from shared.sheets import Row

_SPLIT = re.compile(r"(?:[^\\;]|\\.)+", re.DOTALL)
_YES = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False, "": False}


def joined(values: Iterable[str]) -> str:
    """``split`` undoes it."""
    return "; ".join(re.sub(r"([\\;])", r"\\\1", value) for value in values)


def split(cell: str) -> tuple[str, ...]:
    parts = (re.sub(r"\\(.)", r"\1", part.strip(), flags=re.DOTALL) for part in _SPLIT.findall(cell))
    return tuple(part for part in parts if part)


def whole(cell: str) -> int | None:
    """None for an empty cell. Raises ValueError with a sentence."""
    if not cell:
        return None
    if not re.fullmatch(r"[0-9]{1,12}", cell):
        raise ValueError("Enter a whole number.")
    return int(cell)


def yes(cell: str) -> bool:
    """Raises ValueError with a sentence."""
    if cell.casefold() not in _YES:
        raise ValueError("Write yes or no.")
    return _YES[cell.casefold()]


def taken(row: Row, column: str, read_cell: Callable[[str], object], wrong: list[Problem]) -> object:
    """The value of a cell; what it is not is added to ``wrong``."""
    try:
        return read_cell(row.cells[column])
    except ValueError as error:
        wrong.append(Problem(row.at(column), "not-readable", str(error)))
        return None
