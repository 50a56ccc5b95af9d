"""One order, from the agent who drafts it to the customer who pays it, each in a browser of their own."""

import re

import pytest
from playwright.async_api import expect

from tests.browser import chromium
from tests.e2e.axe import in_every_look
from tests.e2e.entry import GOOD, begun, card, field, fill, total_is

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


async def made(agent):
    """A link with today's prices; its address."""
    await agent.keyboard.press("Alt+l")
    dialog = agent.get_by_role("dialog", name="Link for the customer")
    await dialog.get_by_role("checkbox").check()
    await dialog.get_by_role("button", name="Make the link").click()
    await expect(field(agent, "link-address")).to_have_value(re.compile("/checkout/1[?]link="))
    address = await field(agent, "link-address").input_value()
    await agent.keyboard.press("Escape")
    return address


async def test_the_agent_sees_the_customer_open_the_link_and_pay(shop, sign_in):
    agent = await sign_in("agent1")
    order_id = await begun(agent)
    await fill(agent)
    await total_is(agent, "123.19")
    address = await made(agent)
    links = agent.get_by_role("region", name="The call is over, without a sale").get_by_role("listitem")
    await expect(links).to_contain_text("Made")
    async with chromium() as elsewhere:
        phone = await elsewhere.new_page(viewport={"width": 360, "height": 740})
        await phone.goto(address)
        assert phone.url == f"{shop.address}/checkout/1"
        await expect(phone.get_by_role("heading", name="Finish your order")).to_be_visible()
        await expect(phone.get_by_text("These prices are yours until")).to_be_visible()
        await expect(phone.get_by_role("button", name="Pay 123.19 USD")).to_be_visible()
        await expect(links).to_contain_text("Opened")
        assert await in_every_look(phone) == {}
        await card(phone, GOOD)
        await phone.get_by_label("I agree to the terms").check()
        await phone.get_by_role("button", name="Pay 123.19 USD").click()
        await expect(phone.get_by_role("heading", name="Thank you")).to_be_visible()
        await expect(phone.get_by_text(order_id).first).to_be_visible()
        await expect(links).to_contain_text("Paid")
        await phone.goto(address)
        await expect(phone.get_by_role("heading", name="Thank you")).to_be_visible()
    await agent.goto(f"/orders/{order_id}")
    await expect(agent.get_by_role("status").filter(has_text="Complete")).to_be_visible()
