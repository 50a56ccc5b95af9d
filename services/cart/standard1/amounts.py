"""Exact arithmetic on whole minor units (prices.md, G1-G4). A percent is held in millionths, so that no digit is lost."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

HUNDRED = 100 * 10**6
"""Percent, in millionths."""


@lru_cache(maxsize=4_096)
def millionths(percent: str) -> int:
    """Of a decimal string with at most six decimals."""
    whole, _, rest = percent.partition(".")
    return int(whole) * 10**6 + int(rest.ljust(6, "0"))


def part_of(amount: int, percent: int) -> int:
    """G3: half_up(amount x percent / 100)."""
    return (2 * amount * percent + HUNDRED) // (2 * HUNDRED)


def share(amount: int, weights: Sequence[int]) -> list[int]:
    """G4. Equal fractions: the one that comes first."""
    total = sum(weights)
    if not total:
        return [0] * len(weights)
    scaled = [amount * weight for weight in weights]
    shares = [each // total for each in scaled]
    missing = amount - sum(shares)
    if missing:
        fractions = [each % total for each in scaled]
        for n in sorted(range(len(weights)), key=fractions.__getitem__, reverse=True)[:missing]:
            shares[n] += 1
    return shares
