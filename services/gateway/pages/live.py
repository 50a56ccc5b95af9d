import asyncio
from collections.abc import AsyncIterable
from datetime import timedelta

from fastapi import APIRouter, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from services.gateway.door import SIGNED_IN, AtDoor, Door
from services.gateway.guard import cookie_name

router = APIRouter(include_in_schema=False)

_CHECKED_EVERY = timedelta(seconds=20)


@router.get("/live", response_class=EventSourceResponse, dependencies=[SIGNED_IN])
async def live(request: Request, at: AtDoor) -> AsyncIterable[ServerSentEvent]:
    """Every event's subject, type and version from now on, no content; ends with the session."""
    notices = at.live.listen()
    coming = asyncio.ensure_future(anext(notices))
    checked = at.clock()
    try:
        while True:
            done, _ = await asyncio.wait({coming}, timeout=_CHECKED_EVERY.total_seconds())
            if at.clock() - checked >= _CHECKED_EVERY or not done:
                checked = at.clock()
                if not await _signed_in(request, at):
                    return
            if done:
                yield ServerSentEvent(data=coming.result(), event="notice")
                coming = asyncio.ensure_future(anext(notices))
    finally:
        coming.cancel()


async def _signed_in(request: Request, at: Door) -> bool:
    token = request.cookies.get(cookie_name(request.url.scheme), "")
    return await at.sessions.find(token, active=False) is not None
