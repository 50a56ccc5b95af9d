"""While payment details are said, the call is not recorded: told to the order, to software on the page, and to the agent."""

import pytest
from playwright.async_api import expect

from tests.e2e.axe import in_every_look
from tests.e2e.entry import begun, field, fill, saved
from tests.e2e.rings import signed_in
from tests.house.shop import until

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

MARK = "Recording paused"


async def listening(page):
    """Keeps what phone software on the page would hear."""
    await page.evaluate("window.heard = []; document.addEventListener('ringup:recording', (event) => window.heard.push(event.detail))")


async def told(shop, order_id):
    async with signed_in(shop, "agent1") as client:
        events = (await client.get(f"/api/v1/orders/{order_id}/events")).json()["rows"]
    types = [event["type"].rpartition(".")[2] for event in events]
    return [type for type in types if type.startswith("Recording")]


async def test_focus_in_the_card_section_pauses_and_leaving_it_resumes(shop, sign_in):
    page = await sign_in("agent1")
    order_id = await begun(page)
    await fill(page)
    await listening(page)
    await page.keyboard.press("Alt+c")
    await expect(page.get_by_text(MARK, exact=True)).to_be_visible()
    assert await page.evaluate("window.heard") == [{"paused": True, "order_id": order_id}]
    assert await in_every_look(page) == {}
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await expect(page.locator("#cvv")).to_be_focused()
    await field(page, "notes").focus()
    await expect(page.get_by_text(MARK, exact=True)).to_have_count(0)
    assert await page.evaluate("window.heard.map((each) => each.paused)") == [True, False]

    async def both():
        return await told(shop, order_id) == ["RecordingPaused", "RecordingResumed"]

    await until(both)


async def test_leaving_the_page_resumes(shop, sign_in):
    page = await sign_in("agent1")
    order_id = await begun(page)
    await fill(page)
    await page.locator("#number").focus()

    async def is_told(*types):
        return await told(shop, order_id) == [*types]

    await until(lambda: is_told("RecordingPaused"))
    await page.goto("/orders")
    await until(lambda: is_told("RecordingPaused", "RecordingResumed"))


async def test_a_pause_that_could_not_be_told_is_told_once_the_line_is_back(shop, sign_in):
    page = await sign_in("agent1")
    order_id = await begun(page)
    await fill(page)
    await saved(page)
    await page.context.set_offline(True)
    await page.locator("#number").focus()
    await expect(page.get_by_text(MARK, exact=True)).to_be_visible()
    await page.context.set_offline(False)

    async def paused():
        return await told(shop, order_id) == ["RecordingPaused"]

    await until(paused)
