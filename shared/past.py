"""What a service's own streams said up to a moment of the past."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, Field

from shared.kernel.codec import MARK
from shared.kernel.commands import decode, opened
from shared.kernel.decider import Aggregate
from shared.kernel.events import Fact
from shared.kernel.views import Document, Row, View, advance
from shared.service import Running

Moment = Annotated[AwareDatetime, Field(ge=datetime(1970, 1, 2, tzinfo=UTC), le=datetime(9999, 1, 1, tzinfo=UTC))]

_MARK = MARK.encode()


async def state_then(service: Running, aggregate: Aggregate[Any], id: str, moment: datetime) -> tuple[Any, int]:
    """The state of an aggregate, and its version. Raises Unavailable, Unreadable."""
    told = await _until(service, aggregate.stream(id), moment)
    sealed = [fact for fact, is_sealed in told if is_sealed] if aggregate.opens else []
    plain = {fact.version: fact for fact in await opened(sealed, service.keyring)} if sealed else {}
    state = aggregate.initial
    for fact, _ in told:
        state = aggregate.evolve(state, plain.get(fact.version, fact).event)
    return state, len(told)


async def row_then(service: Running, view: View, id: str, stream: str, moment: datetime) -> Row | None:
    """A row that one stream of the service alone tells of. Raises Unavailable, Unreadable."""
    document = Document(id, None)
    for fact, _ in await _until(service, stream, moment):
        if view.handles(type(fact.event)) and id in view.keys(fact):
            document = advance(view, document, fact)
    return None if document.data is None else await service.opened({**document.data, "id": id})


async def _until(service: Running, stream: str, moment: datetime) -> Sequence[tuple[Fact, bool]]:
    """Each with whether anything of it is sealed. What follows an event is later than it, whatever another machine's clock has written on it."""
    stored = await service.streams.load(stream)
    times = [datetime.fromisoformat(dict(each.headers)["ce_time"]) for each in stored]
    told = max((each.version for each, time in zip(stored, times, strict=True) if time <= moment), default=0)
    return [(decode(service.codec, each), _MARK in each.data) for each in stored if each.version <= told]
