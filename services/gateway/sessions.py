"""Sessions: a random token in a cookie, its hash in access.db; they end when idle."""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from services.gateway.users import Role, User
from shared.kernel.errors import Unavailable
from shared.kernel.ports import Blobs

IDLE = timedelta(minutes=15)
_TOUCH = timedelta(seconds=30)
"""Activity is written down this often; where it can't be, it is remembered."""
_KIND = "sessions"


@dataclass(frozen=True, slots=True)
class Session:
    """``csrf`` comes back with whatever changes something."""

    id: str
    user: str
    role: Role
    csrf: str
    seen_at: datetime
    call_center: str = ""
    team: str = ""

    @property
    def actor(self) -> str:
        return f"agent:{self.user}"


class Sessions:
    """Raises Unavailable. An ended or idle session is as if it had never been."""

    def __init__(self, blobs: Blobs, clock: Callable[[], datetime]) -> None:
        self._blobs = blobs
        self._clock = clock
        self._known: dict[str, Session] = {}

    async def start(self, user: User) -> tuple[str, Session]:
        """The cookie's token and the session. Those that are over are swept."""
        await self._sweep()
        token = secrets.token_urlsafe(32)
        session = Session(_id(token), user.name, user.role, secrets.token_urlsafe(24), self._clock(), user.call_center, user.team)
        await self._save(session)
        return token, session

    async def find(self, token: str, *, active: bool = True) -> Session | None:
        session = await self._load(_id(token))
        if session is None:
            return None
        now = self._clock()
        if now - session.seen_at > IDLE:
            await self.end(session)
            return None
        if active and now - session.seen_at > _TOUCH:
            session = self._known[session.id] = replace(session, seen_at=now)
            with contextlib.suppress(Unavailable):
                await self._save(session)
        return session

    async def end_all_of(self, user: str) -> None:
        for id in await self._blobs.ids(_KIND):
            session = await self._load(id)
            if session and session.user == user:
                await self.end(session)

    async def end(self, session: Session) -> None:
        self._known.pop(session.id, None)
        await self._blobs.delete(_KIND, session.id)

    async def _load(self, id: str) -> Session | None:
        if id not in self._known:
            data = await self._blobs.get(_KIND, id)
            if data is None:
                return None
            record = json.loads(data)
            self._known[id] = Session(**{**record, "seen_at": datetime.fromisoformat(record["seen_at"])})
        return self._known[id]

    async def _save(self, session: Session) -> None:
        record = {**asdict(session), "seen_at": session.seen_at.isoformat()}
        await self._blobs.put(_KIND, session.id, json.dumps(record).encode())
        self._known[session.id] = session

    async def _sweep(self) -> None:
        for id in await self._blobs.ids(_KIND):
            session = await self._load(id)
            if session and self._clock() - session.seen_at > IDLE:
                await self.end(session)


def _id(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
