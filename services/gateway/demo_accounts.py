"""The accounts of a demo installation, named on its sign-in page."""

from __future__ import annotations

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
    """Makes the accounts that are not there."""
    for name, role, _ in ACCOUNTS:
        if await users.find(name) is None:
            await users.put(name, role, PASSWORD, "North", "Team 3")
