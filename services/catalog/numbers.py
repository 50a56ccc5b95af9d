"""Numbers of campaigns, offers, variants, coupons and shipping profiles: each is one campaign's for ever, in the whole installation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from shared.contracts.catalog import NumbersClaimed
from shared.kernel.decider import Aggregate, Refused
from shared.kernel.events import Event

FIRST = 1001


@dataclass(frozen=True, slots=True)
class Claim:
    """``given`` are ids with the field of each; ``fresh`` is how many new ones are wanted. Without a campaign the first new one is its."""

    campaign_id: str
    given: tuple[tuple[str, str], ...] = ()
    fresh: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """``newest`` are the ids of the last claim, new ones at its end; ``last`` is the number up to which none is free."""

    owners: Mapping[str, str] = field(default_factory=dict)
    newest: tuple[str, ...] = ()
    last: int = FIRST - 1


def decide(command: Claim, state: State) -> Sequence[Event] | Refused:
    taken = [_taken(place, id, state) for place, id in command.given if state.owners.get(id, command.campaign_id) != command.campaign_id]
    if taken:
        first = taken[0]
        return Refused("id-taken", first["detail"], first["field"], conflict=False, data={"errors": taken})
    wanted = dict.fromkeys(id for _, id in command.given if id not in state.owners)
    numbers = _free(state, wanted)
    ids = (*wanted, *(next(numbers) for _ in range(command.fresh)))
    return [NumbersClaimed(campaign_id=command.campaign_id or ids[0], ids=ids)] if ids else []


def _taken(place: str, id: str, state: State) -> dict[str, str]:
    detail = f"The number {id} belongs to campaign {state.owners[id]} already. Leave it out to get a new one."
    return {"field": place, "code": "id-taken", "detail": detail}


def _free(state: State, wanted: Mapping[str, None]) -> Iterator[str]:
    number = state.last
    while True:
        number += 1
        if str(number) not in state.owners and str(number) not in wanted:
            yield str(number)


def evolve(state: State, event: Event) -> State:
    if not isinstance(event, NumbersClaimed):
        return state
    owners = {**state.owners, **dict.fromkeys(event.ids, event.campaign_id)}
    last = state.last
    while str(last + 1) in owners:
        last += 1
    return State(owners, event.ids, last)


numbers = Aggregate("numbers", State(), decide, evolve, (Claim,), singleton=True)
