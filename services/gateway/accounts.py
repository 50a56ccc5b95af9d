"""The accounts of a demo installation, named on its sign-in page; and the first account of any other."""

from __future__ import annotations

import secrets

from services.gateway.sessions import Sessions
from services.gateway.users import Role, Users

PASSWORD = "restful"  # noqa: S105 - for demonstrations only; `ringup doctor` refuses it on a public address
ACCOUNTS: tuple[tuple[str, Role, str], ...] = (
    ("agent1", "agent", "Ring up an order: two pillows, by card"),
    ("reviewer1", "qa", "Approve an order that waits for a review"),
    ("supervisor1", "supervisor", "Sell, review, and change the account's settings"),
    ("ops1", "ops", "Rebuild the review queue from its events"),
    ("admin1", "admin", "Everything"),
)


async def furnish(users: Users) -> None:
    """Makes the accounts that are not there; never beside real ones."""
    if any(not user.demo for user in await users.all()):
        return
    for name, role, _ in ACCOUNTS:
        if await users.find(name) is None:
            await users.put(name, role, PASSWORD, "North", "Team 3", demo=True)


async def retire(users: Users, sessions: Sessions) -> None:
    """No account of a demonstration outlives it."""
    for user in await users.all():
        if user.demo:
            await users.remove(user.name)
            await sessions.end_all_of(user.name)


async def first(users: Users) -> str | None:
    """The password of ``admin``, which is made where nobody could sign in."""
    if await users.all():
        return None
    password = secrets.token_urlsafe(12)
    await users.put("admin", "admin", password)
    return password
