"""How an order is paid for on the phone."""

import itertools
import re

import pytest
from playwright.async_api import expect

from tests.e2e.axe import violations
from tests.e2e.entry import BROKE, GOOD, begun, card, field, fill, process, summary_of, total_is
from tests.e2e.rings import charged, signed_in
from tests.house.shop import until

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

MANY = itertools.count()


async def stored(page):
    return await page.evaluate("JSON.stringify({...sessionStorage}) + JSON.stringify({...localStorage})")


async def test_a_card_number_is_masked_as_it_is_left_and_whole_again_while_somebody_is_in_it(sign_in):
    page = await sign_in("agent1")
    await begun(page)
    number = page.locator("#number")
    await number.press_sequentially("4242424242424242")
    await expect(number).to_have_value("4242 4242 4242 4242")
    await expect(page.locator("#brand")).to_have_text("Visa")
    await page.keyboard.press("Tab")
    await expect(number).to_have_value("•••• 4242")
    await number.focus()
    await expect(number).to_have_value("4242 4242 4242 4242")
    await page.keyboard.press("Tab")
    values = await page.locator("input").evaluate_all("(fields) => fields.map((field) => field.value)")
    assert not [value for value in values if "42424242" in value.replace(" ", "")]
    assert "4242" not in await stored(page)


async def test_a_card_number_in_the_notes_is_refused_there_and_kept_nowhere(sign_in):
    page = await sign_in("agent1")
    await begun(page)
    await field(page, "customer.first_name").fill("Customer")
    await field(page, "notes").press_sequentially(f"Card {GOOD} until Friday")
    await expect(field(page, "notes")).to_have_attribute("aria-invalid", "true")
    await expect(page.locator('[id="notes-note"]')).to_contain_text("card number")
    await expect(field(page, "notes")).to_have_value(f"Card {GOOD} until Friday")
    assert "4242" not in await stored(page)


async def test_a_digit_in_the_middle_of_a_card_number_is_corrected_where_it_stands(sign_in):
    page = await sign_in("agent1")
    await begun(page)
    await page.locator("#number").press_sequentially("4242942424242")
    for _ in range(10):
        await page.keyboard.press("ArrowLeft")
    await page.keyboard.press("Backspace")
    await expect(page.locator("#number")).to_have_value("4242 4242 4242")
    await page.keyboard.type("1")
    await expect(page.locator("#number")).to_have_value("4242 1424 2424 2")


@pytest.mark.parametrize(
    ("path", "typed", "words"),
    [
        ("number", "4242 4242 4242 4241", "This is not a card number. Check it digit by digit."),
        ("number", "0000 0000 0000 0000", "This is not a card number. Check it digit by digit."),
        ("number", "not a number", ""),
        ("expiry", "01 / 20", "This card has expired."),
        ("expiry", "13 / 49", "The expiry date is month and year"),
        ("cvv", "1", "The security code has three digits"),
    ],
)
async def test_a_card_is_checked_before_anybody_is_asked(sign_in, path, typed, words):
    page = await sign_in("agent1")
    await begun(page)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    await field(page, path).fill(typed)
    await field(page, path).blur()
    await expect(field(page, f"{path}-note")).to_have_text(re.compile(words)) if words else await expect(field(page, path)).to_have_value("")
    assert not [url for url in asked if "token" in url]


async def test_a_pre_authorisation_says_how_the_card_answers_and_changes_nothing(sign_in):
    page = await sign_in("agent1")
    await begun(page)
    await fill(page, pillows=1)
    await total_is(page, "61.59")
    await card(page, GOOD)
    await page.keyboard.press("Alt+a")
    await expect(page.get_by_text("Visa ending 4242: approved, and given back")).to_be_visible()
    await card(page, BROKE)
    await page.get_by_role("button", name="Pre-auth").click()
    await expect(page.get_by_text(re.compile("Visa ending 9995: declined, insufficient funds"))).to_be_visible()
    assert await violations(page) == []
    await expect(page.get_by_role("button", name="Process")).to_be_enabled()


async def test_a_pre_authorisation_without_a_product_says_so(sign_in):
    page = await sign_in("agent1")
    await begun(page)
    await card(page, GOOD)
    await page.keyboard.press("Alt+a")
    await expect(page.get_by_text("Choose a product first")).to_be_visible()


async def test_a_stored_card_is_charged_by_reference(shop, sign_in):
    order = await charged(shop, "Stored")
    async with signed_in(shop, "agent1") as client:

        async def there():
            return (await client.get(f"/api/v1/orders/{order}")).json()["customer_id"]

        await until(there)
        id = await there()
    page = await sign_in("agent1")
    await page.goto(f"/order-entry?customer={id}")
    await page.wait_for_url(re.compile("/order-entry/[0-9A-Z]{10}$"))
    stored = page.get_by_role("radiogroup", name="Stored payment methods")
    await expect(stored.get_by_label(re.compile("Visa ending 4242"))).to_be_checked()
    await expect(page.locator("#card-fields")).to_be_hidden()
    assert await violations(page) == []
    await page.get_by_role("button", name="One more: Cloud pillow").click()
    await total_is(page, "61.59")
    await process(page)
    await summary_of(page, page.url.rpartition("/")[2])


async def taking_echecks(sign_in, shop):
    """A campaign whose one gateway debits bank accounts and whose other one does not."""
    n = next(MANY)
    async with signed_in(shop, "admin1") as client:
        form = {"name": f"cards{n}", "kind": "simulator", "title": "Cards", "on": "true", "key": f"cards-{n}-gateway"}
        assert (await client.post("/gateways", data=form)).status_code == 303
        offers = [
            {"id": f"9610{n}1", "name": "By bank", "sku": "B-1", "price": 1000},
            {"id": f"9610{n}2", "name": "By card alone", "sku": "B-2", "price": 500, "gateway": f"cards{n}"},
        ]
        body = {
            "name": f"Restful Nights by bank {n} (phone)",
            "offers": offers,
            "methods": ["card", "echeck", "external"],
            "countries": ["US"],
            "listed": True,
        }

        async def published():
            answer = await client.put(f"/api/v1/campaigns/9610{n}", json=body, headers={"idempotency-key": f"by-bank-{n}-1"})
            return answer.status_code == 200

        await until(published)
    page = await sign_in("agent1")

    async def listed():
        await page.goto(f"/order-entry?campaign=9610{n}")
        return await page.get_by_role("button", name="One more: By bank").count()

    await until(listed)
    await page.wait_for_url(re.compile("/order-entry/[0-9A-Z]{10}$"))
    return page


async def test_an_echeck_is_offered_where_every_gateway_takes_it_and_needs_the_oral_authorisation(shop, sign_in):
    page = await taking_echecks(sign_in, shop)
    await fill(page, pillows=0)
    echeck = page.get_by_role("radiogroup", name="Payment method").get_by_text("eCheck")
    await expect(echeck).to_be_hidden()
    await page.get_by_role("button", name="One more: By bank").click()
    await expect(echeck).to_be_visible()
    await page.get_by_role("button", name="One more: By card alone").click()
    await expect(echeck).to_be_hidden()
    await page.get_by_role("button", name="One less: By card alone").click()
    await echeck.click()
    await page.fill("#routing", "021000022")
    await page.fill("#account", "12")
    await process(page)
    for words in ("This is not a routing number", "4 to 17 digits", "Enter the name of the account's holder", "Read the text aloud"):
        await expect(page.get_by_role("alert").filter(has_text=words)).to_be_visible()
    assert await violations(page) == []
    await page.fill("#routing", "021000021")
    await page.fill("#account", "123456789")
    await page.fill("#holder", "Customer Z")
    await expect(page.locator("#account")).to_have_value("•••• 6789")
    await expect(page.locator("#oral-text")).to_contain_text("Do you, Customer Z, authorize us today")
    await page.get_by_label("The customer agreed aloud").check()
    assert "6789" not in await stored(page)
    await process(page)
    await summary_of(page, page.url.rpartition("/")[2])


async def test_five_declines_need_a_supervisor_and_the_page_goes_on_by_itself(sign_in):
    page = await sign_in("agent1")
    order_id = await begun(page)
    await fill(page, pillows=1)
    await total_is(page, "61.59")
    for n in range(1, 6):
        await card(page, BROKE)
        await process(page)
        await expect(page.get_by_role("heading", name=f"Attempts, {n} of 5")).to_be_visible()
    await expect(page.get_by_role("button", name="A supervisor has to help")).to_be_disabled()
    await expect(page.get_by_text("Ask a supervisor to allow another try")).to_be_visible()
    assert await violations(page) == []
    supervisor = await sign_in("supervisor1")
    await supervisor.goto("/approvals")
    await supervisor.get_by_role("button", name=f"Allow more attempts for order {order_id}").click()
    await expect(page.get_by_role("button", name="Process, attempt 6")).to_be_enabled()
    await expect(page.get_by_text("A supervisor allowed more attempts.")).to_be_visible()
    await card(page, GOOD)
    await process(page)
    await summary_of(page, order_id)
