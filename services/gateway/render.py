"""Templates, and how values are shown to people."""

from __future__ import annotations

import hashlib
import uuid
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import Response

from services.gateway import show
from services.gateway.door import ADMINISTERS, LOOKS_UP, OPERATES, REVIEWS, SELLS, SENDS, SETS, Door, session_of
from services.gateway.sessions import Session
from shared.money import formatted

STATIC = Path(__file__).parent / "static"

MENU = (
    ("/order-entry", "Order entry", SELLS, "O"),
    ("/orders", "Orders", LOOKS_UP, "L"),
    ("/customers", "Customers", LOOKS_UP, "C"),
    ("/quality", "Quality", REVIEWS, "Q"),
    ("/fulfillment", "Fulfilment", LOOKS_UP, "F"),
    ("/approvals", "Approvals", SETS, "A"),
    ("/payments/attention", "Payments", SENDS, "M"),
    ("/campaigns", "Catalog", SETS, "K"),
    ("/settings", "Settings", SETS, "S"),
    ("/ops", "Ops", OPERATES, "P"),
    ("/outbox", "Outbox", SENDS, "B"),
)
"""Path, name, who may open it, and the key that goes there after G."""

SECTIONS = (
    ("/settings", "Account", SETS),
    ("/taxes", "Taxes", SETS),
    ("/gateways", "Gateways", SETS),
    ("/plugins", "Fulfilment", SETS),
    ("/directory", "Call centres and teams", SETS),
    ("/users", "Users", ADMINISTERS),
    ("/keys", "API keys", ADMINISTERS),
)
"""The pages under Settings: path, name, who may open it."""

MONEY = (
    ("/payments/attention", "Needs attention", SENDS),
    ("/payments/limits", "Limits", SENDS),
    ("/payments/gateways", "Gateways' health", SENDS),
    ("/payments/reconcile", "Reconciliation", OPERATES),
)
"""The pages under Payments."""

PILLS = {
    "Open": ("live", "half"),
    "Partial": ("warn", "pause"),
    "Processing": ("live", "clock"),
    "Pending": ("warn", "clock"),
    "Complete": ("ok", "check"),
    "Declined": ("bad", "x-circle"),
    "Cancelled": ("", "slash"),
    "Refunded": ("", "undo"),
    "Erased": ("", "slash"),
    "Waiting": ("live", "clock"),
    "Failed": ("bad", "alert"),
    "Sent": ("ok", "check"),
    "Stopped": ("", "slash"),
    "Draft": ("", "pencil"),
    "Published": ("ok", "check"),
    "Changed": ("live", "half"),
    "Retired": ("", "slash"),
}
"""Status -> tone and icon."""


@lru_cache(maxsize=100)
def static(name: str) -> str:
    """The address of a file, with its content's hash: it may be kept for ever."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def when(text: str | None) -> datetime | None:
    """None also for what is no time: events that nobody can read are shown too."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC) if text else None
    except ValueError:
        return None


def clock_time(text: str | None) -> str:
    at = when(text)
    return f"{at:%H:%M:%S}" if at else ""


def day_time(text: str | None) -> str:
    at = when(text)
    return f"{at.day} {at:%b %Y, %H:%M:%S} UTC" if at else ""


def home(role: str) -> str:
    """Where a role's work is: the first page that is not there for looking things up."""
    return next(path for path, _, roles, _ in MENU if role in roles and roles not in (LOOKS_UP, SENDS))


def templates() -> Jinja2Templates:
    env = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    env.globals.update(static=static, pills=PILLS, dispositions=show.DISPOSITIONS, command_id=lambda: uuid.uuid4().hex)
    env.filters.update(moment=when, money=formatted, clock_time=clock_time, day_time=day_time)
    env.filters.update(person=show.person, place=show.place, who=show.who, lower_first=show.lower_first)
    return Jinja2Templates(env=env)


def wants_part(request: Request) -> bool:
    """htmx asks for what changes, except where it goes back in history."""
    return "hx-request" in request.headers and "hx-history-restore-request" not in request.headers


def now(request: Request) -> datetime:
    door: Door = request.app.state.door
    return door.clock()


def page(request: Request, name: str, status: int = 200, **context: Any) -> Response:
    """A whole page, or a part of one, for whoever is signed in."""
    door: Door = request.app.state.door
    session = session_of(request)
    path = request.url.path
    known = {"session": session, **_ways(session, path), "path": path, "demo": door.settings.demo, "now": door.clock()}
    return door.templates.TemplateResponse(request, name, {**known, **context}, status_code=status)


def _ways(session: Session | None, path: str) -> dict[str, Any]:
    """Where whoever is signed in may go: address, title, whether they are there now, and for the menu its key."""
    role = session.role if session else ""
    sections = [(to, title, _within(path, to)) for to, title, roles in SECTIONS if role in roles]
    money = [(to, title, _within(path, to)) for to, title, roles in MONEY if role in roles]
    inside = {group[0][0] for group in (sections, money) if any(here for _, _, here in group)}
    menu = [(to, title, _within(path, to) or to in inside, key) for to, title, roles, key in MENU if role in roles]
    return {
        "menu": menu,
        "sections": sections,
        "money": money,
        "pages": [*((to, title) for to, title, _ in [*sections[1:], *money[1:]]), ("/account", "Your account")],
        "looks_up": role in LOOKS_UP,
        "sells": role in SELLS,
    }


def _within(path: str, page: str) -> bool:
    return path == page or path.startswith(f"{page}/")
