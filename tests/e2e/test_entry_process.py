"""Process: that an order is charged what stood there when it was pressed, and never after it was taken back."""

import asyncio
import re

import pytest
from playwright.async_api import expect

from tests.e2e.axe import violations
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


def waiting(page):
    return page.locator("#waiting")


async def test_a_process_that_waits_for_the_line_is_taken_back_before_the_call_ends_without_a_sale(sign_in):
    page = await sign_in("agent1")
    order_id = await filled(page)
    await page.context.set_offline(True)
    await process(page)
    await expect(waiting(page)).to_contain_text("Process waits for the line")
    assert await violations(page) == []
    await page.keyboard.press("Alt+s")
    await expect(waiting(page)).to_contain_text("Take it back before the call is ended otherwise.")
    await expect(page.get_by_role("button", name="Take it back")).to_be_focused()
    await page.keyboard.press("Alt+n")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.url.endswith(order_id)
    await page.keyboard.press("Enter")
    await expect(page.locator("#banner")).to_contain_text("Process is taken back. Nothing was charged.")
    await expect(waiting(page)).to_have_count(0)
    await page.keyboard.press("Alt+s")
    await page.keyboard.press("3")
    await page.keyboard.press("Enter")
    await page.context.set_offline(False)
    await expect(page.get_by_role("heading", name="The call is over, without a sale")).to_be_visible()
    assert await outcome(page) == "partial"


async def test_a_process_that_waits_for_the_line_goes_on_when_it_is_back(sign_in):
    page = await sign_in("agent1")
    order_id = await filled(page)
    await page.context.set_offline(True)
    await process(page)
    await expect(waiting(page)).to_be_visible()
    await page.context.set_offline(False)
    await summary_of(page, order_id)


async def test_a_process_taken_back_without_a_line_can_be_pressed_again_when_it_is_back(sign_in):
    page = await sign_in("agent1")
    order_id = await filled(page)
    await page.context.set_offline(True)
    await process(page)
    await page.get_by_role("button", name="Take it back").click()
    await expect(page.get_by_role("button", name=re.compile("^Process"))).to_be_disabled()
    await page.context.set_offline(False)
    await expect(page.get_by_role("button", name=re.compile("^Process"))).to_be_enabled()
    assert await outcome(page) == "open"
    await process(page)
    await summary_of(page, order_id)


async def test_a_process_that_got_through_before_it_was_taken_back_is_told_as_such(sign_in):
    page = await sign_in("agent1")
    order_id = await filled(page)

    async def lost(route):
        await route.fetch()
        await page.route("**/order-entry/**", lambda other: other.abort())
        await route.abort()

    await page.route("**/submit", lost, times=1)
    await process(page)
    await page.get_by_role("button", name="Take it back").click()
    await expect(waiting(page)).to_contain_text("may have gone out before it was taken back")
    await page.unroute_all(behavior="wait")
    await summary_of(page, order_id)


async def test_a_process_behind_another_command_that_waits_for_the_line_is_taken_back_at_once(sign_in):
    page = await sign_in("agent1")
    await begun(page)
    await fill(page, pillows=1)
    await total_is(page, "61.59")
    asked, go = [], asyncio.Event()

    async def recording(route):
        asked.append(route)
        if len(asked) > 1:
            await route.abort()
        else:
            await go.wait()
            await route.continue_()

    await page.route("**/recording", recording)
    await card(page, GOOD)
    await process(page)
    await expect(page.locator("#recording")).to_have_count(0)
    go.set()
    await expect(waiting(page)).to_be_visible()
    await page.get_by_role("button", name="Take it back").click()
    await expect(page.locator("#banner")).to_contain_text("Process is taken back. Nothing was charged.")
    await expect(waiting(page)).to_have_count(0)
    await page.unroute_all(behavior="wait")
    await expect(page.get_by_role("button", name=re.compile("^Process"))).to_be_enabled()
    assert await outcome(page) == "open"
