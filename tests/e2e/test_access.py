"""An administrator lets somebody in, from the call centre to the second step; what is shown once is shown."""

import pyotp
import pytest
from playwright.async_api import expect

from tests.e2e.axe import in_every_look
from tests.e2e.entry import holds

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

WORDS = "a password of four words"


async def add_row(page, button, **fields):
    await page.get_by_role("button", name=button).click()
    row = page.locator(f'[data-rows]:has(button:text("{button}")) [data-row]').last
    for name, value in fields.items():
        field = row.locator(f'[name$=".{name}"]')
        await (field.select_option(value) if name == "call_center" else field.fill(value))


async def test_a_user_is_let_in_and_sets_up_the_second_step(shop, sign_in, browser):
    admin = await sign_in("admin1")
    await admin.goto("/directory")
    await expect(admin.get_by_role("button", name="Save", exact=True)).to_be_hidden()
    await add_row(admin, "Add a call centre", name="Harbour")
    await add_row(admin, "Add a team", name="Night shift", call_center="Harbour")
    await add_row(admin, "Add an affiliate", code="AF-7")
    await admin.get_by_role("button", name="Save", exact=True).click()
    await expect(admin.get_by_role("heading", name="Not saved")).to_be_visible()
    assert await in_every_look(admin) == {}
    await admin.locator('[name="affiliates.name"]').last.fill("Morning radio")
    await admin.get_by_role("button", name="Save", exact=True).click()
    await expect(admin.get_by_text("Saved. Users and campaigns can name it")).to_be_visible()
    assert await in_every_look(admin) == {}

    await admin.goto("/users/new")
    await admin.get_by_label("User", exact=True).fill("Agent 7")
    await admin.get_by_role("button", name="Add", exact=True).click()
    await expect(admin.get_by_label("User", exact=True)).to_have_attribute("aria-invalid", "true")
    assert await in_every_look(admin) == {}
    await admin.get_by_label("User", exact=True).fill("agent7")
    await admin.get_by_label("Call centre and team").select_option("Harbour|Night shift")
    await admin.get_by_role("button", name="Add", exact=True).click()
    first = await admin.locator("#secret").text_content()
    assert await in_every_look(admin) == {}

    page = await (await browser.new_context(base_url=shop.address)).new_page()
    await sign_in_as(page, "agent7", first)
    await expect(page.get_by_role("heading", name="Choose a password")).to_be_visible()
    assert await in_every_look(page) == {}
    await page.get_by_label("The password that you were given").fill(first)
    await page.get_by_label("New password", exact=True).fill(WORDS)
    await page.get_by_label("New password once more").fill(WORDS)
    await page.get_by_role("button", name="Change it").click()
    await page.wait_for_url("**/order-entry")
    await expect(page.get_by_text("Harbour")).to_be_visible()

    await page.goto("/account")
    await page.get_by_role("button", name="Set it up").click()
    await expect(page.get_by_role("img", name="A QR code")).to_be_visible()
    await holds(page, "() => document.querySelector('img').naturalWidth > 100")
    assert await in_every_look(page) == {}
    secret = pyotp.TOTP((await page.locator("#secret").text_content()).replace(" ", ""))
    await page.get_by_label("The code that it shows now").fill(secret.now())
    await page.get_by_role("button", name="Switch it on").click()
    codes = (await page.locator("#secret").text_content()).split()
    assert await in_every_look(page) == {}
    await page.get_by_role("link", name="I have kept them").click()
    await expect(page.get_by_text("10 recovery codes are left")).to_be_visible()
    assert await in_every_look(page) == {}

    await page.context.clear_cookies()
    await sign_in_as(page, "agent7", WORDS)
    await expect(page.get_by_role("heading", name="Second step")).to_be_visible()
    assert await in_every_look(page) == {}
    await page.get_by_label("Code").fill(codes[0])
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url("**/order-entry")

    await admin.goto("/users/agent7")
    await admin.get_by_role("button", name="Switch off…").click()
    assert await in_every_look(admin) == {}
    await admin.get_by_role("dialog").get_by_role("button", name="Switch off").click()
    await expect(admin.get_by_text("Switched off. Whoever was signed in")).to_be_visible()
    await page.goto("/orders")
    await page.wait_for_url("**/sign-in?next=/orders")
    await page.context.close()


async def sign_in_as(page, user, password):
    await page.goto("/sign-in")
    await page.get_by_label("User").fill(user)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Sign in", exact=False).first.click()


async def test_a_key_is_made_copied_and_revoked(sign_in):
    admin = await sign_in("admin1", permissions=["clipboard-read", "clipboard-write"])
    await admin.goto("/keys")
    await admin.get_by_label("Name").fill("warehouse")
    await admin.get_by_role("button", name="Make it").click()
    await expect(admin.get_by_role("heading", name="Not made")).to_be_visible()
    assert await in_every_look(admin) == {}
    await admin.get_by_label("orders:read").check()
    await admin.get_by_role("button", name="Make it").click()
    whole = await admin.locator("#secret").text_content()
    assert whole.startswith("rk_")
    await admin.wait_for_load_state()
    await admin.get_by_role("button", name="Copy").click()
    await expect(admin.get_by_text("Copied.")).to_be_visible()
    assert await admin.evaluate("navigator.clipboard.readText()") == whole
    assert await in_every_look(admin) == {}
    await admin.get_by_role("link", name="I have kept it").click()
    await admin.get_by_role("button", name="Revoke warehouse").click()
    assert await in_every_look(admin) == {}
    await admin.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    await expect(admin.get_by_text("warehouse is revoked.")).to_be_visible()
    assert await in_every_look(admin) == {}


async def test_a_gateway_is_added_tested_and_switched_off(sign_in):
    admin = await sign_in("admin1")
    await admin.goto("/gateways/new")
    await admin.get_by_label("Name", exact=True).fill("front-door")
    await admin.get_by_label("Kind").select_option("hosted-form")
    await admin.get_by_label("Title").fill("Front door")
    await admin.get_by_label("Credentials", exact=True).fill("a secret of theirs")
    await admin.get_by_role("button", name="Add", exact=True).click()
    await admin.get_by_role("button", name="Test Front door").click()
    await expect(admin.locator("#tested-front-door")).to_contain_text("cannot ask")
    await admin.get_by_role("button", name="Test Simulator").click()
    await expect(admin.locator("#tested-simulator")).to_contain_text("OK")
    assert await in_every_look(admin) == {}
    await admin.get_by_role("link", name="Front door").click()
    await expect(admin.get_by_text("It cannot be used from order entry")).to_be_visible()
    await admin.get_by_label("On", exact=True).uncheck()
    await admin.get_by_label("Remove those that are kept").check()
    assert await in_every_look(admin) == {}
    await admin.get_by_role("button", name="Save").click()
    row = admin.get_by_role("row", name="Front door")
    await expect(row).to_contain_text("Off")
    await expect(row).to_contain_text("None")
