"""Every number and amount that the simulator does something of its own with, from Order Entry to what the pages show of it."""

import itertools
import re

import pytest
from playwright.async_api import expect

from services.payments.declines import NOT_ACCEPTED, UNTOLD, explain
from services.payments.simulator.magic import MAGIC
from shared.money import formatted
from tests.e2e.entry import CUSTOMER, card, field, process, total_is
from tests.e2e.rings import signed_in
from tests.house.shop import until

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

CAMPAIGN, BY_BANK = "9620", "By bank"
UNTAXED = {"street": "100 Example Street", "city": "Portland", "postal": "97201"}
GOOD = "4242 4242 4242 4242"
AMOUNTS = [each for each in MAGIC if each.what == "amount"]
STUCK = {
    "unreachable": ("Processing", "A gateway has not said", "Unknown"),
    "other-amount": ("Processing", "A gateway answers with something else than was asked", "Unknown"),
    "expires": ("Processing", "What was reserved has ended before it was taken", "Capture failed"),
    "capture-declined": ("Processing", "The money is reserved and could not be taken", "Capture failed"),
}
"""What an order comes to that does not go through: its status, what is said on top of it where somebody must look, and its payment."""
_COUNT = itertools.count()
"""Each order is of somebody whom nobody knows: what is told of a known customer moves the page under a click."""
WELL = ("Complete", "", "Captured")
TRIES = 5
"""Declines that one order may have in an hour."""
TOGETHER = 7
"""Orders that are rung up before what came of them is looked at, so that nobody waits for each."""


def groups(what, declined):
    found = [each for each in MAGIC if each.what == what and (each.does == "decline") is declined]
    size = TRIES if declined else TOGETHER
    return [pytest.param(found[at : at + size], id=f"{what}-{at}") for at in range(0, len(found), size)]


async def sold(shop):
    """A campaign that takes cards and eChecks, with an offer for each magic amount, and no tax where nobody has a nexus."""
    offers = [{"id": "96200", "name": BY_BANK, "sku": "M-0", "price": 1000}]
    offers += [{"id": f"9620{n}", "name": f"At {each.value}", "sku": f"M-{n}", "price": int(each.value)} for n, each in enumerate(AMOUNTS, 1)]
    body = {"name": "Magic (phone)", "offers": offers, "methods": ["card", "echeck", "external"], "countries": ["US"], "listed": True}
    async with signed_in(shop, "admin1") as client:
        answer = await client.put(f"/api/v1/campaigns/{CAMPAIGN}", json=body, headers={"idempotency-key": "magic-campaign-1"})
        assert answer.status_code == 200, answer.text


async def ready(shop, sign_in):
    page = await sign_in("agent1")

    async def listed():
        await page.goto(f"/order-entry?campaign={CAMPAIGN}")
        return await page.get_by_role("button", name=f"One more: {BY_BANK}").count()

    if not await listed():
        await sold(shop)
        await until(listed)
    return page


async def rung_up(page, product, amount):
    """Ready to be paid; the order's id."""
    await page.goto(f"/order-entry?campaign={CAMPAIGN}")
    await page.wait_for_url(re.compile("/order-entry/[0-9A-Z]{10}$"))
    await expect(page.locator("#entry")).not_to_have_attribute("aria-busy", "true")
    n = next(_COUNT)
    unknown = {"phone": f"+1 503 555 {100 + n % 100:04}", "email": f"customer.{n}@example.com"}
    for name, value in {**CUSTOMER, **unknown}.items():
        await field(page, f"customer.{name}").fill(value)
    for name, value in UNTAXED.items():
        await field(page, f"billing.{name}").fill(value)
    await field(page, "billing.region").select_option("OR")
    await page.get_by_role("button", name=f"One more: {product}", exact=True).click()
    await total_is(page, formatted(amount, "USD"))
    return page.url.rpartition("/")[2]


async def pays(page, magic):
    if magic.what == "account":
        await page.get_by_role("radiogroup", name="Payment method").get_by_text("eCheck").click()
        await page.fill("#routing", "021000021")
        await page.fill("#account", magic.value)
        await page.fill("#holder", "Customer Z")
        await page.get_by_label("The customer agreed aloud").check()
    else:
        await card(page, magic.value if magic.what == "card" else GOOD)
    await process(page)


async def is_told(page, magic):
    """The decline panel, in the words of the one table."""
    said = explain(NOT_ACCEPTED if magic.reason in UNTOLD else magic.reason, "echeck" if magic.what == "account" else "card")
    panel = page.get_by_role("region", name=f"Declined: {said.reason.replace('-', ' ')}", exact=True)
    await expect(panel).to_be_visible()
    await expect(panel).to_contain_text(said.say)


async def comes_to(page, order_id, magic):
    status, why, payment = STUCK.get(magic.does, WELL)
    await page.goto(f"/orders/{order_id}")
    await expect(page.locator("h1 + [role=status]")).to_have_text(status, timeout=60_000)
    await expect(page.get_by_role("region", name="Payment").locator(".pill").first).to_have_text(payment, timeout=60_000)
    if why and magic.does != "unreachable":
        await expect(page.get_by_text(why)).to_be_visible()


@pytest.mark.parametrize("declined", groups("card", declined=True) + groups("account", declined=True))
async def test_each_decline_is_told_in_the_words_of_the_table(shop, sign_in, declined):
    page = await ready(shop, sign_in)
    await rung_up(page, BY_BANK, 1000)
    for n, magic in enumerate(declined, 1):
        await pays(page, magic)
        await is_told(page, magic)
        await expect(page.get_by_role("heading", name=f"Attempts, {n} of {TRIES}")).to_be_visible()


@pytest.mark.parametrize("numbers", groups("card", declined=False) + groups("account", declined=False))
async def test_each_other_number_comes_to_what_it_must(shop, sign_in, numbers):
    page = await ready(shop, sign_in)
    orders = []
    for magic in numbers:
        tab = await page.context.new_page()
        order_id = await rung_up(tab, BY_BANK, 1000)
        orders.append((order_id, magic))
        await pays(tab, magic)
        await being_charged(tab, order_id)
    for order_id, magic in orders:
        await comes_to(page, order_id, magic)


@pytest.mark.parametrize("amounts", [AMOUNTS[at : at + TOGETHER] for at in range(0, len(AMOUNTS), TOGETHER)], ids=lambda each: each[0].value)
async def test_each_amount_comes_to_what_it_must(shop, sign_in, amounts):
    page = await ready(shop, sign_in)
    orders = []
    for magic in amounts:
        tab = await page.context.new_page()
        order_id = await rung_up(tab, f"At {magic.value}", int(magic.value))
        await pays(tab, magic)
        if magic.does == "decline":
            await is_told(tab, magic)
            await tab.close()
        else:
            orders.append((order_id, magic))
            await being_charged(tab, order_id)
    for order_id, magic in orders:
        await comes_to(page, order_id, magic)


async def being_charged(page, order_id):
    """It is submitted: whoever closes the window now leaves it to the server."""

    async def gone():
        if "/orders/" in page.url:
            return "accepted"
        answer = await page.request.get(f"/order-entry/{order_id}/status")
        said = (await answer.json()).get("outcome")
        return said if said in ("waiting", "unknown", "accepted") else None

    await until(gone)
    await page.close()
