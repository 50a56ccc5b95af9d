"""Tax tables: rates by postal code, class and date, which come from files."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Header, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, StringConstraints
from starlette.responses import Response

from services.gateway.addresses import country_name, regions
from services.gateway.choices import countries
from services.gateway.door import SETS, Ask, allow
from services.gateway.pages.lists import Cursor, Text, address
from services.gateway.pages.lists import Key as FormKey
from services.gateway.render import page

router = APIRouter(prefix="/taxes", include_in_schema=False, dependencies=[allow(*SETS)])

Key = Annotated[str, Header(alias="idempotency-key", min_length=8, max_length=100)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
Code = Annotated[str, Query(max_length=3)]
Table = Annotated[str, Path(max_length=60)]


class File(BaseModel):
    """``text`` and ``boundary`` are the bytes of files as base64; Streamlined Sales Tax has two."""

    table: Name
    kind: Literal["csv", "sst"]
    text: str
    boundary: str | None = None
    intrastate: bool = False
    dry_run: bool = True


@router.get("")
async def tables(request: Request, services: Ask) -> Response:
    return page(request, "taxes.html", tables=(await services.get("catalog", "/tax-tables"))["rows"])


@router.post("/import")
async def take_in(file: File, services: Ask, key: Key) -> JSONResponse:
    """Twice: first a dry run, which says what would be in it or every row that is wrong; then in earnest."""
    body = file.model_dump(exclude={"table"})
    return JSONResponse(await services.put("catalog", f"/tax-tables/{quote(file.table, safe='')}", body, key="" if file.dry_run else key))


@router.get("/{table}")
async def rows(
    request: Request, table: Table, services: Ask, country: Code = "", region: Code = "", postal: Text = "", cursor: Cursor = "",
) -> Response:  # fmt: skip
    asked = {"country": country.strip().upper(), "region": region.strip().upper(), "postal": postal.strip()}
    path = f"/tax-tables/{quote(table, safe='')}/rows"
    found = await services.get("catalog", path, **{name: value or None for name, value in asked.items()}, cursor=cursor or None)
    here = f"/taxes/{quote(table, safe='')}"
    return page(
        request, "tax_table.html", table=table, here=here, asked=asked, rows=found["rows"], country_name=country_name, countries=countries(),
        region_name=lambda row: dict(regions(row["country"])).get(row["region"], row["region"]),
        newest=address(here, **asked) if cursor else "", more=address(here, **asked, cursor=found["next"]) if found["next"] else "",
    )  # fmt: skip


@router.post("/{table}/remove")
async def remove(table: Table, services: Ask, key: FormKey) -> Response:
    await services.delete("catalog", f"/tax-tables/{quote(table, safe='')}", key=key)
    return Response(status_code=204, headers={"hx-redirect": "/taxes"})
