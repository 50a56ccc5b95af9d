"""``ringup users``: who may sign in. For the first administrator, and for the day on which none can come in."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import uuid
from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any
from urllib.parse import quote

import typer

from services import control
from services.cli import show
from services.cli.connect import OPERATOR, Failed, at_the_files
from services.cli.options import DryRun, Json, settings
from services.elsewhere import reached
from services.gateway.operators import operators_at
from services.gateway.users import ROLES
from shared.asgi import AsgiClient, Client
from shared.clients import call
from shared.engine import derived, open_engine
from shared.ids import INSTALLATION
from shared.settings import Settings

users = typer.Typer(help="Who may sign in.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME")]
Role = Annotated[str, typer.Option(help=f"One of {', '.join(ROLES)}.")]
_COLUMNS = {
    "name": "User",
    "full_name": "Name",
    "role": "Role",
    "place": "Call centre",
    "state": "State",
    "totp": "Second step",
    "since": "Last sign-in (UTC)",
}


@users.command("list")
def list_(role: Annotated[str, typer.Option(help="Only those with this role.")] = "", json: Json = False) -> None:
    """All of them, with what keeps one out."""
    rows = [row for row in asyncio.run(_rows()) if role in ("", row["role"])]
    if json:
        show.as_json({"rows": rows})
        return
    show.table(
        _COLUMNS, [{**row, "place": _place(row), "state": _state(row), "since": (row["signed_in_at"] or "")[:19]} for row in rows], empty="Nobody."
    )


async def _rows() -> list[dict[str, Any]]:
    async with _access(settings()) as client:
        rows: list[dict[str, Any]] = (await _ask(client, "GET", "/users"))["rows"]
        return rows


def _place(row: Mapping[str, Any]) -> str:
    return ", ".join(filter(None, (row["call_center"], row["team"])))


def _state(row: Mapping[str, Any]) -> str:
    return "off" if not row["on"] else "locked" if row["locked"] else "first password" if row["must_change"] else "on"


@users.command()
def add(
    name: Name,
    role: Role,
    full_name: Annotated[str, typer.Option("--full-name", help="How this person is called.")] = "",
    call_center: Annotated[str, typer.Option("--call-center", help="As in the directory.")] = "",
    team: Annotated[str, typer.Option(help="As in the directory.")] = "",
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Prints a password for the first sign-in, at which another has to be chosen."""
    body = {"name": name, "role": role, "full_name": full_name, "call_center": call_center, "team": team}
    asyncio.run(_acted("/users", body, f"{name} would be added as {role}.", f"{name} is added as {role}.", name, dry_run, json, new=True))


@users.command("role")
def role_(
    name: Name, role: Annotated[str, typer.Argument(metavar="ROLE", help=", ".join(ROLES))], dry_run: DryRun = False, json: Json = False
) -> None:
    """Gives a user another role. It holds at once, also for who is signed in."""
    _do(name, "", {"role": role}, f"{name} would have the role {role}.", f"{name} has the role {role}.", dry_run, json)


@users.command()
def passwd(
    name: Name,
    stdin: Annotated[bool, typer.Option("--stdin", help="Read the new password from standard input.")] = False,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Prints a password for the next sign-in, at which another has to be chosen. Unlocks, and ends the sessions of this user."""
    given = sys.stdin.readline().rstrip("\r\n") if stdin else None
    _do(name, "/password", {"password": given}, f"{name} would have another password.", f"{name} has another password.", dry_run, json)


@users.command()
def disable(name: Name, dry_run: DryRun = False, json: Json = False) -> None:
    """Ends the sessions of this user, who cannot sign in any more."""
    _do(name, "/disable", None, f"{name} would be switched off.", f"{name} is off.", dry_run, json)


@users.command()
def enable(name: Name, dry_run: DryRun = False, json: Json = False) -> None:
    """Lets a user in again who was switched off."""
    _do(name, "/enable", None, f"{name} would be switched on.", f"{name} is on.", dry_run, json)


@users.command()
def unlock(name: Name, dry_run: DryRun = False, json: Json = False) -> None:
    """After too many wrong tries, at once instead of after a while."""
    _do(name, "/unlock", None, f"{name} would be unlocked.", f"{name} is not locked.", dry_run, json)


@users.command("totp-reset")
def totp_reset(name: Name, dry_run: DryRun = False, json: Json = False) -> None:
    """Takes the second step away, for who has lost the device and the recovery codes."""
    _do(name, "/totp-reset", None, f"{name} would sign in without a second step.", f"{name} signs in without a second step.", dry_run, json)


def _do(name: str, act: str, body: Any, would: str, done: str, dry_run: bool, json: bool) -> None:
    asyncio.run(_acted(f"/users/{quote(name, safe='')}{act}", body, would, done, name, dry_run, json))


async def _acted(path: str, body: Any, would: str, done: str, name: str, dry_run: bool, json: bool, *, new: bool = False) -> None:
    async with _access(settings()) as client:
        there = [row for row in (await _ask(client, "GET", "/users"))["rows"] if row["name"] == name]
        if new == bool(there):
            raise Failed(f"There is a user {name} already." if new else f"There is no user {name}.")
        outcome = {**(there[0] if there else body), "dry_run": True} if dry_run else await _ask(client, "POST", path, body)
    if json:
        show.as_json(outcome)
        return
    show.out.print(would if dry_run else done)
    if "password" in outcome and not dry_run:
        show.out.print(f"The password {outcome['password']} is good for one sign-in. It is shown this once.", soft_wrap=True)


@contextlib.asynccontextmanager
async def _access(values: Settings) -> AsyncIterator[Client]:
    """The running server; where none runs, or in a cluster, the store itself."""
    if values.engine == "cluster":
        engine = await open_engine(values)
        try:
            async with reached(values) as clients:
                yield AsgiClient(operators_at(engine.blobs_of(control.GATEWAY), clients or {}, await derived(values, INSTALLATION)))
        finally:
            await engine.close()
        return
    async with control.dialled(values.data) as found:
        if found:
            yield found[control.GATEWAY]
            return
    async with at_the_files(values) as files:
        yield AsgiClient(operators_at(files.engine.blobs, files.house.clients, files.engine.keyring.derived(INSTALLATION)))


async def _ask(client: Client, method: str, path: str, body: Any = None) -> Any:
    """Raises Failed with the sentence of a refusal."""
    try:
        answer = await call(client, OPERATOR, method, path, body, key=uuid.uuid4().hex)
    except (OSError, TimeoutError) as error:
        raise Failed("The server has stopped answering.") from error
    told = answer.json()
    if answer.status >= 400:
        raise Failed(told["detail"])
    return told
