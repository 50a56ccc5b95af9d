"""All services' streams and topics: shown, compared, followed, exported."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from services.ops.asking import WithJobs, everywhere, passed_on, write_down
from services.ops.jobs import Jobs
from shared.contracts.ops import EventsExported, RelayKicked
from shared.http import RunningService, Sent
from shared.kernel.codec import stamp
from shared.kernel.errors import NotFound, Unavailable
from shared.kernel.views import Row
from shared.service import Running
from shared.streams import Limit, Read

router = APIRouter()

_CUT_WITHIN = 10.0
"""Seconds in which there must be a moment without an append."""


@router.get("/streams")
async def streams(service: RunningService, jobs: WithJobs, prefix: str = "", after: str = "", limit: Limit = 100) -> dict[str, Any]:
    """All services' streams by name."""
    found = sorted(await everywhere(jobs, service, "/-/streams", prefix=prefix, after=after, limit=limit), key=lambda row: row["stream"])
    return {"rows": found[:limit], "next": found[limit - 1]["stream"] if len(found) >= limit else None}


@router.get("/streams/{stream}")
async def stream(stream: str, service: RunningService, jobs: WithJobs, after: int = Query(0, ge=0), limit: Limit = 100) -> Row:
    for name in service.clients:
        answer = await jobs.ask(name, "GET", f"/-/streams/{quote(stream, safe='')}", after=after, limit=limit)
        if answer.status == 200:
            return {"service": name, "stream": stream, **answer.json()}
    raise NotFound(f"There is no stream {stream}.")


@router.get("/ends")
async def ends(service: RunningService, jobs: WithJobs) -> dict[str, Row]:
    """Of each service: where its topic ends, how far its groups have read, what its relay has not sent."""
    return await _ends(jobs, service)


async def _ends(jobs: Jobs, service: Running) -> dict[str, Row]:
    answers = await asyncio.gather(*(jobs.ask(name, "GET", "/-/ends") for name in service.clients))
    return {name: answer.json() for name, answer in zip(service.clients, answers, strict=True)}


@router.post("/events/{name}")
async def events(name: str, body: Read, jobs: WithJobs) -> JSONResponse:
    """Of one service's topic, from where one likes."""
    return passed_on(await jobs.ask(name, "POST", "/-/events", body.model_dump()))


@router.get("/digests/{name}")
async def digests(name: str, jobs: WithJobs, after: str = "", limit: Limit = 100) -> JSONResponse:
    return passed_on(await jobs.ask(name, "GET", "/-/digests", after=after, limit=limit))


@router.get("/digests/{name}/{stream}")
async def digest(name: str, stream: str, jobs: WithJobs, until: Annotated[int, Query(ge=1)]) -> JSONResponse:
    return passed_on(await jobs.ask(name, "GET", f"/-/digests/{quote(stream, safe='')}", until=until))


@router.post("/exports", status_code=201)
async def export(service: RunningService, jobs: WithJobs, sent: Sent) -> Row:
    """One moment of all topics, up to which whoever asks reads the events now. Raises Unavailable where the services never pause."""
    cut = await _cut(jobs, service)
    total = sum(each["events"] for each in cut.values())
    await write_down(service, EventsExported(events=total), sent.actor)
    return {"made_at": stamp(service.clock()), "cut": {name: each["parts"] for name, each in cut.items()}, "events": total}


async def _cut(jobs: Jobs, service: Running) -> dict[str, Row]:
    """Looked at twice without a change in between, and with nothing on its way: then the whole is of one moment."""
    try:
        async with asyncio.timeout(_CUT_WITHIN):
            before: dict[str, Row] = {}
            while True:
                now = await _ends(jobs, service)
                if before and all(now[name]["parts"] == before[name]["parts"] and not now[name]["waiting"] for name in now):
                    return now
                before = now
    except TimeoutError as error:
        raise Unavailable("The services write without a pause. Export when fewer orders come in.") from error


@router.get("/relay")
async def relay(service: RunningService, jobs: WithJobs) -> dict[str, Any]:
    """What each service has appended and not published yet."""
    answers = await asyncio.gather(*(jobs.ask(name, "GET", "/-/relay") for name in service.clients))
    return {"rows": [answer.json() for answer in answers]}


@router.post("/relay/{name}/kick")
async def kick(name: str, service: RunningService, jobs: WithJobs, sent: Sent) -> JSONResponse:
    answer = await jobs.ask(name, "POST", "/-/relay/kick")
    if answer.status == 200:
        await write_down(service, RelayKicked(service=name, waiting=answer.json()["waiting"]), sent.actor)
    return passed_on(answer)
