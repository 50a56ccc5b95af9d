"""Whoever works by keyboard stays where they are while the page goes on."""

import pytest
from playwright.async_api import expect

from tests.e2e.rings import charged, external

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


async def test_a_list_that_goes_on_leaves_focus_where_it_is(shop, sign_in):
    page = await sign_in("supervisor1")
    first = await external(shop, "Focus")
    for path, control in (
        (f"/quality?order={first}", page.locator(f'#queue [data-order="{first}"]')),
        (f"/quality?order={first}", page.get_by_label(f"Choose order {first}")),
        ("/orders", page.locator(f'#found a[href="/orders/{first}"]').first),
    ):
        await page.goto(path)
        await expect(page.locator("#queue [data-order], #found tbody tr").first).to_be_visible()
        before = await control.element_handle()
        await control.focus()
        await external(shop, "Meanwhile")
        await page.wait_for_function("(each) => !each.isConnected", arg=before)
        await expect(control).to_be_focused()


async def test_focus_is_at_the_order_that_follows_a_decision_and_at_the_button_of_a_closed_dialog(shop, sign_in):
    page = await sign_in("reviewer1")
    first = await external(shop, "Decided")
    await external(shop, "Follows")
    await page.goto(f"/quality?order={first}")
    await page.keyboard.press("d")
    await expect(page.get_by_label("Reason")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Deny… D", exact=True)).to_be_focused()
    await page.get_by_role("button", name="Approve A", exact=True).focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#toasts")).to_contain_text(f"Approved {first}")
    await expect(page.locator("#detail .head h2")).to_be_focused()


async def test_focus_is_back_at_what_was_pressed(shop, sign_in):
    page = await sign_in("supervisor1")
    await charged(shop, "Pressed")
    await page.goto("/quality/rules")
    test = page.get_by_role("group", name="Amount over").get_by_role("button", name="Test on past orders")
    await test.focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-tested]").filter(has_text="card and eCheck orders would have waited").first).to_be_visible()
    await expect(test).to_be_focused()
    await page.goto("/orders?status=Complete")
    await page.get_by_role("button", name="Save this view…").focus()
    await page.keyboard.press("Enter")
    await page.get_by_label("Name", exact=True).fill("Mine")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("link", name="Mine")).to_be_visible()
    await expect(page.get_by_role("button", name="Save this view…")).to_be_focused()


async def test_why_this_price_stays_open_while_something_happens(shop, sign_in):
    page = await sign_in("supervisor1")
    order_id = await charged(shop, "Why")
    await page.goto(f"/orders/{order_id}")
    await page.get_by_text("Why this price").click()
    before = await page.locator("#order").element_handle()
    await page.locator("#why-price summary").focus()
    await page.evaluate("document.dispatchEvent(new CustomEvent('ringup:live', { detail: { type: 'missed' } }))")
    await page.wait_for_function("(each) => !each.isConnected", arg=before)
    await expect(page.locator("#why-price")).to_have_attribute("open", "")
    await expect(page.locator("#why-price summary")).to_be_focused()
