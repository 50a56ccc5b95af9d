"""Addresses of an order: pasted whole, and by country."""

import pytest
from playwright.async_api import expect

from tests.e2e.axe import violations
from tests.e2e.entry import begun, field, saved

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


async def paste(page, path, text):
    await field(page, path).focus()
    await page.evaluate(
        """(text) => {
          const data = new DataTransfer();
          data.setData("text", text);
          document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        }""",
        text,
    )


async def shows(page, section, **values):
    for name, value in values.items():
        await expect(field(page, f"{section}.{name}")).to_have_value(value)


async def test_a_whole_address_pasted_into_street_is_split_and_can_be_put_back(sign_in):
    page = await sign_in("agent1")
    await begun(page)
    await paste(page, "billing.street", "100 Example Street Apt 4\nAustin, Texas 78701-1234\nUSA")
    await shows(page, "billing", street="100 Example Street", unit="Apt 4", city="Austin", region="TX", postal="78701-1234", country="US")
    await expect(page.get_by_text("Read as 100 Example Street")).to_be_visible()
    await saved(page)
    await page.get_by_role("button", name="Undo").click()
    await shows(page, "billing", city="", street="100 Example Street Apt 4, Austin, Texas 78701-1234, USA")


async def test_an_address_that_cannot_be_read_stays_as_it_is_with_the_reason(sign_in):
    page = await sign_in("agent1")
    await begun(page)
    await paste(page, "billing.street", "100 Example Street, Austin, NY 78701")
    await expect(page.get_by_text("The ZIP 78701 is not in New York. Enter the address field by field.")).to_be_visible()
    await shows(page, "billing", street="100 Example Street, Austin, NY 78701", city="", region="")


async def test_a_whole_address_that_was_typed_is_split_as_street_is_left(sign_in):
    page = await sign_in("agent1")
    await begun(page)
    await field(page, "billing.street").fill("PO Box 12 Albany NY 12207")
    await field(page, "billing.unit").focus()
    await shows(page, "billing", street="PO Box 12", city="Albany", region="NY", postal="12207")


async def test_a_country_has_its_own_fields_and_regions_and_what_fits_stays(sign_in):
    page = await sign_in("agent1")
    await begun(page)
    await page.get_by_label("Same as billing").uncheck()
    await field(page, "shipping.street").fill("100 Example Street")
    await field(page, "shipping.city").fill("Toronto")
    await field(page, "shipping.country").select_option("CA")
    await expect(page.locator("#shipping").get_by_text("Province")).to_be_visible()
    await shows(page, "shipping", street="100 Example Street", city="Toronto", country="CA")
    await field(page, "shipping.region").select_option("ON")
    await field(page, "shipping.postal").fill("78701")
    await field(page, "shipping.postal").blur()
    await expect(field(page, "shipping.postal-note")).to_contain_text("H3Z 2Y7")
    assert await violations(page) == []
    await field(page, "shipping.postal").fill("M5V 2T6")
    await expect(field(page, "shipping.postal-note")).to_be_hidden()
    await saved(page)
    await page.reload()
    await shows(page, "shipping", city="Toronto", region="ON", postal="M5V 2T6", country="CA")


async def test_a_zip_of_another_state_is_told_at_its_field(sign_in):
    page = await sign_in("agent1")
    await begun(page)
    await field(page, "billing.region").select_option("NY")
    await field(page, "billing.postal").fill("78701")
    await field(page, "billing.city").fill("Austin")
    await expect(field(page, "billing.postal-note")).to_be_visible()
    await field(page, "billing.region").select_option("TX")
    await field(page, "billing.postal").fill("78702")
    await saved(page)


@pytest.mark.parametrize(
    ("path", "typed", "words", "right"),
    [
        ("customer.email", "customer.z@example", "address", "customer.z@example.com"),
        ("customer.phone", "12", "phone number", "+1 512 555 0160"),
        ("billing.postal", "787", "of this country, such as", "78701"),
    ],
)
async def test_a_field_is_checked_as_it_is_left_and_cleared_as_it_is_typed(sign_in, path, typed, words, right):
    page = await sign_in("agent1")
    await begun(page)
    await field(page, path).fill(typed)
    await field(page, path).blur()
    await expect(field(page, f"{path}-note")).to_contain_text(words)
    await field(page, path).fill(right)
    await field(page, path).blur()
    await expect(field(page, f"{path}-note")).to_have_count(0)
    await saved(page)
