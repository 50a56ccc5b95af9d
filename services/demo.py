"""Demonstration data: accounts, a phone campaign, and a few orders in every status. All of it goes the way that real data goes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from services.demo_catalog import CAMPAIGN, DIRECTORY, SETTINGS, WEB
from services.gateway import accounts
from services.gateway.users import Users
from services.payments.simulator.magic import UNREACHABLE
from shared.clients import Caller, Clients, call
from shared.ids import order_id
from shared.kernel.errors import Unavailable

GOOD, BROKE = "4242424242424242", "4000000000009995"
AGENT, REVIEWER, SUPERVISOR = (
    Caller(f"agent:{name}", role) for name, role in (("agent1", "agent"), ("reviewer1", "qa"), ("supervisor1", "supervisor"))
)
_PATIENCE = 20.0
"""Seconds for one step to arrive where the next one needs it."""


@dataclass(frozen=True)
class Sample:
    """``then`` says what becomes of the order after it was placed."""

    name: str
    place: tuple[str, str, str, str]
    lines: dict[str, int]
    card: str = ""
    then: str = ""
    notes: str = ""
    more: tuple[tuple[str, Any], ...] = ()
    """Sections that few orders have."""


SAMPLES = (
    Sample("A", ("100 Example Street", "Austin", "TX", "78701"), {"101": 2, "104": 1}, GOOD, notes="Calls back on Friday about a second topper.",
           more=(("coupons", ["SLEEP10"]), ("fields", [{"field": "1", "value": "Queen"}, {"field": "2", "value": "Radio"}]))),
    Sample("B", ("22 Sample Road", "Portland", "OR", "97201"), {"107": 1}, GOOD),
    Sample("C", ("7 Pattern Lane", "Albany", "NY", "12207"), {"103": 1, "105": 1}, GOOD),
    Sample("D", ("18 Model Avenue", "Sacramento", "CA", "95814"), {"101": 1}, notes="Replacement promised for a pillow with a torn seam."),
    Sample("E", ("5 Specimen Way", "Dallas", "TX", "75201"), {"107": 1, "103": 1}),
    Sample("F", ("9 Instance Court", "Houston", "TX", "77002"), {"103": 2}, BROKE),
    Sample("G", ("31 Trial Place", "Buffalo", "NY", "14202"), {"101": 1, "105": 1}, UNREACHABLE),
    Sample("H", ("64 Draft Street", "Salem", "OR", "97301"), {"104": 2}, then="cancel"),
    Sample("J", ("3 Outline Street", "El Paso", "TX", "79901"), {"101": 1, "103": 1}, then="no-sale", notes="Wants to sleep on it. Calls back."),
    Sample("I", ("12 Proof Road", "San Diego", "CA", "92101"), {"101": 3}, then="leave-open", notes="Wants to ask at home first."),
)  # fmt: skip


async def furnish(clients: Clients, users: Users, key: bytes) -> None:
    """On an installation without events, or one whose furnishing was cut off: all of it. Else at most missing accounts."""
    await accounts.furnish(users)
    begun, done = [await _exists(clients, _id(key, sample)) for sample in (SAMPLES[0], SAMPLES[-1])]
    if not done and (begun or await _untouched(clients)):
        await seed(clients, key)


async def _untouched(clients: Clients) -> bool:
    """Nobody has done more than a furnishing that came no further than to the campaign."""
    campaigns = await _send(clients, "catalog", SUPERVISOR, "GET", "/-/streams?prefix=campaign-&limit=3", None)
    orders = await _send(clients, "cart", SUPERVISOR, "GET", "/-/streams?prefix=order-&limit=1", None)
    ours = [{"stream": f"campaign-{campaign.id}", "version": 1} for campaign in (CAMPAIGN, WEB)]
    return not orders["rows"] and all(row in ours for row in campaigns["rows"])


async def seed(clients: Clients, key: bytes, progress: Callable[[int, int], None] = lambda done, total: None) -> int:
    """``key`` is the installation's, which order ids are made with. Repeating it changes nothing. The number of orders."""
    await _send(clients, "catalog", SUPERVISOR, "PUT", "/settings", SETTINGS.model_dump(mode="json"))
    await _send(clients, "catalog", SUPERVISOR, "PUT", "/directory", DIRECTORY.model_dump(mode="json"))
    for campaign in (WEB, CAMPAIGN):
        await _send(clients, "catalog", SUPERVISOR, "PUT", f"/campaigns/{campaign.id}", campaign.model_dump(mode="json"))
    for n, sample in enumerate(SAMPLES, 1):
        await _place(clients, _id(key, sample), sample)
        progress(n, len(SAMPLES))
    return len(SAMPLES)


def _id(key: bytes, sample: Sample) -> str:
    return order_id(key, AGENT.actor, _key(sample))


def _key(sample: Sample) -> str:
    return f"demo-order-{sample.name}"


async def _exists(clients: Clients, id: str) -> bool:
    return (await call(clients["cart"], AGENT, "GET", f"/orders/{id}")).status == 200


async def _place(clients: Clients, id: str, sample: Sample) -> None:
    key = _key(sample)
    order = _order(sample)
    if sample.then == "leave-open":
        await _send(clients, "cart", AGENT, "POST", "/orders", {"campaign": CAMPAIGN.id}, key)
        changes = {name: order[name] for name in ("customer", "billing", "lines", "notes")}
        await _send(clients, "cart", AGENT, "POST", f"/orders/{id}/changes", changes, f"{key}-changes")
        return
    if sample.then == "no-sale":
        await _send(clients, "cart", AGENT, "POST", "/orders/partial", {**order, "disposition": "thinking"}, key)
        return
    if not await _exists(clients, id):
        await _submit(clients, id, key, sample, order)
    if sample.then == "cancel":
        reason = {"reason": "The customer changed their mind."}
        await _send(clients, "fulfillment", SUPERVISOR, "POST", f"/shipments/{id}/cancel", reason, f"{key}-cancel")


async def _submit(clients: Clients, id: str, key: str, sample: Sample, order: dict[str, Any]) -> None:
    if sample.card:
        card = {"order_id": id, "number": sample.card, "expiry": "12/49", "cvv": "737"}
        order["payment"] = (await _send(clients, "payments", AGENT, "POST", "/tokens", card))["token"]
    order["method"] = "card" if sample.card else "external"
    await _send(clients, "cart", AGENT, "POST", "/orders/place", order, key)


def _order(sample: Sample) -> dict[str, Any]:
    street, city, region, postal = sample.place
    letter = sample.name
    return {
        "campaign": CAMPAIGN.id,
        "call_center": "North",
        "team": "Team 3",
        "customer": {
            "first_name": "Customer",
            "last_name": letter,
            "phone": f"+1 512 555 01{ord(letter) - 23}",
            "email": f"customer.{letter.lower()}@example.com",
        },
        "billing": {"street": street, "city": city, "region": region, "postal": postal, "country": "US"},
        "lines": [{"product": product, "quantity": quantity} for product, quantity in sample.lines.items()],
        "notes": sample.notes,
        **dict(sample.more),
    }


async def _send(clients: Clients, service: str, caller: Caller, method: str, path: str, json: Any, key: str = "") -> Any:
    """Again until what it needs has arrived there, for a while. Raises Unavailable."""
    try:
        async with asyncio.timeout(_PATIENCE):
            while True:
                response = await call(clients[service], caller, method, path, json, key=key)
                if response.status < 400:
                    return response.json()
                problem = response.json()
                if problem["code"] not in ("unknown-campaign", "unavailable"):
                    raise Unavailable(f"The demo data was refused by {service}: {problem['detail']}")
                await asyncio.sleep(0.05)
    except TimeoutError as error:
        raise Unavailable(f"The demo data did not arrive in {service}.") from error
