"""Looking for one of 100,000 customers: by name, phone, e-mail and order id, each answered with profile, count of orders and newest partial."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from services.customers.profiles import profiles
from services.customers.search import search
from services.customers.service import customers
from services.customers.views import orders
from shared.contracts.cart import OrderSubmitted
from shared.contracts.customers import CustomerUpdated
from shared.contracts.order import Person
from shared.kernel.codec import sealer
from shared.kernel.commands import decode
from shared.kernel.events import Event, Fact
from shared.kernel.views import Document, View, advance, collection
from shared.service import Running
from shared.settings import Settings
from tests.bench.row import Row
from tests.bench.samples import NOON, submitted
from tests.house.shop import Shop

CUSTOMERS, ASKED, BATCH = 100_000, 100, 1_000
FIRST = ("Ada", "Ben", "Cleo", "Dov", "Eve", "Finn", "Gus", "Hope", "Ivo", "June")
LAST = ("Almeida", "Brook", "Castro", "Dahl", "Engel", "Fuchs", "Grant", "Holm", "Ibsen", "Jansen")


def _person(n: int) -> Person:
    """A common name with something of their own."""
    first, last = FIRST[n % 10], f"{LAST[n // 10 % 10]}{n // 100:04}"
    return Person(first_name=first, last_name=last, phone=f"+1512{n + 2_000_000}", email=f"{first}.{n}@example.com".lower())


def _order_id(n: int) -> str:
    return f"N{n:09}"


async def _facts(running: Running, first: int) -> dict[View, list[Fact]]:
    """What a batch of customers is told by: as it was written, sealed, for the views that keep it so."""
    found: dict[View, list[Fact]] = {search: [], profiles: [], orders: []}
    numbers = range(first, first + BATCH)
    keys = await asyncio.gather(*(running.keyring.ensure(f"order-{_order_id(n)}") for n in numbers))
    for n, key in zip(numbers, keys, strict=True):
        assert key
        whole = submitted(_order_id(n), n)
        body = whole.order.model_copy(update={"customer": _person(n)})
        event = CustomerUpdated(
            customer_id=body.customer_id, order_id=_order_id(n), as_of=NOON, person=_person(n), billing=body.billing, shipping=body.shipping
        )
        sold = OrderSubmitted(order_id=_order_id(n), attempt=1, payment="tok", parts=(), submitted=whole.model_copy(update={"order": body}))
        told = _fact(event, f"customer-{body.customer_id}", n)
        seal = sealer(f"order-{_order_id(n)}", key)
        found[search].append(told)
        found[profiles].append(decode(running.codec, running.codec.encode(told, seal)))
        found[orders].append(decode(running.codec, running.codec.encode(_fact(sold, f"order-{_order_id(n)}", n), seal)))
    return found


def _fact(event: Event, stream: str, n: int) -> Fact:
    return Fact(event, stream, 1, NOON + timedelta(seconds=n), "agent:agent1", stream.partition("-")[2], "", part=event.TOPIC)


def _documents(view: View, facts: Sequence[Fact]) -> Iterator[Document]:
    for fact in facts:
        for id in view.keys(fact):
            yield advance(view, Document(id, None), fact)


async def _filled(running: Running) -> None:
    for first in range(0, CUSTOMERS, BATCH):
        facts = await _facts(running, first)
        await running.documents.write({collection(view): list(_documents(view, of)) for view, of in facts.items()})


async def _asked(shop: Shop, texts: Sequence[str], found: int) -> list[float]:
    """Milliseconds each."""
    taken = []
    for text in texts:
        begun = time.perf_counter()
        status, answer = await shop.ask("customers", "GET", f"/customers?q={text.replace('+', '%2B')}")
        taken.append((time.perf_counter() - begun) * 1000)
        assert status == 200, answer
        assert len(answer["rows"]) == found, text
    return taken


async def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        shop = Shop(Settings(data=Path(folder) / "data", key_file=Path(folder) / "master.key"), services=(customers,))
        await shop.open()
        running = shop.house.running["customers"]
        await _filled(running)
        some = range(0, CUSTOMERS, CUSTOMERS // ASKED)
        people = [_person(n) for n in some]
        searches = {
            "name and surname": ([f"{each.first_name} {each.last_name}" for each in people], 1),
            "phone": ([each.phone for each in people], 1),
            "end of a phone": ([each.phone[-7:] for each in people], 1),
            "e-mail": ([each.email for each in people], 1),
            "order id": ([_order_id(n) for n in some], 1),
            "a first name that 10,000 have": ([FIRST[n % 10] for n in range(ASKED)], 50),
            "nobody": ([f"Nobody{n}" for n in range(ASKED)], 0),
        }
        measured = []
        for what, (texts, found) in searches.items():
            await _asked(shop, texts[:10], found)
            taken = await _asked(shop, texts, found)
            measured.append(Row(f"search among {CUSTOMERS:,} customers by {what}", "nothing is written", "ms", taken, wanted="10 ms"))
        await shop.close()
    return measured
