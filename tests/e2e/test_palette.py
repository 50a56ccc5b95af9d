"""The palette: opened from anywhere, it finds what the role may open, by keyboard alone."""

import re

import pytest
from playwright.async_api import expect

from tests.e2e.axe import in_every_look

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


async def palette(page, typed=""):
    await expect(page.locator("#search")).to_have_attribute("aria-keyshortcuts", "Control+K")
    await page.keyboard.press("Control+k")
    dialog = page.get_by_role("dialog", name="Search and commands")
    await expect(dialog).to_be_visible()
    await page.keyboard.type(typed)
    await expect(dialog.locator("#palette-hits")).not_to_have_attribute("aria-busy", "true")
    return dialog


def hit(dialog, name):
    return dialog.get_by_role("option", name=re.compile(name))


async def test_it_opens_from_a_field_and_esc_returns_focus_to_where_it_was(sign_in):
    page = await sign_in("agent1")
    await page.goto("/orders")
    await page.locator("#q").fill("Customer")
    dialog = await palette(page, "cus")
    await expect(dialog.get_by_role("combobox")).to_have_value("cus")
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await expect(page.locator("#q")).to_be_focused()
    await expect(page.locator("#q")).to_have_value("Customer")


async def test_arrows_choose_and_enter_opens(sign_in):
    page = await sign_in("agent1")
    await page.goto("/customers")
    dialog = await palette(page, "#Customer")
    field = dialog.get_by_role("combobox")
    await expect(dialog.get_by_role("option", selected=True)).to_have_attribute("id", "hit-0")
    await page.keyboard.press("ArrowDown")
    second = dialog.get_by_role("option", selected=True)
    await expect(second).to_have_attribute("id", "hit-1")
    await expect(field).to_have_attribute("aria-activedescendant", "hit-1")
    number = await second.locator(".id").inner_text()
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/orders/{number}")


async def test_enter_pressed_before_anything_is_found_opens_what_is_then(sign_in):
    page = await sign_in("agent1")
    await page.goto("/orders")
    number = await page.locator("#found tbody .id").first.inner_text()
    await palette(page)
    await page.keyboard.type(f"#{number}")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/orders/{number}")


async def test_an_order_is_found_by_its_number_and_a_customer_by_phone(sign_in):
    page = await sign_in("agent1")
    await page.goto("/orders")
    number = await page.locator("#found tbody .id").first.inner_text()
    dialog = await palette(page, f"#{number.lower()}")
    await expect(hit(dialog, number)).to_be_visible()
    await dialog.get_by_role("combobox").fill("@512 555 0142")
    await expect(hit(dialog, "Customer A")).to_be_visible()
    await expect(dialog.get_by_role("group")).to_have_count(1)


async def test_commands_are_those_of_the_page(sign_in):
    page = await sign_in("supervisor1")
    await page.goto("/quality")
    await expect(page.get_by_role("button", name="Deny… D")).to_be_enabled()
    dialog = await palette(page, ">deny")
    await expect(dialog.get_by_role("option")).to_have_count(1)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog", name=re.compile("Deny order"))).to_be_visible()


async def test_what_cannot_be_done_now_is_not_offered(sign_in):
    page = await sign_in("supervisor1")
    await page.goto("/quality?order=0000000000")
    await expect(page.get_by_role("button", name="Deny… D")).to_have_count(0)
    dialog = await palette(page, ">")
    await expect(hit(dialog, "Next order")).to_be_visible()
    for name in ("Approve", "Deny", "Undo"):
        await expect(hit(dialog, rf"^{name}\s*$")).to_have_count(0)


async def test_enter_in_the_palette_never_charges(sign_in):
    page = await sign_in("agent1")
    await page.goto("/order-entry")
    await expect(page.locator("#entry")).not_to_have_attribute("aria-busy", "true")
    dialog = await palette(page, ">no sale")
    await expect(hit(dialog, "No sale")).to_be_visible()
    await dialog.get_by_role("combobox").fill(">process")
    await expect(dialog).to_contain_text("Nothing is found.")


async def test_the_catalog_leads_a_supervisor_to_the_offers_and_an_agent_to_a_call(sign_in):
    page = await sign_in("supervisor1")
    dialog = await palette(page, "$pillow")
    await hit(dialog, "Cloud pillow").click()
    await page.wait_for_url("**/campaigns/1#offers")
    page = await sign_in("agent1")
    dialog = await palette(page, "$restful")
    await expect(hit(dialog, "Restful Nights")).to_be_visible()
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile("/order-entry/[0-9A-Z]{10}$"))


async def test_nobody_finds_what_they_may_not_open(sign_in):
    page = await sign_in("ops1")
    dialog = await palette(page, "#Customer")
    await expect(dialog).to_contain_text("Nothing is found.")
    await dialog.get_by_role("combobox").fill("customer a")
    await expect(dialog).to_contain_text("Nothing is found.")
    page = await sign_in("reviewer1")
    dialog = await palette(page, "$restful")
    await expect(dialog).to_contain_text("Nothing is found.")
    await dialog.get_by_role("combobox").fill(">settings")
    await expect(dialog).to_contain_text("Nothing is found.")


async def test_without_a_connection_commands_are_still_there(sign_in):
    page = await sign_in("agent1")
    await page.goto("/orders")
    await page.context.set_offline(True)
    dialog = await palette(page, "custom")
    await expect(dialog.get_by_role("status")).to_have_text("No connection: only commands are found.")
    await expect(hit(dialog, "Go to Customers")).to_be_visible()
    assert await in_every_look(page) == {}
    await page.context.set_offline(False)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/customers")


@pytest.mark.parametrize(
    ("typed", "said"), [("", "Commands"), ("customer", "Orders"), ("$pillow", "Catalog"), ("#nobody-has-this", "Nothing is found.")]
)
async def test_it_is_accessible_in_every_state(sign_in, typed, said):
    page = await sign_in("supervisor1")
    await page.goto("/orders")
    dialog = await palette(page, typed)
    await expect(dialog.get_by_text(said, exact=True)).to_be_visible()
    assert await in_every_look(page) == {}


async def test_script_tags_and_nul_are_looked_for_like_anything_else(sign_in):
    page = await sign_in("agent1")
    await page.goto("/orders")
    dialog = await palette(page)
    for typed in ("<script>alert(1)</script>", "#\x00", "@مرحبا", "🙂" * 120, "%", "#" * 255):
        await dialog.get_by_role("combobox").fill(typed)
        await expect(dialog.get_by_role("status")).to_have_text("Nothing is found.")
