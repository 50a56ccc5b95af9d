"""What needs somebody to look, gateways' health, and limits, as supervisors and those who operate see them."""

import re

import pytest
from playwright.async_api import expect

from services.payments.limits import MOST
from services.payments.simulator.magic import value
from tests.e2e.axe import in_every_look
from tests.e2e.rings import charged, signed_in
from tests.house.shop import until

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

GOOD = "4242424242424242"


async def test_where_all_is_well_each_page_says_what_will_appear(sign_in):
    page = await sign_in("supervisor1")
    await page.goto("/payments/attention")
    await expect(page.get_by_role("heading", name="All money is where it should be")).to_be_visible()
    await expect(page.get_by_role("link", name="Payments", exact=True)).to_have_text("Payments")
    assert await in_every_look(page) == {}
    await page.get_by_role("link", name="Limits").click()
    await expect(page.get_by_role("heading", name="No limit is tripped")).to_be_visible()
    await expect(page.get_by_role("row", name=re.compile("^Card Pre-authorization"))).to_contain_text(str(MOST["pre-auth"]["fingerprint"]))
    assert await in_every_look(page) == {}


async def test_an_order_whose_money_is_stuck_arrives_live_and_leads_to_where_it_is_settled(shop, sign_in):
    page = await sign_in("supervisor1")
    await page.goto("/payments/attention")
    order_id = await charged(shop, "Stuck", status="Processing", number=value("card", "capture-declined"))
    article = page.get_by_role("article").filter(has_text=order_id)
    await expect(article).to_contain_text("The money is reserved and could not be taken")
    await expect(article).to_contain_text(f"{order_id}-1-1-capture")
    await expect(page.get_by_role("link", name=re.compile("^Payments")).get_by_text("need attention")).to_be_attached()
    assert await in_every_look(page) == {}
    await article.get_by_role("link", name=re.compile("^Retry or record it")).click()
    await expect(page.locator(f'[id="op-{order_id}-1-1-capture"]')).to_be_in_viewport()
    await page.get_by_role("button", name=re.compile("^Record that it is done")).click()
    dialog = page.get_by_role("dialog", name="What became of it?")
    await dialog.get_by_label("What shows it").fill("Captured by hand on the gateway's own pages.")
    await dialog.get_by_role("button", name="Record it").click()
    await expect(page.locator("h1 + [role=status]")).to_have_text("Complete")
    await page.goto("/payments/attention")
    await expect(page.get_by_role("article").filter(has_text=order_id)).to_have_count(0)


async def test_a_limit_that_is_tripped_is_shown_and_released(shop, sign_in):
    page = await sign_in("ops1")
    await page.goto("/payments/limits")
    async with signed_in(shop, "agent1") as client:
        tried = [await tries(client, n) for n in range(MOST["pre-auth"]["fingerprint"] + 1)]
    assert [each.status_code for each in tried] == [200] * (len(tried) - 1) + [429]
    row = page.get_by_role("row").filter(has_text="Card")
    await expect(row.first).to_contain_text("Visa")
    assert await in_every_look(page) == {}
    await page.get_by_role("button", name=re.compile("^Release")).first.click()
    dialog = page.get_by_role("dialog", name=re.compile("^Release"))
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_text("Say why: it is written down.")).to_be_visible()
    assert await in_every_look(page) == {}
    await dialog.get_by_label("Reason").fill("The bank has said that all of these are the customer's own")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="No limit is tripped")).to_be_visible()
    async with signed_in(shop, "agent1") as client:
        assert (await tries(client, 99)).status_code == 200


async def tries(client, n):
    """A pre-authorisation of one card on an order of its own."""
    headers = {"idempotency-key": f"limits-{n:06}"}
    order = (await client.post("/order-entry", json={"campaign": "1"}, headers=headers)).json()
    id, version = order["order_id"], order["version"]
    lines = {"lines": [{"product": "101", "quantity": 1}]}

    async def chosen():
        answer = await client.post(
            f"/order-entry/{id}/changes", json=lines, headers={"idempotency-key": f"limits-{n:06}-lines", "if-match": f'"{version}"'}
        )
        return answer.status_code == 200

    await until(chosen)
    card = {"number": GOOD, "expiry": "12/49", "cvv": "737", "order_id": id}
    token = (await client.post("/api/v1/tokens", json=card, headers=headers)).json()["token"]
    return await client.post(f"/order-entry/{id}/pre-auth", json={"payment": token}, headers=headers)


async def test_how_gateways_do_is_told_and_a_day_compared(shop, sign_in):
    await charged(shop, "Measured")
    page = await sign_in("admin1")
    await page.goto("/payments/gateways")
    day = page.get_by_role("region", name="Simulator").get_by_role("row", name=re.compile("^Last day"))
    await expect(day).to_contain_text("%")
    await expect(day).to_contain_text("ms")
    assert await in_every_look(page) == {}
    await page.get_by_role("link", name="Reconciliation").click()
    await expect(page.get_by_role("heading", name="Compare a day")).to_be_visible()
    assert await in_every_look(page) == {}
    await page.get_by_label("Gateway").select_option("simulator")
    await page.get_by_role("button", name="Compare").click()
    await expect(page.get_by_role("status").filter(has_text=re.compile("differ"))).to_be_visible()
    assert await in_every_look(page) == {}
    async with page.expect_download() as started:
        await page.get_by_role("link", name="CSV").click()
    assert (await started.value).suggested_filename.startswith("reconcile-simulator-")
    await page.goto("/payments/reconcile?gateway=simulator&day=yesterday")
    await expect(page.get_by_text("Enter a day, such as 2026-03-01.")).to_be_visible()
    assert await in_every_look(page) == {}
