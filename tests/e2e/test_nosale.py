"""A call that ends without a sale."""

import re

import pytest
from playwright.async_api import expect

from tests.e2e.axe import in_every_look
from tests.e2e.entry import CUSTOMER, begun, field, fill, saved

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


async def asked(page):
    await page.keyboard.press("Alt+s")
    dialog = page.get_by_role("dialog", name="No sale")
    await expect(dialog).to_be_visible()
    return dialog


async def ended(page, key="3"):
    dialog = await asked(page)
    await page.keyboard.press(key)
    await page.keyboard.press("Enter")
    await expect(dialog).to_be_hidden()
    await expect(page.get_by_role("heading", name="The call is over, without a sale")).to_be_visible()


async def test_what_is_missing_is_told_at_its_field(sign_in):
    page = await sign_in("agent1")
    await begun(page)
    await field(page, "customer.first_name").fill("Customer")
    await page.get_by_role("button", name="No sale").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(field(page, "customer.last_name")).to_be_focused()
    await expect(field(page, "customer.last_name-note")).to_have_text("Enter the last name.")
    await expect(field(page, "customer.phone-note")).to_have_text("Enter a phone number or an e-mail address.")
    assert await in_every_look(page) == {}
    await field(page, "customer.last_name").fill("Z")
    await field(page, "customer.email").fill(CUSTOMER["email"])
    await asked(page)
    await expect(field(page, "customer.phone-note")).to_have_count(0)


async def test_a_reason_is_chosen_by_one_key_and_everything_but_the_payment_is_kept(shop, sign_in):
    page = await sign_in("agent1")
    order_id = await begun(page)
    await fill(page)
    await page.fill("#number", "4242 4242 4242 4242")
    dialog = await asked(page)
    assert await in_every_look(page) == {}
    await page.keyboard.press("3")
    await expect(dialog.get_by_role("radio", name="Too expensive")).to_be_checked()
    await dialog.get_by_label("Note").fill("Asks again in spring.")
    await dialog.get_by_role("button", name="End the call").click()
    over = page.get_by_role("region", name="The call is over, without a sale")
    await expect(over).to_be_focused()
    await expect(over).to_contain_text("Customer Z")
    assert await in_every_look(page) == {}
    await expect(page.get_by_role("button", name="Process")).to_be_disabled()
    await over.get_by_role("link", name="Go to the order").click()
    await page.wait_for_url(f"**/orders/{order_id}")
    await expect(page.get_by_role("status").filter(has_text="Partial")).to_be_visible()
    await expect(page.locator("#order")).not_to_contain_text("4242")


async def test_a_reason_has_to_be_chosen(sign_in):
    page = await sign_in("agent1")
    await begun(page)
    await fill(page)
    dialog = await asked(page)
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_role("alert")).to_have_text("Choose why there is no sale.")
    assert await in_every_look(page) == {}
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await expect(page.get_by_role("button", name=re.compile("^Process"))).to_be_enabled()


async def test_the_next_call_is_another_order(sign_in):
    page = await sign_in("agent1")
    order_id = await begun(page)
    await fill(page)
    await ended(page)
    await page.keyboard.press("Alt+n")
    await page.wait_for_url(lambda url: re.search("/order-entry/[0-9A-Z]{10}$", url) and not url.endswith(order_id))
    await expect(field(page, "customer.last_name")).to_have_value("")


async def test_the_coupon_is_free_again(shop, sign_in):
    page = await sign_in("agent1")
    order_id = await begun(page)
    await fill(page)
    await page.fill("#coupon", "SLEEP10")
    await page.locator("#coupon").press("Enter")
    await expect(page.locator("#chips")).to_contain_text("SLEEP10")
    await ended(page)
    await page.goto(f"/orders/{order_id}")
    await expect(page.get_by_role("status").filter(has_text="Partial")).to_be_visible()


async def test_nothing_is_lost_where_the_line_breaks_at_the_end_of_the_call(sign_in):
    page = await sign_in("agent1")
    await begun(page)
    await fill(page)
    await saved(page)
    await page.context.set_offline(True)
    dialog = await asked(page)
    await page.keyboard.press("1")
    await page.keyboard.press("Enter")
    await expect(page.locator("#saved")).to_contain_text("No connection")
    await page.context.set_offline(False)
    await expect(page.get_by_role("heading", name="The call is over, without a sale")).to_be_visible()
    await expect(dialog).to_be_hidden()
