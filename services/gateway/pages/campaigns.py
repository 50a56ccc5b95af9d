"""The catalog: campaigns as a list, new ones, imported ones; and the images of offers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import JSONResponse
from starlette.responses import Response

from services.gateway.door import LOOKS_UP, SETS, Ask, Failed, allow
from services.gateway.pages.lists import Cursor, Key, Pages, Seen, Text, address, heard_of, more, pages_of
from services.gateway.render import page, wants_part
from shared.contracts.catalog import Kind

router = APIRouter(include_in_schema=False)

KINDS: dict[Kind, str] = {"phone": "Phone", "lander": "Lander", "ecommerce": "Ecommerce"}
Status = Literal["", "draft", "published", "changed", "retired"]
STATUSES: dict[Status, str] = {"draft": "Draft", "published": "Published", "changed": "Changed", "retired": "Retired"}
Sha = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]


@router.get("/campaigns", dependencies=[allow(*SETS)])
async def campaigns(
    request: Request, services: Ask, q: Text = "", kind: Kind | Literal[""] = "", status: Status = "", cursor: Cursor = "", pages: Pages = 1,
    seen: Seen = "",
) -> Response:  # fmt: skip
    q = q.strip()
    asked: dict[str, Any] = {"q": q, "kind": kind, "status": status}
    heard = ",".join(heard_of(seen, "campaign")) or None
    wanted = {name: value or None for name, value in asked.items()}
    found = await pages_of(services, "catalog", "/campaigns", cursor, pages, **wanted, min_version=heard)
    return page(
        request,
        "campaigns_list.html" if wants_part(request) else "campaigns.html",
        q=q,
        kind=kind,
        chosen=status,
        kinds=KINDS,
        statuses=STATUSES,
        cursor=cursor,
        rows=found["rows"],
        tabs=_tabs(q, kind, status),
        here=address("/campaigns", **asked, cursor=cursor, pages=pages),
        newest=address("/campaigns", **asked),
        more=more("/campaigns", found["next"], cursor, pages, **asked),
    )


def _tabs(q: str, kind: str, status: str) -> list[tuple[str, str, bool]]:
    """Name, address, whether it is the one shown."""
    named = {"": "All", **STATUSES}
    return [(name, address("/campaigns", q=q, kind=kind, status=value), value == status) for value, name in named.items()]


@router.post("/campaigns", dependencies=[allow(*SETS)])
async def create(services: Ask, key: Key, kind: Annotated[Kind, Form()], name: Annotated[str, Form(max_length=255)] = "") -> Response:
    made = await services.post("catalog", "/campaigns", {"kind": kind, "name": name}, key=key)
    return _go(f"/campaigns/{made['id']}")


@router.post("/campaigns/import", dependencies=[allow(*SETS)])
async def take_in(
    request: Request, services: Ask, key: Key, text: Annotated[str, Form(max_length=5_000_000)] = "", name: Annotated[str, Form(max_length=255)] = "",
    dry_run: Annotated[bool, Form()] = True,
) -> Response:  # fmt: skip
    """Twice: first a dry run, which shows what would be made or everything that is wrong; then the same again in earnest."""
    asked = {"format": _format(text), "text": text, "dry_run": dry_run, **({"name": name.strip()} if name.strip() else {})}
    answer = await services.ask("catalog", "POST", "/campaigns/import", asked, key="" if dry_run else key)
    found = answer.json()
    if answer.status == 422:
        return page(request, "campaigns_import.html", errors=found.get("errors") or [found], found=None)
    if answer.status >= 400:
        raise Failed(answer.status, found)
    return page(request, "campaigns_import.html", errors=(), found=found) if dry_run else _go(f"/campaigns/{found['id']}")


def _format(text: str) -> str:
    return "json" if text.lstrip().startswith(("{", "[")) else "yaml"


def _go(path: str) -> Response:
    """Where htmx leads the browser."""
    return Response(status_code=204, headers={"hx-redirect": path})


@router.post("/images", dependencies=[allow(*SETS)])
async def keep_image(request: Request, services: Ask) -> JSONResponse:
    return JSONResponse(await services.post("catalog", "/images", await request.body()), 201)


@router.get("/images/{sha256}", dependencies=[allow(*LOOKS_UP)])
async def image(services: Ask, sha256: Sha) -> Response:
    answer = await services.ask("catalog", "GET", f"/images/{sha256}")
    if answer.status >= 400:
        raise Failed(answer.status, answer.json())
    kept = {"cache-control": "private, max-age=31536000, immutable", "content-disposition": "inline"}
    return Response(answer.body, media_type=answer.headers["content-type"], headers=kept)
