"""Whether Ringup lives and works, and what it counts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from services.gateway.door import OPERATES, PUBLIC, Allow, Ask, AtDoor, Failed, Services
from services.gateway.guard import is_loopback
from services.gateway.sessions import Session
from shared.kernel.errors import KernelError

router = APIRouter(include_in_schema=False)
_EXPOSITION = "text/plain; version=1.0.0; charset=utf-8"


class OperatesOrNear(Allow):
    """Those who operate, and programs on this machine, which scrape."""

    async def __call__(self, request: Request) -> Session | None:  # type: ignore[override]
        near = request.client is not None and is_loopback(request.client.host) and is_loopback(request.headers.get("host", ""))
        return None if near else await super().__call__(request)


@router.get("/health/live", dependencies=[PUBLIC])
async def alive() -> dict[str, str]:
    return {"status": "ok"}


@router.get("/health/ready", dependencies=[PUBLIC])
async def ready(services: Ask) -> Response:
    """503 with the reasons while any service is kept from its work."""
    found = dict(zip(services.names, await asyncio.gather(*(_health(services, name) for name in services.names)), strict=True))
    failing = any(each["reasons"] for each in found.values())
    return JSONResponse({"status": "failing" if failing else "ok", "services": found}, 503 if failing else 200)


@router.get("/health/door", dependencies=[PUBLIC])
async def opens(at: AtDoor) -> Response:
    """503 with the reason while this process itself can let nobody in, whatever the services do."""
    try:
        await at.users.find("nobody")
    except KernelError as error:
        return JSONResponse({"status": "failing", "reasons": [str(error)]}, 503)
    return JSONResponse({"status": "ok", "reasons": []})


async def _health(services: Services, name: str) -> dict[str, Any]:
    try:
        said = (await services.ask(name, "GET", "/-/health")).json()
    except Failed as error:
        return {"status": "failing", "reasons": [str(error)]}
    return {"status": said["status"], "reasons": said["reasons"]}


@router.get("/metrics", dependencies=[Depends(OperatesOrNear(*OPERATES))])
async def metrics(services: Ask) -> Response:
    answers = await asyncio.gather(*(services.ask(name, "GET", "/metrics") for name in services.names))
    texts = [(name, answer.body.decode()) for name, answer in zip(services.names, answers, strict=True) if answer.status == 200]
    return PlainTextResponse(merged(texts), media_type=_EXPOSITION)


def merged(texts: Iterable[tuple[str, str]]) -> str:
    """One exposition of what each service says of itself; in one process each of them also knows of the others."""
    families: dict[str, dict[str, None]] = {}
    for service, text in texts:
        family: dict[str, None] = {}
        for line in text.splitlines():
            if line.startswith("# HELP "):
                family = families.setdefault(line.split()[2], {})
            if line.startswith("#") or f'service="{service}"' in line:
                family[line] = None
    return "".join(f"{line}\n" for family in families.values() for line in family)
