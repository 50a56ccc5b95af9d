"""What a service's own streams said up to a moment of the past."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, Field

from shared.kernel.commands import decode, opened
from shared.kernel.decider import Aggregate
from shared.kernel.events import Fact
from shared.kernel.views import Document, Row, View, advance
from shared.service import Running

Moment = Annotated[AwareDatetime, Field(ge=datetime(1970, 1, 2, tzinfo=UTC), le=datetime(9999, 1, 1, tzinfo=UTC))]


async def state_then(service: Running, aggregate: Aggregate[Any], id: str, moment: datetime) -> tuple[Any, int]:
    """The state of an aggregate, and its version. Raises Unavailable, Unreadable."""
    facts = await _until(service, aggregate.stream(id), moment)
    if aggregate.opens:
        facts = await opened(facts, service.keyring)
    state = aggregate.initial
    for fact in facts:
        state = aggregate.evolve(state, fact.event)
    return state, len(facts)


async def row_then(service: Running, view: View, id: str, stream: str, moment: datetime) -> Row | None:
    """A row that one stream of the service alone tells of. Raises Unavailable, Unreadable."""
    document = Document(id, None)
    for fact in await _until(service, stream, moment):
        if view.handles(type(fact.event)) and id in view.keys(fact):
            document = advance(view, document, fact)
    return None if document.data is None else await service.opened({**document.data, "id": id})


async def _until(service: Running, stream: str, moment: datetime) -> Sequence[Fact]:
    """What follows an event is later than it, whatever another machine's clock has written on it."""
    facts = [decode(service.codec, stored) for stored in await service.streams.load(stream)]
    told = max((fact.version for fact in facts if fact.time <= moment), default=0)
    return [fact for fact in facts if fact.version <= told]
