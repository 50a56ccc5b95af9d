"""Every page that is not Order Entry, as it looks and as it is read aloud."""

import re

import pytest
from playwright.async_api import expect

from tests.e2e.axe import in_every_look

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

PAGES = {
    "/orders": "Orders",
    "/orders?status=Declined": "Orders",
    "/orders?q=nobody-has-this-name": "Orders",
    "/customers": "Customers",
    "/customers?q=nobody-has-this-name": "Customers",
    "/customers?partial=true": "Customers",
    "/orders?status=Partial": "Orders",
    "/outbox": "Outbox",
    "/outbox?status=Failed": "Outbox",
    "/quality": "Quality",
    "/quality?stage=done": "Quality",
    "/quality?why=forced&agent=agent:agent1&over=x": "Quality",
    "/quality/rules": "Hold rules",
    "/approvals": "Approvals",
    "/campaigns": "Catalog",
    "/campaigns?status=retired&q=nothing": "Catalog",
    "/campaigns/1": "Restful Nights (phone)",
    "/campaigns/1#offers": "Restful Nights (phone)",
    "/campaigns/1#scripts": "Restful Nights (phone)",
    "/campaigns/1#payment": "Restful Nights (phone)",
    "/campaigns/1#versions": "Restful Nights (phone)",
    "/campaigns/1/versions/1": "Restful Nights (phone), version 1",
    "/campaigns/1/preview": "Order entry",
    "/settings": "Account settings",
    "/taxes": "Taxes",
    "/gateways": "Gateways",
    "/gateways/new": "Add a gateway",
    "/gateways/simulator": "Simulator",
    "/directory": "Call centres and teams",
    "/users": "Users",
    "/users?q=nobody-has-this-name": "Users",
    "/users/new": "Add a user",
    "/users/agent1": "agent1",
    "/keys": "API keys",
    "/account": "Your account",
    "/ops": "Ops",
    "/ops/streams": "Streams",
    "/ops/streams?prefix=nothing": "Streams",
    "/ops/streams/account": "account",
    "/api/docs": "API",
    "/api/events": "Events",
    "/api/events/OrderApproved": "OrderApproved",
    "/nowhere": "Not found",
}


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_is_accessible_in_both_themes_wide_and_narrow(sign_in, path):
    page = await sign_in("admin1")
    await page.goto(path)
    await expect(page).to_have_title(f"{PAGES[path]} · Ringup")
    assert await in_every_look(page) == {}


@pytest.mark.parametrize("status", ["Open", "Processing", "Pending", "Declined", "Complete", "Cancelled"])
async def test_an_order_is_accessible_in_every_status(sign_in, status):
    page = await sign_in("admin1")
    await page.goto(f"/orders?status={status}")
    await page.locator("#found tbody a").first.click()
    await expect(page.get_by_role("status").filter(has_text=status)).to_be_visible()
    assert await in_every_look(page) == {}


NAMELESS = """() => [...document.querySelectorAll(".folds > tbody > tr:not(.under) > td:not(.act)")].filter((cell) =>
  cell.innerText.trim() && cell.checkVisibility() && (getComputedStyle(cell, "::before").content === "none" ||
    cell.dataset.label !== cell.closest("table").tHead.rows[0].cells[cell.cellIndex].innerText.trim())).map((cell) => cell.outerHTML)"""
"""What has no name of its column, or that of another one."""


async def test_where_a_table_folds_each_value_is_named_by_its_column(sign_in):
    page = await sign_in("admin1", viewport={"width": 360, "height": 800})
    for path in (
        "/orders",
        "/fulfillment",
        "/outbox",
        "/plugins",
        "/gateways",
        "/campaigns",
        "/payments/limits",
        "/customers?q=Customer",
        "/orders?status=Complete",
        "/orders?status=Declined",
    ):
        await page.goto(path)
        assert await page.locator(".folds > tbody > tr").count()
        assert await page.evaluate(NAMELESS) == []
        if "?" not in path:
            continue
        await page.locator("#found tbody a").first.click()
        await expect(page.locator("#customer, #order")).to_be_visible()
        if "Complete" in path:
            await page.get_by_text("Delivery log").click()
            await expect(page.get_by_role("row").filter(has_text="Hand over")).to_be_visible()
        assert await page.locator(".folds > tbody > tr").count()
        assert await page.evaluate(NAMELESS) == []


async def test_a_profile_is_accessible(sign_in):
    page = await sign_in("admin1")
    await page.goto("/customers?q=Customer")
    await page.get_by_role("link", name="Customer A").click()
    await expect(page.locator(".note")).to_have_text("Calls back on Friday about a second topper.")
    assert await in_every_look(page) == {}


@pytest.mark.parametrize(
    ("path", "button"),
    [
        ("/campaigns", "New campaign…"),
        ("/campaigns", "Import…"),
        ("/campaigns/1", "Duplicate…"),
        ("/quality", "Deny…"),
        ("/quality", "Approve all in this list…"),
        ("/customers", "Erase…"),
        ("/orders?status=Pending", "Cancel…"),
        ("/ops", "Rebuild qa.queue"),
    ],
)
async def test_a_dialog_is_accessible(sign_in, path, button):
    page = await sign_in("admin1")
    await page.goto(path)
    if path.startswith(("/customers", "/orders")):
        await page.locator("#found tbody a").first.click()
    await page.get_by_role("button", name=button).click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    await expect(page.get_by_role("dialog").get_by_role("heading")).to_have_text(
        re.compile(
            r"New campaign|Import a tax table|Import a campaign|Duplicate this|Deny order|Approve [0-9]+ orders?|Erase Customer|Cancel order|Rebuild"
        )
    )
    assert await in_every_look(page) == {}
