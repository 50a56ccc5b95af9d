"""Order Entry in a browser: how much is transferred, how soon it can be used, and from an input to new totals."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from pathlib import Path

from playwright.async_api import Page

from services.gateway.accounts import PASSWORD
from tests.bench.row import Row
from tests.browser import chromium
from tests.site import Site, site

SIZES = (100, 500)
"""Offers of a campaign."""
CHANGES = 60
_TIMED = """async (product) => {
  const total = document.querySelector('[data-total="total"]');
  const button = document.querySelector(`tr[data-product="${product}"] [data-step="1"]`);
  const before = total.textContent, begun = performance.now();
  button.click();
  await new Promise((done) => {
    const seen = new MutationObserver(() => { if (total.textContent !== before) { seen.disconnect(); done(); } });
    seen.observe(total, { childList: true, characterData: true, subtree: true });
  });
  return performance.now() - begun;
}"""
_SEARCH = """(text) => {
  const field = document.getElementById("find");
  const begun = performance.now();
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  document.body.offsetHeight;
  return performance.now() - begun;
}"""
_TRANSFERRED = """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .filter(({ initiatorType, name }) => !["fetch", "xmlhttprequest"].includes(initiatorType) || name.includes("/products/"))
  .reduce((sum, { transferSize }) => sum + transferSize, 0)"""
_READY = """() => performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd"""


def campaign(size: int) -> dict[str, object]:
    offers = [
        {
            "id": str(50_000 + size * 100 + n),
            "name": f"Product {n}",
            "sku": f"SKU-{n}",
            "price": 1000 + n,
            "shipping_price": 100,
            "categories": [f"Shelf {n // 25}"],
        }
        for n in range(size)
    ]
    return {"name": f"{size} (phone)", "kind": "phone", "listed": True, "countries": ["US"], "methods": ["card"], "offers": offers}


async def _published(at: Site, page: Page, size: int) -> None:
    token = await page.locator('meta[name="csrf"]').get_attribute("content")
    headers = {"x-csrf-token": token or "", "idempotency-key": f"bench-campaign-{size}"}
    answer = await page.request.put(f"{at.address}/api/v1/campaigns/{40_000 + size}", data=campaign(size), headers=headers)
    if answer.status != 200:
        raise RuntimeError(f"the campaign was answered with {answer.status}: {await answer.text()}")
    async with asyncio.timeout(20):
        while f'"{40_000 + size}"' not in await (await page.request.get("/api/v1/campaigns?status=published")).text():
            await asyncio.sleep(0.05)


async def _opened(page: Page, size: int) -> None:
    await page.goto(f"/order-entry?campaign={40_000 + size}")
    await page.locator('#entry:not([aria-busy="true"])').wait_for()


async def rows() -> list[Row]:
    found: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        async with site(Path(folder)) as at, chromium() as browser:
            page = await browser.new_page(base_url=at.address)
            await page.goto("/sign-in")
            await page.fill("#user", "supervisor1")
            await page.fill("#password", PASSWORD)
            await page.get_by_role("button", name="Sign in").click()
            await page.get_by_role("button", name="supervisor1", exact=True).wait_for()
            for size in SIZES:
                await _published(at, page, size)
                found += await _measured(page, size)
            found += await _first(page, SIZES[0])
    return found


async def _measured(page: Page, size: int) -> list[Row]:
    await _opened(page, size)
    taken = sorted([await page.evaluate(_TIMED, str(50_000 + size * 100 + 7 * n % size)) for n in range(CHANGES)])
    search = [await page.evaluate(_SEARCH, f"product {n}") for n in range(CHANGES)]
    return [
        Row(f"Order Entry with {size} offers, a quantity to new totals, median", "FULL, each change", "ms", [statistics.median(taken)]),
        Row("  95th percentile", "", "ms", [taken[int(CHANGES * 0.95)]], wanted="under 50"),
        Row(f"  search among {size} offers, per key", "", "ms", [statistics.median(search)]),
    ]


async def _first(page: Page, size: int) -> list[Row]:
    """As a browser that has nothing yet gets it."""
    session = await page.context.new_cdp_session(page)
    await session.send("Network.clearBrowserCache")
    await _opened(page, size)
    transferred, ready = await page.evaluate(_TRANSFERRED), await page.evaluate(_READY)
    return [
        Row(f"Order Entry with {size} offers, transferred at first", "", "kB", [transferred / 1000], wanted="under 150"),
        Row("  until it can be used", "", "ms", [ready], wanted="under 500"),
    ]
