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
            await route.continue_()
        else:
            late.append(time.monotonic())
            await asyncio.sleep(2)
            await route.fulfill(body=old, content_type="text/html")

    await page.route(f"**/orders/{order_id}?*", behind)
    await cancelled(shop, order_id)
    await expect(status).to_have_text("Cancelled", timeout=30_000)
    assert late


async def test_a_second_tab_shows_what_happened_while_its_scripts_were_on_their_way(shop, sign_in):
    order_id = await external(shop, "Second")
    first = await sign_in("supervisor1")
    await first.goto("/orders")
    second = await first.context.new_page()
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def slow(route):
        asked.set()
        await go_on.wait()
        await route.continue_()

    await second.route("**/static/app.js*", slow)
    going = asyncio.ensure_future(second.goto(f"/orders/{order_id}"))
    await asked.wait()
    await cancelled(shop, order_id)
    await expect(first.get_by_role("row").filter(has_text=order_id)).to_contain_text("Cancelled", timeout=30_000)
    go_on.set()
    await going
    await expect(second.locator("h1 + [role=status]")).to_have_text("Cancelled", timeout=30_000)


async def cancelled(shop, order_id):
    async with signed_in(shop, "supervisor1") as client:
        said = {"json": {"reason": "Changed their mind."}, "headers": {"idempotency-key": f"cancel-{order_id}"}}
        answer = await client.post(f"/api/v1/orders/{order_id}/cancel", **said)
        assert answer.status_code == 200, answer.text
