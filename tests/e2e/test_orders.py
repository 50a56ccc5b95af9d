"""The list of orders and the Order Summary, while things happen."""

import re

import pytest
from playwright.async_api import expect

from services.payments.simulator.magic import UNREACHABLE
from tests.e2e.rings import charged, external, kept, signed_in

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

BROKE = "4000000000009995"


def status(page, word):
    return page.get_by_role("status").filter(has_text=re.compile(rf"^\s*{word}\s*$"))


async def listening(page, path, part):
    """The page, once it follows what happens."""
    async with page.expect_response(part):
        await page.goto(path)


async def test_a_new_order_appears_and_changes_its_status_without_a_reload(shop, sign_in):
    page = await sign_in("supervisor1")
    await listening(page, "/orders", "**/orders")
    order_id = await external(shop, "Aa")
    row = page.get_by_role("row").filter(has_text=order_id)
    await expect(row).to_contain_text("Pending")
    async with signed_in(shop, "reviewer1") as reviewer:
        await reviewer.post(f"/api/v1/orders/{order_id}/review", json={"verdict": "deny", "reason": "x"}, headers={"idempotency-key": order_id})
    await expect(row).to_contain_text("Cancelled", timeout=20_000)


async def test_search_and_status_stand_in_the_address(shop, sign_in):
    order_id = await charged(shop, "Bbbb")
    page = await sign_in("agent1")
    await page.goto("/orders")
    await page.get_by_role("searchbox").press_sequentially("Bbbb", delay=30)
    await expect(page.locator("#found tbody tr")).to_have_count(1)
    await expect(page.locator("#found")).to_contain_text(order_id)
    await page.wait_for_url("**/orders?q=Bbbb")
    await page.get_by_role("link", name=re.compile("^Declined")).click()
    await expect(page.get_by_role("heading", name="Nothing is found for “Bbbb”")).to_be_visible()
    await page.go_back()
    await expect(page.locator("#found")).to_contain_text(order_id)
    await expect(page.get_by_role("searchbox")).to_have_value("Bbbb")
    await page.reload()
    await expect(page.locator("#found tbody tr")).to_have_count(1)


async def test_the_summary_follows_the_order_until_it_is_exported(shop, sign_in):
    page = await sign_in("agent1")
    order_id = await external(shop, "Cc")
    await listening(page, f"/orders/{order_id}", f"**/orders/{order_id}")
    await expect(status(page, "Pending")).to_be_visible()
    async with signed_in(shop, "reviewer1") as reviewer:
        await reviewer.post(f"/api/v1/orders/{order_id}/review", json={"verdict": "approve"}, headers={"idempotency-key": order_id})
    await expect(status(page, "Complete")).to_be_visible(timeout=20_000)
    await expect(page.get_by_text("Exported", exact=True)).to_be_visible()
    assert shop.export(order_id).exists()


async def test_an_unknown_outcome_is_processing_with_a_note(shop, sign_in):
    order_id = await charged(shop, "Dd", "Processing", UNREACHABLE)
    page = await sign_in("agent1")
    await page.goto(f"/orders/{order_id}")
    await expect(status(page, "Processing")).to_be_visible()
    await expect(page.get_by_text("The bank has not answered yet. We keep asking; nothing is charged twice")).to_be_visible()


async def test_a_declined_order_is_gone_on_with_by_an_agent_alone(shop, sign_in):
    order_id = await charged(shop, "Ee", "Declined", BROKE)
    agent, reviewer = await sign_in("agent1"), await sign_in("reviewer1")
    for page in (agent, reviewer):
        await page.goto(f"/orders/{order_id}")
        await expect(page.locator(".banner")).to_contain_text("Declined: insufficient funds. Nothing was charged.")
        await expect(page.get_by_role("button", name="Cancel…")).to_have_count(0)
    await expect(reviewer.get_by_role("link", name="Try another payment")).to_have_count(0)
    await agent.get_by_role("link", name="Try another payment").click()
    await agent.wait_for_url(f"**/order-entry/{order_id}")


async def test_a_supervisor_cancels_with_a_reason(shop, sign_in):
    order_id = await external(shop, "Ff")
    page = await sign_in("supervisor1")
    await page.goto(f"/orders/{order_id}")
    await page.get_by_role("button", name="Cancel…").click()
    dialog = page.get_by_role("dialog", name=f"Cancel order {order_id}")
    await dialog.get_by_label("Reason").fill("Rang twice")
    await dialog.get_by_role("button", name="Cancel the order").click()
    await expect(dialog).to_be_hidden()
    await expect(status(page, "Cancelled")).to_be_visible()
    await expect(page.locator(".banner")).to_have_text("Cancelled by supervisor1: Rang twice")
    assert not shop.export(order_id).exists()


async def test_a_cancel_that_comes_too_late_says_so(shop, sign_in):
    order_id = await external(shop, "Gg")
    page = await sign_in("supervisor1")
    await page.goto(f"/orders/{order_id}")
    await page.get_by_role("button", name="Cancel…").click()
    async with signed_in(shop, "reviewer1") as reviewer:
        await reviewer.post(f"/api/v1/orders/{order_id}/review", json={"verdict": "approve"}, headers={"idempotency-key": order_id})
        page.set_default_timeout(30_000)
        while not shop.export(order_id).exists():
            await page.wait_for_timeout(50)
    dialog = page.get_by_role("dialog", name=f"Cancel order {order_id}")
    await expect(dialog).to_be_visible()
    await dialog.get_by_label("Reason").fill("Rang twice")
    await dialog.get_by_role("button", name="Cancel the order").click()
    await expect(dialog.get_by_role("alert")).not_to_be_empty()
    await dialog.get_by_role("button", name="Keep it").click()
    await expect(status(page, "Complete")).to_be_visible()


async def test_the_timeline_stands_at_a_moment(shop, sign_in):
    order_id = await charged(shop, "Hh")
    page = await sign_in("agent1")
    await page.goto(f"/orders/{order_id}")
    await expect(page.get_by_text("Exported", exact=True)).to_be_visible()
    slider = page.get_by_role("slider", name="As of")
    await slider.focus()
    for _ in range(3):
        await page.keyboard.press("ArrowLeft")
    await expect(page.get_by_text("The timeline stands at")).to_be_visible()
    await expect(slider).to_be_focused()
    await page.reload()
    told = await page.get_by_text("The timeline stands at").inner_text()
    seen, all = re.search(r"event (\d+) of (\d+)", told).groups()
    assert int(seen) < int(all)
    await expect(page.locator(".timeline .later")).to_have_count(int(all) - int(seen))
    await expect(slider).to_have_value(seen)
    await page.get_by_role("link", name="Back to now").click()
    await expect(page.locator(".timeline .later")).to_have_count(0)


async def test_a_partial_appears_under_its_status_and_is_completed_from_there(shop, sign_in):
    page = await sign_in("agent1")
    await listening(page, "/orders?status=Partial", "**/orders?status=Partial")
    order_id = await kept(shop, "Pp", lines=[])
    row = page.get_by_role("row").filter(has_text=order_id)
    await expect(row).to_contain_text("Wants to think about it")
    await row.get_by_role("link").click()
    await expect(page.locator(".banner")).to_contain_text("No sale: wants to think about it.")
    await page.get_by_role("button", name="Complete Order").click()
    await page.wait_for_url(f"**/order-entry/{order_id}**")
