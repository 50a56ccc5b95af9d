"""What is wrong with a campaign, at which field, and what to do about it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

from shared.kernel.decider import Refused
from shared.money import MOST, formatted


@dataclass(frozen=True, slots=True)
class Problem:
    """``field`` is a dotted path with positions, such as ``offers.3.variants.0.price``."""

    field: str
    code: str
    detail: str


Problems = Iterator[Problem]


def refused(problems: Sequence[Problem], code: str = "campaign-invalid") -> Refused:
    """All of them, the first one at the top."""
    first = problems[0]
    return Refused(code, first.detail, first.field, conflict=False, data={"errors": [asdict(each) for each in problems]})


def amount(field: str, value: int | None, currency: str) -> Problems:
    if value is None:
        return
    if value < 0:
        yield Problem(field, "negative", "An amount is never negative. Enter 0 or more.")
    elif value > MOST:
        yield Problem(field, "too-much", f"The most is {formatted(MOST, currency)}.")


def between(field: str, value: int | None, least: int, most: int, what: str) -> Problems:
    if value is not None and not least <= value <= most:
        yield Problem(field, "out-of-range", f"{what} is between {least:,} and {most:,}.")


def distinct(values: Iterable[tuple[str, Hashable]], code: str, detail: str) -> Problems:
    """``values`` are pairs of field and value; each after the first of its kind is a problem. ``detail`` may name it as ``{}``."""
    seen: set[Hashable] = set()
    for field, value in values:
        if value in seen:
            yield Problem(field, code, detail.format(value))
        seen.add(value)
