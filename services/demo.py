"""Demonstration data: accounts, a phone campaign, and a few orders in every status. All of it goes the way that real data goes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from services.gateway import accounts
from services.gateway.users import Users
from services.payments.simulator.app import UNREACHABLE
from shared.clients import Caller, Clients, call
from shared.contracts.catalog import Campaign, Offer, Settings
from shared.ids import order_id
from shared.kernel.errors import Unavailable

GOOD, BROKE = "4242424242424242", "4000000000009995"
AGENT, REVIEWER, SUPERVISOR = (
    Caller(f"agent:{name}", role) for name, role in (("agent1", "agent"), ("reviewer1", "qa"), ("supervisor1", "supervisor"))
)
_PATIENCE = 20.0
"""Seconds for one step to arrive where the next one needs it."""

SCRIPT = """Thank you for calling Restful Nights, my name is {agent}. Am I speaking with {customer}?

> Confirm the phone number and the ZIP before you speak about prices.

The Cloud pillow keeps its shape for five years. If you do not sleep better within sixty days, you send it back and we refund it.

> Read the order back, line by line.

With shipping and tax that is {total} today. May I place it on your card?

> Say the total before you ask for the card number."""

OFFERS = (
    Offer(id="101", name="Cloud pillow", sku="RN-PIL-01", price=4995, shipping_price=695, max_quantity=10,
          description="Shredded memory foam, bamboo cover, medium firm."),
    Offer(id="102", name="Foam topper, Queen", sku="RN-TOP-02", price=11900, shipping_price=1295, max_quantity=4,
          description="Two inches of cooling foam for a queen-size bed."),
    Offer(id="103", name="Weighted blanket", sku="RN-BLK-01", price=8900, shipping_price=1095, max_quantity=4,
          description="Seven kilograms of glass beads in washed cotton."),
    Offer(id="104", name="Silk sleep mask", sku="RN-MSK-01", price=1495, kind="upsell", description="Mulberry silk, one size."),
    Offer(id="105", name="Lavender spray", sku="RN-SPR-01", price=495, shipping_price=395, kind="upsell", description="100 ml."),
)  # fmt: skip
CAMPAIGN = Campaign(id="1", name="Restful Nights (phone)", offers=OFFERS, script_main=SCRIPT)
SETTINGS = Settings(
    tax_rates={"US-TX": "8.25", "US-NY": "8", "US-CA": "7.25", "US-OR": "0"},
    shipping_taxable={"US-TX": True, "US-NY": True},
)


@dataclass(frozen=True)
class Sample:
    """``then`` says what becomes of the order after it was placed."""

    name: str
    place: tuple[str, str, str, str]
    lines: dict[str, int]
    card: str = ""
    then: str = ""
    notes: str = ""


SAMPLES = (
    Sample("A", ("100 Example Street", "Austin", "TX", "78701"), {"101": 2, "104": 1}, GOOD, notes="Calls back on Friday about a second topper."),
    Sample("B", ("22 Sample Road", "Portland", "OR", "97201"), {"102": 1}, GOOD),
    Sample("C", ("7 Pattern Lane", "Albany", "NY", "12207"), {"103": 1, "105": 2}, GOOD),
    Sample("D", ("18 Model Avenue", "Sacramento", "CA", "95814"), {"101": 1}, notes="Replacement promised for a pillow with a torn seam."),
    Sample("E", ("5 Specimen Way", "Dallas", "TX", "75201"), {"102": 1, "103": 1}),
    Sample("F", ("9 Instance Court", "Houston", "TX", "77002"), {"103": 2}, BROKE),
    Sample("G", ("31 Trial Place", "Buffalo", "NY", "14202"), {"101": 1, "105": 1}, UNREACHABLE),
    Sample("H", ("64 Draft Street", "Salem", "OR", "97301"), {"104": 2}, then="cancel"),
    Sample("I", ("12 Proof Road", "San Diego", "CA", "92101"), {"101": 3}, then="leave-open", notes="Wants to ask at home first."),
)


async def furnish(clients: Clients, users: Users, key: bytes) -> None:
    """On an installation without events, or one whose furnishing was cut off: all of it. Else at most missing accounts."""
    await accounts.furnish(users)
    begun, done = [await _exists(clients, _id(key, sample)) for sample in (SAMPLES[0], SAMPLES[-1])]
    if not done and (begun or await _untouched(clients)):
        await seed(clients, key)


async def _untouched(clients: Clients) -> bool:
    """Nobody has done more than a furnishing that came no further than to the campaign."""
    campaigns = await _send(clients, "catalog", SUPERVISOR, "GET", "/-/streams?prefix=campaign-&limit=2", None)
    orders = await _send(clients, "cart", SUPERVISOR, "GET", "/-/streams?prefix=order-&limit=1", None)
    return not orders["rows"] and campaigns["rows"] in ([], [{"stream": f"campaign-{CAMPAIGN.id}", "version": 1}])


async def seed(clients: Clients, key: bytes, progress: Callable[[int, int], None] = lambda done, total: None) -> int:
    """``key`` is the installation's, which order ids are made with. Repeating it changes nothing. The number of orders."""
    await _send(clients, "catalog", SUPERVISOR, "PUT", "/settings", SETTINGS.model_dump(mode="json"))
    await _send(clients, "catalog", SUPERVISOR, "PUT", f"/campaigns/{CAMPAIGN.id}", CAMPAIGN.model_dump(mode="json"))
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
