from __future__ import annotations

import asyncio
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict

from services.ops.audit import audit
from services.ops.jobs import Jobs, job_of, jobs_of
from shared.asgi import Response
from shared.clients import Caller
from shared.http import RunningService, Sent
from shared.kernel.errors import KernelError, NotFound
from shared.kernel.views import Row
from shared.operate import Discard, Limit, event_row

router = APIRouter()


class Switch(BaseModel):
    """Without a build: the newest one that has been compared."""

    model_config = ConfigDict(extra="forbid")

    build: str | None = None
    force: bool = False


async def _jobs(service: RunningService) -> Jobs:
    return jobs_of(service)


WithJobs = Annotated[Jobs, Depends(_jobs)]


async def _everywhere(jobs: Jobs, service: RunningService, path: str, **query: Any) -> list[Row]:
    answers = await asyncio.gather(*(jobs.ask(name, "GET", path, **query) for name in service.clients))
    return [{"service": name, **row} for name, answer in zip(service.clients, answers, strict=True) for row in answer.json()["rows"]]


def _passed_on(answer: Response, body: Any = None) -> JSONResponse:
    return JSONResponse(answer.json() if body is None else body, answer.status, {"content-type": answer.headers["content-type"]})


@router.get("/views")
async def views(service: RunningService, jobs: WithJobs) -> dict[str, Any]:
    """Every view of every service, with its lag."""
    return {"rows": await _everywhere(jobs, service, "/-/views")}


@router.post("/views/{name}/{view}/replay", status_code=202)
async def replay(name: str, view: str, jobs: WithJobs, sent: Sent, dry_run: bool = False) -> JSONResponse:
    """Starts a build beside the live view, or says how many events it would read."""
    answer = await jobs.ask(name, "POST", f"/-/views/{quote(view)}/builds", {"dry_run": dry_run}, Caller(sent.actor, sent.role))
    if answer.status != 202:
        return _passed_on(answer)
    job = job_of(name, answer.json())
    jobs.follow(job["id"])
    return _passed_on(answer, job)


@router.post("/views/{name}/{view}/switch")
async def switch(name: str, view: str, body: Switch, jobs: WithJobs, sent: Sent) -> JSONResponse:
    build = body.build or await _newest_compared(jobs, name, view)
    answer = await jobs.ask(name, "POST", f"/-/builds/{quote(build)}/switch", {"force": body.force}, Caller(sent.actor, sent.role))
    if answer.status != 200:
        return _passed_on(answer)
    job = job_of(name, answer.json())
    await jobs.record(job)
    return _passed_on(answer, job)


async def _newest_compared(jobs: Jobs, name: str, view: str) -> str:
    for job in await jobs.rows():
        if (job["service"], job["view"], job["state"]) == (name, view, "compared"):
            return str(job["build"])
    raise NotFound(f"No build of {name}.{view} has been compared. Rebuild it first.")


@router.delete("/views/{name}/{view}/builds/{build}")
async def drop(name: str, view: str, build: str, jobs: WithJobs, sent: Sent) -> JSONResponse:
    if not build.startswith(f"{view}@"):
        raise NotFound(f"There is no build {build} of {name}.{view}.")
    answer = await jobs.ask(name, "DELETE", f"/-/builds/{quote(build)}", None, Caller(sent.actor, sent.role))
    return _passed_on(answer, job_of(name, answer.json()) if answer.status == 200 else None)


@router.get("/jobs")
async def jobs(jobs: WithJobs) -> dict[str, Any]:
    """Newest first."""
    return {"rows": await jobs.rows()}


@router.get("/jobs/{id}")
async def job(id: str, jobs: WithJobs) -> Row:
    return await jobs.row(id)


@router.post("/jobs/{id}/cancel")
async def cancel(id: str, jobs: WithJobs, sent: Sent) -> JSONResponse:
    name, build = jobs.parts(id)
    answer = await jobs.ask(name, "POST", f"/-/builds/{quote(build)}/cancel", None, Caller(sent.actor, sent.role))
    return _passed_on(answer, job_of(name, answer.json()) if answer.status == 200 else None)


@router.get("/streams")
async def streams(service: RunningService, jobs: WithJobs, prefix: str = "", after: str = "", limit: Limit = 100) -> dict[str, Any]:
    """All services' streams by name."""
    found = sorted(await _everywhere(jobs, service, "/-/streams", prefix=prefix, after=after, limit=limit), key=lambda row: row["stream"])
    return {"rows": found[:limit], "next": found[limit - 1]["stream"] if len(found) >= limit else None}


@router.get("/streams/{stream}")
async def stream(stream: str, service: RunningService, jobs: WithJobs, after: int = Query(0, ge=0), limit: Limit = 100) -> Row:
    for name in service.clients:
        answer = await jobs.ask(name, "GET", f"/-/streams/{quote(stream, safe='')}", after=after, limit=limit)
        if answer.status == 200:
            return {"service": name, "stream": stream, **answer.json()}
    raise NotFound(f"There is no stream {stream}.")


@router.get("/parked")
async def parked(service: RunningService, jobs: WithJobs) -> dict[str, Any]:
    return {"rows": await _everywhere(jobs, service, "/-/parked")}


@router.post("/parked/{name}/{id}/retry")
async def retry(name: str, id: str, jobs: WithJobs, sent: Sent) -> JSONResponse:
    return _passed_on(await jobs.ask(name, "POST", f"/-/parked/{quote(id, safe='')}/retry", None, Caller(sent.actor, sent.role)))


@router.post("/parked/{name}/{id}/discard")
async def discard(name: str, id: str, body: Discard, jobs: WithJobs, sent: Sent) -> JSONResponse:
    answer = await jobs.ask(name, "POST", f"/-/parked/{quote(id, safe='')}/discard", body.model_dump(), Caller(sent.actor, sent.role))
    return _passed_on(answer)


@router.get("/health")
async def health(service: RunningService, jobs: WithJobs) -> JSONResponse:
    """503 while any service fails."""
    found = dict(zip(service.clients, await asyncio.gather(*(_health(jobs, name) for name in service.clients)), strict=True))
    failing = any(each["status"] != "ok" for each in found.values())
    return JSONResponse({"status": "failing" if failing else "ok", "services": found}, 503 if failing else 200)


async def _health(jobs: Jobs, name: str) -> Row:
    try:
        found: Row = (await jobs.ask(name, "GET", "/-/health")).json()
        return found
    except KernelError as error:
        return {"service": name, "status": "failing", "reasons": [str(error)], "parked": 0}


@router.get("/audit")
async def audited(service: RunningService, before: int | None = Query(None, ge=1), limit: Limit = 100) -> dict[str, Any]:
    """Newest first; ``next`` is the next page's ``before``."""
    _, newest = await service.load(audit, "")
    last = min(newest, (before or newest + 1) - 1)
    first = max(0, last - limit)
    events = [event for event in await service.streams.load(audit.stream(""), first) if event.version <= last]
    return {"rows": [event_row(event) for event in reversed(events)], "next": first + 1 if first else None}
