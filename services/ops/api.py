from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict

from services.ops import access, keys, parked, streams
from services.ops.asking import WithJobs, caller, everywhere, passed_on
from services.ops.audit import audit
from services.ops.jobs import Jobs, job_of
from shared.http import RunningService, Sent
from shared.kernel.errors import KernelError, NotFound
from shared.kernel.views import Row
from shared.streams import Limit, event_row

router = APIRouter()
router.routes += parked.router.routes
router.routes += streams.router.routes
router.routes += keys.router.routes
router.routes += access.router.routes


class Switch(BaseModel):
    """Without a build: the newest one that has been compared."""

    model_config = ConfigDict(extra="forbid")

    build: str | None = None
    force: bool = False


@router.get("/views")
async def views(service: RunningService, jobs: WithJobs) -> dict[str, Any]:
    """Every view of every service, with its lag."""
    return {"rows": await everywhere(jobs, service, "/-/views")}


@router.post("/views/{name}/{view}/replay", status_code=202)
async def replay(name: str, view: str, jobs: WithJobs, sent: Sent, dry_run: bool = False) -> JSONResponse:
    """Starts a build beside the live view, or says how many events it would read."""
    answer = await jobs.ask(name, "POST", f"/-/views/{quote(view)}/builds", {"dry_run": dry_run}, caller(sent))
    if answer.status != 202:
        return passed_on(answer)
    job = job_of(name, answer.json())
    jobs.follow(job["id"])
    return passed_on(answer, job)


@router.post("/views/{name}/{view}/switch")
async def switch(name: str, view: str, body: Switch, jobs: WithJobs, sent: Sent) -> JSONResponse:
    build = body.build or await _newest_compared(jobs, name, view)
    answer = await jobs.ask(name, "POST", f"/-/builds/{quote(build)}/switch", {"force": body.force}, caller(sent))
    if answer.status != 200:
        return passed_on(answer)
    job = job_of(name, answer.json())
    await jobs.record(job)
    return passed_on(answer, job)


async def _newest_compared(jobs: Jobs, name: str, view: str) -> str:
    for job in await jobs.rows():
        if (job["service"], job["view"], job["state"]) == (name, view, "compared"):
            return str(job["build"])
    raise NotFound(f"No build of {name}.{view} has been compared. Rebuild it first.")


@router.delete("/views/{name}/{view}/builds/{build}")
async def drop(name: str, view: str, build: str, jobs: WithJobs, sent: Sent) -> JSONResponse:
    if not build.startswith(f"{view}@"):
        raise NotFound(f"There is no build {build} of {name}.{view}.")
    answer = await jobs.ask(name, "DELETE", f"/-/builds/{quote(build)}", None, caller(sent))
    return passed_on(answer, job_of(name, answer.json()) if answer.status == 200 else None)


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
    answer = await jobs.ask(name, "POST", f"/-/builds/{quote(build)}/cancel", None, caller(sent))
    return passed_on(answer, job_of(name, answer.json()) if answer.status == 200 else None)


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
