"""An installation without anything in it: from "a phone campaign is missing" to an order that an agent has sold."""

import re

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.cli.ringup import Ringup
from tests.e2e.axe import violations
from tests.e2e.entry import GOOD, card, field, process, summary_of, total_is
from tests.e2e.test_campaigns import add_offer, opened, part_of, publish, rows, save
from tests.ports import free_port

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

WORDS = "a password of four words"


@pytest_asyncio.fixture(loop_scope="module")
async def empty(tmp_path):
    """A server without demo data, and its command line."""
    ringup = Ringup(tmp_path / "data", tmp_path / "key", port=free_port())
    async with ringup.running():
        yield ringup


async def arrived(empty, window, name, role):
    """Somebody new, who has chosen a password."""
    given = (await empty.json("users", "add", name, "--role", role))["password"]
    page = await window(f"http://127.0.0.1:{empty.env['RINGUP_PORT']}")
    await page.goto("/sign-in")
    await page.fill("#user", name)
    await page.fill("#password", given)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_label("The password that you were given").fill(given)
    await page.get_by_label("New password", exact=True).fill(WORDS)
    await page.get_by_label("New password once more").fill(WORDS)
    await page.get_by_role("button", name="Change it").click()
    await page.get_by_role("button", name=name, exact=True).wait_for()
    return page


async def web_campaign(page):
    await page.get_by_role("button", name="New campaign…").first.click()
    await page.get_by_label("Name", exact=True).fill("Restful Nights (web)")
    await page.get_by_role("dialog").get_by_text("Ecommerce", exact=True).click()
    await page.get_by_role("button", name="Create the draft").click()
    await page.wait_for_url(re.compile(r"/campaigns/\d+"))
    await opened(page, "offers")
    await add_offer(page, "Pillow")
    await save(page)
    await publish(page)


async def duplicated(page):
    await page.get_by_role("button", name="Duplicate…").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_label("Phone")).to_be_checked()
    await dialog.get_by_label("Name").fill("Restful Nights (phone)")
    await dialog.get_by_role("button", name="Duplicate", exact=True).click()
    await expect(page.locator("#title")).to_have_text("Restful Nights (phone)")
    await opened(page)


async def topper_in_sizes(page):
    await part_of(page, "offers")
    await add_offer(page, "Topper", "119.00")
    row = rows(page).last
    await row.get_by_role("button", name="Topper", exact=True).click()
    await row.get_by_role("button", name="Add an option").click()
    await page.keyboard.type("Size")
    values = row.get_by_label("Add: Values")
    for size in ("Queen", "King"):
        await values.fill(size)
        await values.press("Enter")
        await row.get_by_label(f"SKU: {size}").fill(f"T-{size}")
    await row.get_by_label("Price: King").fill("139")


async def coupon(page):
    await part_of(page, "coupons")
    await page.get_by_role("button", name="Add a coupon").click()
    await page.keyboard.type("sleep10")
    await page.get_by_label("Percent", exact=True).fill("10")


async def delivery(page):
    await part_of(page, "shipping")
    await page.get_by_role("button", name="Add a profile").click()
    await page.keyboard.type("Standard, 5 to 7 days")
    await page.get_by_label("Chosen by itself").check()
    await page.get_by_role("button", name="Add a rule").click()
    await page.get_by_label("Amount: Anywhere, Any product").fill("4.95")


async def question(page):
    await part_of(page, "fields")
    await page.get_by_role("button", name="Add a field").click()
    await page.keyboard.type("How did you hear of us?")
    await page.get_by_label("Answer: How did you hear of us?").select_option("choice")
    for choice in ("Radio", "Friend"):
        await page.get_by_label("Add: Choices").fill(choice)
        await page.keyboard.press("Enter")
    await page.get_by_label("Required: How did you hear of us?").check()


async def sold(page):
    """By an agent; the order's id."""
    await page.goto("/order-entry")
    await page.wait_for_url(re.compile("/order-entry/[0-9A-Z]{10}$"))
    for name, value in {"first_name": "Customer", "last_name": "Z", "phone": "+1 512 555 0160"}.items():
        await field(page, f"customer.{name}").fill(value)
    for name, value in {"street": "100 Example Street", "city": "Austin", "postal": "78701"}.items():
        await field(page, f"billing.{name}").fill(value)
    await field(page, "billing.region").select_option("TX")
    await page.get_by_role("button", name="One more: Pillow").click()
    await page.get_by_role("button", name="Topper", exact=True).click()
    await page.get_by_role("button", name="One more: Topper, King").click()
    await total_is(page, "198.85")
    await page.get_by_label("Coupon code").fill(" sleep10 ")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Remove coupon SLEEP10")).to_be_visible()
    await total_is(page, "179.95")
    await page.get_by_role("button", name="Why this price").click()
    await expect(page.get_by_role("dialog")).to_contain_text("Coupon SLEEP10 takes 13.90 (10 %).")
    await expect(page.get_by_role("dialog")).to_contain_text("Standard, 5 to 7 days, 4.95 each")
    assert await violations(page) == []
    await page.keyboard.press("Escape")
    await card(page, GOOD)
    await process(page)
    await expect(page.get_by_role("alert").filter(has_text="How did you hear of us?")).to_be_visible()
    await page.get_by_label("How did you hear of us?").select_option("Radio")
    await process(page)
    order_id = page.url.rpartition("/")[2]
    await summary_of(page, order_id)
    return order_id


async def test_from_nothing_a_supervisor_makes_a_phone_campaign_and_an_agent_sells_from_it(empty, window):
    page = await arrived(empty, window, "supervisor1", "supervisor")
    await page.goto("/order-entry")
    await expect(page.get_by_role("heading", name="A phone campaign is missing")).to_be_visible()
    assert await violations(page) == []
    await page.get_by_role("link", name="Go to the catalog").click()
    assert await violations(page) == []
    await web_campaign(page)
    await page.goto("/order-entry")
    await expect(page.get_by_role("heading", name="A phone campaign is missing")).to_be_visible()
    await page.goto("/campaigns")
    await page.get_by_role("link", name="Restful Nights (web)").click()
    await opened(page)
    await duplicated(page)
    await topper_in_sizes(page)
    await coupon(page)
    await delivery(page)
    await question(page)
    await publish(page, "Topper", "SLEEP10", typed=True)
    agent = await arrived(empty, window, "agent1", "agent")
    order_id = await sold(agent)
    await expect(agent.get_by_text("Complete", exact=True).first).to_be_visible(timeout=30_000)
    await expect(agent.get_by_role("row", name="Topper, King")).to_contain_text("139.00")
    await expect(agent.get_by_text("SLEEP10")).to_be_visible()
    await agent.get_by_role("link", name="Customer Z").first.click()
    await expect(agent.get_by_text("Radio", exact=True)).to_be_visible()
    export = empty.data / "exports" / f"{order_id}-csv.csv"
    assert "T-King" in export.read_text()
