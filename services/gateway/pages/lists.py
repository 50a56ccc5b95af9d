"""Lists that grow by "More" and follow what happens: so many pages of 50 from one cursor on."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, cast
from urllib.parse import urlencode

from fastapi import Form, Query, Request

from services.gateway.door import Failed, Services, session_of
from services.gateway.sessions import Session

Text = Annotated[str, Query(max_length=255)]
Cursor = Annotated[str, Query(max_length=1000)]
Pages = Annotated[int, Query(ge=1, le=20)]
MOST_PAGES = 20
"""From here on "More" begins a new list."""

_ONE = r"[a-z]+(-[0-9A-Za-z-]{1,100})?@\d{1,9}"
Seen = Annotated[str, Query(pattern=rf"^({_ONE}(,{_ONE}){{0,9}})?$")]
"""What the page has heard of and wants to see: up to 10 ``<stream>@<version>``, a comma between them."""
Key = Annotated[str, Form(min_length=8, max_length=100)]
"""The command's id, made with the page."""


async def pages_of(services: Services, service: str, path: str, cursor: str, pages: int, **query: Any) -> dict[str, Any]:
    """The first page's answer, with the rows of all of them, the last one's ``next``."""
    found: dict[str, Any] = await services.get(service, path, cursor=cursor or None, **query)
    for _ in range(pages - 1):
        if not found["next"]:
            break
        following = await services.get(service, path, cursor=found["next"], **query)
        found = {**found, "rows": [*found["rows"], *following["rows"]], "next": following["next"]}
    return found


def address(path: str, **query: Any) -> str:
    """A path with those parts of its query that say something."""
    said = {name: value for name, value in query.items() if value not in ("", None, 1)}
    return f"{path}?{urlencode(said)}" if said else path


def more(path: str, following: str | None, cursor: str, pages: int, **query: Any) -> str:
    """Where "More" leads: the same list, longer; or the next one where this is long enough. Empty at the end."""
    if not following:
        return ""
    return address(path, **query, cursor=cursor, pages=pages + 1) if pages < MOST_PAGES else address(path, **query, cursor=following)


def heard_of(seen: str, *kinds: str) -> list[str]:
    """Those of streams of these kinds."""
    return [each for each in seen.split(",") if each.partition("-")[0] in kinds]


def version_of(seen: str, stream: str) -> str:
    """This stream's, or empty."""
    return next((each for each in seen.split(",") if each.rpartition("@")[0] == stream), "")


async def seen_there(services: Services, service: str, path: str, heard: list[str]) -> None:
    """Until what this service tells of each has seen it, or a while has passed."""
    ids = [each.partition("-")[2].rpartition("@")[0] for each in heard]
    await asyncio.gather(*(services.ask(service, "GET", f"{path}/{id}", query={"min_version": each}) for id, each in zip(ids, heard, strict=True)))


async def caught_up(services: Services, seen: str) -> None:
    """Until customers' views have seen it, or a while has passed."""
    await asyncio.gather(
        seen_there(services, "customers", "/orders", heard_of(seen, "order", "payment", "review", "shipment")),
        seen_there(services, "customers", "/messages", heard_of(seen, "message")),
        seen_there(services, "customers", "/customers", heard_of(seen, "customer")),
    )


async def if_answered(services: Services, service: str, path: str, **query: Any) -> Any:
    """None where nobody can say, for what a page can do without."""
    try:
        return await services.get(service, path, **query)
    except Failed:
        return None


def who_is(request: Request) -> Session:
    return cast(Session, session_of(request))
