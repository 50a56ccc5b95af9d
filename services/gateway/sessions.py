"""Sessions: a random token in a cookie, its hash in access.db; they end when idle, and when their user's do."""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Literal

from services.gateway.recent import Recent
from services.gateway.users import Role, User, Users
from shared.kernel.errors import Unavailable
from shared.kernel.ports import Blobs

IDLE = timedelta(minutes=15)
"""Where the account's settings say nothing else."""
_TOUCH = timedelta(seconds=30)
"""Activity is written down this often; where it can't be, it is remembered."""
_KIND = "sessions"


@dataclass(frozen=True, slots=True)
class Session:
    """Who asks: a user as they are now, or a program with an API key.

    ``csrf`` comes back with whatever changes something; a key has none, since no browser sends it by itself.
    """

    id: str
    user: str
    role: Role | Literal[""]
    csrf: str
    seen_at: datetime
    call_center: str = ""
    team: str = ""
    full_name: str = ""
    must_change: bool = False
    """The password, before anything else."""
    scopes: frozenset[str] | None = None
    """What a key may do; None: not a key."""

    @property
    def actor(self) -> str:
        return f"{'agent' if self.scopes is None else 'key'}:{self.user}"


@dataclass(frozen=True, slots=True)
class _Kept:
    id: str
    user: str
    csrf: str
    seen_at: datetime
    epoch: int = 0


class Sessions:
    """``idle`` says after how long. Raises Unavailable. An ended or idle session is as if it had never been."""

    def __init__(self, blobs: Blobs, clock: Callable[[], datetime], users: Users, idle: Callable[[], timedelta] = lambda: IDLE) -> None:
        self._blobs = blobs
        self._clock = clock
        self._users = users
        self._idle = idle
        self._recent = Recent(self._load, clock)

    async def start(self, user: User) -> tuple[str, Session]:
        """The cookie's token and the session. Those that are over are swept."""
        await self._sweep()
        token = secrets.token_urlsafe(32)
        kept = _Kept(_id(token), user.name, secrets.token_urlsafe(24), self._clock(), user.epoch)
        await self._save(kept)
        return token, _session(kept, user)

    async def find(self, token: str, *, active: bool = True) -> Session | None:
        """What was changed about its user holds from now on."""
        kept = await self._recent.get(_id(token))
        user = await self._users.known(kept.user) if kept else None
        if kept is None:
            return None
        if user is None or not user.on or user.epoch != kept.epoch or self._over(kept):
            await self._end(kept.id)
            return None
        if active and self._clock() - kept.seen_at > _TOUCH:
            kept = replace(kept, seen_at=self._clock())
            self._recent.put(kept.id, kept)
            with contextlib.suppress(Unavailable):
                await self._save(kept)
        return _session(kept, user)

    async def end_all_of(self, user: str) -> None:
        for id in await self._blobs.ids(_KIND):
            kept = await self._load(id)
            if kept and kept.user == user:
                await self._end(id)

    async def end(self, session: Session) -> None:
        await self._end(session.id)

    async def _end(self, id: str) -> None:
        self._recent.put(id, None)
        await self._blobs.delete(_KIND, id)

    def _over(self, kept: _Kept) -> bool:
        return self._clock() - kept.seen_at > self._idle()

    async def _load(self, id: str) -> _Kept | None:
        """Activity that could not be written down counts too."""
        data = await self._blobs.get(_KIND, id)
        if data is None:
            return None
        record = json.loads(data)
        kept = _Kept(**{field.name: record[field.name] for field in fields(_Kept) if field.name in record})
        kept = replace(kept, seen_at=datetime.fromisoformat(record["seen_at"]))
        before = self._recent.before(id)
        return before if before and before.seen_at > kept.seen_at else kept

    async def _save(self, kept: _Kept) -> None:
        await self._blobs.put(_KIND, kept.id, json.dumps({**asdict(kept), "seen_at": kept.seen_at.isoformat()}).encode())
        self._recent.put(kept.id, kept)

    async def _sweep(self) -> None:
        for id in await self._blobs.ids(_KIND):
            kept = await self._load(id)
            if kept and self._over(kept):
                await self._end(id)


def _session(kept: _Kept, user: User) -> Session:
    return Session(kept.id, user.name, user.role, kept.csrf, kept.seen_at, user.call_center, user.team, user.full_name, user.must_change)


def _id(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
