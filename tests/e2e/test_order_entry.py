"""What Order Entry promises to somebody who types."""

import asyncio
import re

import pytest
from playwright.async_api import expect

from tests.e2e.axe import violations
from tests.e2e.entry import GOOD, LOST_AFTER, begun, card, field, fill, process, saved, summary_of, total_is
from tests.house.shop import until

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


async def test_what_was_typed_survives_a_reload(shop, sign_in):
    page = await sign_in("agent1")
    await begun(page)
    await fill(page, pillows=1)
    await total_is(page, "61.59")
    await page.reload()
    await expect(field(page, "customer.last_name")).to_have_value("Z")
    await expect(field(page, "billing.region")).to_have_value("TX")
    await total_is(page, "61.59")
    await page.wait_for_function("!document.getAnimations().some((each) => each.playState === 'running')")  # an idle page draws nothing


async def test_coming_back_to_order_entry_is_the_same_call_and_new_call_is_another(shop, sign_in):
    page = await sign_in("agent1")
    order_id = await begun(page)
    await page.goto("/orders")
    assert await begun(page) == order_id
    await page.get_by_role("link", name="New call").click()
    await page.wait_for_url(lambda url: re.search("/order-entry/[0-9A-Z]{10}$", url) and not url.endswith(order_id))


async def test_a_refused_process_names_every_field_and_charges_nothing(shop, sign_in):
    page = await sign_in("agent1")
    order_id = await begun(page)
    await field(page, "customer.first_name").fill("Customer")
    await card(page, "4242 4242 4242 4241")
    await process(page)
    summary = page.get_by_role("alert")
    await expect(summary).to_contain_text("Enter the last name.")
    await expect(summary).to_contain_text("Choose at least one product.")
    await expect(field(page, "customer.last_name")).to_have_attribute("aria-invalid", "true")
    await summary.get_by_text("Enter the last name.").click()
    await expect(field(page, "customer.last_name")).to_be_focused()
    await page.keyboard.type("Z")
    await expect(field(page, "customer.last_name")).not_to_have_attribute("aria-invalid", "true")
    assert page.url.endswith(order_id)


async def test_a_quantity_beyond_the_limit_is_told_at_its_row_and_the_rest_is_saved(shop, sign_in):
    page = await sign_in("agent1")
    await begun(page)
    await page.get_by_role("button", name="Foam topper", exact=True).click()
    await field(page, "lines.107").fill("12")
    await expect(field(page, "lines.107-note")).to_have_text("Between 0 and 4 of Foam topper can be ordered.")
    await field(page, "customer.last_name").fill("Z")
    await field(page, "lines.107").fill("-1")
    await expect(field(page, "lines.107-note")).to_contain_text("whole number")
    await field(page, "lines.107").fill("1")
    await total_is(page, "131.95")
    await page.reload()
    await expect(field(page, "customer.last_name")).to_have_value("Z")


async def test_process_pressed_many_times_charges_once(shop, sign_in):
    page = await sign_in("agent1")
    order_id = await begun(page)
    await fill(page)
    await total_is(page, "123.19")
    await card(page, LOST_AFTER)
    await page.evaluate("for (let n = 0; n < 5; n++) document.getElementById('process').click()")
    await page.keyboard.press("Control+Enter")
    await summary_of(page, order_id)
    ledger = (shop.data / "simulator.jsonl").read_text().splitlines()
    assert sum(f'"{order_id}-1-1"' in line and '"authorize"' in line for line in ledger) == 1
    assert not [line for line in ledger if f'"{order_id}-2-1"' in line]


async def test_enter_alone_never_charges(shop, sign_in):
    page = await sign_in("agent1")
    order_id = await begun(page)
    await fill(page)
    await card(page, GOOD)
    await page.locator("#cvv").press("Enter")
    await page.locator("#number").press("Enter")
    await saved(page)
    assert page.url.endswith(f"/order-entry/{order_id}")
    await expect(page.get_by_role("button", name="Process")).to_be_enabled()


async def test_two_windows_on_one_order_lose_nothing(shop, sign_in):
    first, second = await sign_in("agent1"), await sign_in("supervisor1")
    order_id = await begun(first)
    await field(first, "customer.last_name").fill("Z")
    await saved(first)
    await second.goto(f"/order-entry/{order_id}")
    await field(second, "notes").fill("From the other window.")
    await saved(second)
    await expect(field(first, "notes")).to_have_value("From the other window.")
    await field(first, "billing.city").fill("Austin")
    await saved(first)
    await expect(field(second, "billing.city")).to_have_value("Austin")


async def test_the_same_section_changed_twice_asks_the_agent(shop, sign_in):
    first, second = await sign_in("agent1"), await sign_in("supervisor1")
    order_id = await begun(first)
    await field(first, "customer.last_name").fill("Z")
    await saved(first)
    await second.goto(f"/order-entry/{order_id}")
    await first.context.set_offline(True)
    await field(first, "notes").fill("Mine.")
    await expect(first.locator("#saved")).to_contain_text("No connection")
    await field(second, "notes").fill("Theirs.")
    await saved(second)
    await first.context.set_offline(False)
    banner = first.get_by_role("alert").filter(has_text="Agent notes was changed elsewhere")
    await expect(banner).to_contain_text("Theirs.")
    await banner.get_by_role("button", name="Keep mine").click()
    await expect(field(second, "notes")).to_have_value("Mine.")


async def test_signed_out_in_the_middle_keeps_what_is_typed_but_no_card(shop, sign_in):
    page = await sign_in("agent1")
    order_id = await begun(page)
    await field(page, "customer.last_name").fill("Z")
    await saved(page)
    await page.context.clear_cookies()
    await field(page, "billing.city").fill("Austin")
    await card(page, GOOD)
    await expect(page.get_by_role("alert")).to_contain_text("You were signed out")
    kept = await page.evaluate("JSON.stringify({...sessionStorage}) + JSON.stringify({...localStorage})")
    assert "Austin" in kept
    assert "4242" not in kept
    await page.get_by_role("link", name="Sign in again").click()
    await page.fill("#user", "agent1")
    await page.fill("#password", "restful")
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(f"**/order-entry/{order_id}")
    await expect(field(page, "billing.city")).to_have_value("Austin")
    await saved(page)


async def published(supervisor, *deliveries, **prices):
    """A campaign that sells these products, as a program publishes it."""
    token = await supervisor.locator('meta[name="csrf"]').get_attribute("content")
    offers = [{"id": id.lstrip("_"), "name": f"Product {id[-1]}", "sku": f"P-{id[-1]}", "price": price} for id, price in prices.items()]
    headers = {"x-csrf-token": token, "idempotency-key": f"prices-{prices}-{deliveries}"}
    profiles = [{"id": id, "name": f"Delivery {id[-1]}", "default": id[-1] == "1"} for id in deliveries]
    body = {"name": "Restful prices (phone)", "offers": offers, "profiles": profiles}
    answer = await supervisor.request.put("/api/v1/campaigns/95000", data=body, headers=headers)
    assert answer.status == 200, await answer.text()

    async def listed():
        return '"95000"' in await (await supervisor.request.get("/api/v1/campaigns?status=published")).text()

    await until(listed)


async def test_an_order_keeps_its_prices_until_the_agent_updates_them(shop, sign_in):
    supervisor, agent = await sign_in("supervisor1"), await sign_in("agent1")
    await published(supervisor, _95001=1000, _95002=500)
    await agent.goto("/order-entry?campaign=95000")
    await agent.wait_for_url(re.compile("/order-entry/[0-9A-Z]{10}$"))
    await agent.get_by_role("button", name="One more: Product 1").click()
    await agent.get_by_role("button", name="One more: Product 2").click()
    await total_is(agent, "15.00")
    await published(supervisor, _95001=1200)
    await expect(agent.get_by_text("A newer version of this campaign is published.")).to_be_visible()
    await agent.get_by_role("button", name="One more: Product 2").click()
    await total_is(agent, "20.00")
    await agent.reload()
    await total_is(agent, "20.00")
    assert await violations(agent) == []
    await agent.get_by_role("button", name="Update prices").click()
    await expect(agent.get_by_text("The total was 20.00 and is 12.00")).to_be_visible()
    await expect(agent.get_by_text("Not sold any more: Product 2.")).to_be_visible()
    await total_is(agent, "12.00")
    await expect(agent.get_by_role("button", name="Update prices")).to_be_hidden()


async def test_what_was_published_before_the_page_follows_is_offered_once_it_does(sign_in):
    supervisor, agent = await sign_in("supervisor1"), await sign_in("agent1")
    await published(supervisor, _95001=1100)
    go_on = asyncio.Event()

    async def late(route):
        await go_on.wait()
        await route.continue_()

    await agent.route("**/live", late)
    await agent.goto("/order-entry?campaign=95000")
    await agent.wait_for_url(re.compile("/order-entry/[0-9A-Z]{10}$"))
    await agent.get_by_role("button", name="One more: Product 1").click()
    await total_is(agent, "11.00")
    await published(supervisor, _95001=1700)
    status = f"{agent.url}/status"

    async def known():
        return (await (await supervisor.request.get(status)).json())["newer"]

    await until(known)
    await expect(agent.get_by_role("button", name="Update prices")).to_have_count(0)
    go_on.set()
    await agent.get_by_role("button", name="Update prices").click()
    await total_is(agent, "17.00")


async def test_a_delivery_that_is_gone_is_named_and_chosen_anew(shop, sign_in):
    supervisor, agent = await sign_in("supervisor1"), await sign_in("agent1")
    await published(supervisor, "95011", "95012", _95001=1300)

    async def offered():
        await agent.goto("/order-entry?campaign=95000")
        return await agent.get_by_label("Delivery 2").count()

    await until(offered)
    await agent.wait_for_url(re.compile("/order-entry/[0-9A-Z]{10}$"))
    await agent.get_by_role("button", name="One more: Product 1").click()
    await agent.get_by_label("Delivery 2").check()
    await saved(agent)
    await total_is(agent, "13.00")
    await published(supervisor, "95011", _95001=1400)
    await agent.get_by_role("button", name="Update prices").click()
    await expect(agent.get_by_text("The delivery Delivery 2 is gone: ask which one the customer wants.")).to_be_visible()
    await expect(agent.get_by_label("Delivery 1")).not_to_be_checked()
    await process(agent)
    await expect(agent.get_by_role("alert").filter(has_text="The delivery that this order had is gone.")).to_be_visible()
    await agent.get_by_label("Delivery 1").check()
    await process(agent)
    await expect(agent.get_by_role("alert").filter(has_text="The delivery that this order had is gone.")).to_be_hidden()
    await expect(agent.get_by_role("alert").filter(has_text="Enter the first name.")).to_be_visible()
