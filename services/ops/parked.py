"""Parked streams of all services, and what is done about them; each retry and each discard goes into the audit."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict

from services.ops.asking import WithJobs, caller, everywhere, passed_on, write_down
from shared.contracts.ops import ParkedDiscarded, ParkedRetried
from shared.http import RunningService, Sent
from shared.kernel.views import Row
from shared.operate import Discard
from shared.streams import Limit

router = APIRouter(prefix="/parked")


class Some(BaseModel):
    """All of one service, or of all where none is named."""

    model_config = ConfigDict(extra="forbid")

    service: str = ""


@router.get("")
async def parked(service: RunningService, jobs: WithJobs) -> dict[str, Any]:
    return {"rows": await everywhere(jobs, service, "/-/parked")}


@router.get("/{name}/{id}")
async def one(name: str, id: str, jobs: WithJobs, limit: Limit = 20) -> JSONResponse:
    """With its events, personal fields sealed."""
    answer = await jobs.ask(name, "GET", _path(id), limit=limit)
    return passed_on(answer, {"service": name, **answer.json()} if answer.status == 200 else None)


@router.post("/retry")
async def retry_all(body: Some, service: RunningService, jobs: WithJobs, sent: Sent) -> dict[str, Any]:
    """One after the other. Answers with what is left of each; one that could not be tried says why."""
    rows = [row for row in await everywhere(jobs, service, "/-/parked") if body.service in ("", row["service"])]
    return {"rows": [(await retry(row["service"], row["id"], service, jobs, sent))[1] for row in rows]}


@router.post("/{name}/{id}/retry")
async def retry_one(name: str, id: str, service: RunningService, jobs: WithJobs, sent: Sent) -> JSONResponse:
    status, row = await retry(name, id, service, jobs, sent)
    return JSONResponse(row, status)


async def retry(name: str, id: str, service: RunningService, jobs: WithJobs, sent: Sent) -> tuple[int, Row]:
    answer = await jobs.ask(name, "POST", f"{_path(id)}/retry", None, caller(sent))
    row: Row = {"service": name, "id": id, **answer.json()}
    if answer.status == 200:
        done = ParkedRetried(service=name, group=row["group"], stream=row["stream"], left=len(row["positions"]))
        await write_down(service, done, sent.actor)
    return answer.status, row


@router.post("/{name}/{id}/discard")
async def discard(name: str, id: str, body: Discard, service: RunningService, jobs: WithJobs, sent: Sent) -> JSONResponse:
    before = (await jobs.ask(name, "GET", _path(id), limit=1)).json()
    answer = await jobs.ask(name, "POST", f"{_path(id)}/discard", body.model_dump(), caller(sent))
    if answer.status == 200:
        row = answer.json()
        part = before["positions"][0][0]
        about = {"service": name, "group": row["group"], "stream": row["stream"], "part": part, "position": body.position}
        await write_down(service, ParkedDiscarded(**about, left=len(row["positions"])), sent.actor)
    return passed_on(answer)


def _path(id: str) -> str:
    return f"/-/parked/{quote(id, safe='')}"
