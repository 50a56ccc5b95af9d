"""What agents ask of supervisors: prices beyond the limits, and more attempts."""

import re

import pytest
from playwright.async_api import expect

from tests.e2e.axe import in_every_look
from tests.e2e.entry import BROKE, begun, card, field, fill, process, total_is
from tests.e2e.rings import signed_in

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


async def asks(shop, page, price="35.00", user="agent1"):
    """Asks for the price of a pillow that is open on this page; the order's id."""
    order_id = page.url.rpartition("/")[2]
    async with signed_in(shop, user) as client:
        version = (await client.get(f"/order-entry/{order_id}/status")).json()["order"]["version"]
        headers = {"idempotency-key": f"ask-{order_id}-{price}", "if-match": f'"{version}"'}
        wanted = {"product": "101", "price": price, "reason": "Has been a customer for years."}
        answer = await client.post(f"/order-entry/{order_id}/overrides", json=wanted, headers=headers)
        assert answer.status_code == 200, answer.text
    return order_id


async def ringing(sign_in, user="agent1"):
    page = await sign_in(user)
    await begun(page)
    await fill(page)
    await total_is(page, "123.19")
    return page


async def waiting(page):
    await page.goto("/approvals")
    await expect(page.get_by_role("heading", name="Approvals")).to_be_visible()
    return page


def asked(page, order_id):
    return page.get_by_role("article").filter(has_text=order_id)


async def test_where_nothing_waits_the_page_says_what_will_appear(sign_in):
    page = await waiting(await sign_in("supervisor1"))
    await expect(page.get_by_role("heading", name="Nothing waits for you")).to_be_visible()
    await expect(page.get_by_role("link", name="Approvals", exact=True)).to_have_text("Approvals")
    assert await in_every_look(page) == {}


async def test_a_price_arrives_live_and_the_agent_has_it_once_it_is_approved(shop, sign_in):
    supervisor = await waiting(await sign_in("supervisor1"))
    agent = await ringing(sign_in)
    order_id = await asks(shop, agent)
    request = asked(supervisor, order_id)
    await expect(request).to_contain_text(re.compile("2 . Cloud pillow"))
    await expect(request).to_contain_text("35.00 instead of 49.95 USD")
    await expect(request).to_contain_text("39.95")
    await expect(request).to_contain_text("Has been a customer for years.")
    await expect(request).to_contain_text("agent1 asks")
    await expect(supervisor.get_by_role("link", name=re.compile("^Approvals")).get_by_text("waiting")).to_be_attached()
    assert await in_every_look(supervisor) == {}
    await request.get_by_role("button", name="Approve").click()
    await expect(request).to_have_count(0)
    await expect(supervisor.locator("#toasts")).to_contain_text("Approved")
    await total_is(agent, "90.82")


async def test_a_refusal_needs_a_reason(shop, sign_in):
    supervisor = await waiting(await sign_in("supervisor1"))
    agent = await ringing(sign_in)
    order_id = await asks(shop, agent)
    await asked(supervisor, order_id).get_by_role("button", name="Refuse…").click()
    dialog = supervisor.get_by_role("dialog", name="Refuse the price of Cloud pillow")
    await expect(dialog).to_be_visible()
    assert await in_every_look(supervisor) == {}
    await dialog.get_by_label("Reason").fill("   ")
    await supervisor.keyboard.press("Enter")
    await expect(dialog.get_by_role("alert")).to_contain_text("Say why")
    await dialog.get_by_label("Reason").fill("Not below cost.")
    await supervisor.keyboard.press("Enter")
    await expect(asked(supervisor, order_id)).to_have_count(0)
    await total_is(agent, "123.19")


async def test_nobody_approves_what_they_asked_for_themselves(shop, sign_in):
    page = await ringing(sign_in, "supervisor1")
    order_id = await asks(shop, page, user="supervisor1")
    supervisor = await waiting(await sign_in("supervisor1"))
    await expect(asked(supervisor, order_id)).to_contain_text("somebody else decides")
    await expect(asked(supervisor, order_id).get_by_role("button")).to_have_count(0)
    async with signed_in(shop, "supervisor1") as client:
        form = {"key": "own-approval-1", "asked": "3500/None/Has been a customer for years."}
        answer = await client.post(f"/approvals/{order_id}/1/approve", data=form)
        assert (answer.status_code, answer.json()["code"]) == (409, "own-override")


async def test_a_price_that_was_changed_meanwhile_is_not_approved(shop, sign_in):
    agent = await ringing(sign_in)
    order_id = await asks(shop, agent, "35.00")
    await asks(shop, agent, "10.00")
    async with signed_in(shop, "supervisor1") as client:
        form = {"key": "late-approval-1", "asked": "3500/None/Has been a customer for years."}
        answer = await client.post(f"/approvals/{order_id}/1/approve", data=form)
        assert (answer.status_code, answer.json()["code"]) == (409, "changed")
    await total_is(agent, "123.19")


async def test_a_request_leaves_when_the_line_is_changed(shop, sign_in):
    supervisor = await waiting(await sign_in("supervisor1"))
    agent = await ringing(sign_in)
    order_id = await asks(shop, agent)
    await expect(asked(supervisor, order_id)).to_be_visible()
    await field(agent, "lines.101").fill("1")
    await expect(asked(supervisor, order_id)).to_have_count(0)


async def test_after_five_declines_a_supervisor_allows_more(shop, sign_in):
    supervisor = await waiting(await sign_in("supervisor1"))
    agent = await ringing(sign_in)
    order_id = agent.url.rpartition("/")[2]
    await card(agent, BROKE)
    for attempt in range(1, 6):
        await agent.fill("#cvv", "737")
        await process(agent)
        await expect(agent.get_by_role("heading", name=f"Attempts, {attempt} of 5")).to_be_visible()
    await expect(asked(supervisor, order_id)).to_contain_text("5 declined")
    assert await in_every_look(supervisor) == {}
    await asked(supervisor, order_id).get_by_role("button", name="Allow more attempts").click()
    await expect(asked(supervisor, order_id)).to_have_count(0)
    await agent.get_by_text("External", exact=True).click()
    await process(agent)
    await agent.wait_for_url(f"**/orders/{order_id}")


async def test_an_agent_has_no_approvals(shop, sign_in):
    page = await sign_in("agent1")
    await expect(page.get_by_role("link", name="Approvals")).to_have_count(0)
    await page.goto("/approvals")
    await expect(page.get_by_role("heading", name="Not for your role")).to_be_visible()
