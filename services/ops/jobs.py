"""Rebuilds as jobs: each is a build in one of the services, and leaves its mark in the audit once it is done."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import structlog

from services.ops.audit import Record, audit, mark
from shared.asgi import Response
from shared.clients import Caller, call
from shared.contracts.ops import ViewRebuilt, ViewSwitched
from shared.kernel.errors import KernelError, NotFound, Unavailable
from shared.kernel.views import Row
from shared.service import Running

log = structlog.get_logger()

OPS = Caller("service:ops", "ops")
_POLL = 0.2


class Jobs:
    """A job's id is ``<service>.<build>``."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._followed: dict[str, asyncio.Task[None]] = {}

    async def recover(self) -> None:
        """Writes down what ended while nobody followed it, and follows what is under way. Never gives up on a service that is away."""
        while True:
            try:
                for job in await self.rows():
                    await self.record(job)
                    if job["state"] == "reading":
                        self.follow(job["id"])
                return
            except (KernelError, OSError) as error:
                log.warning("audit.waits", error=str(error))
                await asyncio.sleep(_POLL)

    def follow(self, id: str) -> None:
        if id not in self._followed:
            self._followed[id] = task = self._running.spawn(self._follow(id))
            task.add_done_callback(lambda done: self._followed.pop(id, None))

    async def _follow(self, id: str) -> None:
        while True:
            try:
                job = await self._row(id)
                if job["state"] != "reading":
                    await self.record(job)
                    return
            except (KernelError, OSError) as error:
                log.warning("audit.waits", job=id, error=str(error))
            await asyncio.sleep(_POLL)

    async def rows(self) -> list[Row]:
        """Newest first."""
        rows: list[Row] = []
        for service in self._running.clients:
            found = await self.ask(service, "GET", "/-/builds")
            rows += [job_of(service, build) for build in found.json()["rows"]]
        return sorted(rows, key=lambda job: job.get("started_at", ""), reverse=True)

    async def row(self, id: str) -> Row:
        """A job that is done here has been written down in the audit. Raises NotFound."""
        job = await self._row(id)
        following = self._followed.get(id)
        if following and job["state"] != "reading":
            await asyncio.wait([following])
        return job

    async def _row(self, id: str) -> Row:
        service, build = self.parts(id)
        found = await self.ask(service, "GET", f"/-/builds/{quote(build)}")
        if found.status == 404:
            raise NotFound(f"There is no job {id}.")
        return job_of(service, found.json())

    def parts(self, id: str) -> tuple[str, str]:
        service, _, build = id.partition(".")
        if service not in self._running.clients or not build:
            raise NotFound(f"There is no job {id}.")
        return service, build

    async def ask(self, service: str, method: str, path: str, json: Any = None, caller: Caller = OPS, **query: Any) -> Response:
        """Raises NotFound for a service that is not there, Unavailable for one that does not answer."""
        if service not in self._running.clients:
            raise NotFound(f"There is no service {service}.")
        try:
            answer = await call(self._running.clients[service], caller, method, path, json, query=query)
        except (OSError, TimeoutError) as error:
            raise Unavailable(f"{service} does not answer.") from error
        if answer.status == 503 and path != "/-/health":
            raise Unavailable(answer.json()["detail"])
        return answer

    async def record(self, job: Row) -> None:
        """Once each, however often it is told."""
        seen, _ = await self._running.load(audit, "")
        for event, by in _marks(job):
            if mark(event) not in seen:
                await self._running.send("", Record(event), uuid.uuid4().hex, by)


def _marks(job: Row) -> Iterator[tuple[ViewRebuilt | ViewSwitched, str]]:
    about = {**job, "view": f"{job['service']}.{job['view']}"}
    if "equal" in job:
        yield ViewRebuilt.model_validate(about), job["by"]
    if job["state"] == "switched":
        yield ViewSwitched.model_validate(about), job["switched_by"]


def jobs_of(running: Running) -> Jobs:
    jobs: Jobs = running.state.setdefault("jobs", Jobs(running))
    return jobs


def job_of(service: str, build: Row) -> Row:
    return {**build, "id": f"{service}.{build['id']}", "service": service, "build": build["id"]}
