from collections.abc import AsyncIterable

from fastapi import APIRouter
from fastapi.sse import EventSourceResponse, ServerSentEvent

from services.gateway.door import SIGNED_IN, AtDoor

router = APIRouter(include_in_schema=False)


@router.get("/live", response_class=EventSourceResponse, dependencies=[SIGNED_IN])
async def live(at: AtDoor) -> AsyncIterable[ServerSentEvent]:
    """Every event's subject, type and version from now on; no content."""
    async for notice in at.live.listen():
        yield ServerSentEvent(data=notice, event="notice")
