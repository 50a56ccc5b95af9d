"""Merging two customers and taking that back: their own stream first, which counts, then the alias's, which says what holds."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import replace

from services.customers.customer import Customer, customer
from services.customers.merging import Merge, Unmerge, aliases_of, main_of
from shared.aliases import aliases
from shared.kernel.commands import Envelope, Outcome, Refusal
from shared.kernel.decider import Refused
from shared.kernel.errors import NotFound
from shared.service import Running

_TRIES = 50
_BETWEEN = 0.02


async def merge(service: Running, id: str, alias: str, sent: Envelope) -> Outcome:
    """Raises Refusal, NotFound."""
    await _check(service, id, alias)
    outcome = await service.execute(customer, id, Merge(id, alias, sent.actor), sent)
    number = _number(outcome.state, id, alias)
    try:
        await _settle(service, Merge(id, alias, sent.actor, number), sent)
    except Refusal:
        await _withdraw(service, Unmerge(id, alias, sent.actor, number + 1), sent)
        raise
    state, _ = await service.load(customer, id, confirmed=True)
    if state.erased:
        await _tell(service, Unmerge(id, alias, sent.actor, number + 1), sent)
        raise Refusal(Refused("erased", "This customer was erased."))
    if alias not in aliases_of(id, state.pairs):
        raise Refusal(Refused("parted", f"Customer {alias} was parted from {id} again. Merge them anew."))
    return outcome


async def _settle(service: Running, command: Merge, sent: Envelope) -> None:
    """Of those who merge two into each other, or several in a ring, the higher number gives up at once, and the lower one waits for that.
    Raises Refusal.
    """
    for tries_left in reversed(range(_TRIES)):
        try:
            await _tell(service, replace(command, settled=await _settled(service, command.alias)), sent)
        except Refusal as refusal:
            if refusal.refused.code != "merging" or command.customer_id > command.alias or not tries_left:
                raise
            await asyncio.sleep(_BETWEEN)
        else:
            return


async def _settled(service: Running, id: str) -> frozenset[tuple[str, int]]:
    pairs = (await service.load(customer, id))[0].pairs
    found = [(alias, pairs[id, alias]) for alias in aliases_of(id, pairs)]
    return frozenset([(alias, said[0]) for alias, said in found if (await service.load(customer, alias))[0].pairs.get((id, alias)) == said])


async def _withdraw(service: Running, command: Unmerge, sent: Envelope) -> None:
    """The alias's stream first, which then takes a merge that is still on its way for old. Raises Refusal."""
    try:
        await _tell(service, command, sent)
    except Refusal as refusal:
        if refusal.refused.code != "erased":
            raise
    await service.execute(customer, command.customer_id, command, replace(sent, command_id=uuid.uuid4().hex, version=None))


async def unmerge(service: Running, id: str, alias: str, sent: Envelope) -> Outcome:
    """Raises Refusal, NotFound."""
    state, version = await service.load(customer, id, confirmed=True)
    if not version:
        raise NotFound("There is no such customer.")
    if (id, alias) not in state.pairs:
        raise Refusal(Refused("not-merged", f"{alias} was never merged into {id}.", field="alias", conflict=False))
    theirs, _ = await service.load(customer, alias)
    if (begun := state.pairs[id, alias])[1] and theirs.pairs.get((id, alias)) != begun:
        await _withdraw(service, Unmerge(id, alias, sent.actor, begun[0] + 1), sent)
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
    found = [await _standing(service, id)]
    for each in found:
        for alias in aliases_of(each, (await service.load(customer, each, confirmed=True))[0].pairs):
            state, _ = await service.load(customer, alias, confirmed=True)
            if alias not in found and main_of(alias, state.pairs) == each:
                found.append(alias)
    return tuple(found)


async def _standing(service: Running, id: str) -> str:
    """As ``standing`` does it by the view."""
    passed = [id]
    while whose := main_of(passed[-1], (await service.load(customer, passed[-1], confirmed=True))[0].pairs):
        if whose in passed:
            return min(passed[passed.index(whose) :])
        passed.append(whose)
    return passed[-1]


async def _tell(service: Running, command: Merge | Unmerge, sent: Envelope) -> None:
    """Until the alias is seen as one. Raises Refusal."""
    told = await service.execute(customer, command.alias, command, replace(sent, command_id=uuid.uuid4().hex, version=None))
    await service.get(aliases, command.alias, f"customer-{command.alias}@{told.version}", opened=False)
