"""What a service shows of its streams and its topic under `/-/`: by name, by position, and as digests that tell whether both are the same."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from shared.http import RunningService
from shared.kernel.errors import NotFound, Unreadable
from shared.kernel.ports import LARGEST, Stored
from shared.kernel.views import Row, canonical
from shared.redaction import payload
from shared.service import Running

router = APIRouter(prefix="/-")
Limit = Annotated[int, Query(ge=1, le=500)]
Form = Literal["shown", "raw", "digest"]


class Read(BaseModel):
    """``next``: where to read on, part by part; ``until``: where each ends, its newest event if not given."""

    model_config = ConfigDict(extra="forbid")

    next: dict[str, int]
    until: dict[str, int] | None = None
    limit: int = Field(default=500, ge=1, le=500)
    form: Form = "shown"


@router.get("/streams")
async def streams(service: RunningService, prefix: str = "", after: str = "", limit: Limit = 100) -> dict[str, Any]:
    """This service's own streams, by name."""
    found = await _names(service, prefix, after, limit)
    rows = [{"stream": stream, "version": version} for stream, version in found]
    return {"rows": rows, "next": rows[-1]["stream"] if len(found) >= limit else None}


async def _names(service: Running, prefix: str, after: str, limit: int) -> list[tuple[str, int]]:
    aggregates = service.service.aggregates
    return sorted([row for aggregate in aggregates for row in await _named(service, aggregate.stream(""), prefix, after, limit)])[:limit]


async def _named(service: Running, own: str, prefix: str, after: str, limit: int) -> list[tuple[str, int]]:
    if own.startswith(prefix) or prefix.startswith(own):
        found = await service.streams.names(max(own, prefix, key=len), after, limit)
        return [(stream, version) for stream, version in found if stream == own or own.endswith("-")]
    return []


@router.get("/streams/{name}")
async def stream(name: str, service: RunningService, after: Annotated[int, Query(ge=0)] = 0, limit: Limit = 100) -> dict[str, Any]:
    """The events of one stream, oldest first, with personal fields left sealed."""
    events = await service.streams.load(name, after) if _owned(service, name) else ()
    if not _owned(service, name) or not (events or (after and await service.streams.load(name))):
        raise NotFound(f"There is no stream {name} in {service.service.name}.")
    return {"rows": [event_row(event) for event in events[:limit]], "next": events[limit - 1].version if len(events) > limit else None}


def _owned(service: Running, name: str) -> bool:
    return any(name == aggregate.stream("") or name.startswith(f"{aggregate.name}-") for aggregate in service.service.aggregates)


def event_row(stored: Stored) -> Row:
    headers = dict(stored.headers)
    type_name = headers.get("ce_type", "")
    return {
        "version": stored.version,
        "type": type_name,
        "time": headers.get("ce_time", ""),
        "actor": headers.get("actor", ""),
        "causation": headers.get("causationid", ""),
        "command_id": headers.get("commandid", ""),
        "data": payload(type_name, stored.data),
        "bytes": len(stored.data),
    }


@router.get("/ends")
async def ends(service: RunningService) -> dict[str, Any]:
    """Where each part of this service's topic ends, how far its groups have read which parts, and what is not on its topic yet."""
    own = {part: await service.topics.end(part) for part in service.topics.parts(service.service.name)}
    groups = [
        {"group": group, "part": part, "offset": await service.offset(group, part), "end": await service.topics.end(part)}
        for group, topics in service.groups.items()
        for part in service.parts(topics)
    ]
    counts = [(await service.topics.behind(part, 0))[0] for part in own]
    waiting, _ = await service.relay.waiting()
    return {"parts": own, "events": sum(counts), "groups": groups, "waiting": waiting}


@router.post("/events")
async def events(body: Read, service: RunningService) -> dict[str, Any]:
    """Up to ``limit`` events of this service's topic, part by part, and where to read on. Done where ``next`` is ``until``."""
    rows: list[Row] = []
    following = dict(body.next)
    room = LARGEST
    for part in service.topics.parts(service.service.name):
        end = body.until[part] if body.until else await service.topics.end(part)
        while following.setdefault(part, 0) < end and len(rows) < body.limit and room > 0:
            found = await service.topics.read(part, following[part], body.limit - len(rows))
            taken = _fitting([stored for stored in found if stored.position < end], room)
            room -= sum(len(stored.data) for stored in taken)
            rows += [_row(service, part, stored, body.form) for stored in taken]
            following[part] = taken[-1].position + 1 if taken else end
    return {"rows": rows, "next": following}


def _fitting(found: Sequence[Stored], room: int) -> list[Stored]:
    """At least one, and no more than fit."""
    taken: list[Stored] = []
    for stored in found:
        if taken and len(stored.data) > room:
            break
        taken.append(stored)
        room -= len(stored.data)
    return taken


def _row(service: Running, part: str, stored: Stored, form: Form) -> Row:
    about = {"part": part, "position": stored.position, "stream": stored.stream, "version": stored.version}
    match form:
        case "shown":
            return {**about, **event_row(stored)}
        case "raw":
            return {**about, "headers": dict(stored.headers), **_raw(stored.data)}
    return {**about, "digest": digest_of(stored), "wrong": wrong_with(service, stored)}


def _raw(data: bytes) -> Row:
    """As JSON where that gives the same bytes again."""
    try:
        value = json.loads(data)
        if written(value) == data:
            return {"data": value}
    except (ValueError, RecursionError):
        pass
    return {"bytes": base64.b64encode(data).decode()}


def written(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def digest_of(stored: Stored) -> str:
    headers: Mapping[str, str] = dict(stored.headers)
    return hashlib.sha256(canonical(headers) + b"\n" + stored.data).hexdigest()[:32]


def chained(before: str, digest: str) -> str:
    """Digest of a stream up to an event."""
    return hashlib.sha256(f"{before}{digest}".encode()).hexdigest()[:32]


def wrong_with(service: Running, stored: Stored) -> str:
    """Why an event cannot be read, or is not what its place says; empty where all is well."""
    try:
        fact = service.codec.decode(dict(stored.headers), stored.data)
    except Unreadable as error:
        return str(error)
    return "" if (fact.stream, fact.version) == (stored.stream, stored.version) else f"it says that it is {fact.id}"


@router.get("/digests")
async def digests(service: RunningService, after: str = "", limit: Limit = 100) -> dict[str, Any]:
    """This service's own streams, whole, and what is wrong with them."""
    found = await _names(service, "", after, limit)
    return {"rows": [await _digest(service, stream) for stream, _ in found], "next": found[-1][0] if len(found) >= limit else None}


@router.get("/digests/{name}")
async def digest(name: str, service: RunningService, until: Annotated[int, Query(ge=1)]) -> Row:
    """Of one stream up to a version."""
    if not _owned(service, name) or not await service.streams.load(name):
        raise NotFound(f"There is no stream {name} in {service.service.name}.")
    return await _digest(service, name, until)


async def _digest(service: Running, stream: str, until: int | None = None) -> Row:
    total, wrong = "", []
    events = [event for event in await service.streams.load(stream) if until is None or event.version <= until]
    for expected, stored in enumerate(events, 1):
        total = chained(total, digest_of(stored))
        if stored.version != expected:
            wrong.append(f"version {stored.version} stands where {expected} should")
        if said := wrong_with(service, stored):
            wrong.append(f"version {stored.version}: {said}")
    return {"stream": stream, "version": events[-1].version if events else 0, "digest": total, "wrong": wrong[:10]}
