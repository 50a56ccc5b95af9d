"""The gate: from a submission to the reviewer's screen, the list while very many wait, and very many approved at once."""

from __future__ import annotations

import asyncio
import re
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from playwright.async_api import Page

from services.gateway.accounts import PASSWORD
from services.qa.views import queue
from shared.contracts.qa import QualityReviewRequested
from shared.engines.embedded.documents import SqliteDocuments
from shared.kernel.events import Fact
from shared.kernel.views import Document, advance, collection
from shared.service import utc_now
from tests.bench.row import Row
from tests.browser import chromium
from tests.http import Connection
from tests.samples import submitted
from tests.site import Site, site

SEEN, WAITING, OPENED, MANY, AT_ONCE = 200, 100_000, 40, 1_000, 8
"""Orders that are watched for; that wait; times that the list is opened; orders of one approval; placed at once meanwhile."""
ADDRESS = {"street": "100 Example Street", "city": "Austin", "region": "TX", "postal": "78701", "country": "US"}
CUSTOMER = {"first_name": "Customer", "last_name": "A", "phone": "+1 512 555 0160", "email": "customer.a@example.com"}
ORDER = {"campaign": "1", "customer": CUSTOMER, "billing": ADDRESS, "lines": [{"product": "101", "quantity": 1}], "method": "external"}
_QUIET = 0.3
"""Seconds between two that are watched for: what comes close upon another is shown with it, a moment later."""
DURABLE = "WAL, synchronous=FULL, each event"
_WATCH = """() => {
  window.arrived = {};
  const look = () => {
    for (const { dataset } of document.querySelectorAll("#queue [data-order]")) window.arrived[dataset.order] ??= Date.now();
  };
  new MutationObserver(look).observe(document.getElementById("queue"), { childList: true, subtree: true });
}"""


async def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        async with site(Path(folder)) as at, chromium() as browser:
            page = await browser.new_page(base_url=at.address, viewport={"width": 1440, "height": 900})
            seen = await _seen(at, page)
            await page.close()
            many = await _approved(at)
        await _filled(Path(folder) / "data")
        async with site(Path(folder)) as at:
            opened, filtered = await _opened(at, "/quality"), await _opened(at, "/quality?agent=agent:agent1&over=10")
    return [
        Row("submit to visible in a reviewer's list, p99", DURABLE, "ms", [_p99(seen)], wanted="< 250"),
        Row("the same, median", DURABLE, "ms", seen),
        Row(f"the list opens while {WAITING:,} wait", "documents written as the view would", "ms", opened, wanted="< 100"),
        Row("the same, of one agent and over an amount", "documents written as the view would", "ms", filtered),
        Row(f"{MANY:,} approved at once", DURABLE, "s", [many], wanted="< 5"),
    ]


def _p99(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.99)]


async def _placed(connection: Connection, at: Site, key: str) -> str:
    status, body = await connection.post("/api/v1/orders", ORDER, {**at.headers, "idempotency-key": key})
    if status != 202:
        raise RuntimeError(f"an order was answered with {status}: {body}")
    return str(body["order_id"])


async def _seen(at: Site, page: Page) -> list[float]:
    """Milliseconds from before the request to when the row is there; what was seen is approved, so that the list stays a page."""
    await page.request.post("/sign-in", form={"user": "reviewer1", "password": PASSWORD})
    async with page.expect_response("**/quality/list?*"):
        await page.goto("/quality")
    await page.evaluate(_WATCH)
    connection, reviewer = await at.connect(), await _Reviewer.at(at)
    found = []
    for n in range(SEEN):
        await asyncio.sleep(_QUIET)
        begun = time.time() * 1000
        order_id = await _placed(connection, at, f"bench-seen-{n:05}")
        handle = await page.wait_for_function("(id) => window.arrived[id]", arg=order_id, polling=10)
        found.append(float(await handle.json_value()) - begun)
        await reviewer.post("/quality/many/approve", {"orders": order_id, "key": f"bench-approve-{n:05}"})
        await page.wait_for_function("(id) => !document.querySelector(`#queue [data-order='${id}']`)", arg=order_id, polling=10)
    connection.close()
    return found


class _Reviewer:
    def __init__(self, connection: Connection, headers: dict[str, str]) -> None:
        self._connection = connection
        self._headers = headers

    @classmethod
    async def at(cls, at: Site) -> _Reviewer:
        connection = await at.connect()
        form = {"content-type": "application/x-www-form-urlencoded"}
        _, answered, _ = await connection.request("POST", "/sign-in", f"user=reviewer1&password={PASSWORD}".encode(), form)
        cookie = {"cookie": answered["set-cookie"].split(";")[0]}
        _, _, body = await connection.request("GET", "/quality", headers=cookie)
        token = re.search(rb'<meta name="csrf" content="([^"]+)"', body)
        return cls(connection, {**cookie, "x-csrf-token": token[1].decode() if token else "", "accept": "text/html"})

    async def get(self, path: str) -> bytes:
        status, _, body = await self._connection.request("GET", path, headers=self._headers)
        if status != 200:
            raise RuntimeError(f"{path} was answered with {status}")
        return body

    async def post(self, path: str, said: dict[str, str]) -> bytes:
        form = {**self._headers, "content-type": "application/x-www-form-urlencoded", "hx-request": "true"}
        status, _, body = await self._connection.request("POST", path, urlencode(said).encode(), form)
        if status != 200:
            raise RuntimeError(f"{path} was answered with {status}: {body[:200]!r}")
        return body


async def _approved(at: Site) -> float:
    """Seconds from the confirmation to the answer that says that each of them is approved."""

    async def some(numbers: range) -> list[str]:
        connection = await at.connect()
        ids = [await _placed(connection, at, f"bench-many-{n:05}") for n in numbers]
        connection.close()
        return ids

    shares = await asyncio.gather(*(some(range(n, MANY, AT_ONCE)) for n in range(AT_ONCE)))
    ids = [id for share in shares for id in share]
    reviewer = await _Reviewer.at(at)
    async with asyncio.timeout(60):
        for id in ids:
            while id.encode() not in await reviewer.get(f"/quality/list?q={id}"):
                await asyncio.sleep(0.05)
    begun = time.perf_counter()
    body = await reviewer.post("/quality/many/approve", {"orders": ",".join(ids), "key": "bench-many-approved"})
    took = time.perf_counter() - begun
    if f"Approved: {MANY:,} orders".encode() not in body:
        raise RuntimeError(f"not all of them were approved: {body[:300]!r}")
    return took


async def _filled(data: Path) -> None:
    """What the view would have written, without the orders behind it."""
    documents, now = SqliteDocuments(data / "qa.views.db"), utc_now()
    order = submitted("external")
    for start in range(0, WAITING, 1_000):
        made = [_waits(f"{n:010}", order, now) for n in range(start, start + 1_000)]
        await documents.write({collection(queue): made})
    documents.close()


def _waits(id: str, order: Any, now: Any) -> Document:
    event = QualityReviewRequested(order_id=id, why="external", submitted=order)
    return advance(queue, Document(id, None), Fact(event, f"review-{id}", 1, now, "policy", id, "", "", "", "qa"))


async def _opened(at: Site, path: str) -> list[float]:
    reviewer = await _Reviewer.at(at)
    found = []
    for _ in range(OPENED):
        begun = time.perf_counter()
        body = await reviewer.get(path)
        found.append((time.perf_counter() - begun) * 1000)
        if b"data-order" not in body:
            raise RuntimeError("nothing waits")
    return found
