"""Merging two customers and taking that back: their own stream first, which counts, then the alias's, which says what holds."""

from __future__ import annotations

import uuid
from dataclasses import replace

from services.customers.customer import Customer, customer
from services.customers.merging import Merge, Unmerge, aliases_of, main_of
from shared.aliases import aliases
from shared.kernel.commands import Envelope, Outcome, Refusal
from shared.kernel.decider import Refused
from shared.kernel.errors import NotFound
from shared.service import Running


async def merge(service: Running, id: str, alias: str, sent: Envelope) -> Outcome:
    """Raises Refusal, NotFound."""
    await _check(service, id, alias)
    outcome = await service.execute(customer, id, Merge(id, alias, sent.actor), sent)
    try:
        await _tell(service, Merge(id, alias, sent.actor, _number(outcome.state, id, alias)), sent)
    except Refusal:
        await service.execute(customer, id, Unmerge(id, alias, sent.actor), replace(sent, command_id=uuid.uuid4().hex, version=None))
        raise
    state, _ = await service.load(customer, id)
    if state.erased:
        await _tell(service, Unmerge(id, alias, sent.actor, _number(outcome.state, id, alias) + 1), sent)
        raise Refusal(Refused("erased", "This customer was erased."))
    return outcome


async def unmerge(service: Running, id: str, alias: str, sent: Envelope) -> Outcome:
    """Raises Refusal, NotFound."""
    state, version = await service.load(customer, id)
    if not version:
        raise NotFound("There is no such customer.")
    if (id, alias) not in state.pairs:
        raise Refusal(Refused("not-merged", f"{alias} was never merged into {id}.", field="alias", conflict=False))
    outcome = await service.execute(customer, id, Unmerge(id, alias, sent.actor), sent)
    await _tell(service, Unmerge(id, alias, sent.actor, _number(outcome.state, id, alias)), sent)
    return outcome


async def _check(service: Running, id: str, alias: str) -> None:
    """What the alias's stream would refuse is refused before anything is recorded. Raises Refusal, NotFound."""
    if not (await service.load(customer, id))[1]:
        raise NotFound("There is no such customer.")
    theirs, there = await service.load(customer, alias)
    if not there:
        raise Refusal(Refused("unknown-customer", "There is no customer of this number.", field="alias", conflict=False))
    if theirs.erased:
        raise Refusal(Refused("erased", f"Customer {alias} was erased.", field="alias", conflict=False))
    whose = main_of(alias, theirs.pairs)
    if whose not in ("", id):
        detail = f"Customer {alias} belongs to {whose} already. Merge that one."
        raise Refusal(Refused("merged", detail, field="alias", data={"customer_id": whose}))


def _number(state: Customer, id: str, alias: str) -> int:
    return state.pairs.get((id, alias), (0, False))[0]


async def numbers(service: Running, id: str) -> tuple[str, ...]:
    """All of one person, by what the streams say at this moment; the one that stands for them first."""
    found = [id]
    while (whose := main_of(found[0], (await service.load(customer, found[0]))[0].pairs)) and whose not in found:
        found = [whose]
    for each in found:
        for alias in aliases_of(each, (await service.load(customer, each))[0].pairs):
            state, _ = await service.load(customer, alias)
            if alias not in found and main_of(alias, state.pairs) == each:
                found.append(alias)
    return tuple(found)


async def _tell(service: Running, command: Merge | Unmerge, sent: Envelope) -> None:
    """Until the alias is seen as one. Raises Refusal."""
    told = await service.execute(customer, command.alias, command, replace(sent, command_id=uuid.uuid4().hex, version=None))
    await service.get(aliases, command.alias, f"customer-{command.alias}@{told.version}", opened=False)
