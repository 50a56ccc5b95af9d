"""Commands on campaigns that need more than their own stream: numbers, and what a campaign is held against."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from services.catalog.account import DEFAULT_PLUGIN
from services.catalog.campaign import Edit, Publish, State, campaign
from services.catalog.checks.campaign import Known, problems
from services.catalog.checks.problem import Problem, refused
from services.catalog.checks.shapes import shapes
from services.catalog.directory import directory
from services.catalog.numbering import numbered, with_numbers
from services.catalog.numbers import Claim, numbers
from services.catalog.views import drafts, gateways, plugins, state_of
from shared.contracts.catalog import Campaign, CampaignChanges
from shared.contracts.payments import GatewayConfigured
from shared.kernel.commands import Envelope, Outcome, Refusal
from shared.kernel.decider import Refused
from shared.kernel.errors import NotFound
from shared.service import Running

IMAGES = "images"


async def found(service: Running, id: str) -> tuple[State, int]:
    """A campaign and its version, with everything that was recorded of it so far. Raises NotFound."""
    state, version = await _now(service, id)
    if not version:
        raise NotFound("There is no such campaign.")
    return state, version


async def _now(service: Running, id: str) -> tuple[State, int]:
    """From the view, once it has seen the stream's newest event; from the stream while the view is being built."""
    stream = campaign.stream(id)
    newest = [version for name, version in await service.streams.names(stream, limit=1) if name == stream]
    if not newest:
        return State(), 0
    row = await service.get(drafts, id, f"{stream}@{newest[0]}") if drafts.name in service.builds else None
    if row is None or row["version"] < newest[0]:
        return await service.load(campaign, id)
    return state_of(row), row["version"]


async def known(service: Running, *, wait_for: Campaign | None = None) -> Known:
    """``wait_for``: its gateways may be so new that the view has not seen them yet."""
    rows, cursor = await service.find(gateways)
    while cursor:
        more, cursor = await service.find(gateways, cursor=cursor)
        rows += more
    missing = {offer.gateway for offer in wait_for.offers} - {row["id"] for row in rows} if wait_for else set()
    late = await asyncio.gather(*(service.get(gateways, name, f"gateway-{name}@1") for name in sorted(missing)))
    there = {row["id"]: GatewayConfigured(**row) for row in (*rows, *filter(None, late))}
    named = {offer.plugin for offer in wait_for.offers if offer.plugin} if wait_for else set()
    return Known(there, (await service.load(directory, ""))[0], await known_plugins(service, named))


async def known_plugins(service: Running, wait_for: Iterable[str] = ()) -> frozenset[str]:
    """Of fulfilment, by name; those of ``wait_for`` may be so new that the view has not seen them yet. Beyond 100 nobody has any."""
    rows, _ = await service.find(plugins, limit=100)
    there = {DEFAULT_PLUGIN, *(row["id"] for row in rows)}
    missing = [name for name in sorted(wait_for) if name not in there]
    late = await asyncio.gather(*(service.get(plugins, name, f"plugin-{name}@1") for name in missing))
    return frozenset(there | {name for name, row in zip(missing, late, strict=True) if row})


async def publish(service: Running, id: str, sent: Envelope, whole: Campaign | None = None) -> Outcome:
    """``whole``: a campaign that is published at once, whose own ids are claimed for it. Raises Refusal."""
    state, version = await (_now if whole else found)(service, id)
    held = await known(service, wait_for=whole or state.current)
    if whole and sent.version in (None, version):
        await _claim_given(service, state, whole, held, sent)
    return await service.execute(campaign, id, Publish(held, whole), sent)


async def _claim_given(service: Running, state: State, whole: Campaign, held: Known, sent: Envelope) -> None:
    """Nothing is claimed for what is refused anyhow."""
    given = [(field, id) for field, id in (("id", whole.id), *numbered(whole)) if id not in state.ids]
    if given:
        wrong = [*problems(whole, held), *await unknown_images(service, state, whole)]
        if wrong:
            raise Refusal(refused(wrong))
        await _claim(service, Claim(whole.id, tuple(given)), sent)


async def edit(service: Running, id: str, changes: CampaignChanges, sent: Envelope) -> Outcome:
    """Rows without an id get the next one. Raises NotFound, Refusal."""
    state, version = await found(service, id)
    if sent.version in (None, version):
        changes = await _with_ids(service, state, changes, sent)
    return await service.execute(campaign, id, Edit(id, changes), sent)


async def _with_ids(service: Running, state: State, changes: CampaignChanges, sent: Envelope) -> CampaignChanges:
    currency = changes.currency or (state.current.currency if state.current else "USD")
    wrong = [*shapes(changes, currency), *await unknown_images(service, state, changes)]
    if wrong:
        raise Refusal(refused(wrong))
    rows = list(numbered(changes))
    missing = sum(not id for _, id in rows)
    given = tuple((field, id) for field, id in rows if id and id not in state.ids)
    fresh: Sequence[str] = ()
    if missing or given:
        claimed = await _claim(service, Claim(state.id, given, missing), sent)
        fresh = claimed[len(claimed) - missing :]
    return with_numbers(changes, iter(fresh), state.highest)


async def begin(service: Running, count: int, make: Callable[[Iterator[str]], Campaign], sent: Envelope) -> tuple[str, Outcome]:
    """A draft under new numbers: ``make`` is given ``count`` of them, the first its own. Its id, and how it was recorded. Raises Refusal."""
    fresh = await _claim(service, Claim("", fresh=count), sent)
    id = fresh[0]
    _, version = await _now(service, id)
    if version:
        return id, await service.execute(campaign, id, Edit(id, CampaignChanges()), sent)
    if len(fresh) != count:
        raise Refusal(Refused("changed", "What this is made of has changed meanwhile. Try again.", conflict=True))
    made = make(iter(fresh))
    sections = CampaignChanges(**{name: getattr(made, name) for name in CampaignChanges.model_fields})
    return id, await service.execute(campaign, id, Edit(id, with_numbers(sections, iter(()), 0)), sent)


async def _claim(service: Running, claim: Claim, sent: Envelope) -> Sequence[str]:
    """The ids that this command claimed, now or when it was sent before."""
    outcome = await service.execute(numbers, "", claim, replace(sent, version=None))
    ids: Sequence[str] = outcome.state.newest if outcome.events or outcome.repeated else ()
    return ids


async def claim_what_is_older(service: Running) -> None:
    """Campaigns that were published before numbers were claimed: theirs are claimed now, as those of the first who has them."""
    owners, after = (await service.load(numbers, ""))[0].owners, ""
    while names := await service.streams.names(campaign.stream(""), after=after):
        after = names[-1][0]
        for id in (name.partition("-")[2] for name, _ in names):
            if id not in owners:
                state, _ = await service.load(campaign, id)
                owned = (await service.load(numbers, ""))[0].owners
                free = tuple(("id", each) for each in sorted(state.ids) if each not in owned)
                await service.send("", Claim(id, free), f"claim-{id}", "service:catalog")


async def unknown_images(service: Running, state: State, sections: Campaign | CampaignChanges) -> list[Problem]:
    before = {offer.image for each in (state.campaign, state.draft) if each for offer in each.offers}
    wrong = []
    for n, offer in enumerate(sections.offers or ()):
        if offer.image and offer.image not in before and await service.blobs.get(IMAGES, offer.image) is None:
            wrong.append(Problem(f"offers.{n}.image", "unknown-image", "There is no such image. Upload it again."))
    return wrong
