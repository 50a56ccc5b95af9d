"""Rows of the table: ours against something else, by turns, on one machine in one run."""

from __future__ import annotations

import statistics
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

ALTERNATIONS = 5

Run = Callable[[], Awaitable[float]]
"""Events, orders or commits a second."""


@dataclass(frozen=True)
class Row:
    what: str
    durability: str
    unit: str
    ours: Sequence[float]
    against: str = ""
    theirs: Sequence[float] = ()
    target: float | None = None
    """Ours to theirs, at least."""
    wanted: str = ""
    """Of a row that stands alone."""

    @property
    def ratios(self) -> list[float]:
        return [mine / other for mine, other in zip(self.ours, self.theirs, strict=True)] if self.theirs else []


async def by_turns(ours: Run, theirs: Run) -> tuple[list[float], list[float]]:
    mine, others = [], []
    for _ in range(ALTERNATIONS):
        others.append(await theirs())
        mine.append(await ours())
    return mine, others


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Median, and from which to which."""
    return f"{statistics.median(values):,.{digits}f} ({min(values):,.{digits}f}-{max(values):,.{digits}f})"
