"""Quality Assurance by keyboard and mouse, while orders arrive and go."""

import re

import pytest
from playwright.async_api import expect

from tests.e2e.rings import external, settings

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


async def queue(page, path="/quality"):
    """The page, once it follows what happens."""
    async with page.expect_response("**/quality/list?*"):
        await page.goto(path)


def entry(page, order_id):
    return page.locator(f'#queue [data-order="{order_id}"]')


async def test_an_order_arrives_is_approved_and_goes(shop, sign_in):
    page = await sign_in("reviewer1")
    await queue(page)
    order_id = await external(shop, "N")
    await expect(entry(page, order_id)).to_contain_text("Customer N")
    await entry(page, order_id).click()
    await expect(page.get_by_role("heading", name="Customer N")).to_be_visible()
    await page.keyboard.press("a")
    await expect(page.locator("#toasts")).to_contain_text(f"Approved {order_id}")
    await expect(entry(page, order_id)).to_have_count(0)
    assert not shop.export(order_id).exists()
    await expect(page.locator("#toasts [data-seconds]")).to_have_text(re.compile("^[0-9]$"))


async def test_a_decision_is_undone_within_its_window(shop, sign_in):
    page = await sign_in("reviewer1")
    order_id = await external(shop, "O")
    await queue(page, f"/quality?order={order_id}")
    await page.keyboard.press("a")
    await expect(entry(page, order_id)).to_have_count(0)
    await page.keyboard.press("z")
    await expect(entry(page, order_id)).to_have_attribute("aria-current", "true")
    await expect(page.get_by_role("heading", name="Customer O")).to_be_visible()
    await expect(page.locator("#toasts")).to_be_empty()
    assert page.url.endswith(f"order={order_id}")


async def test_a_denial_needs_its_reason_and_the_next_order_follows(shop, sign_in):
    page = await sign_in("reviewer1")
    denied, following = await external(shop, "P"), await external(shop, "Q")
    await queue(page, f"/quality?order={denied}")
    await page.keyboard.press("d")
    dialog = page.get_by_role("dialog", name=f"Deny order {denied}")
    await expect(dialog.get_by_label("Reason")).to_be_focused()
    await expect(dialog.get_by_label("Reason")).to_have_value("")
    await dialog.get_by_label("Reason").fill("   ")
    await dialog.get_by_role("button", name="Deny the order").click()
    await expect(dialog.get_by_role("alert")).to_have_text("A denial needs a reason.")
    await dialog.get_by_label("Reason").fill("Not what the customer said")
    await dialog.get_by_role("button", name="Deny the order").click()
    await expect(dialog).to_be_hidden()
    await expect(page.locator("#toasts")).to_contain_text(f"Denied {denied}")
    await expect(page.get_by_role("heading", name="Customer Q")).to_be_visible()
    await expect(entry(page, following)).to_have_attribute("aria-current", "true")
    await page.goto(f"/orders/{denied}")
    await expect(page.get_by_role("status").filter(has_text="Cancelled")).to_be_visible(timeout=20_000)
    await expect(page.get_by_text("Denied by reviewer1: Not what the customer said").first).to_be_visible()


async def test_j_and_k_move_through_the_queue(shop, sign_in):
    page = await sign_in("reviewer1")
    first, second = await external(shop, "R"), await external(shop, "S")
    await queue(page, f"/quality?order={first}")
    await page.keyboard.press("j")
    await expect(page.get_by_role("heading", name="Customer S")).to_be_visible()
    await expect(entry(page, second)).to_have_attribute("aria-current", "true")
    await page.keyboard.press("k")
    await expect(page.get_by_role("heading", name="Customer R")).to_be_visible()
    assert page.url.endswith(f"order={first}")


async def test_nobody_decides_about_an_order_of_their_own(shop, sign_in):
    page = await sign_in("supervisor1")
    order_id = await external(shop, "T", user="supervisor1")
    await queue(page, f"/quality?order={order_id}")
    await page.keyboard.press("a")
    await expect(page.locator("#toasts")).to_have_text("Someone else has to review an order that you placed.")
    await expect(entry(page, order_id)).to_be_visible()


async def test_what_somebody_else_decides_is_seen_at_once(shop, sign_in):
    mine, theirs = await sign_in("reviewer1"), await sign_in("admin1")
    order_id = await external(shop, "U")
    await queue(mine, f"/quality?order={order_id}")
    await queue(theirs, f"/quality?order={order_id}")
    await theirs.get_by_role("button", name="Approve").click()
    await expect(mine.locator("#detail .banner").first).to_contain_text("Approved by admin1")
    await expect(mine.get_by_role("button", name="Approve")).to_have_count(0)
    await expect(entry(mine, order_id)).to_have_count(0)


async def test_without_a_window_a_decision_holds_at_once(shop, sign_in):
    async with settings(shop, undo_seconds=0):
        page = await sign_in("reviewer1")
        order_id = await external(shop, "V")
        await queue(page, f"/quality?order={order_id}")
        await page.keyboard.press("a")
        await expect(page.locator("#toasts")).to_contain_text(f"Approved {order_id}")
        await expect(page.locator("#toasts").get_by_role("button")).to_have_count(0)
