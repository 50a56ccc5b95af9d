"""API keys: ``rk_<id>_<secret>``, the secret's hash in access.db. A key does what its scopes say, under its own name."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta

import structlog

from services.gateway.audit import Audit
from services.gateway.recent import Recent
from services.gateway.sessions import Session
from shared.kernel.commands import Refusal
from shared.kernel.decider import Refused
from shared.kernel.errors import NotFound, Unavailable
from shared.kernel.ports import Blobs

log = structlog.get_logger()

SCOPES: Mapping[str, str] = {
    "orders:read": "See orders, what became of them, and their customers",
    "orders:write": "Ring up orders, with the card data that pays for them, and keep partials",
    "orders:review": "Approve and deny orders that wait for a review",
    "orders:cancel": "Cancel orders",
    "orders:refund": "Give back what was taken",
    "shipments:read": "See shipments, and where they go; each order whose address was told is written down",
    "shipments:write": "Hold, release and send shipments once more, and say what became of them",
    "customers:write": "Note, merge and unmerge customers, and record what they agree to",
    "customers:export": "Get all that is known of a customer",
    "customers:erase": "Erase customers, for good",
    "catalog:read": "See campaigns and their products",
    "catalog:write": "Publish campaigns",
}
"""What a key may do, in words. Routes state theirs beside their roles; a test holds that no other is stated, and that each is."""
_TOUCH = timedelta(minutes=10)
"""The last use is written down this often."""
_KIND = "keys"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_KEY = re.compile(r"rk_([a-z2-7]{16})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """``expires_on`` is the last day, UTC; empty: never."""

    id: str
    name: str
    hash: str
    scopes: tuple[str, ...]
    made_at: str
    made_by: str
    expires_on: str = ""
    revoked_at: str = ""
    revoked_by: str = ""
    used_at: str = ""

    def state(self, now: datetime) -> str:
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_on and now.date() > date.fromisoformat(self.expires_on) else "in use"


class Keys:
    """``key``, 32 bytes, never lies in the data folder. Raises Refusal, NotFound, Unavailable."""

    def __init__(self, blobs: Blobs, audit: Audit, key: bytes, clock: Callable[[], datetime]) -> None:
        self._blobs = blobs
        self._audit = audit
        self._key = hmac.digest(key, b"api keys", "sha256")
        self._clock = clock
        self._recent = Recent(self.find, clock)
        self._changing: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._making = asyncio.Lock()

    async def find(self, id: str) -> ApiKey | None:
        data = await self._blobs.get(_KIND, id)
        if data is None:
            return None
        record = json.loads(data)
        return ApiKey(**{**record, "scopes": tuple(record["scopes"])})

    async def all(self) -> Sequence[ApiKey]:
        """Newest first."""
        found = [await self.find(id) for id in await self._blobs.ids(_KIND)]
        return sorted((key for key in found if key), key=lambda key: key.made_at, reverse=True)

    async def make(self, by: str, name: str, scopes: Sequence[str], expires_on: str, command_id: str) -> tuple[ApiKey, str]:
        """The key itself is shown this once; the same command makes the same one."""
        async with self._making:
            id, secret = self._drawn(command_id)
            known = await self.find(id)
            if known:
                self._check_repeat(known, name, scopes, expires_on)
                return known, f"rk_{id}_{secret}"
            self._check(name, scopes, expires_on, await self.all())
            await self._audit.key(by, name, "made", [*scopes, *([f"until {expires_on}"] if expires_on else [])])
            made = ApiKey(id, name, _hash(secret), tuple(s for s in SCOPES if s in scopes), self._clock().isoformat(), by, expires_on)
            await self._save(made)
            return made, f"rk_{id}_{secret}"

    async def revoke(self, by: str, id: str) -> ApiKey:
        async with self._changing[id]:
            known = await self.find(id)
            if known is None:
                raise NotFound("There is no such key.")
            if known.revoked_at:
                return known
            await self._audit.key(by, known.name, "revoked")
            return await self._save(replace(known, revoked_at=self._clock().isoformat(), revoked_by=by))

    async def holder(self, token: str) -> Session | None:
        """Whoever sends this key, if it is one and good now."""
        parts, now = _KEY.fullmatch(token), self._clock()
        known = await self._recent.get(parts[1]) if parts else None
        if parts is None or known is None or not hmac.compare_digest(_hash(parts[2]), known.hash) or known.state(now) != "in use":
            log.warning("key.refused", key=known.name if known else "")
            return None
        if not known.used_at or now - datetime.fromisoformat(known.used_at) > _TOUCH:
            await self._touch(known.id, now)
        return Session("", known.name, "", "", now, scopes=frozenset(known.scopes))

    async def _touch(self, id: str, now: datetime) -> None:
        async with self._changing[id]:
            known = await self.find(id)
            if known and not known.revoked_at:
                used = replace(known, used_at=now.isoformat())
                self._recent.put(id, used)
                with contextlib.suppress(Unavailable):
                    await self._save(used)

    def _drawn(self, command_id: str) -> tuple[str, str]:
        """Id and secret, 256 bits, which nobody can tell without the installation's key."""
        id = base64.b32encode(hmac.digest(self._key, f"id\n{command_id}".encode(), "sha256")[:10]).decode().lower()
        secret = base64.urlsafe_b64encode(hmac.digest(self._key, f"secret\n{command_id}".encode(), "sha256")).decode().rstrip("=")
        return id, secret

    def _check_repeat(self, known: ApiKey, name: str, scopes: Sequence[str], expires_on: str) -> None:
        """A form that a browser went back to is another one, and takes nothing away from the key that it made before."""
        if (known.name, {*known.scopes}, known.expires_on) != (name, {*scopes}, expires_on):
            raise Refusal(Refused("key-reused", f"This form has made the key {known.name} already. Load the page again to make another one."))

    def _check(self, name: str, scopes: Sequence[str], expires_on: str, known: Sequence[ApiKey]) -> None:
        problems = []
        if not _NAME.fullmatch(name):
            said = "A key's name has 1 to 40 small letters, digits, dots, dashes and underlines, and begins with a letter or digit."
            problems.append(("name", "name-invalid", said))
        elif any(key.name == name for key in known):
            problems.append(("name", "name-taken", "There was a key of this name already; what it did is known by it. Choose another one."))
        if not scopes or set(scopes) - SCOPES.keys():
            problems.append(("scopes", "scopes-missing", "Choose what the key may do."))
        if expires_on and not _day_from(expires_on, self._clock().date()):
            problems.append(("expires_on", "expiry-invalid", "The last day is today or later, written as 2030-12-31."))
        if problems:
            errors = [{"field": field, "code": code, "detail": detail} for field, code, detail in problems]
            raise Refusal(Refused(errors[0]["code"], errors[0]["detail"], errors[0]["field"], conflict=False, data={"errors": errors}))

    async def _save(self, key: ApiKey) -> ApiKey:
        await self._blobs.put(_KIND, key.id, json.dumps(asdict(key)).encode())
        self._recent.put(key.id, key)
        return key


def _hash(secret: str) -> str:
    """Without salt or stretching: 256 random bits are in no list and cannot be tried."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _day_from(text: str, today: date) -> bool:
    try:
        return date.fromisoformat(text) >= today and len(text) == 10
    except ValueError:
        return False
