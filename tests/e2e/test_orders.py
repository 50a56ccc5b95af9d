"""The list of orders and the Order Summary, while things happen."""

import re

import pytest
from playwright.async_api import expect

from services.payments.simulator.magic import UNREACHABLE
from tests.e2e.axe import violations
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
    await expect(dialog).to_be_hidden()
    await expect(page.get_by_role("region", name="Fulfilment")).to_contain_text("Too late")
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
    banner = page.get_by_text("The order as it was at")
    await expect(banner).to_be_visible()
    await expect(slider).to_be_focused()
    await page.reload()
    seen, all = re.search(r"after (\d+) of (\d+) steps", await banner.inner_text()).groups()
    assert int(seen) < int(all)
    await expect(page.locator(".timeline .later")).to_have_count(int(all) - int(seen))
    await expect(page.get_by_text("Exported", exact=True)).to_have_count(0)
    await expect(page.locator("#order").get_by_role("button")).to_have_count(0)
    await slider.press("Home")
    await expect(status(page, "Open|Processing")).to_be_visible()
    begun = await status(page, "Open").count()
    await expect(page.get_by_text("Not submitted yet." if begun else "Submitted, and not asked for yet.")).to_be_visible()
    await expect(page.get_by_text("Total USD")).to_be_visible()
    assert await violations(page) == []
    await page.get_by_role("link", name="Back to now").click()
    await expect(page.locator(".timeline .later")).to_have_count(0)
    await expect(page.get_by_text("Exported", exact=True)).to_be_visible()


async def test_the_summary_says_why_it_costs_that(shop, sign_in):
    order_id = await charged(shop, "Ii")
    page = await sign_in("agent1")
    await page.goto(f"/orders/{order_id}")
    await page.get_by_text("Why this price").click()
    await expect(page.get_by_text("each: the campaign's price.")).to_be_visible()
    assert await violations(page) == []


async def test_what_is_reserved_is_voided(shop, sign_in):
    async with signed_in(shop, "agent1") as agent:
        order_id = await charged(shop, "Jj", "Pending", force_qa=True)
        assert (await agent.get(f"/api/v1/orders/{order_id}")).json()["captured"] == 0
    page = await sign_in("supervisor1")
    await page.goto(f"/orders/{order_id}")
    await page.get_by_role("button", name="Void…").click()
    dialog = page.get_by_role("dialog", name=f"Void order {order_id}")
    await dialog.get_by_label("Reason").fill("Rang twice")
    await dialog.get_by_role("button", name="Void the order").click()
    await expect(status(page, "Cancelled")).to_be_visible()
    await expect(page.locator("#s-pay + .pill")).to_contain_text("Voided")


async def test_an_order_is_sent_again_from_its_summary(shop, sign_in):
    order_id = await charged(shop, "Kk", lines=[{"product": "101", "quantity": 3}])
    page = await sign_in("agent1")
    await page.goto(f"/orders/{order_id}")
    await page.get_by_role("button", name="Re-order…").click()
    dialog = page.get_by_role("dialog", name="Re-order")
    await dialog.get_by_text("Nobody: send it again").click()
    assert await violations(page) == []
    await dialog.get_by_role("button", name="Open in Order Entry").click()
    await page.wait_for_url("**/order-entry/*?pay=external")
    await expect(page.get_by_text("Rung up again from order")).to_be_visible()
    await expect(page.get_by_label("Last name")).to_have_value("Kk")
    await expect(page.locator('tr[data-product="101"] .stepper input')).to_have_value("3")
    await expect(page.get_by_role("radio", name="External")).to_be_checked()
    await page.keyboard.press("Control+Enter")
    await page.wait_for_url(re.compile(r"/orders/\w{10}$"))
    await expect(status(page, "Pending")).to_be_visible()
    await page.get_by_role("link", name=order_id).click()
    await page.wait_for_url(f"**/orders/{order_id}")


async def test_filters_follow_what_is_chosen_and_are_kept_as_a_view(shop, sign_in):
    paid, courtesy = await charged(shop, "Ll"), await external(shop, "Mm")
    page = await sign_in("supervisor1")
    await page.goto("/orders")
    await page.get_by_text("Filters", exact=True).click()
    await page.get_by_label("Paid by").select_option("External")
    await expect(page.locator("#found")).to_contain_text(courtesy)
    await expect(page.locator("#found")).not_to_contain_text(paid)
    await page.wait_for_url("**/orders?method=external")
    await page.get_by_label("Total at least").fill("lots")
    await page.get_by_label("Total at least").press("Tab")
    await expect(page.get_by_role("alert")).to_contain_text("Enter an amount, such as 49.95.")
    await page.get_by_label("Total at least").fill("1")
    await page.get_by_label("Total at least").press("Tab")
    await expect(page.locator("#found")).to_contain_text(courtesy)
    assert await violations(page) == []
    await page.get_by_role("button", name="Save this view…").click()
    dialog = page.get_by_role("dialog", name="Save this view")
    await dialog.get_by_role("button", name="Save", exact=True).click()
    await expect(dialog.get_by_text("Give it a name")).to_be_visible()
    await dialog.get_by_label("Name").fill("Courtesies")
    assert await violations(page) == []
    await dialog.get_by_role("button", name="Save", exact=True).click()
    await expect(dialog).to_be_hidden()
    await page.goto("/orders")
    await page.get_by_role("link", name="Courtesies", exact=True).click()
    await page.wait_for_url("**/orders?method=external&at_least=1")
    await expect(page.locator("#found")).not_to_contain_text(paid)
    async with page.expect_download() as download:
        await page.get_by_role("link", name="CSV").click()
    text = (await (await download.value).path()).read_text()
    assert courtesy in text
    assert paid not in text
    await page.get_by_role("button", name="Forget the view Courtesies").click()
    await expect(page.get_by_text("Courtesies is forgotten.")).to_be_visible()
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("link", name="Courtesies", exact=True)).to_be_visible()
    await page.get_by_role("link", name="Without the filter At least 1").click()
    await page.wait_for_url("**/orders?method=external")


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
