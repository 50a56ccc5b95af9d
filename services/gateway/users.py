"""Users: who may sign in, in access.db. Passwords are argon2 hashes; ten wrong tries lock an account for a while."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, get_args

import structlog
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from services.gateway.recent import Recent
from shared.kernel.ports import Blobs
from shared.service import utc_now

log = structlog.get_logger()

Role = Literal["agent", "qa", "supervisor", "ops", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
MOST_FAILURES = 10
LOCKED_FOR = timedelta(minutes=15)
_KIND = "users"


@dataclass(frozen=True, slots=True)
class User:
    """``version`` counts what administrators changed, ``epoch`` how often all sessions of before were ended."""

    name: str
    role: Role
    password: str
    call_center: str = ""
    team: str = ""
    demo: bool = False
    """Of a demonstration: gone when Ringup starts without one."""
    failures: int = 0
    locked_until: str = ""
    full_name: str = ""
    on: bool = True
    version: int = 0
    epoch: int = 0
    must_change: bool = False
    """The password is for one sign-in."""
    totp: str = ""
    """The secret, sealed; empty: no second step."""
    totp_offered: str = ""
    """The secret that is being set up, sealed."""
    totp_step: int = 0
    """The newest time step whose code was used."""
    recovery: tuple[str, ...] = ()
    """Hashes of the codes that are left."""
    signed_in_at: str = ""

    def locked(self, now: datetime) -> bool:
        return bool(self.locked_until) and now < datetime.fromisoformat(self.locked_until)


Change = Callable[[User], User]
Locked = Callable[[User], Awaitable[None]]


async def _unheard(user: User) -> None:
    return None


class Users:
    """``on_lock`` hears of each account that wrong tries have locked. Raises Unavailable."""

    def __init__(self, blobs: Blobs, clock: Callable[[], datetime] = utc_now, on_lock: Locked = _unheard) -> None:
        self._blobs = blobs
        self._on_lock = on_lock
        self._hash = PasswordHash((Argon2Hasher(),))
        self._nobody = self._hash.hash(secrets.token_hex())
        """An unknown name takes as long as a wrong password."""
        self._trying: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        """One at a time for each account, so that no try goes uncounted and no change is lost."""
        self._recent = Recent(self.find, clock)

    async def find(self, name: str) -> User | None:
        data = await self._blobs.get(_KIND, name)
        if data is None:
            return None
        record = json.loads(data)
        return User(**{**record, "recovery": tuple(record.get("recovery", ()))})

    async def known(self, name: str) -> User | None:
        """As of a moment ago."""
        return await self._recent.get(name)

    async def all(self) -> Sequence[User]:
        found = [await self.find(name) for name in await self._blobs.ids(_KIND)]
        return [user for user in found if user]

    async def put(self, name: str, role: Role, password: str, call_center: str = "", team: str = "", *, demo: bool = False) -> User:
        user = User(name, role, await self.hashed(password), call_center, team, demo)
        await self._save(user)
        return user

    async def add(self, user: User) -> bool:
        """Whether nobody had that name."""
        async with self._trying[user.name]:
            if await self.find(user.name):
                return False
            await self._save(user)
            return True

    async def change(self, name: str, change: Change) -> User | None:
        """None where nobody has that name."""
        async with self._trying[name]:
            user = await self.find(name)
            return await self._save(change(user)) if user else None

    async def hashed(self, password: str) -> str:
        return await asyncio.to_thread(self._hash.hash, password)

    async def fits(self, user: User, password: str) -> bool:
        return await asyncio.to_thread(self._hash.verify, password, user.password)

    async def verified(self, name: str, password: str, now: datetime, *, signing_in: bool = True) -> User | None:
        """The user, if the password is right and the account neither off nor locked; a failure is counted.

        With a second step to come what failed before stays counted: a right password must not buy more guesses at the code.
        """
        if await self.find(name) is None:
            await asyncio.to_thread(self._hash.verify, password, self._nobody)
            return None
        async with self._trying[name]:
            user = await self.find(name)
            if user is None or user.locked(now):
                return None
            if not await self.fits(user, password):
                await self._failed(user, now)
                return None
            if not user.on:
                return None
            return await self._entered(user, now) if signing_in and not user.totp else user

    async def confirmed(self, name: str, step: Callable[[User], User | None], now: datetime) -> User | None:
        """The user, if the second step is right; ``step`` answers them with what it used up, or None for a failure, which is counted."""
        async with self._trying[name]:
            user = await self.find(name)
            if user is None or user.locked(now) or not user.on:
                return None
            passed = step(user)
            if passed is None:
                await self._failed(user, now)
                return None
            return await self._entered(passed, now)

    async def _entered(self, user: User, now: datetime) -> User:
        return await self._save(replace(user, failures=0, locked_until="", signed_in_at=now.isoformat()))

    async def _failed(self, user: User, now: datetime) -> None:
        failures = user.failures + 1
        lock = failures >= MOST_FAILURES
        failed = replace(user, failures=0 if lock else failures, locked_until=(now + LOCKED_FOR).isoformat() if lock else "")
        await self._save(failed)
        if lock:
            log.warning("user.locked", user=user.name)
            await self._on_lock(failed)

    async def remove(self, name: str) -> None:
        await self._blobs.delete(_KIND, name)
        self._recent.put(name, None)

    async def _save(self, user: User) -> User:
        await self._blobs.put(_KIND, user.name, json.dumps(asdict(user)).encode())
        self._recent.put(user.name, user)
        return user
