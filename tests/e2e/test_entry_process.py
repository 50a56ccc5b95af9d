"""Process: that an order is charged what stood there when it was pressed, and never after it was taken back."""

import asyncio
import re

import pytest
from playwright.async_api import expect

from tests.e2e.entry import GOOD, begun, card, field, fill, process, summary_of, total_is

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


async def filled(page):
    """An order of one pillow with a card, all of it saved."""
    order_id = await begun(page)
    await fill(page, pillows=1)
    await total_is(page, "61.59")
    await card(page, GOOD)
    return order_id


async def held_up(page):
    """The card's way to the vault waits until it is let go."""
    asked, go = asyncio.Event(), asyncio.Event()

    async def wait(route):
        asked.set()
        await go.wait()
        await route.continue_()

    await page.route("**/api/v1/tokens", wait)
    return asked, go


async def outcome(page):
    return (await (await page.request.get(f"{page.url}/status")).json())["outcome"]


async def refused_as_repriced(page, total):
    await expect(page.locator("#banner")).to_contain_text(f"The total is {total}, which is not what stood there when Process was pressed.")
    await expect(page.get_by_role("button", name=re.compile("^Process"))).to_be_enabled()
    assert await outcome(page) == "open"


async def test_what_is_typed_after_process_is_not_charged_unseen(sign_in):
    page = await sign_in("agent1")
    order_id = await filled(page)
    asked, go = await held_up(page)
    await process(page)
    await asked.wait()
    await field(page, "lines.101").fill("4")
    go.set()
    await refused_as_repriced(page, "246.38")
    await process(page)
    await summary_of(page, order_id)


async def test_a_line_that_a_colleague_changes_after_process_is_not_charged_unseen(sign_in):
    page, colleague = await sign_in("agent1"), await sign_in("supervisor1")
    order_id = await filled(page)
    await colleague.goto(f"/order-entry/{order_id}")
    asked, go = await held_up(page)
    await process(page)
    await asked.wait()
    await field(colleague, "lines.101").fill("2")
    await total_is(colleague, "123.19")
    await total_is(page, "123.19")
    go.set()
    await refused_as_repriced(page, "123.19")
    await process(page)
    await summary_of(page, order_id)
