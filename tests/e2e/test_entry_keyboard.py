"""A whole order with the keyboard alone, and what a screen reader says on the way."""

import contextlib
import re

import pytest
from playwright.async_api import expect

from tests.e2e.entry import begun, summary_of
from tests.house.shop import until

_DESCRIPTION = """(field) => (field.getAttribute("aria-describedby") ?? "").split(" ")
  .map((id) => document.getElementById(id)?.textContent ?? "").join(" ").trim()"""
pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


async def heard(page):
    """Role, name and description of what has the focus."""
    focused = page.locator(":focus")
    said = (await focused.aria_snapshot()).removeprefix("- ").split("\n")[0].removesuffix(":")
    described = await focused.evaluate(_DESCRIPTION)
    return f"{said} ({described})" if described else said


async def hears(page, wanted):
    said = ""

    async def told():
        nonlocal said
        said = await heard(page)
        return wanted in said

    with contextlib.suppress(TimeoutError):
        await until(told)
    assert wanted in said


async def announced(page, words):
    """By the page's one live region."""
    await expect(page.locator("#said")).to_contain_text(words)


async def type_on(page, *texts):
    for text in texts:
        await page.keyboard.type(text)
        await page.keyboard.press("Tab")


async def test_a_whole_order_is_placed_by_keyboard_and_can_be_heard(shop, sign_in):
    page = await sign_in("agent1")
    order_id = await begun(page)
    await hears(page, 'textbox "First name"')
    await type_on(page, "Customer")
    await hears(page, 'textbox "Last name"')
    await type_on(page, "Heard")
    await hears(page, 'textbox "Phone"')
    await type_on(page, "12")
    await page.keyboard.press("Shift+Tab")
    await hears(page, "phone number")  # what is wrong with it, at the field
    await type_on(page, "+1 512 555 0177")
    await hears(page, 'textbox "E-mail"')
    await page.keyboard.type("customer.heard@example.com")
    await announced(page, "Saved.")
    await page.keyboard.press("Alt+j")
    await hears(page, 'textbox "Street"')
    await type_on(page, "100 Example Street, Austin, TX 78701")
    await expect(page.locator('[id="billing.postal"]')).to_have_value("78701")
    await page.keyboard.press("Alt+p")
    await hears(page, 'textbox "Quantity: Cloud pillow"')
    await page.keyboard.type("2")
    await announced(page, "Total 123.19.")
    await page.keyboard.press("Alt+u")
    await hears(page, 'textbox "Coupon code"')
    await page.keyboard.type("NOSUCH")
    await page.keyboard.press("Enter")
    await announced(page, "NOSUCH: ")
    await page.keyboard.press("Backspace")
    await page.keyboard.press("Alt+2")
    await expect(page.get_by_role("tab", name="Rebuttal")).to_have_attribute("aria-selected", "true")
    await hears(page, 'textbox "Coupon code"')  # a script is turned to without leaving the form
    await page.keyboard.press("Alt+c")
    await hears(page, 'textbox "Card number"')
    await type_on(page, "4242424242424241", "1249", "737")
    await page.keyboard.press("Control+Enter")
    await hears(page, 'alert "One thing to fix before this order can be placed"')
    await page.keyboard.press("Tab")
    await hears(page, "link")
    await page.keyboard.press("Enter")
    await hears(page, 'textbox "Card number"')
    await hears(page, "not a card number")
    await page.keyboard.press("Control+a")
    await type_on(page, "4000000000009995")
    await page.keyboard.press("Control+Enter")
    await hears(page, 'region "Declined: insufficient funds"')
    await page.keyboard.press("Alt+c")
    await hears(page, 'textbox "Card number"')
    await page.keyboard.press("Control+a")
    await type_on(page, "4242424242424242", "1249", "737")
    await page.keyboard.press("Control+Enter")
    await summary_of(page, order_id)
    await expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(order_id))
