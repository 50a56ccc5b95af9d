"""What is said at a product's row: prices beyond the limits, and trials."""

import pytest
from playwright.async_api import expect

from tests.e2e.axe import violations
from tests.e2e.entry import GOOD, begun, card, field, fill, process, summary_of, total_is
from tests.e2e.rings import charged

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


async def asked(page, price="30.00"):
    """A pillow for less than it may cost, waiting for a supervisor."""
    order_id = await begun(page)
    await fill(page, pillows=1)
    await total_is(page, "61.59")
    await field(page, "lines.101.price").fill(price)
    await field(page, "lines.101.price").blur()
    await field(page, "lines.101.reason").fill("Goodwill")
    await field(page, "lines.101.reason").blur()
    await page.get_by_role("button", name="Ask a supervisor").click()
    await expect(page.get_by_text(f"A supervisor is asked for a price of {price}: Goodwill")).to_be_visible()
    return order_id


async def at_approvals(sign_in):
    page = await sign_in("supervisor1")
    await page.goto("/approvals")
    return page


async def test_a_price_beyond_the_limit_is_told_at_its_row_before_process(sign_in):
    page = await sign_in("agent1")
    await begun(page)
    await fill(page, pillows=1)
    await field(page, "lines.101.price").fill("30.00")
    await expect(page.get_by_text("List price 49.95, changed to 30.00. Allowed from 39.95 to 49.95.")).to_be_visible()
    await field(page, "lines.101.reason").fill("Goodwill")
    await field(page, "lines.101.reason").blur()
    await expect(field(page, "lines.101.price-note")).to_contain_text("between 39.95 and 49.95")
    assert await violations(page) == []
    await field(page, "lines.101.price").fill("40.00")
    await field(page, "lines.101.price").blur()
    await total_is(page, "50.82")


async def test_an_approved_price_arrives_by_itself(sign_in):
    page = await sign_in("agent1")
    order_id = await asked(page)
    assert await violations(page) == []
    await total_is(page, "61.59")
    supervisor = await at_approvals(sign_in)
    await supervisor.get_by_role("article").filter(has_text=order_id).get_by_role("button", name="Approve").click()
    await total_is(page, "40.00")
    await expect(page.get_by_text("A supervisor approved the price of Cloud pillow.")).to_be_visible()
    await expect(field(page, "lines.101.price")).to_have_value("30.00")
    await card(page, GOOD)
    await process(page)
    await summary_of(page, order_id)


async def test_a_refused_price_leaves_the_one_that_was_and_says_why(sign_in):
    page = await sign_in("agent1")
    order_id = await asked(page)
    supervisor = await at_approvals(sign_in)
    await supervisor.get_by_role("article").filter(has_text=order_id).get_by_role("button", name="Refuse…").click()
    await supervisor.get_by_label("Reason").fill("Not below cost.")
    await supervisor.get_by_role("button", name="Refuse it").click()
    await expect(page.get_by_text("A supervisor refused the price of Cloud pillow: Not below cost.")).to_be_visible()
    await total_is(page, "61.59")


async def test_changing_the_line_takes_the_question_back(sign_in):
    page = await sign_in("agent1")
    await asked(page)
    await page.get_by_role("button", name="One more: Cloud pillow").click()
    await expect(page.get_by_text("A supervisor is asked for")).to_be_hidden()
    await total_is(page, "123.19")


async def test_nobody_is_asked_without_a_reason(sign_in):
    page = await sign_in("agent1")
    await begun(page)
    await fill(page, pillows=1)
    await field(page, "lines.101.price").fill("30.00")
    await field(page, "lines.101.reason").fill("Goodwill")
    await field(page, "lines.101.reason").blur()
    asks = page.get_by_role("button", name="Ask a supervisor")
    await expect(asks).to_be_visible()
    await field(page, "lines.101.reason").fill("")
    await asks.click()
    await expect(field(page, "lines.101.reason")).to_be_focused()
    await expect(field(page, "lines.101.reason-note")).to_contain_text("the supervisor reads it")


async def test_an_earlier_trial_is_told_at_its_row_and_process_waits_for_the_override(shop, sign_in):
    earlier = await charged(shop, "Trial", lines=[{"product": "105", "quantity": 1}])
    page = await sign_in("agent1")
    order_id = await begun(page)
    await fill(page, pillows=0)
    await field(page, "customer.last_name").fill("Trial")
    await field(page, "customer.email").fill("trial@example.com")
    await page.get_by_role("button", name="One more: Lavender spray").click()
    told = page.get_by_text("This customer had the Lavender spray trial on")
    await expect(told).to_be_visible()
    assert await told.get_by_role("link").get_attribute("href") == f"/orders/{earlier}"
    assert await violations(page) == []
    await card(page, GOOD)
    await process(page)
    await expect(page.get_by_role("alert").filter(has_text="One thing to fix")).to_be_visible()
    await page.get_by_role("button", name="Override trial de-duping: Lavender spray").click()
    await expect(page.get_by_text("It is sold again all the same.")).to_be_visible()
    assert await page.get_by_label("Override trial de-duping").is_checked()
    await process(page)
    await summary_of(page, order_id)
