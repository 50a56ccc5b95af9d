"""Keys: where they lead, when they are left alone, and that people can see them."""

import pytest
from playwright.async_api import expect

from tests.e2e.axe import in_every_look

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


async def sheet(page):
    await page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Shortcuts")
    await expect(dialog).to_be_visible()
    return dialog


async def test_g_and_a_letter_go_only_where_the_role_may(sign_in):
    page = await sign_in("reviewer1")
    await page.goto("/orders")
    await page.keyboard.press("g")
    await page.keyboard.press("q")
    await page.wait_for_url("**/quality**")
    await page.keyboard.press("g")
    await page.keyboard.press("p")
    dialog = await sheet(page)
    await expect(dialog).to_contain_text("Quality")
    await expect(dialog).not_to_contain_text("Ops")
    assert "/quality" in page.url


async def test_letters_are_left_to_whoever_types(sign_in):
    page = await sign_in("agent1")
    await page.goto("/orders")
    await page.locator("#q").press_sequentially("go?")
    await expect(page.locator("#q")).to_have_value("go?")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.url.partition("?")[0].endswith("/orders")


async def test_letters_are_left_to_a_dialog(sign_in):
    page = await sign_in("agent1")
    await page.goto("/orders")
    dialog = await sheet(page)
    await page.keyboard.press("g")
    await page.keyboard.press("c")
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    assert page.url.endswith("/orders")


async def test_another_alphabet_has_the_same_keys(sign_in):
    page = await sign_in("agent1")
    await page.goto("/orders")
    press = "([key, code]) => document.body.dispatchEvent(new KeyboardEvent('keydown', { key, code, bubbles: true }))"
    await page.evaluate(press, ["\u043f", "KeyG"])
    await page.evaluate(press, ["\u0441", "KeyC"])
    await page.wait_for_url("**/customers")


async def test_the_sheet_lists_what_the_page_has(sign_in):
    page = await sign_in("supervisor1")
    await page.goto("/quality")
    dialog = await sheet(page)
    for does in ("Approve", "Deny", "Next order", "Search and commands", "Catalog"):
        await expect(dialog).to_contain_text(does)
    assert await in_every_look(page) == {}
    await page.keyboard.press("Escape")
    await page.goto("/campaigns/1")
    dialog = await sheet(page)
    await expect(dialog).to_contain_text("Save as draft")
    await expect(dialog).not_to_contain_text("Deny")


async def test_a_button_shows_its_key(sign_in):
    page = await sign_in("agent1")
    await page.goto("/orders")
    search = page.get_by_role("button", name="Search and commands")
    await expect(search).to_have_text("Ctrl K")
    await expect(search).to_have_attribute("aria-keyshortcuts", "Control+K")
