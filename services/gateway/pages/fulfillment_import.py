"""What became of shipments, out of a table: what would be taken is said before it is."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Header, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from services.gateway.door import SETS, Ask, allow
from services.gateway.render import page

router = APIRouter(prefix="/fulfillment/import", include_in_schema=False, dependencies=[allow(*SETS)])

Key = Annotated[str, Header(alias="idempotency-key", min_length=8, max_length=100)]


class File(BaseModel):
    """``text`` is the file's bytes as base64."""

    model_config = ConfigDict(extra="forbid")

    text: str
    first: Literal["", "day-first", "month-first"] = ""
    whole: bool = False
    dry_run: bool = True


@router.get("")
async def form(request: Request) -> Response:
    return page(request, "fulfillment_import.html")


@router.post("")
async def take_in(file: File, services: Ask, key: Key) -> JSONResponse:
    return JSONResponse(await services.post("fulfillment", "/imports/tracking", file.model_dump(), key="" if file.dry_run else key))
