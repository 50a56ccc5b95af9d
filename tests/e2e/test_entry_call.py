"""How a call begins, and who it is with."""

import re

import pytest
from playwright.async_api import expect

from tests.e2e.axe import violations
from tests.e2e.entry import begun, field, fill, saved, total_is
from tests.e2e.rings import charged, signed_in
from tests.house.shop import until

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


async def opened(page, query):
    await page.goto(f"/order-entry?{query}")
    await page.wait_for_url(re.compile("/order-entry/[0-9A-Z]{10}$"))
    return page.url.rpartition("/")[2]


async def test_phone_software_opens_the_page_filled_in_and_it_is_stored(sign_in):
    admin = await sign_in("admin1")
    await admin.goto("/directory")
    await admin.get_by_role("button", name="Add an affiliate").click()
    await admin.locator('[name="affiliates.code"]').last.fill("radio")
    await admin.locator('[name="affiliates.name"]').last.fill("Morning radio")
    await admin.get_by_role("button", name="Save", exact=True).click()
    await expect(admin.get_by_text("Saved. Users and campaigns can name it")).to_be_visible()
    page = await sign_in("agent1")

    async def stored():
        """Once the affiliate is known wherever it has to be."""
        await opened(page, "campaign=1&phone=%2B15125550142&dnis=8005550100&ani=5125550142&affiliate=radio")
        await expect(page.locator("#saved")).to_have_text(re.compile("^(Saved|Not all)"))
        return "Not all" not in await page.locator("#saved").text_content()

    await until(stored)
    await saved(page)
    await expect(field(page, "customer.phone")).to_have_value("+15125550142")
    await expect(page.locator("#other-said")).to_contain_text("DNIS 8005550100 · ANI 5125550142")
    await page.reload()
    await expect(field(page, "customer.phone")).to_have_value("+15125550142")
    await page.get_by_text("Other information").click()
    await expect(field(page, "attribution.dnis")).to_have_value("8005550100")
    await expect(field(page, "attribution.ani")).to_have_value("5125550142")
    await expect(field(page, "attribution.affiliate")).to_have_value("radio")
    assert await violations(page) == []


async def test_an_affiliate_that_nobody_knows_is_told_at_its_field(sign_in):
    page = await sign_in("agent1")
    await opened(page, "affiliate=nobody-knows-it&phone=%2B15125550142")
    await expect(field(page, "attribution.affiliate-note")).to_be_attached()
    await expect(page.locator("#saved")).to_have_text("Not all of it is saved")
    await field(page, "notes").fill("Heard of us on the radio.")

    async def noted():
        status = await (await page.request.get(f"{page.url}/status")).json()
        return status["order"]["values"]["notes"] == "Heard of us on the radio."

    await until(noted)
    await expect(page.locator("#saved")).to_have_text("Not all of it is saved")
    await expect(field(page, "customer.phone")).to_have_value("+15125550142")


async def test_other_information_is_kept(sign_in):
    page = await sign_in("agent1")
    await begun(page)
    await page.get_by_text("Other information").click()
    for name in ("attribution.voice_log", "attribution.custom1", "attribution.custom5", "particulars.gender"):
        await field(page, name).fill(f"Value of {name}")
    await field(page, "particulars.birth_date").fill("1970-12-31")
    await page.get_by_label("Do not sell name").check()
    await page.get_by_label("Agrees to SMS").check()
    await page.get_by_label("Override trial de-duping").check()
    await page.get_by_label("Agrees to the terms").check()
    await saved(page)
    await page.reload()
    for name in ("attribution.voice_log", "attribution.custom1", "attribution.custom5", "particulars.gender"):
        await expect(field(page, name)).to_have_value(f"Value of {name}")
    await expect(field(page, "particulars.birth_date")).to_have_value("1970-12-31")
    for label in ("Do not sell name", "Agrees to SMS", "Override trial de-duping", "Agrees to the terms"):
        await expect(page.get_by_label(label)).to_be_checked()


async def test_the_timer_is_the_servers_and_goes_on_after_a_reload(sign_in):
    page = await sign_in("agent1")
    await begun(page)
    await expect(page.locator("#timer")).to_have_text(re.compile("00:00:0[2-9]"))
    await page.reload()
    await expect(page.locator("#timer")).not_to_have_text("00:00:00")
    assert int((await page.locator("#timer").text_content()).replace(":", "")) >= 2


async def known(shop, name):
    """The customer of a finished order."""
    order_id = await charged(shop, name)
    async with signed_in(shop, "agent1") as client:

        async def there():
            return (await client.get(f"/api/v1/orders/{order_id}")).json()["customer_id"]

        await until(there)
        return await there()


async def test_a_known_customer_is_told_while_typing_and_fills_what_is_empty(shop, sign_in):
    id = await known(shop, "Known")
    page = await sign_in("agent1")
    await begun(page)
    await field(page, "customer.last_name").fill("Spelled otherwise")
    await field(page, "customer.email").press_sequentially("known@example.com")
    matches = page.get_by_role("list", name="Known customers")
    await expect(matches).to_contain_text("same e-mail")
    assert await violations(page) == []
    await page.get_by_role("button", name="Use Customer Known").click()
    await expect(field(page, "billing.street")).to_have_value("100 Example Street")
    await expect(field(page, "customer.first_name")).to_have_value("Customer")
    await expect(field(page, "customer.last_name")).to_have_value("Spelled otherwise")
    await expect(page.locator("#known")).to_contain_text("is known: this order is theirs")
    await page.reload()
    await expect(page.locator("#customer_id")).to_have_value(id)
    await expect(page.get_by_role("radiogroup", name="Stored payment methods")).to_contain_text("Visa ending 4242")


async def test_taking_a_known_customer_over_can_be_undone(shop, sign_in):
    await known(shop, "Undone")
    page = await sign_in("agent1")
    await begun(page)
    await field(page, "customer.email").fill("undone@example.com")
    await page.get_by_role("button", name="Use Customer Undone").click()
    await expect(field(page, "billing.city")).to_have_value("Austin")
    await page.get_by_role("button", name="Undo: not this customer").click()
    await expect(field(page, "billing.city")).to_have_value("")
    await expect(page.locator("#customer_id")).to_have_value("")
    await expect(page.get_by_role("list", name="Known customers")).to_be_visible()


async def test_going_on_without_a_known_customer_never_waits_for_the_matches(shop, sign_in):
    page = await sign_in("agent1")
    await begun(page)
    await page.route("**/matches?*", lambda route: None)
    await fill(page, pillows=1)
    await total_is(page, "61.59")
    await saved(page)


async def test_a_customers_profile_fills_the_form(shop, sign_in):
    id = await known(shop, "Profile")
    page = await sign_in("agent1")
    await opened(page, f"customer={id}")
    await expect(field(page, "customer.last_name")).to_have_value("Profile")
    await expect(field(page, "billing.postal")).to_have_value("78701")
    await expect(page.locator("#known")).to_contain_text("is known: this order is theirs")
    await saved(page)
    await page.reload()
    await expect(field(page, "billing.postal")).to_have_value("78701")


async def test_a_partial_of_the_customer_is_completed_from_the_match(sign_in):
    page = await sign_in("agent1")
    partial = await begun(page)
    await fill(page, pillows=1)
    await field(page, "customer.email").fill("partial@example.com")
    await saved(page)
    await page.keyboard.press("Alt+s")
    await page.keyboard.press("3")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="The call is over, without a sale")).to_be_visible()

    async def kept():
        return (await (await page.request.get(f"/api/v1/orders/{partial}")).json())["status"] == "Partial"

    await until(kept)
    await page.goto("/order-entry")
    await page.wait_for_url(lambda url: re.search("/order-entry/[0-9A-Z]{10}$", url) and not url.endswith(partial))
    complete = page.get_by_role("button", name="Complete Order of Customer Z")

    await field(page, "customer.email").fill("partial@example.com")
    await expect(complete).to_be_visible()
    await complete.click()
    await page.wait_for_url(re.compile(f"/order-entry/{partial}"))
    await expect(field(page, "billing.street")).to_have_value("100 Example Street")
    await total_is(page, "61.59")
    await expect(page.get_by_role("button", name="Process")).to_be_enabled()


async def overwritten(shop, sign_in, name):
    """An order of a known customer with another person's phone number and e-mail address typed over theirs."""
    id = await known(shop, name)
    page = await sign_in("agent1")
    await opened(page, f"customer={id}")
    await expect(page.get_by_role("radiogroup", name="Stored payment methods").get_by_label(re.compile("Visa ending 4242"))).to_be_checked()
    await page.get_by_role("button", name="One more: Cloud pillow").click()
    for part, value in (
        ("first_name", "Other"),
        ("last_name", "Person"),
        ("phone", "+1 512 555 0199"),
        ("email", f"other.than.{name.lower()}@example.com"),
    ):
        await field(page, f"customer.{part}").fill(value)
    await page.keyboard.press("Tab")
    await expect(page.get_by_text(f"Is this still Customer {name}?")).to_be_visible()
    return page, id


async def test_somebody_elses_stored_card_is_never_charged_silently(shop, sign_in):
    page, _ = await overwritten(shop, sign_in, "Sticky")
    await expect(page.locator("#instruments")).to_be_hidden()
    assert await violations(page) == []
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("alert").filter(has_text="Say whether this is still Customer Sticky, or somebody else.").first).to_be_visible()
    await page.get_by_role("button", name="Somebody else").click()
    await expect(page.locator("#customer_id")).to_have_value("")
    await saved(page)
    await expect(page.locator("#instruments")).to_be_hidden()
    await page.reload()
    await expect(field(page, "customer.last_name")).to_have_value("Person")
    await expect(page.locator("#customer_id")).to_have_value("")


async def test_a_known_customer_who_has_moved_is_kept_by_a_word(shop, sign_in):
    page, id = await overwritten(shop, sign_in, "Moved")
    await page.get_by_role("button", name="Keep").click()
    await expect(page.locator("#known")).to_contain_text("is known: this order is theirs")
    await expect(page.get_by_role("radiogroup", name="Stored payment methods")).to_contain_text("Visa ending 4242")
    await expect(page.locator("#customer_id")).to_have_value(id)
    await field(page, "customer.phone").fill("+1 512 555 0198")
    await page.keyboard.press("Tab")
    await expect(page.get_by_text("Is this still Customer Moved?")).to_be_visible()
    await field(page, "customer.email").fill("moved@example.com")
    await page.keyboard.press("Tab")
    await expect(page.locator("#known")).to_contain_text("is known: this order is theirs")
