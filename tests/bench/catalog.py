"""What a supervisor waits for: a campaign of 500 offers published, and a tax table of 60,000 rows taken in."""

from __future__ import annotations

import asyncio
import base64
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from shared.settings import Settings
from tests.bench.row import ALTERNATIONS, Row
from tests.house.shop import Shop

OFFERS, ROWS = 500, 60_000
DURABLE = "WAL, synchronous=FULL: on stable storage before the answer"


def offers(n: int, ids: bool = True) -> list[dict[str, Any]]:
    """Each with two variants; ``n`` keeps campaigns apart."""
    made = []
    for number in range(OFFERS):
        id, sku = f"{n}x{number}" if ids else "", f"SKU-{n}-{number}"
        variants = [{"id": f"{id}{size}" if ids else "", "sku": f"{sku}-{size}", "values": [size]} for size in ("Q", "K")]
        offer = {"id": id, "name": f"Offer {number}", "price": 4995, "max_price": 9995, "description": "Shredded memory foam, bamboo cover."}
        made.append({**offer, "categories": ["bedding"], "options": [{"name": "Size", "values": ["Q", "K"]}], "variants": variants})
    return made


async def _answered(shop: Shop, method: str, path: str, body: Any) -> Any:
    status, answer = await shop.ask("catalog", method, path, body, actor="agent:supervisor1")
    assert status < 300, answer
    return answer


async def _at_once(shop: Shop, n: int) -> float:
    """Everything is new: 1,501 numbers are claimed."""
    body = {"name": f"Campaign {n}", "offers": offers(n)}
    begun = time.perf_counter()
    await _answered(shop, "PUT", f"/campaigns/bench{n}", body)
    return time.perf_counter() - begun


async def _draft(shop: Shop, n: int) -> float:
    """The publishing alone, of a draft that got its numbers when it was edited."""
    id = (await _answered(shop, "POST", "/campaigns", {"kind": "phone", "name": f"Draft {n}"}))["id"]
    await _answered(shop, "PATCH", f"/campaigns/{id}/draft", {"offers": offers(n, ids=False)})
    begun = time.perf_counter()
    await _answered(shop, "POST", f"/campaigns/{id}/publish", None)
    return time.perf_counter() - begun


async def _edit(shop: Shop, n: int) -> float:
    """Half a thousand offers without numbers sent at once."""
    id = (await _answered(shop, "POST", "/campaigns", {"kind": "phone", "name": f"Edit {n}"}))["id"]
    begun = time.perf_counter()
    await _answered(shop, "PATCH", f"/campaigns/{id}/draft", {"offers": offers(n, ids=False)})
    return time.perf_counter() - begun


class Pulse:
    """The longest time that nobody else had a turn."""

    def __init__(self) -> None:
        self.longest = 0.0

    async def beat(self) -> None:
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(0)
            self.longest = max(self.longest, time.perf_counter() - begun)


def _table(n: int) -> dict[str, str]:
    lines = [f"US,TX,{code:05},{n}.25,2026-01-01" for code in range(ROWS)]
    return {"kind": "csv", "text": base64.b64encode("\n".join(["country,region,postal,rate,from", *lines]).encode()).decode()}


async def _taxes(shop: Shop, n: int, pulse: Pulse) -> float:
    body = _table(n)
    beating = asyncio.create_task(pulse.beat())
    begun = time.perf_counter()
    await _answered(shop, "PUT", f"/tax-tables/bench{n}", body)
    took = time.perf_counter() - begun
    beating.cancel()
    return took


async def rows() -> list[Row]:
    pulse = Pulse()
    kinds: dict[str, Callable[[Shop, int], Awaitable[float]]] = {
        f"publish a campaign of {OFFERS} offers at once, all its numbers new": _at_once,
        f"publish a draft of {OFFERS} offers": _draft,
        f"edit a draft: {OFFERS} offers without numbers": _edit,
        f"import a tax table of {ROWS:,} rows": lambda shop, n: _taxes(shop, n, pulse),
    }
    found = []
    with tempfile.TemporaryDirectory() as name:
        shop = await Shop(Settings(data=Path(name), key_file=Path(name) / "outside" / "ringup.key")).open()
        for place, (what, measure) in enumerate(kinds.items()):
            times = [1_000 * await measure(shop, 10 * place + n) for n in range(ALTERNATIONS)]
            wanted = "< 10,000 ms" if measure not in (_at_once, _draft, _edit) else "< 1,000 ms"
            found.append(Row(what, DURABLE, "ms", times, wanted=wanted))
        await shop.close()
    found.append(Row("the longest that an import keeps everybody else waiting", "", "ms", [1_000 * pulse.longest]))
    return found
