"""Order Entry with 500 offers in a browser: from a quantity to new totals on the page."""

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

OFFERS = 500
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


def campaign() -> dict[str, object]:
    offers = [
        {
            "id": str(50_000 + n),
            "name": f"Product {n}",
            "sku": f"SKU-{n}",
            "price": 1000 + n,
            "shipping_price": 100,
            "categories": [f"Shelf {n // 25}"],
        }
        for n in range(OFFERS)
    ]
    return {"name": "Everything (phone)", "kind": "phone", "listed": True, "countries": ["US"], "methods": ["card"], "offers": offers}


async def _published(at: Site, page: Page) -> None:
    token = await page.locator('meta[name="csrf"]').get_attribute("content")
    headers = {"x-csrf-token": token or "", "idempotency-key": "bench-campaign-1"}
    answer = await page.request.put(f"{at.address}/api/v1/campaigns/50000", data=campaign(), headers=headers)
    if answer.status != 200:
        raise RuntimeError(f"the campaign was answered with {answer.status}: {await answer.text()}")
    async with asyncio.timeout(20):
        while '"50000"' not in await (await page.request.get("/api/v1/campaigns?status=published")).text():
            await asyncio.sleep(0.05)


async def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        async with site(Path(folder)) as at, chromium() as browser:
            page = await browser.new_page(base_url=at.address)
            await page.goto("/sign-in")
            await page.fill("#user", "supervisor1")
            await page.fill("#password", PASSWORD)
            await page.get_by_role("button", name="Sign in").click()
            await page.get_by_role("button", name="supervisor1", exact=True).wait_for()
            await _published(at, page)
            await page.goto("/order-entry?campaign=50000")
            await page.locator('#entry:not([aria-busy="true"])').wait_for()
            taken = [await page.evaluate(_TIMED, str(50_000 + 7 * n)) for n in range(CHANGES)]
            found = [await page.evaluate(_SEARCH, f"product {n}") for n in range(CHANGES)]
    taken.sort()
    return [
        Row(f"Order Entry with {OFFERS} offers, a quantity to new totals, median", "FULL, each change", "ms", [statistics.median(taken)]),
        Row("  95th percentile", "", "ms", [taken[int(CHANGES * 0.95)]], wanted="under 50"),
        Row(f"  search among {OFFERS} offers, per key", "", "ms", [statistics.median(found)]),
    ]
