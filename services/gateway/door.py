"""What every page and route needs, made once; who may call a route; and how a route calls a service."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, cast

from fastapi import Depends, Request
from fastapi.templating import Jinja2Templates

from services.gateway.access import Access
from services.gateway.idle import Idle
from services.gateway.keys import Keys
from services.gateway.live import Live
from services.gateway.saved import SavedViews
from services.gateway.sessions import Session, Sessions
from services.gateway.throttle import Throttle
from services.gateway.users import ROLES, Role, Users
from services.gateway.versions import Versions
from shared.asgi import Response
from shared.clients import Caller, Clients, call
from shared.settings import Settings


@dataclass(frozen=True, slots=True)
class Door:
    settings: Settings
    clients: Clients
    users: Users
    sessions: Sessions
    access: Access
    keys: Keys
    idle: Idle
    live: Live
    versions: Versions
    templates: Jinja2Templates
    key: bytes
    """The installation's, which order ids are made with."""
    clock: Callable[[], datetime]
    throttle: Throttle
    saved: SavedViews


class SignInNeeded(Exception):
    """Nobody is signed in, or the session has ended."""


class NotAllowed(Exception):
    """Signed in, and this is not for their role; for a key, without this scope."""

    def __init__(self, scope: str | None = None) -> None:
        super().__init__()
        self.scope = scope


class PasswordFirst(Exception):
    """Signed in by a password for one sign-in, which has to be changed before anything else."""


class Failed(Exception):
    """A service refused or could not; ``problem`` is its problem+json."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(problem.get("detail", ""))
        self.status = status
        self.problem = problem


async def door(request: Request) -> Door:
    """Async as every dependency here: FastAPI sends others through a thread."""
    found: Door = request.app.state.door
    return found


def session_of(request: Request) -> Session | None:
    """Who is signed in, as the guard found out."""
    return cast(Session | None, request.scope.get("session"))


def for_people(request: Request) -> bool:
    """A browser that asks for a page, not a program or a script of ours."""
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/")


class Allow:
    """The dependency that every route has: which roles may call it, and with which scope an API key may; without one none may.

    ``at_once``: also before a password for one sign-in is changed. Raises SignInNeeded, NotAllowed, PasswordFirst.
    """

    def __init__(self, *roles: Role, scope: str = "", at_once: bool = False) -> None:
        self.roles = frozenset(roles)
        self.scope = scope
        self.at_once = at_once

    async def __call__(self, request: Request) -> Session:
        session = session_of(request)
        if session is None:
            raise SignInNeeded
        if session.scopes is not None:
            if self.scope not in session.scopes:
                raise NotAllowed(self.scope)
        elif session.role not in self.roles:
            raise NotAllowed
        elif session.must_change and not self.at_once:
            raise PasswordFirst
        return session


async def everybody() -> None:
    """The dependency of a route that is for everybody, signed in or not."""


def allow(*roles: Role, scope: str = "", at_once: bool = False) -> Any:
    return Depends(Allow(*roles, scope=scope, at_once=at_once))


SIGNED_IN = allow(*ROLES)
AT_ONCE = allow(*ROLES, at_once=True)
PUBLIC = Depends(everybody)
SELLS: tuple[Role, ...] = ("agent", "supervisor", "admin")
REVIEWS: tuple[Role, ...] = ("qa", "supervisor", "admin")
LOOKS_UP: tuple[Role, ...] = ("agent", "qa", "supervisor", "admin")
OPERATES: tuple[Role, ...] = ("ops", "admin")
SETS: tuple[Role, ...] = ("supervisor", "admin")
SENDS: tuple[Role, ...] = ("supervisor", "ops", "admin")
ADMINISTERS: tuple[Role, ...] = ("admin",)


class Services:
    """The services, called as whoever asks."""

    def __init__(self, clients: Clients, caller: Caller | None) -> None:
        self._clients = clients
        self._caller = caller or Caller("nobody")

    @property
    def names(self) -> Sequence[str]:
        return tuple(self._clients)

    async def ask(
        self, service: str, method: str, path: str, json: Any = None, *, query: dict[str, Any] | None = None, key: str = "",
        version: int | None = None, headers: Mapping[str, str] | None = None,
    ) -> Response:  # fmt: skip
        """The answer as it came. Raises Failed where nobody answered, or what is asked cannot be said."""
        try:
            return await call(self._clients[service], self._caller, method, path, json, query=query, key=key, version=version, more=headers)
        except (OSError, TimeoutError) as error:
            raise Failed(503, {"code": "unavailable", "detail": f"{service} does not answer. Try again."}) from error
        except ValueError as error:
            raise Failed(422, {"code": "invalid", "detail": "This request contains characters or numbers that cannot be sent on."}) from error

    async def get(self, service: str, path: str, **query: Any) -> Any:
        """Raises Failed."""
        return _succeeded(await self.ask(service, "GET", path, query=query))

    async def post(self, service: str, path: str, json: Any = None, *, key: str = "", version: int | None = None) -> Any:
        """Raises Failed."""
        return _succeeded(await self.ask(service, "POST", path, json, key=key, version=version))

    async def put(self, service: str, path: str, json: Any, *, key: str = "", version: int | None = None) -> Any:
        """Raises Failed."""
        return _succeeded(await self.ask(service, "PUT", path, json, key=key, version=version))

    async def delete(self, service: str, path: str, *, key: str = "") -> Any:
        """Raises Failed."""
        return _succeeded(await self.ask(service, "DELETE", path, key=key))


def _succeeded(response: Response) -> Any:
    body = response.json()
    if response.status >= 400:
        raise Failed(response.status, body)
    return body


AtDoor = Annotated[Door, Depends(door)]


async def services(request: Request, at: AtDoor) -> Services:
    """As whoever is signed in."""
    session = session_of(request)
    return Services(at.clients, Caller(session.actor, session.role) if session else None)


Ask = Annotated[Services, Depends(services)]
