"""What a price costs: the policy alone, a tax table of 60,000 ranges, and a change of an order as cart answers it."""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from services.cart.lookups import today
from services.cart.pricing import Catalog, Circumstances, quote
from services.cart.rates import Rates
from services.cart.tables import Tables
from services.cart.tariff import Tariff
from services.cart.views import newest, tax_tables
from shared.contracts.catalog import (
    Campaign,
    CampaignPublished,
    Coupon,
    Offer,
    ShippingProfile,
    ShippingRule,
    TaxRow,
    TaxTablePublished,
)
from shared.contracts.catalog import Settings as Account
from shared.contracts.order import Address, Line
from shared.service import Running
from shared.settings import Settings
from tests.bench.row import ALTERNATIONS, Row
from tests.cart.publishing import publish
from tests.house.shop import ORDER, Shop

RANGES, CHUNK = 60_000, 1_000
CODES = ("TEN", "FIVE", "SHIP", "SOFT", "LAST")
DALLAS = Address(country="US", region="TX", postal="75201")


def campaign(offers: int) -> Campaign:
    """With five coupons, one of every kind and a limited one, and a profile of 40 rules."""
    sold = tuple(
        Offer(id=str(n), name=f"Offer {n}", sku=f"RN-{n}", price=995 + 7 * n, shipping_price=495, tags=("soft",) * (n % 2), categories=("bedding",))
        for n in range(1, offers + 1)
    )
    coupons = (
        Coupon(id="901", code="TEN", percent="10"),
        Coupon(id="902", code="FIVE", kind="flat", amount=500),
        Coupon(id="903", code="SHIP", on="shipping", percent="33.333333"),
        Coupon(id="904", code="SOFT", kind="flat", amount=25, target="products", tags=("soft",)),
        Coupon(id="905", code="LAST", percent="5", target="products", products=("1", "2"), max_uses=1_000_000),
    )
    rules = [ShippingRule(id=str(n), country="US", scope="product", of=str(n), price=300 + n) for n in range(1, 20)]
    rules += [ShippingRule(id=str(n), country="US", region=region, price=n) for n, region in enumerate(("CA", "NY", "OR", "WA"), 20)]
    rules += [ShippingRule(id=str(n), continent="EU", scope="category", of="bedding", price=1995, mode="add") for n in range(24, 41)]
    profile = ShippingProfile(id="911", name="Standard", default=True, free_from=10**9, rules=tuple(rules))
    return Campaign(id="restful", name="Restful Nights", offers=sold, coupons=coupons, profiles=(profile,), max_coupons=9)


def quotes(count: int = 500) -> float:
    """Milliseconds of processor time each: 20 lines, 5 coupons, 40 rules."""
    account = Account(tax_rates={"US-TX": "8.25"}, shipping_taxable={"US-TX": True})
    catalog, known = Catalog(Tariff(campaign(20)), 1, account, 1), Circumstances("2026-03-01", uses={"LAST": 3})
    lines = [Line(line=n, product=str(n), quantity=n % 3 + 1) for n in range(1, 21)]
    begun = time.process_time()
    for _ in range(count):
        quote(catalog, lines, CODES, "", DALLAS, known)
    return 1000 * (time.process_time() - begun) / count


def chunks(number: int) -> list[TaxTablePublished]:
    rows = [
        TaxRow(country="US", region="TX", postal=f"{n:05}", postal_to=f"{n + n % 7:05}", rate="8.25", since="2026-01-01")
        for n in range(10_000, 10_000 + RANGES)
    ]
    parts = RANGES // CHUNK
    return [
        TaxTablePublished(table="texas", number=number, part=part + 1, parts=parts, rows=tuple(rows[part * CHUNK : (part + 1) * CHUNK]))
        for part in range(parts)
    ]


async def load(cart: Running, day: str) -> tuple[float, Rates]:
    """Seconds from the documents into memory."""
    begun = time.perf_counter()
    rates = await Tables(cart).rates(day)
    return time.perf_counter() - begun, rates


def lookups(rates: Rates, count: int = 20_000) -> float:
    """Microseconds of processor time each."""
    chance = random.Random(1)  # noqa: S311
    postals = [f"{chance.randint(10_000, 69_999)}" for _ in range(count)]
    begun = time.process_time()
    for postal in postals:
        rates.of("US", "TX", postal)
    return 1e6 * (time.process_time() - begun) / count


async def changes(shop: Shop, products: int, count: int = 100) -> list[float]:
    """Milliseconds: quantities changed in an order of so many products, from request to answer in process."""
    _, body = await shop.ask("cart", "POST", "/orders", {"campaign": "restful"})
    id, times = body["order_id"], []
    await shop.ask("cart", "POST", f"/orders/{id}/changes", {**_sections(), "coupons": list(CODES)})
    for n in range(count):
        lines = [{"product": str(product), "quantity": (product + n) % 5 + 1} for product in range(1, products + 1)]
        begun = time.perf_counter()
        status, answer = await shop.ask("cart", "POST", f"/orders/{id}/changes", {"lines": lines})
        times.append(1000 * (time.perf_counter() - begun))
        if status != 200:
            raise RuntimeError(f"a change was answered with {status}: {answer}")
    return times


async def late(shop: Shop, count: int = 200) -> float:
    """What the last 20 of so many changes of one order cost, against the first 20."""
    times = await changes(shop, 5, count)
    return statistics.median(times[-20:]) / statistics.median(times[:20])


def _sections() -> dict[str, Any]:
    return {name: value for name, value in ORDER.items() if name in ("customer", "billing")}


async def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        shop = await (await Shop(Settings(data=Path(folder) / "data", key_file=Path(folder) / "master.key")).open()).furnish()
        cart = shop.house.running["cart"]
        try:
            version = await publish(
                shop, "catalog", "campaign", "restful", CampaignPublished(campaign_id="restful", number=9, campaign=campaign(100))
            )
            await cart.get(newest, "restful", version)
            for chunk in chunks(1):
                version = await publish(shop, "catalog", "taxtable", "texas", chunk)
            await _whole(cart, version)
            day = today(Account(), cart.clock())
            loaded = [await load(cart, day) for _ in range(ALTERNATIONS)]
            changed = {
                products: [statistics.quantiles(await changes(shop, products), n=20)[-1] for _ in range(ALTERNATIONS)] for products in (5, 100)
            }
            growth = [await late(shop) for _ in range(ALTERNATIONS)]
        finally:
            await shop.close()
    found = [lookups(loaded[-1][1]) for _ in range(ALTERNATIONS)]
    priced = [quotes() for _ in range(ALTERNATIONS)]
    return [
        Row("a quote: 20 lines, 5 coupons, 40 shipping rules, processor time", "", "µs", [1000 * each for each in priced], wanted="under 1,000"),
        Row(f"a tax table of {RANGES:,} postal ranges into memory", "", "ms", [1000 * seconds for seconds, _ in loaded], wanted="under 2,000"),
        Row("  looked up for an address, processor time", "", "ns", [1000 * each for each in found], wanted="under 10,000"),
        *(
            Row(
                f"{products} of a campaign's 100 products changed, in cart, to the answer, p95",
                "WAL, synchronous=FULL",
                "µs",
                [1000 * each for each in times],
                wanted="under 5,000",
            )
            for products, times in changed.items()
        ),
        Row("the last of 200 changes of one order, against the first", "", "times", growth, wanted="1"),
    ]


async def _whole(cart: Running, version: str) -> None:
    row = await cart.get(tax_tables, "texas", version)
    if not row or not row["complete"]:
        raise RuntimeError("the tax table has not arrived")
