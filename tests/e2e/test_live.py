"""What happens elsewhere is seen on a page that is open."""

import asyncio
import time

import pytest
from playwright.async_api import expect

from tests.e2e.rings import external, signed_in

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


async def test_what_a_view_had_not_seen_in_time_is_asked_for_again(shop, sign_in):
    order_id = await external(shop, "Late")
    page = await sign_in("supervisor1")
    await page.goto(f"/orders/{order_id}")
    status = page.locator("h1 + [role=status]")
    await expect(status).to_have_text("Pending")
    old = (await (await page.context.request.get(f"/orders/{order_id}", headers={"hx-request": "true"})).text()).encode()
    late = []

    async def behind(route):
        """As a service answers whose view is slow, longer than all that happens is heard: it waits for two seconds, and says what was."""
        if "seen=" not in route.request.url or (late and time.monotonic() - late[0] > 6):
            return await route.continue_()
        late.append(time.monotonic())
        await asyncio.sleep(2)
        await route.fulfill(body=old, content_type="text/html")

    await page.route(f"**/orders/{order_id}?*", behind)
    async with signed_in(shop, "supervisor1") as client:
        answer = await client.post(f"/api/v1/orders/{order_id}/cancel", json={"reason": "Changed their mind."}, headers={"idempotency-key": f"late-{order_id}"})
        assert answer.status_code == 200, answer.text
    await expect(status).to_have_text("Cancelled", timeout=30_000)
    assert late
