"""Two numbers for one person: who is whose alias, as far as one customer's stream knows. Pure.

The customer's own stream counts the merges of two and their reverses, the alias's hears of them: what that one says holds, so that nobody is
the alias of two. Whoever takes somebody in is nobody's alias until that one's stream has said yes: so no ring comes about, however many merges
are asked for at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.contracts.customers import CustomersMerged, CustomersUnmerged
from shared.kernel.decider import Refused
from shared.kernel.events import Event

Pairs = Mapping[tuple[str, str], tuple[int, bool]]
"""Customer and alias -> the newest number, and whether they are merged by it."""


@dataclass(frozen=True, slots=True)
class Merge:
    """``number`` is what the customer's stream has counted, said to the alias's; 0 asks the customer's. ``settled`` are the alias's own aliases whose
    streams have said yes, each with the number that they said it to.
    """

    customer_id: str
    alias: str
    by: str
    number: int = 0
    settled: frozenset[tuple[str, int]] = frozenset()


@dataclass(frozen=True, slots=True)
class Unmerge:
    customer_id: str
    alias: str
    by: str
    number: int = 0


def merged(command: Merge | Unmerge, pairs: Pairs) -> Sequence[Event] | Refused:
    known, together = pairs.get((command.customer_id, command.alias), (0, False))
    wanted = isinstance(command, Merge)
    if command.number:
        if command.number <= known:
            return []
        refused = (_other(command, pairs) or _takes_in(command, pairs)) if isinstance(command, Merge) else None
        return refused or [_event(command, command.number)]
    if wanted == together:
        return []
    refused = _is_alias(command, pairs) if wanted else None
    return refused or [_event(command, known + 1)]


def _event(command: Merge | Unmerge, number: int) -> Event:
    kind = CustomersMerged if isinstance(command, Merge) else CustomersUnmerged
    return kind(customer_id=command.customer_id, alias=command.alias, by=command.by, number=number)


def _is_alias(command: Merge | Unmerge, pairs: Pairs) -> Refused | None:
    if command.customer_id == command.alias:
        return Refused("same-customer", "That is this very customer.", field="alias", conflict=False)
    whose = main_of(command.customer_id, pairs)
    if not whose:
        return None
    return Refused("merged", f"Customer {command.customer_id} belongs to {whose} by now. Merge into that one.", data={"customer_id": whose})


def _other(command: Merge | Unmerge, pairs: Pairs) -> Refused | None:
    whose = main_of(command.alias, pairs)
    if whose in ("", command.customer_id):
        return None
    return Refused("merged", f"Customer {command.alias} belongs to {whose} by now.", field="alias", data={"customer_id": whose})


def _takes_in(command: Merge, pairs: Pairs) -> Refused | None:
    """The alias has begun to take somebody in, and whether it will is not known yet."""
    open_ones = {(alias, pairs[command.alias, alias][0]) for alias in aliases_of(command.alias, pairs)} - command.settled
    if not open_ones:
        return None
    other = command.customer_id if command.customer_id in dict(open_ones) else min(open_ones)[0]
    detail = f"Customer {other} is being merged into {command.alias} at this moment. Look at both again, or take that back first."
    return Refused("merging", detail, field="alias", data={"customer_id": command.alias, "alias": other})


def noticed(pairs: Pairs, event: CustomersMerged | CustomersUnmerged) -> Pairs:
    return {**pairs, (event.customer_id, event.alias): (event.number, isinstance(event, CustomersMerged))}


def main_of(id: str, pairs: Pairs) -> str:
    """Whose alias it is; empty: nobody's."""
    return next((customer for (customer, alias), (_, together) in pairs.items() if alias == id and together), "")


def aliases_of(id: str, pairs: Pairs) -> tuple[str, ...]:
    return tuple(sorted(alias for (customer, alias), (_, together) in pairs.items() if customer == id and together))
