"""A campaign: a draft that is edited, published in numbered, immutable versions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from services.catalog.checks.campaign import Known, problems
from services.catalog.checks.problem import refused
from services.catalog.checks.shapes import shapes
from services.catalog.numbering import highest, numbered
from shared.contracts.catalog import Campaign, CampaignChanges, CampaignEdited, CampaignPublished, CampaignRetired, DraftDiscarded, Letter
from shared.kernel.decider import Aggregate, Refused
from shared.kernel.events import Event
from shared.letters import sending

Status = Literal["draft", "published", "changed", "retired"]


@dataclass(frozen=True, slots=True)
class Edit:
    """Its ids are all there, and claimed for this campaign."""

    campaign_id: str
    changes: CampaignChanges


@dataclass(frozen=True, slots=True)
class Publish:
    """A whole campaign at once; without one the draft."""

    known: Known
    campaign: Campaign | None = None


@dataclass(frozen=True, slots=True)
class Discard:
    pass


@dataclass(frozen=True, slots=True)
class Retire:
    pass


@dataclass(frozen=True, slots=True)
class State:
    """``draft`` is None where it is what is published. ``ids`` are all that the campaign ever had, ``highest`` the last of those within it."""

    id: str = ""
    number: int = 0
    campaign: Campaign | None = None
    draft: Campaign | None = None
    retired: bool = False
    ids: frozenset[str] = field(default_factory=frozenset)
    highest: int = 0

    @property
    def current(self) -> Campaign | None:
        return self.draft or self.campaign

    @property
    def status(self) -> Status:
        if self.retired:
            return "retired"
        if self.campaign is None:
            return "draft"
        return "changed" if self.draft else "published"


def decide(command: Edit | Publish | Discard | Retire, state: State) -> Sequence[Event] | Refused:
    match command:
        case Edit():
            return _edit(command, state)
        case Publish():
            return _publish(command, state)
        case Discard():
            return _discard(state)
        case Retire():
            return [CampaignRetired(campaign_id=state.id)] if state.current and not state.retired else []


def _edit(command: Edit, state: State) -> Sequence[Event] | Refused:
    before = state.current
    given = _given(command.changes.model_copy(update={"letters": _letters(command.changes.letters, state)}))
    wrong = list(shapes(command.changes, str(given.get("currency") or (before.currency if before else "USD"))))
    if wrong:
        return refused(wrong)
    changed = {name: value for name, value in given.items() if before is None or getattr(before, name) != value}
    if before and not changed:
        return []
    if before and before.model_copy(update=changed) == state.campaign:
        return [DraftDiscarded(campaign_id=command.campaign_id)]
    return [CampaignEdited(campaign_id=command.campaign_id, changes=CampaignChanges(**changed))]


def _letters(said: tuple[Letter, ...] | None, state: State) -> tuple[Letter, ...] | None:
    """Those that say what is said already are those: a form has all of them, also what a campaign has no letter of."""
    known = (each.letters for each in (state.campaign, state.draft) if each and said is not None and sending(each.letters) == sending(said))
    return next(known, said)


def _given(changes: CampaignChanges) -> dict[str, object]:
    return {name: getattr(changes, name) for name in CampaignChanges.model_fields if getattr(changes, name) is not None}


def _publish(command: Publish, state: State) -> Sequence[Event] | Refused:
    campaign = command.campaign or state.current
    if campaign is None:
        return _NEVER
    wrong = problems(campaign, command.known)
    if wrong:
        return refused(wrong)
    if campaign == state.campaign and not state.draft and not state.retired:
        return []
    return [CampaignPublished(campaign_id=campaign.id, number=state.number + 1, campaign=campaign)]


_NEVER = Refused("unknown-campaign", "There is no such campaign.")


def _discard(state: State) -> Sequence[Event] | Refused:
    if state.current and not state.campaign:
        return Refused("never-published", "This campaign was never published: there is no version that the draft could go back to.")
    return [DraftDiscarded(campaign_id=state.id)] if state.draft else []


def evolve(state: State, event: Event) -> State:
    match event:
        case CampaignEdited():
            before = state.current or Campaign(id=event.campaign_id, name="")
            draft = before.model_copy(update=_given(event.changes))
            return _with_ids(replace(state, id=event.campaign_id, draft=draft), draft)
        case DraftDiscarded():
            return replace(state, draft=None)
        case CampaignPublished():
            published = replace(state, id=event.campaign_id, number=event.number, campaign=event.campaign, draft=None, retired=False)
            return _with_ids(published, event.campaign)
        case CampaignRetired():
            return replace(state, retired=True)
    return state


def _with_ids(state: State, campaign: Campaign) -> State:
    ids = state.ids.union((campaign.id,), (id for _, id in numbered(campaign)))
    return replace(state, ids=ids, highest=max(state.highest, highest(campaign)))


campaign = Aggregate("campaign", State(), decide, evolve, (Edit, Publish, Discard, Retire))
