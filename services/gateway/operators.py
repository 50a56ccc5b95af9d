"""The door of the people who run it: users, for the command line, which reaches it through the socket in the data folder or makes it itself."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import FastAPI, Header, Path
from pydantic import BaseModel, ConfigDict, Field

from services.gateway.access import Access, Entered
from services.gateway.audit import Audit
from services.gateway.users import User, Users
from shared.clients import Clients
from shared.http import answer_refusals
from shared.kernel.ports import Blobs
from shared.service import utc_now

By = Annotated[str, Header(alias="x-ringup-actor")]
Key = Annotated[str, Header(alias="idempotency-key", min_length=8)]
Name = Annotated[str, Path(max_length=255)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class NewUser(Body):
    name: str
    role: str
    full_name: str = ""
    call_center: str = ""
    team: str = ""


class Changes(Body):
    """What is left out stays."""

    role: str | None = None
    full_name: str | None = None
    call_center: str | None = None
    team: str | None = None


class Password(Body):
    """None: one for the next sign-in is made."""

    password: str | None = Field(default=None, repr=False)


def operators_at(blobs: Blobs, clients: Clients, key: bytes) -> FastAPI:
    """``key`` is the installation's."""
    users = Users(blobs)
    return operators(users, Access(users, Audit(clients), key))


def operators(users: Users, access: Access) -> FastAPI:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    answer_refusals(app)

    @app.get("/users")
    async def all() -> dict[str, Any]:
        return {"rows": [_row(user) for user in await users.all()]}

    @app.post("/users", status_code=201)
    async def add(body: NewUser, by: By, key: Key) -> dict[str, Any]:
        entered = Entered(**body.model_dump(exclude={"name"}))
        password = await access.add(by, body.name, entered, key)
        return {**_row(await access.found(body.name)), "password": password}

    @app.post("/users/{name}")
    async def change(name: Name, body: Changes, by: By) -> dict[str, Any]:
        known = await access.found(name)
        await access.change(
            by, name, Entered(**{field: getattr(known, field) if said is None else said for field, said in body.model_dump().items()})
        )
        return _row(await access.found(name))

    @app.post("/users/{name}/password")
    async def password(name: Name, body: Password, by: By, key: Key) -> dict[str, Any]:
        if body.password is not None:
            await access.set_password(by, name, body.password)
            return _row(await access.found(name))
        made = await access.reset(by, name, key)
        return {**_row(await access.found(name)), "password": made}

    @app.post("/users/{name}/enable")
    async def enable(name: Name, by: By) -> dict[str, Any]:
        await access.switch(by, name, True)
        return _row(await access.found(name))

    @app.post("/users/{name}/disable")
    async def disable(name: Name, by: By) -> dict[str, Any]:
        await access.switch(by, name, False)
        return _row(await access.found(name))

    @app.post("/users/{name}/unlock")
    async def unlock(name: Name, by: By) -> dict[str, Any]:
        await access.unlock(by, name)
        return _row(await access.found(name))

    @app.post("/users/{name}/totp-reset")
    async def totp_reset(name: Name, by: By) -> dict[str, Any]:
        await access.totp_reset(by, name)
        return _row(await access.found(name))

    return app


def _row(user: User) -> dict[str, Any]:
    """Nothing that anybody could sign in with."""
    return {
        **{field: getattr(user, field) for field in ("name", "full_name", "role", "call_center", "team", "on", "must_change")},
        "locked": user.locked(utc_now()),
        "totp": bool(user.totp),
        "signed_in_at": user.signed_in_at or None,
    }
