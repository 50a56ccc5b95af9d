"""The only public door: pages, the public API, live updates, health."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp

from services.gateway.access import Access
from services.gateway.audit import Audit
from services.gateway.checkout import words
from services.gateway.checkout.visit import Stopped
from services.gateway.door import Allow, Door, Failed, NotAllowed, PasswordFirst, SignInNeeded, everybody, for_people, session_of
from services.gateway.guard import CHECKOUT, Guard
from services.gateway.idle import Idle
from services.gateway.keys import Keys
from services.gateway.live import Live
from services.gateway.overtaken import worded
from services.gateway.pages import (
    account,
    api,
    api_customers,
    api_shipments,
    approvals,
    attention,
    calls,
    campaign,
    campaigns,
    checkout,
    checkout_pay,
    customers,
    directory,
    docs,
    entry_customer,
    fulfillment,
    fulfillment_import,
    gateway_health,
    gateways,
    health,
    hooks,
    keys,
    letters,
    limits,
    links,
    live,
    ops,
    order_entry,
    order_money,
    orders,
    orders_csv,
    outbox,
    palette,
    payment,
    plugins,
    quality,
    quality_many,
    quality_rules,
    reconcile,
    reorder,
    saved_views,
    settings,
    sign_in,
    taxes,
    users,
)
from services.gateway.render import STATIC, home, page, templates
from services.gateway.saved import SavedViews
from services.gateway.sessions import Sessions
from services.gateway.throttle import Throttle
from services.gateway.users import Users
from services.gateway.versions import Versions
from shared.clients import Clients
from shared.http import answer_refusals, invalid, problem
from shared.kernel.ports import Blobs
from shared.settings import Settings

PAGES = (
    sign_in,
    account,
    live,
    payment,
    calls,
    links,
    entry_customer,
    order_entry,
    order_money,
    reorder,
    saved_views,
    orders_csv,
    orders,
    customers,
    outbox,
    quality_rules,
    quality_many,
    quality,
    fulfillment,
    fulfillment_import,
    approvals,
    attention,
    campaigns,
    campaign,
    letters,
    ops,
    settings,
    taxes,
    gateways,
    plugins,
    gateway_health,
    limits,
    reconcile,
    hooks,
    directory,
    users,
    keys,
    docs,
    health,
    api,
    api_customers,
    api_shipments,
    palette,
    checkout,
    checkout_pay,
)
ROUTERS = (campaign.places, *(each.router for each in PAGES))
ROUTES = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
"""Taken over as they are: an app that includes a router wraps it, which costs each request."""


class Gateway:
    """``app`` is the whole of it, guarded."""

    def __init__(self, settings: Settings, clients: Clients, blobs: Blobs, live: Live, key: bytes, clock: Callable[[], datetime]) -> None:
        audit, idle = Audit(clients), Idle(clients)
        users = Users(blobs, clock, lambda user: audit.locked(user.name))
        sessions, keys = Sessions(blobs, clock, users, idle), Keys(blobs, audit, key, clock)
        access, throttle, saved = Access(users, audit, key), Throttle(), SavedViews(blobs)
        self.door = Door(settings, clients, users, sessions, access, keys, idle, live, Versions(), templates(), key, clock, throttle, saved)
        self.app: ASGIApp = Guard(_app(self.door), sessions, keys)


def _app(door: Door) -> FastAPI:
    app = FastAPI(title="Ringup", version="1", openapi_url=None, docs_url=None, redoc_url=None)
    app.state.door = door
    app.router.routes += [route for router in ROUTERS for route in router.routes]
    unguarded = [route.path for route in ROUTES if not _guarded(route.dependant)]
    if unguarded:
        raise AssertionError(f"nobody says who may call {', '.join(unguarded)}")
    app.mount("/static", GZipMiddleware(StaticFiles(directory=STATIC), minimum_size=500))  # pages are not: they hold secrets
    answer_refusals(app)
    _answer_people(app)
    return app


def _guarded(dependant: Dependant) -> bool:
    return any(isinstance(needed.call, Allow) or needed.call is everybody for needed in dependant.dependencies)


def _answer_people(app: FastAPI) -> None:
    @app.exception_handler(SignInNeeded)
    async def signed_out(request: Request, error: SignInNeeded) -> Response:
        to = f"/sign-in?next={quote(request.url.path)}" if request.method == "GET" else "/sign-in"
        if request.headers.get("hx-request"):
            return Response(status_code=401, headers={"hx-redirect": "/sign-in"})
        return RedirectResponse(to, 303) if for_people(request) else problem(401, "signed-out", "Sign in first.")

    @app.exception_handler(NotAllowed)
    async def not_allowed(request: Request, error: NotAllowed) -> Response:
        if error.scope is None:
            return _told(request, 403, "not-allowed", "This is not for your role. Ask a supervisor.")
        needs = f"This key does not have the scope {error.scope}." if error.scope else "This is not for API keys."
        return problem(403, "not-allowed", needs)

    @app.exception_handler(PasswordFirst)
    async def password_first(request: Request, error: PasswordFirst) -> Response:
        if request.headers.get("hx-request"):
            return Response(status_code=403, headers={"hx-redirect": "/account/password"})
        if for_people(request):
            return RedirectResponse("/account/password", 303)
        return problem(403, "password-first", "Change the password first, at /account/password.")

    @app.exception_handler(Stopped)
    async def stopped(request: Request, error: Stopped) -> Response:
        return checkout.told(request, error.told, error.wait) if for_people(request) else problem(error.told.status, "stopped", error.told.detail)

    @app.exception_handler(Failed)
    async def failed(request: Request, error: Failed) -> Response:
        if for_people(request):
            return _told(request, error.status, "failed", worded(error.problem))
        told = {**error.problem, "detail": worded(error.problem)} if request.headers.get("hx-request") else error.problem
        answer = problem(error.status, **{name: value for name, value in told.items() if name not in ("type", "title", "status")})
        if "retry_after" in error.problem:
            answer.headers["retry-after"] = str(error.problem["retry_after"])
        return answer

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        code = {404: "not-found", 405: "method-not-allowed"}.get(error.status_code, "bad-request")
        detail = "There is no such page." if error.status_code == 404 and error.detail == "Not Found" else str(error.detail)
        return _told(request, error.status_code, code, detail, "body" if error.status_code == 400 else None)

    @app.exception_handler(RequestValidationError)
    async def wrong(request: Request, error: RequestValidationError) -> Response:
        return _told(request, 422, "invalid", "Something in this address or form is not right.") if for_people(request) else invalid(error)


def _told(request: Request, status: int, code: str, detail: str, field: str | None = None) -> Response:
    if not for_people(request):
        return problem(status, code, detail, field)
    if request.url.path.startswith(CHECKOUT):
        return checkout.told(request, words.told_of(status))
    session = session_of(request)
    title = {404: "Not found", 403: "Not for your role", 503: "Not available right now"}.get(status, "That did not work")
    back = home(session.role) if session else "/sign-in"
    return page(request, "message.html", status, title=title, detail=detail, image="info" if status == 404 else "alert", back=back, back_name="Go on")
