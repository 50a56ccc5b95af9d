"""What happens elsewhere is seen on a page that is open."""

import asyncio
import time
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import expect

from tests.e2e.rings import external, signed_in
from tests.house.shop import until

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


async def test_what_a_view_had_not_seen_in_time_is_asked_for_again(shop, sign_in):
    order_id = await external(shop, "Late")
    page = await sign_in("supervisor1")
    async with page.expect_response(lambda answer: answer.url.endswith(order_id) and "x-follows" in answer.request.headers):
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


async def test_all_that_was_heard_of_while_an_answer_was_on_its_way_is_asked_for(shop, sign_in):
    page = await sign_in("reviewer1")
    await page.goto("/quality")
    first = await external(shop, "First")
    await expect(page.locator(f'#queue [data-order="{first}"]')).to_be_visible()
    asked, go_on = [], asyncio.Event()

    async def slow(route):
        asked.append(parse_qs(urlsplit(route.request.url).query).get("seen", [""])[0].split(","))
        await go_on.wait()
        await route.continue_()

    await page.route("**/quality/list?*", slow)
    others = [await external(shop, name) for name in ("Second", "Third", "Fourth")]

    async def all_asked_for():
        return {each.partition("@")[0] for seen in asked for each in seen} >= {f"review-{order_id}" for order_id in others}

    async def asked_once():
        return len(asked)

    await until(asked_once)
    go_on.set()
    await until(all_asked_for)
    assert len(asked) < len(others)
    for order_id in others:
        await expect(page.locator(f'#queue [data-order="{order_id}"]')).to_be_visible()


async def test_what_is_pressed_before_the_scripts_are_there_waits_for_them(sign_in):
    page = await sign_in("admin1")
    go_on = asyncio.Event()

    async def slow(route):
        await go_on.wait()
        await route.continue_()

    await page.route("**/static/vendor/htmx*", slow)
    for address, button, told in (("/gateways", "Test Simulator", "OK"), ("/quality/rules", "Test on past orders", "would have waited")):
        go_on.clear()
        await page.goto(address, wait_until="commit")
        await page.get_by_role("button", name=button).first.click()
        go_on.set()
        await expect(page.get_by_text(told).first).to_be_visible()
        assert page.url.endswith(address)
