"""Order Entry as somebody uses it."""

import re

from playwright.async_api import expect

from tests.house.shop import until

GOOD, BROKE, LOST_AFTER = "4242 4242 4242 4242", "4000 0000 0000 9995", "4000 0000 0000 0259"
CUSTOMER = {"first_name": "Customer", "last_name": "Z", "phone": "+1 512 555 0160", "email": "customer.z@example.com"}
BILLING = {"street": "100 Example Street", "city": "Austin", "postal": "78701"}


def field(page, path):
    return page.locator(f'[id="{path}"]')


async def begun(page):
    """A call, with its order's id in the address."""
    await page.goto("/order-entry")
    await page.wait_for_url(re.compile("/order-entry/[0-9A-Z]{10}$"))
    await expect(page.locator("#entry")).not_to_have_attribute("aria-busy", "true")
    return page.url.rpartition("/")[2]


async def fill(page, pillows=2):
    for name, value in CUSTOMER.items():
        await field(page, f"customer.{name}").fill(value)
    for name, value in BILLING.items():
        await field(page, f"billing.{name}").fill(value)
    await field(page, "billing.region").select_option("TX")
    for _ in range(pillows):
        await page.get_by_role("button", name="One more: Cloud pillow").click()


async def card(page, number, code="737"):
    await page.fill("#number", number)
    await page.fill("#expiry", "12 / 49")
    await page.fill("#cvv", code)


async def total_is(page, amount):
    await expect(page.locator('[data-total="total"]')).to_have_text(amount)


async def process(page):
    await page.get_by_role("button", name=re.compile("^Process")).click()


async def summary_of(page, order_id):
    """Charged, however long a gateway or a busy cluster takes."""
    await page.wait_for_url(f"**/orders/{order_id}", timeout=60_000)


async def holds(page, expression, within=30):
    """Until this JavaScript is true; no string is evaluated by the page itself, whose policy forbids it."""

    async def true():
        return await page.evaluate(expression)

    await until(true, within)


async def saved(page):
    """Nothing that is typed into this order waits to be sent, and the page says so."""
    order_id = page.url.rpartition("/")[2]
    await holds(page, f"() => Object.keys(localStorage).every((name) => !name.endsWith('.{order_id}'))")
    await expect(page.locator("#saved")).to_contain_text("Saved")
