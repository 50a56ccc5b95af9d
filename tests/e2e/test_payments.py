"""An order's money on its Summary: shown, given back, tried again, and recorded where a gateway would not say."""

import re
import shutil

import pytest
import pytest_asyncio
from playwright.async_api import expect

from services.payments.simulator.magic import value
from tests.e2e.axe import in_every_look
from tests.e2e.rings import charged, placed, signed_in
from tests.house.shop import until

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(loop_scope="module")
async def supervisor(sign_in):
    return await sign_in("supervisor1")


async def opened(page, order_id):
    await page.goto(f"/orders/{order_id}")
    payment = page.get_by_role("region", name="Payment")
    await expect(payment).to_be_visible()
    return payment


def operation(payment, reference):
    return payment.locator(f'[id="op-{reference}"]')


async def refund(page, amount, reason):
    """Typed with the keyboard alone, from the button on."""
    await page.get_by_role("button", name="Refund…").focus()
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name=re.compile("^Refund order"))
    await expect(dialog.get_by_label("Amount")).to_be_focused()
    await page.keyboard.press("Control+a")
    await page.keyboard.type(amount)
    await page.keyboard.press("Tab")
    await page.keyboard.type(reason)
    await page.keyboard.press("Enter")
    return dialog


async def test_a_part_and_then_the_rest_is_refunded(shop, supervisor):
    page = supervisor
    payment = await opened(page, await charged(shop, "Refunded"))
    await expect(payment).to_contain_text("AVS Y: street and postal code match")
    dialog = await refund(page, "1.50", "One came damaged")
    await expect(dialog).to_be_hidden()
    row = page.get_by_role("row", name=re.compile("^Refund 1"))
    await expect(row).to_contain_text("supervisor1: One came damaged")
    await expect(row).to_contain_text("Refunded")
    await expect(payment.get_by_text("Partly refunded")).to_be_visible()
    assert await in_every_look(page) == {}
    await page.get_by_role("button", name="Refund…").click()
    dialog = page.get_by_role("dialog", name=re.compile("^Refund order"))
    await expect(dialog.get_by_label("Amount")).to_have_value(re.compile(r"^\d+\.\d\d$"))
    assert await in_every_look(page) == {}
    await dialog.get_by_label("Reason").fill("All of it")
    await page.keyboard.press("Enter")
    await expect(page.locator("h1 + [role=status]")).to_have_text("Refunded")
    await expect(page.get_by_role("button", name="Refund…")).to_have_count(0)


async def test_what_is_wrong_with_a_refund_is_said_at_its_field_until_it_is_changed(shop, supervisor):
    page = supervisor
    await opened(page, await charged(shop, "Toomuch"))
    dialog = await refund(page, "9,000.00", "Everything and more")
    amount = dialog.get_by_label("Amount")
    await expect(amount).to_have_attribute("aria-invalid", "true")
    await expect(amount).to_be_focused()
    await expect(dialog.locator("#refund-amount-note")).to_contain_text("can be given back, and no more")
    await expect(dialog.get_by_label("Reason")).to_have_value("Everything and more")
    assert await in_every_look(page) == {}
    await amount.fill("1,5")
    await expect(dialog.locator("#refund-amount-note")).to_be_empty()
    await page.keyboard.press("Enter")
    await expect(dialog.locator("#refund-amount-note")).to_contain_text("Enter an amount, such as")
    await amount.fill("1.50")
    await dialog.get_by_label("Reason").fill(" ")
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_label("Reason")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await expect(page.get_by_role("row", name=re.compile("^Refund 1"))).to_have_count(0)


async def test_a_refund_that_the_gateway_refuses_is_tried_again_or_recorded(shop, supervisor):
    page = supervisor
    order_id = await charged(shop, "Nope", number=value("card", "refund-declined"))
    payment = await opened(page, order_id)
    await refund(page, "2.00", "One came damaged")
    first = f"{order_id}-refund-1-1-1"
    await expect(operation(payment, first)).to_contain_text("Refused")
    await expect(page.get_by_text("A refund was refused.")).to_be_visible()
    await page.get_by_role("button", name=re.compile("^Try again Refund")).click()
    await expect(operation(payment, f"{first}-2")).to_contain_text("Refused")
    assert await in_every_look(page) == {}
    await page.get_by_role("button", name=re.compile("^Record that it is done")).click()
    dialog = page.get_by_role("dialog", name="What became of it?")
    assert await in_every_look(page) == {}
    await dialog.get_by_label("What shows it").fill("Paid back by check 1042, sent today.")
    await dialog.get_by_role("button", name="Record it").click()
    await expect(page.get_by_role("row", name=re.compile("^Refund 1"))).to_contain_text("Refunded")
    await expect(operation(payment, f"{first}-2")).to_contain_text("Recorded by supervisor1: Paid back by check 1042")


async def test_a_capture_that_failed_is_tried_again(shop, supervisor):
    page = supervisor
    order_id = await charged(shop, "Uncaught", status="Processing", number=value("card", "capture-declined"))
    payment = await opened(page, order_id)
    await expect(payment.get_by_text("Capture failed")).to_be_visible()
    await expect(page.get_by_text("The money is reserved and could not be taken.")).to_be_visible()
    await page.get_by_role("button", name=re.compile("^Try again Capture")).click()
    await expect(operation(payment, f"{order_id}-1-1-capture-2")).to_contain_text("Refused")


async def test_an_outcome_that_no_gateway_says_is_asked_for_and_recorded(shop, supervisor):
    page = supervisor
    order_id = await charged(shop, "Unheard", status="Processing", number=value("card", "unreachable"))
    payment = await opened(page, order_id)
    await expect(operation(payment, f"{order_id}-1-1")).to_contain_text("Unknown")
    await page.get_by_role("button", name=re.compile("^Ask again now")).click()
    await expect(page.get_by_role("listitem").filter(has_text="supervisor1 asks again").first).to_be_visible()
    await page.get_by_role("button", name=re.compile("^Record what became of it")).click()
    dialog = page.get_by_role("dialog", name="What became of it?")
    await dialog.get_by_role("button", name="Record it").click()
    await expect(dialog.get_by_text("Choose what became of it.")).to_be_visible()
    await dialog.get_by_text("Charged", exact=True).click()
    await dialog.get_by_label("What shows it").fill("short")
    await dialog.get_by_role("button", name="Record it").click()
    await expect(dialog.get_by_text("Say what shows it")).to_be_visible()
    assert await in_every_look(page) == {}
    await dialog.get_by_label("What shows it").fill("Their list of the day shows it as approved.")
    await dialog.get_by_role("button", name="Record it").click()
    await expect(operation(payment, f"{order_id}-1-1")).to_contain_text("Recorded by supervisor1")
    await expect(operation(payment, f"{order_id}-1-1")).to_contain_text("Done")


async def test_an_agent_may_look_and_change_nothing(shop, sign_in):
    page = await sign_in("agent1")
    order_id = await placed(shop, "Looked", status="Pending", method="external")
    payment = await opened(page, order_id)
    await expect(payment).to_contain_text("paid elsewhere")
    await expect(page.get_by_role("button", name=re.compile("Refund|Try again|Ask again|Record"))).to_have_count(0)


@pytest.mark.timeout(200)
async def test_an_echeck_that_comes_back_holds_what_has_not_gone_out_until_somebody_releases_it(shop, supervisor):
    """A minute after the debit, as the simulator does it; nothing can be exported meanwhile, since the folder is none."""
    page, exports = supervisor, shop.data / "exports"
    await until(lambda: by_bank(shop))
    shutil.move(exports, shop.data / "away")
    exports.write_text("no folder")
    try:
        account = {"routing": "021000021", "account": value("account", "returned"), "holder": "Customer Z"}
        paid = {
            "method": "echeck",
            "account": account,
            "oral_authorisation": True,
            "campaign": "9630",
            "lines": [{"product": "96300", "quantity": 1}],
        }
        order_id = await placed(shop, "Bounced", status="Complete", **paid)
        payment = await opened(page, order_id)
        await expect(payment.get_by_text(re.compile("came back from the customer.s bank, code R01"))).to_be_visible(timeout=90_000)
    finally:
        exports.unlink()
        shutil.move(shop.data / "away", exports)
    await expect(page.get_by_text("Payment returned")).to_be_visible()
    await expect(page.get_by_role("listitem").filter(has_text="The bank returned the payment: R01, insufficient funds")).to_be_visible()
    shipment = page.get_by_role("region", name="Fulfilment")
    await expect(shipment.get_by_text("On hold")).to_be_visible()
    assert await in_every_look(page) == {}
    await shipment.get_by_role("button", name="Release…").click()
    dialog = page.get_by_role("dialog", name="Release the shipment")
    assert await in_every_look(page) == {}
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_text("Say why")).to_be_visible()
    await dialog.get_by_label("Reason").fill("Paid by wire since")
    await page.keyboard.press("Enter")
    await expect(shipment.get_by_text("On hold")).to_have_count(0)
    await page.get_by_role("button", name=re.compile("^Record that it is dealt with")).click()
    await page.get_by_label("What shows it").fill("The wire arrived, see the bank's statement.")
    await page.get_by_role("button", name="Record it").click()
    await expect(page.get_by_role("button", name=re.compile("^Record that it is dealt with"))).to_have_count(0)


async def by_bank(shop):
    """A campaign that takes eChecks is there."""
    offer = {"id": "96300", "name": "By bank", "sku": "B-1", "price": 1000}
    body = {"name": "By bank (phone)", "offers": [offer], "methods": ["card", "echeck", "external"], "countries": ["US"], "listed": True}
    async with signed_in(shop, "admin1") as client:
        made = await client.put("/api/v1/campaigns/9630", json=body, headers={"idempotency-key": "by-bank-9630"})
        return made.status_code == 200 and (await client.get("/order-entry?campaign=9630")).status_code == 200
