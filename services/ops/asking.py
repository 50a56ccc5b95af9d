"""How the routes of ops ask the services, and hand on what they say."""

from __future__ import annotations

import asyncio
import uuid
from typing import Annotated, Any

from fastapi import Depends
from fastapi.responses import JSONResponse

from services.ops.audit import Done, Record
from services.ops.jobs import Jobs, jobs_of
from shared.asgi import Response
from shared.clients import Caller
from shared.http import RunningService
from shared.kernel.commands import Envelope
from shared.kernel.views import Row
from shared.service import Running


async def _jobs(service: RunningService) -> Jobs:
    return jobs_of(service)


WithJobs = Annotated[Jobs, Depends(_jobs)]


def caller(sent: Envelope) -> Caller:
    return Caller(sent.actor, sent.role)


async def everywhere(jobs: Jobs, service: Running, path: str, **query: Any) -> list[Row]:
    """The rows of all services."""
    answers = await asyncio.gather(*(jobs.ask(name, "GET", path, **query) for name in service.clients))
    return [{"service": name, **row} for name, answer in zip(service.clients, answers, strict=True) for row in answer.json()["rows"]]


def passed_on(answer: Response, body: Any = None) -> JSONResponse:
    return JSONResponse(answer.json() if body is None else body, answer.status, {"content-type": answer.headers["content-type"]})


async def write_down(service: Running, done: Done, by: str) -> None:
    await service.send("", Record(done), uuid.uuid4().hex, by)
