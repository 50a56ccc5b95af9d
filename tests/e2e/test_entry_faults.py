"""What goes wrong while an order is rung up, and that nothing typed is lost by it."""

import asyncio
import itertools
import re

import pytest
from playwright.async_api import expect

from tests.e2e.axe import violations
from tests.e2e.entry import GOOD, begun, card, field, fill, holds, process, saved, summary_of, total_is
from tests.e2e.rings import signed_in
from tests.house.shop import until

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


async def gone(page):
    """Closed without a line. A tab that closes has one again for a moment: what it sends then is from nobody who is signed in."""
    signed_in = await page.context.cookies()
    await page.context.clear_cookies()
    await page.close()
    await page.context.add_cookies(signed_in)


async def test_the_network_drops_in_the_middle_and_the_call_goes_on(sign_in):
    page = await sign_in("agent1")
    order_id = await begun(page)
    await fill(page, pillows=1)
    await total_is(page, "61.59")
    await page.context.set_offline(True)
    await page.get_by_role("button", name="One more: Cloud pillow").click()
    await expect(page.locator("#saved")).to_contain_text("No connection. What you type is kept.")
    await expect(page.locator(".recalculating")).to_be_visible()
    await expect(page.get_by_role("button", name="Process")).to_be_disabled()
    assert await violations(page) == []
    await field(page, "notes").fill("Typed without a network.")
    await total_is(page, "61.59")
    await page.context.set_offline(False)
    await total_is(page, "123.19")
    await expect(page.locator(".recalculating")).to_be_hidden()
    await saved(page)
    await card(page, GOOD)
    await process(page)
    await summary_of(page, order_id)
    await expect(page.get_by_text("Typed without a network.").first).to_be_visible()


async def test_a_call_that_begins_without_a_network_begins_when_it_is_back(sign_in):
    page = await sign_in("agent1")
    await page.wait_for_url(re.compile("/order-entry/[0-9A-Z]{10}$"))
    await page.evaluate("sessionStorage.clear()")
    await page.route("**/order-entry", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    await page.goto("/order-entry")
    await field(page, "customer.last_name").fill("Early")
    await expect(page.locator("#saved")).to_contain_text("No connection")
    await page.unroute("**/order-entry")
    await page.wait_for_url(re.compile("/order-entry/[0-9A-Z]{10}$"))
    await saved(page)
    await page.reload()
    await expect(field(page, "customer.last_name")).to_have_value("Early")


async def campaign(shop, **changed):
    offers = [{"id": "97001", "name": "Kept", "sku": "K-1", "price": 1000}, {"id": "97002", "name": "Removed", "sku": "R-1", "price": 500}]
    body = {"name": "Restful Nights that change (phone)", "offers": offers, "countries": ["US"], "listed": True, "max_coupons": 1, **changed}
    async with signed_in(shop, "supervisor1") as client:
        answer = await client.put("/api/v1/campaigns/97000", json=body, headers={"idempotency-key": f"changes-{hash(str(body))}"})
        assert answer.status_code == 200, answer.text


async def opened(page):
    async def listed():
        await page.goto("/order-entry?campaign=97000")
        return await page.get_by_role("button", name="One more: Kept").count()

    await until(listed)
    await page.wait_for_url(re.compile("/order-entry/[0-9A-Z]{10}$"))


async def test_a_coupon_that_is_exhausted_while_somebody_types_is_told_by_its_name(shop, sign_in):
    once = [{"id": "97011", "code": "ONCE", "kind": "percent", "percent": "10", "max_uses": 1}]
    await campaign(shop, coupons=once)
    first, second = await sign_in("agent1"), await sign_in("supervisor1")
    for page in (first, second):
        await opened(page)
        await fill(page, pillows=0)
        await page.get_by_role("button", name="One more: Kept").click()
        await page.fill("#coupon", "ONCE")
        await page.get_by_role("button", name="Apply").click()
        await expect(page.locator("#chips")).to_contain_text("ONCE")
        await expect(page.locator("#discount")).to_be_visible()
        await card(page, GOOD)
    await process(first)
    await first.wait_for_url("**/orders/*")
    await process(second)
    await expect(second.get_by_role("alert")).to_contain_text("ONCE")
    await expect(field(second, "customer.last_name")).to_have_value("Z")
    await second.get_by_role("button", name="Remove coupon ONCE").click()
    await expect(second.locator("#discount")).to_be_hidden()
    await process(second)
    await second.wait_for_url("**/orders/*")


async def test_a_campaign_that_is_retired_while_somebody_types_is_told_and_what_was_typed_stays(shop, sign_in):
    await campaign(shop)
    page = await sign_in("agent1")
    await opened(page)
    await fill(page, pillows=0)
    await page.get_by_role("button", name="One more: Kept").click()
    await saved(page)
    async with signed_in(shop, "supervisor1") as client:
        answer = await client.post("/campaigns/97000/retire", data={"key": "retired-97000"})
        assert answer.status_code < 400, answer.text
        keys = (f"retired-{n:04}" for n in itertools.count())

        async def nobody_begins_another():
            begun = await client.post("/order-entry", json={"campaign": "97000"}, headers={"idempotency-key": next(keys)})
            return begun.json().get("code") == "campaign-retired"

        await until(nobody_begins_another)
    await card(page, GOOD)
    await process(page)
    await expect(page.get_by_role("alert").filter(has_text="has been retired")).to_be_visible()
    await expect(field(page, "customer.last_name")).to_have_value("Z")


async def test_what_is_said_is_said_once_and_politely(sign_in):
    page = await sign_in("agent1")
    await page.goto("/order-entry?campaign=1")
    await page.wait_for_url(re.compile("/order-entry/[0-9A-Z]{10}$"))
    await page.evaluate(
        """() => {
          window.heard = [];
          const said = document.getElementById("said");
          new MutationObserver(() => window.heard.push(said.textContent)).observe(said, { childList: true });
        }"""
    )
    await page.get_by_role("button", name="One more: Cloud pillow").click()
    await holds(page, "window.heard.some((words) => words.includes('Total 56.90.'))")
    await page.fill("#coupon", "SLEEP10")
    await page.get_by_role("button", name="Apply").click()
    await holds(page, "window.heard.some((words) => words.includes('SLEEP10'))")
    heard = await page.evaluate("window.heard")
    assert sum("Total 56.90." in words for words in heard) == 1
    assert sum("SLEEP10" in words for words in heard) == 1
    assert any("Saved." in words for words in heard)
    assert await page.locator("#said").get_attribute("aria-live") == "polite"


async def without_scripts(page):
    """The scripts come when it says so; the page is there before."""
    go = asyncio.Event()

    async def wait(route):
        await go.wait()
        await route.continue_()

    await page.route("**/static/order-entry.js*", wait)
    return go


async def test_what_is_typed_before_the_scripts_are_there_is_saved(sign_in):
    page = await sign_in("agent1")
    go = await without_scripts(page)
    await page.goto("/order-entry", wait_until="commit")
    await expect(field(page, "customer.first_name")).to_be_focused()
    await page.keyboard.type("Early")
    go.set()
    await page.wait_for_url(re.compile("/order-entry/[0-9A-Z]{10}$"))
    await saved(page)
    go.clear()
    await page.reload(wait_until="commit")
    await expect(field(page, "customer.first_name")).to_have_value("Early")
    await field(page, "billing.street").fill("77 Early Street")
    await page.get_by_label("Outbound").check()
    await field(page, "notes").fill("Typed early.")
    go.set()
    await saved(page)
    await page.reload()
    await expect(field(page, "customer.first_name")).to_have_value("Early")
    await expect(field(page, "billing.street")).to_have_value("77 Early Street")
    await expect(page.get_by_label("Outbound")).to_be_checked()
    await expect(field(page, "notes")).to_have_value("Typed early.")


async def test_a_page_that_goes_on_to_the_call_of_this_tab_does_so_before_anything_is_typed(sign_in):
    page = await sign_in("agent1")
    order_id = await begun(page)
    go = await without_scripts(page)
    await page.goto("/order-entry", wait_until="commit")
    await page.wait_for_url(f"**/order-entry/{order_id}", wait_until="commit")
    await expect(field(page, "customer.first_name")).to_be_focused()
    await page.keyboard.type("Alexandra")
    go.set()
    await saved(page)
    await expect(field(page, "customer.first_name")).to_have_value("Alexandra")


async def test_the_way_to_sign_in_again_stays_when_process_is_pressed(sign_in):
    page = await sign_in("agent1")
    await begun(page)
    await fill(page, pillows=1)
    await total_is(page, "61.59")
    await card(page, GOOD)
    await saved(page)
    await page.context.clear_cookies()
    again = page.get_by_role("link", name="Sign in again")
    await process(page)
    await expect(again).to_be_visible()
    await field(page, "notes").fill("Typed while signed out.")
    await process(page)
    await expect(page.locator("#refusal")).to_contain_text("Some changes are not saved.")
    await expect(again).to_be_visible()
    await process(page)
    await expect(again).to_be_visible()


async def test_two_tabs_on_one_order_say_so(sign_in):
    page = await sign_in("agent1")
    await begun(page)
    notice = "This order is open in another tab, too."
    await expect(page.get_by_text(notice)).to_have_count(0)
    other = await page.context.new_page()
    await other.goto(page.url)
    for tab in (page, other):
        await expect(tab.locator("#other-tabs")).to_contain_text(notice)
        assert await violations(tab) == []
    await other.close(run_before_unload=True)
    await expect(page.locator("#other-tabs")).to_have_count(0)


async def test_what_was_typed_without_a_line_outlives_its_tab(sign_in):
    page = await sign_in("agent1")
    order_id = await begun(page)
    await page.context.set_offline(True)
    await field(page, "notes").fill("Typed while nobody answered.")
    await card(page, GOOD)
    await expect(page.locator("#saved")).to_contain_text("No connection")
    other = await page.context.new_page()
    await gone(page)
    kept = "Object.entries(localStorage).filter(([name]) => name.startsWith('draft.')).join()"
    await page.context.set_offline(False)
    await other.goto("/sign-in")
    drafts = await other.evaluate(kept)
    assert f"draft.agent1.{order_id}" in drafts
    assert "4242" not in drafts
    await other.goto(f"/order-entry/{order_id}")
    await expect(field(other, "notes")).to_have_value("Typed while nobody answered.")
    await saved(other)
    await holds(other, f"!({kept}).includes('{order_id}')")


async def test_a_draft_whose_saving_nobody_heard_of_is_gone_when_the_order_is_opened(sign_in):
    page = await sign_in("agent1")
    order_id = await begun(page)

    async def unheard(route):
        await route.fetch()
        await route.abort()

    await page.route("**/changes", unheard)
    await field(page, "notes").fill("Heard by the server alone.")
    await expect(page.locator("#saved")).to_contain_text("No connection")
    other = await page.context.new_page()
    await page.close()
    await other.goto(f"/order-entry/{order_id}")
    await expect(field(other, "notes")).to_have_value("Heard by the server alone.")
    await expect(other.locator("#entry")).not_to_have_attribute("aria-busy", "true")
    await holds(other, f"!Object.keys(localStorage).includes('draft.agent1.{order_id}')")


async def test_a_draft_does_not_go_over_what_others_saved_since(sign_in):
    page, colleague = await sign_in("agent1"), await sign_in("supervisor1")
    order_id = await begun(page)
    await field(page, "notes").fill("As it was.")
    await saved(page)
    await page.context.set_offline(True)
    await field(page, "notes").fill("Typed without a line.")
    await expect(page.get_by_text("No connection. What you type is kept.")).to_be_visible()
    await gone(page)
    await colleague.goto(f"/order-entry/{order_id}")
    await expect(colleague.locator("#notes")).to_have_value("As it was.")
    await field(colleague, "notes").fill("Written by a colleague.")
    await saved(colleague)
    again = await page.context.new_page()
    await page.context.set_offline(False)
    await again.goto(f"/order-entry/{order_id}")
    await expect(again.get_by_text("Agent notes was changed elsewhere at the same time, to: Written by a colleague.")).to_be_visible()
    await expect(again.locator("#notes")).to_have_value("Typed without a line.")
    await again.get_by_role("button", name="Keep mine").click()
    await saved(again)
    await colleague.reload()
    await expect(colleague.locator("#notes")).to_have_value("Typed without a line.")
