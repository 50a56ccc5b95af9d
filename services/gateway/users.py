"""Users: name, role and an argon2 hash, in access.db; ten wrong passwords lock an account for a while."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, get_args

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from shared.kernel.ports import Blobs

Role = Literal["agent", "qa", "supervisor", "ops", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
MOST_FAILURES = 10
LOCKED_FOR = timedelta(minutes=15)
_KIND = "users"


@dataclass(frozen=True, slots=True)
class User:
    name: str
    role: Role
    password: str
    call_center: str = ""
    team: str = ""
    demo: bool = False
    """Of a demonstration: gone when Ringup starts without one."""
    failures: int = 0
    locked_until: str = ""

    def locked(self, now: datetime) -> bool:
        return bool(self.locked_until) and now < datetime.fromisoformat(self.locked_until)


class Users:
    """Raises Unavailable."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._hash = PasswordHash((Argon2Hasher(),))
        self._nobody = self._hash.hash(secrets.token_hex())
        """An unknown name takes as long as a wrong password."""
        self._trying: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        """One try at a time for each account, so that none goes uncounted."""

    async def find(self, name: str) -> User | None:
        data = await self._blobs.get(_KIND, name)
        return User(**json.loads(data)) if data else None

    async def all(self) -> Sequence[User]:
        found = [await self.find(name) for name in await self._blobs.ids(_KIND)]
        return [user for user in found if user]

    async def put(self, name: str, role: Role, password: str, call_center: str = "", team: str = "", *, demo: bool = False) -> User:
        user = User(name, role, await asyncio.to_thread(self._hash.hash, password), call_center, team, demo)
        await self._save(user)
        return user

    async def verified(self, name: str, password: str, now: datetime) -> User | None:
        """The user, if the password is right and the account not locked; a failure is counted."""
        if await self.find(name) is None:
            await asyncio.to_thread(self._hash.verify, password, self._nobody)
            return None
        async with self._trying[name]:
            return await self._tried(name, password, now)

    async def _tried(self, name: str, password: str, now: datetime) -> User | None:
        user = await self.find(name)
        if user is None or user.locked(now):
            return None
        if await asyncio.to_thread(self._hash.verify, password, user.password):
            if user.failures:
                await self._save(replace(user, failures=0, locked_until=""))
            return user
        await self._failed(user, now)
        return None

    async def _failed(self, user: User, now: datetime) -> None:
        failures = user.failures + 1
        lock = failures >= MOST_FAILURES
        await self._save(replace(user, failures=0 if lock else failures, locked_until=(now + LOCKED_FOR).isoformat() if lock else ""))

    async def remove(self, name: str) -> None:
        await self._blobs.delete(_KIND, name)

    async def _save(self, user: User) -> None:
        await self._blobs.put(_KIND, user.name, json.dumps(asdict(user)).encode())
