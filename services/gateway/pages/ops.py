"""For the people who run it: lag, health, parked streams, rebuilds, the audit, and the streams themselves."""

from __future__ import annotations

import json
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Path, Query, Request
from starlette.responses import Response

from services.gateway.door import OPERATES, Ask, AtDoor, Services, allow
from services.gateway.pages.lists import Key, Text
from services.gateway.render import page

router = APIRouter(prefix="/ops", include_in_schema=False, dependencies=[allow(*OPERATES)])

Name = Annotated[str, Path(pattern=r"^[a-z][a-z_]{0,40}$")]
JobId = Annotated[str, Path(pattern=r"^[a-z]+\.[a-z_]+@\d{1,6}\.b\d{1,6}$")]
StreamName = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,100}$")]
ParkedId = Annotated[str, Path(pattern=r"^[a-z.]{1,60}\|[^/\x00-\x1f]{1,255}$")]
Here = Annotated[bool, Form()]
"""It was asked for on the page of this one."""
_RECORDED = (
    "ViewRebuilt ViewSwitched ParkedRetried ParkedDiscarded RelayKicked MasterKeyRotated EventsExported EventsImported BackupRestored "
    "UserChanged ApiKeyChanged"
)
"""What the audit shows as soon as it happens."""
_SHOWN = 6
"""Jobs; the audit remembers all that were done."""


@router.get("")
async def ops(request: Request, services: Ask, door: AtDoor) -> Response:
    parts = {**await _health(services), **await _views(services), **await _jobs(services), **await _audit(services)}
    return page(request, "ops.html", engine=door.settings.engine, recorded=_RECORDED, **parts)


@router.get("/health")
async def health(request: Request, services: Ask) -> Response:
    return page(request, "ops_health.html", **await _health(services))


@router.get("/views")
async def views(request: Request, services: Ask) -> Response:
    return page(request, "ops_views.html", **await _views(services))


@router.get("/jobs")
async def jobs(request: Request, services: Ask) -> Response:
    return page(request, "ops_jobs.html", **await _jobs(services))


@router.get("/audit")
async def audit(request: Request, services: Ask, before: Annotated[int | None, Query(ge=1)] = None) -> Response:
    return page(request, "ops_audit.html", **await _audit(services, before))


@router.get("/views/{service}/{view}/rebuild")
async def plan(request: Request, service: Name, view: Name, services: Ask) -> Response:
    """What a rebuild would read; nothing is begun."""
    planned = await services.post("ops", f"/views/{service}/{view}/replay?dry_run=true")
    return page(request, "ops_plan.html", service=service, view=view, planned=planned)


@router.post("/views/{service}/{view}/rebuild")
async def rebuild(request: Request, service: Name, view: Name, services: Ask, key: Key) -> Response:
    await services.post("ops", f"/views/{service}/{view}/replay", key=key)
    return page(request, "ops_jobs.html", **await _jobs(services))


@router.get("/jobs/{id}/switch")
async def compared(request: Request, id: JobId, services: Ask) -> Response:
    return page(request, "ops_switch.html", job=await services.get("ops", f"/jobs/{quote(id)}"))


@router.post("/jobs/{id}/switch")
async def switch(request: Request, id: JobId, services: Ask, key: Key, force: Annotated[bool, Form()] = False) -> Response:
    job = await services.get("ops", f"/jobs/{quote(id)}")
    await services.post("ops", f"/views/{job['service']}/{job['view']}/switch", {"build": job["build"], "force": force}, key=key)
    return page(request, "ops_jobs.html", **await _jobs(services))


@router.post("/jobs/{id}/cancel")
async def cancel(request: Request, id: JobId, services: Ask) -> Response:
    await services.post("ops", f"/jobs/{quote(id)}/cancel")
    return page(request, "ops_jobs.html", **await _jobs(services))


@router.post("/jobs/{id}/drop")
async def drop(request: Request, id: JobId, services: Ask) -> Response:
    job = await services.get("ops", f"/jobs/{quote(id)}")
    await services.delete("ops", f"/views/{job['service']}/{job['view']}/builds/{quote(job['build'])}")
    return page(request, "ops_jobs.html", **await _jobs(services))


@router.post("/parked/retry")
async def retry_all(request: Request, services: Ask) -> Response:
    await services.post("ops", "/parked/retry", {})
    return page(request, "ops_health.html", **await _health(services))


@router.get("/parked/{service}/{id}")
async def parked(request: Request, service: Name, id: ParkedId, services: Ask) -> Response:
    """One of them, with the events that wait: personal fields sealed."""
    row = await services.get("ops", f"/parked/{service}/{quote(id, safe='')}")
    events = [{**event, "text": json.dumps(event.get("data"), indent=2, ensure_ascii=False)} for event in row["events"]]
    return page(request, "parked.html", **{**row, "events": events})


@router.post("/relay/{service}/kick")
async def kick(request: Request, service: Name, services: Ask) -> Response:
    await services.post("ops", f"/relay/{service}/kick")
    return page(request, "ops_health.html", **await _health(services))


@router.post("/parked/{service}/{id}/retry")
async def retry(request: Request, service: Name, id: ParkedId, services: Ask, page_of: Here = False) -> Response:
    left = await services.post("ops", f"/parked/{service}/{quote(id, safe='')}/retry")
    return await _acted(request, service, left, services, page_of)


@router.post("/parked/{service}/{id}/discard")
async def discard(
    request: Request, service: Name, id: ParkedId, services: Ask, position: Annotated[int, Form()], page_of: Here = False
) -> Response:  # fmt: skip
    left = await services.post("ops", f"/parked/{service}/{quote(id, safe='')}/discard", {"position": position})
    return await _acted(request, service, left, services, page_of)


async def _acted(request: Request, service: str, left: dict[str, Any], services: Services, page_of: bool) -> Response:
    """Its own page as it is now, or the list where that was asked from or nothing is left."""
    if page_of and left["positions"]:
        return await parked(request, service, left["id"], services)
    answer = page(request, "ops_health.html", **await _health(services))
    if page_of:
        answer.headers["HX-Redirect"] = "/ops"
    return answer


@router.get("/streams")
async def streams(request: Request, services: Ask, prefix: Text = "", after: Text = "") -> Response:
    found = await services.get("ops", "/streams", prefix=prefix.strip(), after=after)
    return page(request, "streams.html", prefix=prefix.strip(), after=after, **found)


@router.get("/streams/{name}")
async def stream(request: Request, name: StreamName, services: Ask, after: Annotated[int, Query(ge=0, le=10**9)] = 0) -> Response:
    found = await services.get("ops", f"/streams/{name}", after=after)
    rows = [{**row, "text": json.dumps(row["data"], indent=2, ensure_ascii=False)} for row in found["rows"]]
    return page(request, "stream.html", **{**found, "rows": rows}, after=after)


async def _health(services: Services) -> dict[str, Any]:
    answer = await services.ask("ops", "GET", "/health")
    parked, relay = (await services.get("ops", "/parked"))["rows"], (await services.get("ops", "/relay"))["rows"]
    return {"health": answer.json(), "parked": parked, "relay": [row for row in relay if not row["direct"]]}


async def _views(services: Services) -> dict[str, Any]:
    return {"views": (await services.get("ops", "/views"))["rows"]}


async def _jobs(services: Services) -> dict[str, Any]:
    """What is under way or can be acted on comes first."""
    rows = (await services.get("ops", "/jobs"))["rows"]
    rows.sort(key=lambda job: job["state"] not in ("reading", "filling", "compared"))
    return {"jobs": rows[:_SHOWN], "working": any(job["state"] in ("reading", "filling") for job in rows)}


async def _audit(services: Services, before: int | None = None) -> dict[str, Any]:
    found = await services.get("ops", "/audit", before=before, limit=20)
    return {"audit": found["rows"], "older": found["next"], "before": before}
