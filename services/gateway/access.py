"""What administrators change about users, and users about themselves."""

from __future__ import annotations

import asyncio
import base64
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.gateway import totp
from services.gateway.audit import Audit
from services.gateway.overtaken import NEWER
from services.gateway.totp import Totp
from services.gateway.users import ROLES, Change, Role, User, Users
from shared.kernel.commands import Refusal
from shared.kernel.decider import Refused
from shared.kernel.errors import NotFound

SHORTEST = 12
LONGEST = 1_000
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_WORDS: Mapping[str, str] = {"full_name": "name", "role": "role", "call_center": "call centre", "team": "team"}


@dataclass(frozen=True, slots=True)
class Entered:
    """What an administrator says of a user."""

    role: str
    full_name: str = ""
    call_center: str = ""
    team: str = ""


class Access:
    """``by`` is the actor who asks. Raises Refusal, NotFound, Unavailable."""

    def __init__(self, users: Users, audit: Audit, key: bytes) -> None:
        self._users = users
        self._audit = audit
        self._key = hmac.digest(key, b"one-time passwords", "sha256")
        self.totp = Totp(key)
        self._changing = asyncio.Lock()
        """One change at a time, so that of two last administrators one stays."""

    async def add(self, by: str, name: str, entered: Entered, command_id: str) -> str:
        """The password for the first sign-in: the same for the same command."""
        async with self._changing:
            password, known = self.one_time(name, command_id), await self._users.find(name)
            if known:
                if await self._is(known, password):
                    return password
                raise _refused("name", "name-taken", f"There is a user {name} already.")
            _raise([*_name_problems(name), *_problems(entered)])
            await self._audit.user(by, name, "added", _what(None, entered))
            await self._users.add(replace(_as_entered(User(name, "agent", await self._users.hashed(password)), entered), must_change=True, version=1))
            return password

    async def change(self, by: str, name: str, entered: Entered, version: int | None = None) -> None:
        async with self._changing:
            user = await self.found(name)
            if version is not None and version != user.version:
                raise Refusal(Refused("stale", NEWER, data={"version": user.version}))
            _raise(_problems(entered))
            if user.role == "admin" and entered.role != "admin":
                await self._keep_an_admin(by, user, "role")
            what = _what(user, entered)
            if what:
                await self._audit.user(by, name, "changed", what)
                await self._users.change(name, lambda now: replace(_as_entered(now, entered), version=now.version + 1))

    async def switch(self, by: str, name: str, on: bool) -> None:
        """Off ends all sessions."""
        async with self._changing:
            user = await self.found(name)
            if user.on == on:
                return
            if not on:
                await self._keep_an_admin(by, user, None)
            await self._audit.user(by, name, "switched-on" if on else "switched-off")
            await self._users.change(name, lambda now: replace(now, on=on, epoch=now.epoch + 1, version=now.version + 1))

    async def unlock(self, by: str, name: str) -> None:
        async with self._changing:
            user = await self.found(name)
            if user.failures or user.locked_until:
                await self._audit.user(by, name, "unlocked")
                await self._users.change(name, lambda now: replace(now, failures=0, locked_until=""))

    async def reset(self, by: str, name: str, command_id: str) -> str:
        """A password for one sign-in, the same for the same command; whoever is signed in as this user is not any more."""
        async with self._changing:
            user, password = await self.found(name), self.one_time(name, command_id)
            if not await self._is(user, password):
                await self._set(by, user, password, must_change=True)
            return password

    async def set_password(self, by: str, name: str, password: str) -> None:
        async with self._changing:
            user = await self.found(name)
            _raise(password_problems(name, password))
            await self._set(by, user, password, must_change=False)

    async def _set(self, by: str, user: User, password: str, must_change: bool) -> None:
        hashed = await self._users.hashed(password)
        await self._audit.user(by, user.name, "password-reset")
        await self._users.change(
            user.name,
            lambda now: replace(
                now, password=hashed, must_change=must_change, failures=0, locked_until="", epoch=now.epoch + 1, version=now.version + 1
            ),
        )

    async def totp_reset(self, by: str, name: str) -> None:
        """Who lost it signs in without a second step, and sets it up anew."""
        async with self._changing:
            user = await self.found(name)
            if user.totp or user.totp_offered:
                await self._audit.user(by, name, "totp-reset")
                await self._users.change(name, lambda now: replace(totp.clear(now), epoch=now.epoch + 1, version=now.version + 1))

    # What users change about themselves

    async def own_password(self, by: str, name: str, old: str, new: str, again: str, now: datetime) -> User:
        """All other sessions end."""
        await self._confirm(name, old, now)
        _raise([*password_problems(name, new, old), *_again(new, again)])
        hashed = await self._users.hashed(new)
        await self._audit.user(by, name, "password-changed")
        return await self._changed(name, lambda was: replace(was, password=hashed, must_change=False, epoch=was.epoch + 1))

    async def offer_totp(self, name: str) -> None:
        await self._changed(name, lambda user: user if user.totp else self.totp.offered(user))

    async def switch_totp_on(self, by: str, name: str, code: str, now: datetime) -> tuple[User, Sequence[str]]:
        """The recovery codes, to be shown once. All other sessions end."""
        user = self.totp.switched_on(await self.found(name), code.replace(" ", ""), now)
        if user is None:
            raise _refused("code", "code-wrong", "This is not the code that the authenticator shows now. Check the clock of this device.")
        made, codes = self.totp.recovery(user)
        await self._audit.user(by, name, "totp-on")
        now_on = await self._changed(
            name,
            lambda was: replace(was, totp=made.totp, totp_offered="", totp_step=made.totp_step, recovery=made.recovery, epoch=was.epoch + 1),
        )
        return now_on, codes

    async def switch_totp_off(self, by: str, name: str, password: str, now: datetime) -> User:
        await self._confirm(name, password, now)
        await self._audit.user(by, name, "totp-off")
        return await self._changed(name, lambda was: replace(totp.clear(was), epoch=was.epoch + 1))

    async def new_recovery_codes(self, by: str, name: str, password: str, now: datetime) -> Sequence[str]:
        await self._confirm(name, password, now)
        made, codes = self.totp.recovery(await self.found(name))
        await self._audit.user(by, name, "recovery-codes-made")
        await self._changed(name, lambda was: replace(was, recovery=made.recovery))
        return codes

    # Checks

    def one_time(self, name: str, command_id: str) -> str:
        """80 bits, in groups that can be read out."""
        made = hmac.digest(self._key, f"{name}\n{command_id}".encode(), "sha256")[:10]
        text = base64.b32encode(made).decode().lower()
        return "-".join(text[at : at + 4] for at in range(0, 16, 4))

    async def _confirm(self, name: str, password: str, now: datetime) -> None:
        """A wrong one counts as at the sign-in: whoever sits at an open page gets no more guesses than anybody."""
        if await self._users.verified(name, password, now, signing_in=False) is None:
            raise _refused("password", "password-wrong", "This is not the password.")

    async def _is(self, user: User, password: str) -> bool:
        return user.must_change and await self._users.fits(user, password)

    async def found(self, name: str) -> User:
        user = await self._users.find(name)
        if user is None:
            raise NotFound(f"There is no user {name}.")
        return user

    async def _changed(self, name: str, change: Change) -> User:
        user = await self._users.change(name, change)
        if user is None:
            raise NotFound(f"There is no user {name}.")
        return user

    async def _keep_an_admin(self, by: str, user: User, field: str | None) -> None:
        if by == f"agent:{user.name}":
            raise _refused(field, "not-yourself", "Nobody switches off or demotes themself. Ask another administrator.")
        if user.role == "admin" and not any(other.role == "admin" and other.on for other in await self._users.all() if other.name != user.name):
            raise _refused(field, "last-admin", f"{user.name} is the last administrator. Make another one first.")


def password_problems(name: str, password: str, old: str = "") -> Iterator[tuple[str, str, str]]:
    if len(password) < SHORTEST:
        yield "new", "password-short", f"A password has at least {SHORTEST} characters. A few words are easier to remember than signs."
    elif len(password) > LONGEST:
        yield "new", "password-long", f"A password has at most {LONGEST:,} characters."
    elif len(set(password)) < 5:
        yield "new", "password-simple", "This is too simple: use more different characters."
    elif len(name) > 3 and name in password.lower():
        yield "new", "password-simple", "The user's name must not be in the password."
    elif password == old:
        yield "new", "password-same", "This is the password of before. Choose another one."


def _again(new: str, again: str) -> Iterator[tuple[str, str, str]]:
    if new != again:
        yield "again", "password-differs", "This is not the same as above."


def _name_problems(name: str) -> Iterator[tuple[str, str, str]]:
    if not _NAME.fullmatch(name):
        yield (
            "name",
            "name-invalid",
            "A user's name has 1 to 40 small letters, digits, dots, dashes and underlines, a letter or digit first.",
        )


def _problems(entered: Entered) -> Iterator[tuple[str, str, str]]:
    if entered.role not in ROLES:
        yield "role", "role-unknown", f"A role is one of {', '.join(ROLES)}."
    for field, word in _WORDS.items():
        text = getattr(entered, field)
        if len(text) > 100 or not text.isprintable():
            yield field, f"{field.replace('_', '-')}-invalid", f"The {word} is one line of at most 100 characters."
    if entered.team and not entered.call_center:
        yield "team", "team-without-call-center", "A team is one of a call centre. Choose that, too."


def _raise(problems: Iterator[tuple[str, str, str]] | Sequence[tuple[str, str, str]]) -> None:
    found = [{"field": field, "code": code, "detail": detail} for field, code, detail in problems]
    if found:
        first = found[0]
        raise Refusal(Refused(first["code"], first["detail"], first["field"], conflict=False, data={"errors": found}))


def _refused(field: str | None, code: str, detail: str) -> Refusal:
    return Refusal(Refused(code, detail, field, conflict=field is None))


def _as_entered(user: User, entered: Entered) -> User:
    role: Role = next(role for role in ROLES if role == entered.role)
    return replace(user, role=role, full_name=entered.full_name, call_center=entered.call_center, team=entered.team)


def _what(user: User | None, entered: Entered) -> list[str]:
    """In words. A person's name stays here, where it can be taken away: the audit is for ever."""
    said = []
    for field, word in _WORDS.items():
        was, now = getattr(user, field) if user else "", getattr(entered, field)
        if was != now:
            said.append(word if field == "full_name" else f"{word}: {f'{was} → ' if was else ''}{now or 'none'}")
    return said
