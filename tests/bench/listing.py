"""The list of orders with 100,000 of them, by every kind of filter; and an order with 300 events, now and as it was."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from services.customers.status import indexed
from services.customers.views import orders
from services.house import House
from shared.asgi import Client
from shared.contracts.catalog import Campaign, Offer
from shared.contracts.catalog import Settings as Account
from shared.engine import DataFolder
from shared.kernel.codec import stamp
from shared.kernel.views import Document, collection
from shared.settings import Settings
from tests.bench.row import Row

ORDERS = 100_000
EVENTS = 300
_TURNS = 15
_BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
_FILTERS = {
    "all": "",
    "status, one in 50": "status=Declined",
    "agent, one in 40": "agent=agent:agent7",
    "campaign, every third": "campaign=1",
    "a week": "since=2026-02-01T00:00:00Z&until=2026-02-07T23:59:59Z",
    "totals that nobody has": "at_least=99999",
    "status and agent": "status=Declined&agent=agent:agent7",
    "agent, campaign and method": "agent=agent:agent7&campaign=1&method=external",
    "a rare mark": "mark=payment-returned",
    "a rare mark and a campaign": "mark=payment-returned&campaign=1",
    "large and external": "at_least=240&method=external",
    "campaign and method that are never together": "campaign=2&method=echeck",
    "the mark of most": "mark=exported&agent=agent:agent7",
}
"""What is asked for, in the query."""
_BODY = {
    "campaign": "1",
    "customer": {"first_name": "Customer", "last_name": "A", "phone": "+1 512 555 0142", "email": "customer.a@example.com"},
    "billing": {"street": "100 Example Street", "city": "Austin", "region": "TX", "postal": "78701", "country": "US"},
    "lines": [{"product": "1", "quantity": 1}],
}


def _parts(n: int) -> dict[str, Any]:
    at = stamp(_BEGUN + timedelta(minutes=n))
    method = "external" if n % 5 == 0 else "echeck" if n % 15 == 1 else "card"
    order = {
        "created_at": at, "updated_at": at, "touched": True, "stage": "submitted", "attempt": 1, "campaign": str(n % 3), "campaign_name": "Restful",
        "customer_id": str(4_000_000_000 + n // 2), "customer": {"first_name": "Customer", "last_name": "A", "phone": "+15125550142"},
        "agent": f"agent:agent{n % 40}", "method": method, "total": 1_000 + n % 25_000, "currency": "USD",
        "attribution": {"affiliate": "radio", "dnis": "8005550100", "ani": "+15125550142"},
    }  # fmt: skip
    if n % 50 == 3:
        return {"order": order, "payment": {"created_at": at, "updated_at": at, "decline": {"attempt": 1}}}
    returned = {"returned": {f"{n}-1-1": 1}} if n % 500 == 7 else {}
    payment = {"created_at": at, "updated_at": at, "captured": {"1": order["total"]}, "instrument": {"brand": "Visa", "last4": "4242"}, **returned}
    approved = {"created_at": at, "updated_at": at, "waiting": False, "approved_by": "automatic"}
    return {
        "order": order,
        "payment": payment,
        "review": approved,
        "shipment": {"created_at": at, "updated_at": at, "exported": {"csv": True}, "made": {"csv": True}},
    }


def _documents() -> Iterator[Document]:
    for n in range(ORDERS):
        parts = _parts(n)
        yield Document(f"{n:010}", {**indexed(parts), "parts": parts}, {f"order-{n:010}": 1})


async def _filled(house: House) -> None:
    documents = list(_documents())
    running = house.running["customers"]
    for start in range(0, len(documents), 5_000):
        await running.documents.write({collection(orders): documents[start : start + 5_000]})


async def _timed(client: Client, path: str) -> list[float]:
    """Milliseconds."""
    taken = []
    for _ in range(_TURNS):
        begun = time.perf_counter()
        answer = await client.request("GET", path, headers={"x-ringup-actor": "agent:agent1"})
        taken.append((time.perf_counter() - begun) * 1000)
        if answer.status != 200:
            raise RuntimeError(f"{path} was answered with {answer.status}: {answer.json()}")
    return sorted(taken)


def _row(what: str, taken: list[float], wanted: str) -> Row:
    return Row(what, "", "ms", [statistics.median(taken), taken[0], taken[-1]], wanted=wanted)


async def _listed(house: House) -> list[Row]:
    await _filled(house)
    client = house.clients["customers"]
    return [_row(f"{ORDERS:,} orders: {what}", await _timed(client, f"/orders?{query}"), "under 100 ms") for what, query in _FILTERS.items()]


async def _rung_up(house: House) -> tuple[str, list[str]]:
    """An order that was changed again and again, once its timeline is there, and the times of its events."""
    cart, customers = house.clients["cart"], house.clients["customers"]
    actor = {"x-ringup-actor": "agent:agent1"}
    async with asyncio.timeout(60):
        while (started := await cart.request("POST", "/orders", json=_BODY, headers=actor)).status != 201:
            await asyncio.sleep(0.05)
        id = started.json()["order_id"]
        for n in range(EVENTS - 1):
            await cart.request("POST", f"/orders/{id}/changes", json={"lines": [{"product": "1", "quantity": 2 + n % 5}]}, headers=actor)
        while True:
            answer = await customers.request("GET", f"/orders/{id}/timeline", headers=actor)
            if answer.status == 200 and len(answer.json()["rows"]) >= EVENTS:
                return id, [row["time"] for row in answer.json()["rows"]]
            await asyncio.sleep(0.05)


async def _told(house: House) -> list[Row]:
    pillow = Offer(id="1", name="Cloud pillow", sku="RN-PIL-01", price=4995, shipping_price=695)
    campaign = Campaign(id="1", name="Restful Nights (phone)", offers=(pillow,))
    for path, body in (("/settings", Account().model_dump(mode="json")), ("/campaigns/1", campaign.model_dump(mode="json"))):
        answer = await house.clients["catalog"].request("PUT", path, json=body, headers={"x-ringup-actor": "agent:supervisor1"})
        if answer.status != 200:
            raise RuntimeError(f"{path} was answered with {answer.status}: {answer.json()}")
    id, times = await _rung_up(house)
    then = times[EVENTS // 2].replace("+", "%2B")
    asked = {
        "its timeline": ("customers", f"/orders/{id}/timeline"),
        "what it was halfway": ("customers", f"/orders/{id}?as_of={then}"),
        "its lines halfway": ("cart", f"/orders/{id}?as_of={then}"),
    }
    return [
        _row(f"an order with {EVENTS} events: {what}", await _timed(house.clients[of], path), "under 50 ms") for what, (of, path) in asked.items()
    ]


async def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder) / "data", key_file=Path(folder) / "master.key")
        engine = DataFolder(settings)
        house = House(settings, engine.ports)
        await house.start()
        for running in house.running.values():
            running.subscribe(engine.broker)
        await engine.broker.start()
        try:
            return [*await _told(house), *await _listed(house)]
        finally:
            await house.stop()
            await engine.close()
