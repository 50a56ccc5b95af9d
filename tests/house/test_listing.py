"""Orders by filters: whatever is asked for together, all of it is found, once, newest first."""

import random
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from services.customers.status import comparable, indexed, marks, status
from services.customers.views import orders
from shared.kernel.codec import stamp
from shared.kernel.views import Document, collection
from tests.house.shop import Shop

BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
COUNT = 900


@pytest.fixture(scope="module")
def rows():
    """Orders of every kind, three a minute."""
    return {f"{n:010}": parts(n, BEGUN + timedelta(minutes=n // 3)) for n in range(COUNT)}


def parts(n, at):
    chance, at = random.Random(n), stamp(at)  # noqa: S311 - the same each time
    order = {
        "created_at": at, "updated_at": at, "touched": chance.random() < 0.97, "stage": "submitted", "attempt": 1, "campaign_name": "x",
        "campaign": chance.choice(["1", "2", "12"]), "agent": chance.choice(["agent:a", "agent:a b", "agent:ab", "customer"]),
        "method": chance.choice(["card", "card", "external"]), "total": chance.randrange(20_000), "currency": chance.choice(["USD", "USD", "JPY"]),
        "customer_id": chance.choice(["1000000001", "1000000002"]),
    }  # fmt: skip
    found = {"order": order}
    if chance.random() < 0.8:
        captured, back = {"1": order["total"]}, {"1": 1} if chance.random() < 0.1 else {}
        trouble = {"1": "capture-failed"} if chance.random() < 0.03 else {}
        found["payment"] = {"created_at": at, "updated_at": at, "captured": captured, "refunded": back, "trouble": trouble}
        found["review"] = {"created_at": at, "updated_at": at, "approved_by": "automatic"}
        found["shipment"] = {"created_at": at, "updated_at": at, "made": {"csv": True}}
        found["shipment"] |= {name: {"csv": True} for name, share in (("exported", 0.7), ("shipped", 0.2)) if chance.random() < share}
    return found


@pytest.fixture
async def shop(settings, rows):
    shop = await Shop(settings).open()
    documents = [Document(id, {**indexed(each), "parts": each}, {f"order-{id}": 1}) for id, each in rows.items()]
    await shop.house.running["customers"].documents.write({collection(orders): documents})
    yield shop
    await shop.close()


def fits(each, asked):
    order = each["order"]
    if not (order["touched"] or len(each) > 1):
        return False
    amount = comparable(order["total"], order["currency"])
    wanted = {
        "status": lambda value: status(each) == value,
        "campaign": lambda value: order["campaign"] == value,
        "agent": lambda value: order["agent"] == value,
        "method": lambda value: order["method"] == value,
        "mark": lambda value: value in marks(each),
        "customer_id": lambda value: order["customer_id"] == value,
        "since": lambda value: order["created_at"] >= stamp(datetime.fromisoformat(value)),
        "until": lambda value: order["created_at"] <= stamp(datetime.fromisoformat(value)),
        "at_least": lambda value: amount >= int(value) * 10_000,
        "at_most": lambda value: amount <= int(value) * 10_000,
    }
    return all(wanted[name](value) for name, value in asked.items())


CHOICES = {
    "status": ["Complete", "Processing", "Refunded"],
    "campaign": ["1", "2"],
    "agent": ["agent:a", "agent:a b", "customer"],
    "method": ["card", "external"],
    "mark": ["exported", "shipped", "delivered", "capture-failed", "partly-refunded"],
    "customer_id": ["1000000001"],
    "since": ["2026-01-01T01:00:00Z"],
    "until": ["2026-01-01T04:00:00.5Z", "2026-01-01T02:00:00Z"],
    "at_least": ["20", "150"],
    "at_most": ["180"],
}


async def every(shop, asked, limit):
    """The ids of all pages."""
    found, cursor = [], None
    while True:
        query = urlencode({**asked, "limit": limit, "counts": "false", **({"cursor": cursor} if cursor else {})})
        code, body = await shop.ask("customers", "GET", f"/orders?{query}")
        assert code == 200, body
        found += [row["order_id"] for row in body["rows"]]
        cursor = body["next"]
        if not cursor:
            return found


async def test_whatever_is_asked_together_finds_all_of_it_once_newest_first(shop, rows):
    chance = random.Random(8)  # noqa: S311
    for turn in range(60):
        names = chance.sample(sorted(CHOICES), turn % 4)
        asked = {name: chance.choice(CHOICES[name]) for name in names}
        wanted = sorted((each["order"]["created_at"], id) for id, each in rows.items() if fits(each, asked))
        assert await every(shop, asked, chance.choice([50, 500])) == [id for _, id in wanted[::-1]], asked


async def test_pages_lead_on_though_what_was_few_has_become_many(shop, rows):
    """A page may be read whole out of few orders, and the next one along an index."""
    asked = {"agent": "agent:ab", "method": "external", "limit": "5", "counts": "false"}
    fitting = {id: each for id, each in rows.items() if fits(each, {"agent": "agent:ab", "method": "external"})}
    wanted = [id for _, id in sorted((each["order"]["created_at"], id) for id, each in fitting.items())]
    _, first = await shop.ask("customers", "GET", f"/orders?{urlencode(asked)}")
    more = {f"{n:010}": parts(n, BEGUN) for n in range(5_000, 7_500)}
    later = [Document(id, {**indexed(each), "parts": each}, {}) for id, each in more.items()]
    await shop.house.running["customers"].documents.write({collection(orders): later})
    _, second = await shop.ask("customers", "GET", f"/orders?{urlencode({**asked, 'cursor': first['next']})}")
    assert [row["order_id"] for row in first["rows"] + second["rows"]] == wanted[::-1][:10]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ("mark=lost", "mark"),
        ("since=2026-02-01T00:00:00Z&until=2026-01-01T00:00:00Z", "until"),
        ("at_least=5&at_most=4", "at_most"),
        ("at_least=-1", "at_least"),
        ("at_most=NaN", "at_most"),
        ("since=yesterday", "since"),
        ("method=cash", "method"),
        ("limit=501", "limit"),
        ("cursor=2026_1", "cursor"),
    ],
)
async def test_what_cannot_be_asked_is_said_at_its_field(shop, asked, field):
    code, body = await shop.ask("customers", "GET", f"/orders?{asked}")
    assert code == 422
    assert field in (body.get("field") or "") or any(field in each["field"] for each in body["errors"])
