"""What every service offers its operators under `/-/`: health with reasons, views with lag, parked streams, the relay, rebuilds, metrics."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel, ConfigDict

from shared.contracts.registry import view_topics
from shared.http import RunningService, Sent
from shared.kernel.errors import KernelError, NotFound
from shared.kernel.ports import Stored
from shared.kernel.views import Row, View, collection
from shared.service import Running
from shared.streams import Limit, event_row

router = APIRouter(prefix="/-")


class Begin(BaseModel):
    model_config = ConfigDict(extra="forbid")

    dry_run: bool = False


class Switch(BaseModel):
    model_config = ConfigDict(extra="forbid")

    force: bool = False


class Discard(BaseModel):
    """``position`` is the event that cannot be worked, as the list of parked streams shows it."""

    model_config = ConfigDict(extra="forbid")

    position: int


@router.get("/health")
async def health(service: RunningService) -> JSONResponse:
    """503 with the reasons while something keeps this service from its work. Parked streams are none: they hold up nobody else.

    ``warnings`` are sentences on what does not keep it from its work. ``orders_wait``: parked streams of policies, whose orders go no further until
    they are worked.
    """
    reasons = await reasons_of(service)
    body = {
        "service": service.service.name,
        "status": "failing" if reasons else "ok",
        "reasons": reasons,
        "warnings": list(service.warnings.values()),
        "parked": len(service.parking),
        "orders_wait": service.parking.count(service.service.policies_group),
    }
    return JSONResponse(body, 503 if reasons else 200)


async def live() -> dict[str, str]:
    """Answers while the loop turns. What is outside, such as a store that is down, is no reason to start anew."""
    return {"status": "ok"}


async def ready(service: RunningService) -> JSONResponse:
    """503 with the reasons while others should be asked instead."""
    reasons = await reasons_of(service)
    return JSONResponse({"status": "failing" if reasons else "ok", "reasons": reasons}, 503 if reasons else 200)


async def reasons_of(service: Running) -> list[str]:
    reasons = [f"{group} waits: {problem}" for group, problem in service.problems.items()]
    reasons += [f"{service.service.name}.relay waits: {service.relay.problem}"] if service.relay.problem else []
    missing = [view for view in service.service.views if view.name not in service.builds]
    reasons += [f"The view {service.service.name}.{view.name} is being built, {service.rebuilds.percent(view)} %." for view in missing]
    try:
        await service.streams.names(limit=1)
        await service.documents.collections()
        for topic in sorted(topic for topics in service.groups.values() for topic in topics)[:1]:
            await service.topics.end(service.topics.parts(topic)[0])
    except KernelError as error:
        reasons.append(str(error))
    return reasons


@router.get("/views")
async def views(service: RunningService) -> dict[str, Any]:
    lags = await lag_of(service, service.service.views_group)
    return {"rows": [await _view_row(service, view, lags) for view in service.service.views]}


async def _view_row(service: Running, view: View, lags: Mapping[str, tuple[int, float]]) -> Row:
    live = view.name in service.builds
    mine = [lags[topic] for topic in view_topics([view])]
    return {
        "service": service.service.name,
        "view": view.name,
        "number": view.number,
        "build": collection(view),
        "state": "live" if live else "building",
        "percent": 100 if live else service.rebuilds.percent(view),
        "documents": await service.count(view) if live else 0,
        "lag": {"events": sum(events for events, _ in mine), "seconds": max(seconds for _, seconds in mine)},
        "waits": service.problems.get(service.service.views_group, ""),
    }


async def lag_of(service: Running, group: str) -> dict[str, tuple[int, float]]:
    """Topic -> events that the group has not read, and the age of the oldest in seconds."""
    lags = {}
    for topic in service.groups.get(group, ()):
        found = [await service.topics.behind(part, await service.offset(group, part)) for part in service.topics.parts(topic)]
        ages = [age(oldest, service.clock()) for _, oldest in found if oldest]
        lags[topic] = (sum(count for count, _ in found), max(ages, default=0.0))
    return lags


def age(stored: Stored, now: datetime) -> float:
    """Seconds; 0 of what somebody put on the topic without saying when."""
    try:
        recorded = datetime.fromisoformat(dict(stored.headers)["ce_time"])
        return max(0.0, round((now - recorded).total_seconds(), 3))
    except (KeyError, ValueError, TypeError):
        return 0.0


@router.get("/parked")
async def parked(service: RunningService) -> dict[str, Any]:
    return {"rows": await service.parking.rows()}


@router.get("/parked/{id}")
async def parked_stream(id: str, service: RunningService, limit: Limit = 20) -> Row:
    """With its first events, the one that cannot be worked first, as far as operators may see them."""
    row = await service.parking.row(id)
    if row is None:
        raise NotFound(f"{id} is not parked in {service.service.name}.")
    return {**row, "events": [await _waiting(service, part, position) for part, position in row["positions"][:limit]]}


async def _waiting(service: Running, part: str, position: int) -> Row:
    found = [stored for stored in await service.topics.read(part, position, 1) if stored.position == position]
    return {"part": part, "position": position, **(event_row(found[0]) if found else {})}


@router.get("/relay")
async def relay(service: RunningService) -> Row:
    """``direct``: what is appended lies on the topic already."""
    count, oldest = await service.relay.waiting()
    direct = service.settings.engine == "embedded"
    return {"service": service.service.name, "direct": direct, "waiting": count, "seconds": age(oldest, service.clock()) if oldest else 0.0}


@router.post("/relay/kick")
async def kick(service: RunningService) -> Row:
    service.relay.kick()
    return await relay(service)


@router.post("/parked/{id}/retry")
async def retry(id: str, service: RunningService, sent: Sent) -> Row:
    """Works the stream's events now, in order. Answers with what is left of it."""
    return await service.retries.retry(id, sent.actor)


@router.post("/parked/{id}/discard")
async def discard(id: str, body: Discard, service: RunningService, sent: Sent) -> Row:
    """Leaves out one event for good, and goes on with those behind it."""
    return await service.retries.discard(id, body.position, sent.actor)


@router.post("/views/{name}/builds")
async def begin(name: str, body: Begin, service: RunningService, sent: Sent) -> JSONResponse:
    view = next((view for view in service.service.views if view.name == name), None)
    if view is None:
        raise NotFound(f"There is no view {name} in {service.service.name}.")
    if body.dry_run:
        topics = await service.rebuilds.plan(view)
        return JSONResponse({"view": name, "topics": topics, "events": sum(topics.values())})
    return JSONResponse(await service.rebuilds.begin(view, sent.actor), 202)


@router.get("/builds")
async def builds(service: RunningService) -> dict[str, Any]:
    return {"rows": await service.rebuilds.rows()}


@router.get("/builds/{id}")
async def build(id: str, service: RunningService) -> Row:
    return await service.rebuilds.row(id)


@router.post("/builds/{id}/cancel")
async def cancel(id: str, service: RunningService) -> Row:
    return await service.rebuilds.cancel(id)


@router.post("/builds/{id}/switch")
async def switch(id: str, body: Switch, service: RunningService, sent: Sent) -> Row:
    return await service.rebuilds.switch(id, sent.actor, force=body.force)


@router.delete("/builds/{id}")
async def drop(id: str, service: RunningService) -> Row:
    return await service.rebuilds.drop(id)


async def metrics(service: RunningService) -> PlainTextResponse:
    return PlainTextResponse(await service.meter.metrics.text(), media_type="text/plain; version=1.0.0; charset=utf-8")


async def measure(service: Running) -> None:
    name, metrics = service.service.name, service.meter.metrics
    metrics.parked.labels(name).set(len(service.parking))
    for group in service.groups:
        lags = (await lag_of(service, group)).values()
        metrics.lag.labels(name, group).set(sum(events for events, _ in lags))
        metrics.lag_age.labels(name, group).set(max(seconds for _, seconds in lags))
