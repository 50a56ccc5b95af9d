"""What the decline panel tells, and which card is taken no more."""

import pytest
from playwright.async_api import expect

from tests.e2e.axe import violations
from tests.e2e.entry import GOOD, begun, card, fill, process, summary_of, total_is

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

KEPT = "4000000000009979"


async def test_a_card_that_is_never_to_be_tried_again_is_refused_at_its_field_and_another_one_is_taken(sign_in):
    page = await sign_in("agent1")
    order_id = await begun(page)
    await fill(page, pillows=1)
    await total_is(page, "61.59")
    await card(page, KEPT)
    await process(page)
    await expect(page.get_by_role("heading", name="Declined: not accepted")).to_be_visible()
    await expect(page.get_by_text("We cannot take this card. Would you like to use another one?")).to_be_visible()
    await expect(page.get_by_text("Another card, never this one again.")).to_be_visible()
    assert "pick" not in (await page.locator("body").inner_text()).lower().split()
    await card(page, KEPT)
    await process(page)
    await expect(page.locator("#number")).to_have_attribute("aria-invalid", "true")
    await expect(page.locator("#number-note")).to_contain_text("This very number was refused for good on this order")
    await expect(page.get_by_role("button", name="Process, attempt 2")).to_be_enabled()
    assert await violations(page) == []
    await card(page, GOOD)
    await process(page)
    await summary_of(page, order_id)
