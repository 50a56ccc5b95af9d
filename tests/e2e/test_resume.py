"""A call that was broken off is offered to the same agent again."""

import pytest
from playwright.async_api import expect

from services.gateway.accounts import PASSWORD
from tests.e2e.axe import in_every_look
from tests.e2e.entry import begun, field, fill, saved, total_is
from tests.house.shop import until

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


async def interrupted(page, last_name):
    order_id = await begun(page)
    await fill(page)
    await field(page, "customer.last_name").fill(last_name)
    await total_is(page, "123.19")
    await saved(page)
    return order_id


def offered(page, last_name):
    return page.get_by_role("listitem").filter(has_text=f"Resume call with Customer {last_name}")


async def looked_up(page, last_name):
    """Order Entry, opened once the list of calls has heard of it."""

    async def listed():
        await begun(page)
        return await offered(page, last_name).count()

    await until(listed)
    return offered(page, last_name)


async def test_another_machine_offers_the_call_with_name_time_and_total(sign_in):
    order_id = await interrupted(await sign_in("agent1"), "Crash")
    page = await sign_in("agent1")
    call = await looked_up(page, "Crash")
    await expect(call).to_contain_text("123.19 USD")
    await expect(call).to_contain_text("started")
    assert await in_every_look(page) == {}
    await call.get_by_role("link", name="Resume call with Customer Crash").click()
    await page.wait_for_url(f"**/order-entry/{order_id}")
    await expect(field(page, "customer.last_name")).to_have_value("Crash")
    await total_is(page, "123.19")


async def test_a_browser_that_crashed_offers_the_call(sign_in):
    lost = await sign_in("agent1")
    order_id = await interrupted(lost, "Tab")
    page = await lost.context.new_page()
    await lost.close()
    await (await looked_up(page, "Tab")).get_by_role("link", name="Resume call with Customer Tab").click()
    await page.wait_for_url(f"**/order-entry/{order_id}")
    await total_is(page, "123.19")


async def test_whoever_signs_out_in_the_middle_goes_on_where_they_were(sign_in):
    page = await sign_in("agent1")
    order_id = await interrupted(page, "Out")
    await page.get_by_role("button", name="agent1", exact=True).click()
    await page.get_by_role("button", name="Sign out").click()
    await page.fill("#user", "agent1")
    await page.fill("#password", PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("button", name="agent1", exact=True).wait_for()
    assert await begun(page) == order_id
    await expect(field(page, "customer.last_name")).to_have_value("Out")


async def test_the_offer_is_there_again_when_the_page_is_loaded_again(sign_in):
    await interrupted(await sign_in("agent1"), "Again")
    page = await sign_in("agent1")
    await begun(page)
    await expect(offered(page, "Again")).to_be_visible()
    await page.reload()
    await expect(offered(page, "Again")).to_be_visible()


async def test_a_call_is_ended_from_the_offer(sign_in):
    order_id = await interrupted(await sign_in("agent1"), "Gone")
    page = await sign_in("agent1")
    await (await looked_up(page, "Gone")).get_by_role("link", name="No sale: call with Customer Gone").click()
    await page.wait_for_url(f"**/order-entry/{order_id}**")
    await expect(page.get_by_role("dialog", name="No sale")).to_be_visible()
    await page.keyboard.press("8")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Alt+n")
    await begun(page)
    await expect(offered(page, "Gone")).to_have_count(0)


async def test_the_palette_finds_the_call(sign_in):
    order_id = await interrupted(await sign_in("agent1"), "Palette")
    page = await sign_in("agent1")
    await page.goto("/orders")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("resume call with customer palette")
    await expect(page.get_by_role("option", name="Resume call with Customer Palette")).to_be_visible()
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/order-entry/{order_id}")


async def test_nobody_is_offered_the_call_of_somebody_else(sign_in):
    await interrupted(await sign_in("agent1"), "Private")
    page = await sign_in("supervisor1")
    await begun(page)
    await field(page, "notes").fill("There is time for an offer to arrive.")
    await saved(page)
    await expect(offered(page, "Private")).to_have_count(0)
