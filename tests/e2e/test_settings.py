"""The account's settings: saved only when dirty, errors at their field, who changed what."""

import asyncio

import pytest
from playwright.async_api import expect

from tests.e2e.rings import external, placed

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


async def form(sign_in):
    page = await sign_in("supervisor1")
    await page.goto("/settings")
    return page


async def test_the_save_bar_is_there_only_while_something_is_not_saved(sign_in):
    page = await form(sign_in)
    bar = page.get_by_role("button", name="Save", exact=True)
    await expect(bar).to_be_hidden()
    await page.get_by_label("Own review allowed").check()
    await expect(bar).to_be_visible()
    await page.get_by_label("Own review allowed").uncheck()
    await expect(bar).to_be_hidden()


async def test_what_is_changed_before_the_script_is_there_can_be_saved(sign_in):
    page = await form(sign_in)
    go_on = asyncio.Event()

    async def slow(route):
        await go_on.wait()
        await route.continue_()

    await page.route("**/static/settings.js*", slow)
    await page.goto("/settings", wait_until="commit")
    await page.get_by_label("Own review allowed").check()
    await page.get_by_label("Undo window in seconds").fill("12")
    go_on.set()
    await expect(page.get_by_role("button", name="Save", exact=True)).to_be_visible()
    await expect(page.get_by_label("Own review allowed")).to_be_checked()
    await expect(page.get_by_label("Undo window in seconds")).to_have_value("12")


async def test_prepaid_skip_qa_lets_external_payments_through(shop, sign_in):
    await external(shop, "Before")
    page = await form(sign_in)
    await page.get_by_label("Prepaid Skip QA").check()
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text("Saved. Orders submitted from now on follow it.")).to_be_visible()
    await expect(page.locator(".timeline li").first).to_contain_text("Prepaid Skip QA: off → on")
    await expect(page.locator(".timeline li").first).to_contain_text("supervisor1")
    await placed(shop, "After", status="Complete", method="external")
    await page.get_by_label("Prepaid Skip QA").uncheck()
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.locator(".timeline li").first).to_contain_text("Prepaid Skip QA: on → off")


async def test_a_place_is_added_and_removed(sign_in):
    page = await form(sign_in)
    await page.get_by_role("button", name="Add a place").click()
    row = page.locator("#rates tr").last
    await row.get_by_label("Place").fill("us-wa")
    await row.get_by_label("Rate in percent").fill("6.5")
    await row.get_by_role("checkbox").check()
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.locator("#rates tr").filter(has_text="Washington, United States").get_by_role("textbox").last).to_have_value("6.5")
    await expect(page.locator(".timeline li").first).to_contain_text("Tax in US-WA: none → 6.5 %; Shipping to US-WA: taxed")
    await page.wait_for_load_state()
    await page.get_by_role("button", name="Remove Washington, United States").click()
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.locator("#rates tr").filter(has_text="Washington")).to_have_count(0)


async def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(sign_in):
    page = await form(sign_in)
    await page.get_by_label("Undo window in seconds").fill("soon")
    await page.get_by_label("Own review allowed").check()
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_label("Undo window in seconds")).to_have_attribute("aria-invalid", "true")
    await expect(page.get_by_label("Undo window in seconds")).to_have_value("soon")
    await expect(page.get_by_label("Own review allowed")).to_be_checked()
    await page.get_by_label("Undo window in seconds").fill("301")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.locator("#undo_seconds-note")).to_have_text("The undo window in seconds is between 0 and 300.")
    await page.goto("/settings")
    await expect(page.get_by_label("Own review allowed")).not_to_be_checked()


async def test_two_people_do_not_overwrite_each_other(sign_in):
    first, second = await form(sign_in), await form(sign_in)
    for page, seconds in ((first, "11"), (second, "12")):
        await page.get_by_label("Undo window in seconds").fill(seconds)
        await page.get_by_role("button", name="Save", exact=True).click()
    await expect(first.get_by_text("Saved. Orders submitted")).to_be_visible()
    await expect(second.get_by_role("heading", name="Not saved")).to_be_visible()
    await expect(second.get_by_label("Undo window in seconds")).to_have_value("12")
    await second.get_by_role("link", name="Load what is in force").click()
    await expect(second.get_by_label("Undo window in seconds")).to_have_value("11")
