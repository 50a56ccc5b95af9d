"""Customers: found, looked at, forgotten."""

import re

import pytest
from playwright.async_api import expect

from tests.e2e.axe import in_every_look
from tests.e2e.rings import charged, external, kept
from tests.house.shop import until

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


async def opened(page, name):
    await page.goto(f"/customers?q={name}")
    await page.locator("#found tbody a").first.click()
    await page.wait_for_url("**/customers/*")


async def test_a_customer_is_found_by_name_phone_mail_and_order(shop, sign_in):
    order_id = await charged(shop, "Findme", notes="Prefers mornings.")
    page = await sign_in("agent1")
    for asked in ("Findm", "findme@example.com", order_id):
        await page.goto("/customers")
        await page.get_by_role("searchbox").fill(asked)
        await expect(page.locator("#found tbody tr")).to_have_count(1)
        await expect(page.locator("#found")).to_contain_text("Customer Findme")
    await page.locator("#found tbody a").click()
    await expect(page.get_by_role("heading", name="Customer Findme")).to_be_visible()
    await expect(page.locator(".note")).to_have_text("Prefers mornings.")
    await expect(page.get_by_text("100 Example Street, Austin, TX 78701").first).to_be_visible()
    await expect(page.get_by_role("row").filter(has_text=order_id)).to_contain_text("Complete")
    await expect(page.get_by_role("button", name="Erase…")).to_have_count(0)


async def test_erasing_somebody_whose_order_is_unfinished_is_refused_by_name(shop, sign_in):
    order_id = await external(shop, "Waiting")
    page = await sign_in("supervisor1")
    await opened(page, "Waiting")
    await page.get_by_role("button", name="Erase…").click()
    dialog = page.get_by_role("dialog", name="Erase Customer Waiting")
    await expect(dialog).to_contain_text("Goes, and cannot be brought back")
    await expect(dialog).to_contain_text("Stays for the books")
    await dialog.get_by_role("button", name="Erase for good").click()
    await expect(dialog.get_by_role("alert")).to_contain_text(f"Order {order_id} is not finished yet (Pending).")
    await dialog.get_by_role("button", name="Keep the customer").click()
    await expect(page.get_by_role("heading", name="Customer Waiting")).to_be_visible()


async def test_an_erased_customer_reads_erased_everywhere(shop, sign_in):
    order_id = await charged(shop, "Forget", notes="A secret.")

    async def exported():
        return shop.export(order_id).exists()

    await until(exported)
    page = await sign_in("supervisor1")
    await opened(page, "Forget")
    await page.get_by_role("button", name="Erase…").click()
    await page.get_by_role("dialog").get_by_role("button", name="Erase for good").click()
    await expect(page.get_by_role("heading", name="Erased", exact=True)).to_be_visible()
    await expect(page.get_by_text("Amounts and dates stay for the books.").first).to_be_visible()
    for path in (page.url, f"/orders/{order_id}", "/customers?q=Forget", f"/orders?q={order_id}"):
        await page.goto(path)
        text = await page.locator("main").inner_text()
        for secret in ("Customer Forget", "100 Example Street", "A secret.", "512 555", "forget@example.com"):
            assert secret not in text
    await expect(page.locator("#found")).to_contain_text("Erased")
    await page.goto(f"/orders/{order_id}")
    await expect(page.get_by_role("button", name="Send once more…")).to_have_count(0)
    await page.get_by_role("button", name="What became of it…").click()
    dialog = page.get_by_role("dialog", name=re.compile("^What became"))
    await dialog.get_by_label("has arrived").check()
    await dialog.get_by_role("button", name="Write it down").click()
    await expect(page.get_by_role("region", name="Fulfilment")).to_contain_text("Arrived")


async def test_create_new_order_on_a_profile_fills_the_order_with_them(shop, sign_in):
    await charged(shop, "Again")
    page = await sign_in("agent1")
    await opened(page, "Again")
    await expect(page.get_by_text("Visa ending 4242").first).to_be_visible()
    await page.get_by_role("link", name="Create New Order").click()
    await page.wait_for_url("**/order-entry**")
    await expect(page.get_by_label("Last name")).to_have_value("Again")


async def test_complete_order_goes_on_with_a_partial(shop, sign_in):
    order_id = await kept(shop, "Partway", lines=[], notes="Rings back.")
    page = await sign_in("agent1")
    await page.goto("/customers?partial=true")
    row = page.get_by_role("row").filter(has_text="Customer Partway")
    await expect(row).to_contain_text("Partial")
    assert await in_every_look(page) == {}
    await row.get_by_role("link", name="Customer Partway").click()
    await expect(page.locator(".note")).to_have_text("Rings back.")
    assert await in_every_look(page) == {}
    await page.get_by_role("button", name=f"Complete Order {order_id}").click()
    await page.wait_for_url(f"**/order-entry/{order_id}**")
    await expect(page.get_by_label("Last name")).to_have_value("Partway")
    await page.goto(f"/orders/{order_id}")
    await expect(page.get_by_role("status").filter(has_text="Open")).to_be_visible()


async def test_a_stored_card_is_removed(shop, sign_in):
    await charged(shop, "Cardless")
    page = await sign_in("agent1")
    await opened(page, "Cardless")
    await page.get_by_role("button", name="Remove Visa ending 4242").click()
    await page.get_by_role("dialog", name="Remove Visa ending 4242?").get_by_role("button", name="Remove").click()
    await expect(page.get_by_text("None. A card or account that was accepted is kept for the next order.")).to_be_visible()


async def test_a_partial_s_customer_can_be_erased(shop, sign_in):
    order_id = await kept(shop, "Halfway", lines=[])
    page = await sign_in("supervisor1")
    await opened(page, "Halfway")
    await page.get_by_role("button", name="Erase…").click()
    await page.get_by_role("dialog").get_by_role("button", name="Erase for good").click()
    await expect(page.get_by_role("heading", name="Erased", exact=True)).to_be_visible()
    await page.goto(f"/orders/{order_id}")
    await expect(page.get_by_text("Nothing can follow.")).to_be_visible()
    await expect(page.get_by_role("button", name="Complete Order")).to_have_count(0)
