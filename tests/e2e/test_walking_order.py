"""From a ringing phone to an exported shipment, in the browser."""

import csv

import pytest
from playwright.async_api import expect

from tests.e2e.entry import BROKE, GOOD, begun, card, field, fill, process, summary_of, total_is
from tests.house.shop import until

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


async def exported(shop, order_id):
    async def there():
        return shop.export(order_id).exists()

    await until(there)
    with shop.export(order_id).open(newline="") as file:
        return list(csv.DictReader(file))


async def test_a_card_order_is_charged_approved_and_exported(shop, sign_in):
    page = await sign_in("agent1")
    order_id = await begun(page)
    await fill(page)
    await total_is(page, "123.19")
    await card(page, GOOD)
    assert not shop.export(order_id).exists()
    await page.keyboard.press("Control+Enter")
    await summary_of(page, order_id)
    await expect(page.get_by_text("Complete", exact=True).first).to_be_visible()
    rows = await exported(shop, order_id)
    assert [(row["sku"], row["quantity"], row["last_name"]) for row in rows] == [("RN-PIL-01", "2", "Z")]


async def test_a_declined_card_comes_back_to_the_same_page_and_another_one_is_charged(shop, sign_in):
    page = await sign_in("agent1")
    order_id = await begun(page)
    await fill(page)
    await total_is(page, "123.19")
    await card(page, BROKE)
    await process(page)
    panel = page.get_by_role("region", name="Declined: insufficient funds")
    await expect(panel).to_contain_text("Would you like to use another one?")
    await expect(panel).to_contain_text("Visa ending 9995")
    await expect(page.locator("#cvv")).to_have_value("")
    await expect(field(page, "billing.street")).to_have_value("100 Example Street")
    assert page.url.endswith(f"/order-entry/{order_id}")
    assert not shop.export(order_id).exists()
    await card(page, GOOD)
    await process(page)
    await summary_of(page, order_id)
    await exported(shop, order_id)


async def test_an_external_payment_waits_until_a_reviewer_lets_it_through(shop, sign_in):
    agent = await sign_in("agent1")
    order_id = await begun(agent)
    await fill(agent)
    await total_is(agent, "123.19")
    await agent.get_by_text("External", exact=True).click()
    await process(agent)
    await summary_of(agent, order_id)
    await expect(agent.get_by_text("Pending", exact=True).first).to_be_visible()
    assert not shop.export(order_id).exists()
    reviewer = await sign_in("reviewer1")
    await reviewer.goto(f"/quality?order={order_id}")
    await reviewer.get_by_role("button", name="Approve A", exact=True).click()
    await expect(agent.get_by_text("Complete", exact=True).first).to_be_visible(timeout=30_000)
    assert [row["sku"] for row in await exported(shop, order_id)] == ["RN-PIL-01"]
