"""A link by which the customer finishes the order, from the agent's screen to the customer's, and back."""

import re

import pytest
from playwright.async_api import expect

from tests.e2e.axe import in_every_look
from tests.e2e.entry import GOOD, begun, card, field, fill, total_is

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


async def asked(page):
    await page.keyboard.press("Alt+l")
    dialog = page.get_by_role("dialog", name="Link for the customer")
    await expect(dialog).to_be_visible()
    return dialog


async def made(page):
    """The order's id, and the address that the agent copies."""
    order_id = await begun(page)
    await fill(page)
    await total_is(page, "123.19")
    dialog = await asked(page)
    await dialog.get_by_role("button", name="Make the link").click()
    await expect(dialog.get_by_label("The link", exact=True)).to_have_value(re.compile(r"/checkout/1\?link=[\w-]{20,}$"))
    return order_id, await dialog.get_by_label("The link", exact=True).input_value()


def status(page):
    return page.get_by_role("region", name="The call is over, without a sale").get_by_role("listitem")


async def test_the_agent_sees_the_customer_open_the_link_and_pay(shop, sign_in, window):
    agent = await sign_in("agent1")
    _, address = await made(agent)
    await agent.keyboard.press("Escape")
    await expect(status(agent)).to_contain_text("Made")
    customer = await window(shop.address)
    await customer.goto(address)
    await expect(customer.get_by_role("heading", name="Finish your order")).to_be_visible()
    await expect(status(agent)).to_contain_text("Opened")
    await expect(customer.locator("#number")).to_be_visible()
    await card(customer, GOOD)
    for box in await customer.get_by_role("checkbox").all():
        await box.check()
    await customer.locator("#pay").click()
    await expect(customer.get_by_role("heading", name="Thank you")).to_be_visible()
    await expect(status(agent)).to_contain_text("Paid")
    assert await in_every_look(agent) == {}


async def test_the_agent_sees_what_the_customer_will_get_and_that_it_is_sent(sign_in):
    page = await sign_in("agent1")
    order_id = await begun(page)
    await fill(page)
    await total_is(page, "123.19")
    dialog = await asked(page)
    await expect(dialog).to_contain_text("Making a link ends this call without a sale.")
    await dialog.get_by_text("E-mail", exact=True).click()
    await expect(dialog.get_by_label("To", exact=True)).to_have_value("customer.z@example.com")
    await dialog.get_by_text("What the customer gets").click()
    await expect(dialog).to_contain_text("Finish your order at Restful Nights (phone)")
    await expect(dialog).to_contain_text("When we spoke the total was 123.19 USD.")
    await dialog.get_by_role("checkbox").check()
    await expect(dialog).to_contain_text("The total is 123.19 USD")
    assert await in_every_look(page) == {}
    await dialog.get_by_role("button", name="Send the mail").click()
    await expect(dialog.get_by_role("listitem")).to_contain_text("In the outbox")
    await expect(dialog.get_by_role("listitem")).to_contain_text("customer.z@example.com")
    assert await in_every_look(page) == {}
    await page.goto(f"/orders/{order_id}")
    await expect(page.get_by_role("status").filter(has_text="Partial")).to_be_visible()


async def test_a_missing_address_is_asked_for_where_it_is_typed(sign_in):
    page = await sign_in("agent1")
    await begun(page)
    await fill(page)
    await field(page, "customer.email").fill("")
    dialog = await asked(page)
    await dialog.get_by_text("E-mail", exact=True).click()
    await dialog.get_by_role("button", name="Send the mail").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("e-mail address")
    await expect(dialog.get_by_label("To", exact=True)).to_be_focused()
    assert await in_every_look(page) == {}
    await dialog.get_by_label("To", exact=True).fill("customer.y@example.com")
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_role("listitem")).to_contain_text("customer.y@example.com")


async def test_nothing_is_sent_by_sms_where_no_plugin_is_installed(sign_in):
    page = await sign_in("agent1")
    await begun(page)
    await fill(page)
    dialog = await asked(page)
    await dialog.get_by_text("SMS", exact=True).click()
    await expect(dialog).to_contain_text("No SMS plugin is installed")
    await expect(dialog.get_by_role("button", name="Send the SMS")).to_be_disabled()


async def test_a_link_that_is_taken_back_leads_nowhere(shop, sign_in, window):
    agent = await sign_in("agent1")
    _, address = await made(agent)
    dialog = agent.get_by_role("dialog", name="Link for the customer")
    await dialog.get_by_role("button", name="Take back").click()
    await expect(dialog.get_by_role("listitem")).to_contain_text("Taken back")
    customer = await window(shop.address)
    await customer.goto(address)
    await expect(customer.get_by_role("heading", name="Your order", exact=True)).to_have_count(0)
    await expect(customer.locator("main")).not_to_contain_text("Customer Z")


async def test_what_is_missing_for_an_order_to_be_kept_is_told_at_its_field(sign_in):
    page = await sign_in("agent1")
    await begun(page)
    await field(page, "customer.email").fill("customer.z@example.com")
    await page.keyboard.press("Alt+l")
    await expect(field(page, "customer.first_name-note")).to_have_text("Enter the first name.")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_a_link_is_made_from_the_page_of_the_order(sign_in):
    page = await sign_in("agent1")
    order_id, _ = await made(page)
    await page.goto(f"/orders/{order_id}")
    await page.get_by_role("button", name="Send link").click()
    dialog = page.get_by_role("dialog", name="Link for the customer")
    await expect(dialog.get_by_role("listitem")).to_have_count(1)
    await dialog.get_by_role("button", name="Make the link").click()
    await expect(dialog.get_by_role("listitem")).to_have_count(2)
    assert await in_every_look(page) == {}


async def test_a_link_is_copied(sign_in):
    page = await sign_in("agent1", permissions=["clipboard-read", "clipboard-write"])
    _, address = await made(page)
    await page.get_by_role("button", name="Copy", exact=True).click()
    await expect(page.locator("#toasts")).to_contain_text("Copied.")
    assert await page.evaluate("navigator.clipboard.readText()") == address


async def test_a_line_lost_while_a_link_is_made_makes_one_link(sign_in):
    page = await sign_in("agent1")
    await begun(page)
    await fill(page)
    await total_is(page, "123.19")
    dialog = await asked(page)
    await page.route("**/links", lost_answer)
    await dialog.get_by_role("button", name="Make the link").click()
    await expect(dialog.get_by_role("listitem")).to_have_count(1)


async def lost_answer(route):
    """The server hears it; the first time its answer is lost."""
    if route.request.method == "POST":
        await route.fetch()
        await route.abort()
        await route.request.frame.page.unroute("**/links")
    else:
        await route.continue_()
