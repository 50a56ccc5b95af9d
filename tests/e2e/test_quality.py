"""Quality Assurance by keyboard and mouse, while orders arrive and go."""

import re
from decimal import Decimal

import pytest
from playwright.async_api import expect

from tests.e2e.axe import in_every_look
from tests.e2e.entry import begun, saved
from tests.e2e.rings import ADDRESS, charged, external, settings, signed_in

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


async def queue(page, path="/quality"):
    """The page, once it follows what happens."""
    async with page.expect_response("**/quality/list?*"):
        await page.goto(path)


def entry(page, order_id):
    return page.locator(f'#queue [data-order="{order_id}"]')


async def test_an_order_arrives_is_approved_and_goes(shop, sign_in):
    page = await sign_in("reviewer1")
    await queue(page)
    order_id = await external(shop, "N")
    await expect(entry(page, order_id)).to_contain_text("Customer N")
    await entry(page, order_id).click()
    await expect(page.get_by_role("heading", name="Customer N")).to_be_visible()
    await page.keyboard.press("a")
    await expect(page.locator("#toasts")).to_contain_text(f"Approved {order_id}")
    await expect(entry(page, order_id)).to_have_count(0)
    assert not shop.export(order_id).exists()
    await expect(page.locator("#toasts [data-seconds]")).to_have_text(re.compile("^[0-9]$"))


async def test_a_decision_is_undone_within_its_window(shop, sign_in):
    page = await sign_in("reviewer1")
    order_id = await external(shop, "O")
    await queue(page, f"/quality?order={order_id}")
    await page.keyboard.press("a")
    await expect(page.locator("#toasts")).to_contain_text(f"Approved {order_id}")
    await expect(entry(page, order_id)).to_have_count(0)
    await page.keyboard.press("z")
    await expect(entry(page, order_id)).to_have_attribute("aria-current", "true")
    await expect(page.get_by_role("heading", name="Customer O")).to_be_visible()
    await expect(page.locator("#toasts")).to_be_empty()
    assert page.url.endswith(f"order={order_id}")


async def test_a_denial_needs_its_reason_and_the_next_order_follows(shop, sign_in):
    page = await sign_in("reviewer1")
    denied, following = await external(shop, "P"), await external(shop, "Q")
    await queue(page, f"/quality?order={denied}")
    await page.keyboard.press("d")
    dialog = page.get_by_role("dialog", name=f"Deny order {denied}")
    await expect(dialog.get_by_label("Reason")).to_be_focused()
    await expect(dialog.get_by_label("Reason")).to_have_value("")
    await expect(dialog).to_contain_text("Nothing is shipped. The order is closed; agent1 sees your reason.")
    await dialog.get_by_label("Reason").fill("   ")
    await dialog.get_by_role("button", name="Deny the order").click()
    await expect(dialog.get_by_role("alert")).to_have_text("A denial needs a reason.")
    await dialog.get_by_label("Reason").fill("Not what the customer said")
    await dialog.get_by_role("button", name="Deny the order").click()
    await expect(dialog).to_be_hidden()
    await expect(page.locator("#toasts")).to_contain_text(f"Denied {denied}")
    await expect(page.get_by_role("heading", name="Customer Q")).to_be_visible()
    await expect(entry(page, following)).to_have_attribute("aria-current", "true")
    await page.goto(f"/orders/{denied}")
    await expect(page.get_by_role("status").filter(has_text="Cancelled")).to_be_visible(timeout=20_000)
    await expect(page.get_by_text("Denied by reviewer1: Not what the customer said").first).to_be_visible()


async def test_j_and_k_move_through_the_queue(shop, sign_in):
    page = await sign_in("reviewer1")
    first, second = await external(shop, "R"), await external(shop, "S")
    await queue(page, f"/quality?order={first}")
    await page.keyboard.press("j")
    await expect(page.get_by_role("heading", name="Customer S")).to_be_visible()
    await expect(entry(page, second)).to_have_attribute("aria-current", "true")
    await page.keyboard.press("k")
    await expect(page.get_by_role("heading", name="Customer R")).to_be_visible()
    assert page.url.endswith(f"order={first}")


async def test_an_order_that_is_not_in_review_opens_no_other_one(shop, sign_in):
    page = await sign_in("reviewer1")
    waiting = await external(shop, "Waits")
    done = await charged(shop, "Done")
    await queue(page, f"/quality?order={done}")
    await expect(page.get_by_role("heading", name="This order is not in review")).to_be_visible()
    await expect(entry(page, waiting)).to_be_visible()
    await expect(page.locator("#order")).to_have_value("")
    await expect(page.locator("#detail .acts")).to_have_count(0)


async def test_back_leads_to_the_order_before_and_its_keys(shop, sign_in):
    page = await sign_in("reviewer1")
    first, second = await external(shop, "Before"), await external(shop, "After")
    await queue(page, f"/quality?order={first}")
    await entry(page, second).click()
    await expect(page.get_by_role("heading", name="Customer After")).to_be_visible()
    async with page.expect_event("load"):  # it is fetched again, and its keys with it
        await page.go_back()
    await expect(page.get_by_role("heading", name="Customer Before")).to_be_visible()
    await page.keyboard.press("d")
    await expect(page.get_by_role("dialog", name=f"Deny order {first}")).to_be_visible()


async def test_the_next_order_is_read_from_its_head(shop, sign_in):
    page = await sign_in("reviewer1")
    first, second = await external(shop, "Long"), await external(shop, "Longer")
    await page.set_viewport_size({"width": 1440, "height": 420})
    await queue(page, f"/quality?order={first}")
    await page.mouse.move(1000, 200)
    await page.mouse.wheel(0, 5000)
    await expect(page.get_by_role("heading", name="Customer Long")).not_to_be_in_viewport()
    await page.keyboard.press("j")
    await expect(page.get_by_role("heading", name="Customer Longer")).to_be_in_viewport()
    await expect(page.locator("#queue").get_by_role("button", name="Approve all in this list… B")).to_be_in_viewport()
    box, bar = await entry(page, second).bounding_box(), await page.locator("#queue .many").bounding_box()
    assert box["y"] + box["height"] <= bar["y"] + 1
    for pick in await page.locator("#queue .pick").all():
        over = await pick.evaluate("""(pick) => {
          const bar = document.querySelector("#queue .many").getBoundingClientRect();
          const { left, top, bottom, height } = pick.getBoundingClientRect();
          if (bottom <= bar.top || top >= bar.bottom) return false;
          return Boolean(document.elementFromPoint(left + 30, Math.max(top + height / 2, bar.top + 4))?.closest(".pick"));
        }""")
        assert not over


async def test_nobody_decides_about_an_order_of_their_own(shop, sign_in):
    page = await sign_in("supervisor1")
    order_id = await external(shop, "T", user="supervisor1")
    await queue(page, f"/quality?order={order_id}")
    for button in ("Approve A", "Deny… D"):
        await expect(page.get_by_role("button", name=button, exact=True)).to_be_disabled()
    await expect(page.locator("#detail .acts")).to_contain_text("Someone else has to review an order that you placed.")
    await expect(entry(page, order_id)).to_be_visible()


async def test_what_somebody_else_decides_is_seen_at_once(shop, sign_in):
    mine, theirs = await sign_in("reviewer1"), await sign_in("admin1")
    order_id = await external(shop, "U")
    await queue(mine, f"/quality?order={order_id}")
    await queue(theirs, f"/quality?order={order_id}")
    await theirs.get_by_role("button", name="Approve A", exact=True).click()
    await expect(mine.locator("#detail .banner").first).to_contain_text("Approved by admin1")
    await expect(mine.get_by_role("button", name="Approve A", exact=True)).to_have_count(0)
    await expect(entry(mine, order_id)).to_have_count(0)


async def test_without_a_window_a_decision_holds_at_once(shop, sign_in):
    async with settings(shop, undo_seconds=0):
        page = await sign_in("reviewer1")
        order_id = await external(shop, "V")
        await queue(page, f"/quality?order={order_id}")
        await page.keyboard.press("a")
        await expect(page.locator("#toasts")).to_contain_text(f"Approved {order_id}")
        await expect(page.locator("#toasts").get_by_role("button")).to_have_count(0)


async def test_filters_are_in_the_address_and_hold_while_orders_come_and_go(shop, sign_in):
    page = await sign_in("reviewer1")
    plain = await external(shop, "Plain")
    asked = await charged(shop, "Asked", status="Pending", force_qa=True, lines=[{"product": "101", "quantity": 4}])
    await queue(page)
    await page.get_by_text("Filters").click()
    await page.get_by_label("Why it waits").select_option("forced")
    await expect(entry(page, plain)).to_have_count(0)
    await page.get_by_label("Amount over").fill("150")
    await expect(page).to_have_url(re.compile(r"why=forced&over=150"))
    await queue(page, page.url)
    await expect(entry(page, asked)).to_be_visible()
    await external(shop, "Other")
    another = await charged(shop, "Another", status="Pending", force_qa=True, lines=[{"product": "101", "quantity": 4}])
    await expect(entry(page, another)).to_be_visible()
    await expect(page.locator("#queue .queue a")).to_have_count(2)
    await page.get_by_label("Amount over").fill("lots")
    await expect(page.locator("#queue").get_by_role("alert")).to_have_text("Enter an amount, such as 100.")
    await expect(page.get_by_label("Amount over")).to_have_attribute("aria-invalid", "true")
    await expect(page.locator("#queue .queue a, #approve-many")).to_have_count(0)
    await page.get_by_label("Amount over").fill("")
    await expect(page.get_by_label("Amount over")).not_to_have_attribute("aria-invalid", "true")
    await page.get_by_label("Why it waits").select_option("")
    await page.get_by_label("Search reviews").fill("Customer Plain")
    await expect(page.locator("#queue .queue a")).to_have_count(1)
    await expect(entry(page, plain)).to_be_visible()
    await page.get_by_label("Search reviews").fill("Nobody of this name")
    await expect(page.get_by_role("heading", name="Nothing matches these filters")).to_be_visible()
    await expect(page.locator("#queue")).to_contain_text(re.compile(r"\d+ orders wait in all"))
    await page.get_by_role("link", name="Clear the filters").click()
    await expect(page).to_have_url(re.compile(r"/quality\?stage=waiting(&order=\w+)?$"))
    await expect(entry(page, plain)).to_be_visible()


async def test_many_are_approved_with_one_confirmation_that_shows_the_sum(shop, sign_in):
    page = await sign_in("reviewer1")
    one, two, three = [await external(shop, f"Many{n}") for n in range(3)]
    await queue(page, f"/quality?order={one}")
    await page.keyboard.press("x")
    await page.get_by_label(f"Choose order {two}").check()
    await expect(page.locator("#many-said")).to_have_text("Approve 2 chosen…")
    await page.keyboard.press("b")
    dialog = page.get_by_role("dialog", name="Approve 2 orders")
    amounts = [Decimal(await entry(page, id).locator("span.num").inner_text()) for id in (one, two)]
    await expect(dialog.get_by_text(str(sum(amounts)))).to_be_visible()
    await dialog.get_by_role("button", name="Approve 2 orders").click()
    await expect(dialog).to_be_hidden()
    await expect(page.locator("#toasts")).to_contain_text("Approved 2 orders")
    await expect(entry(page, one)).to_have_count(0)
    await expect(entry(page, two)).to_have_count(0)
    await expect(entry(page, three)).to_be_visible()
    await page.keyboard.press("z")
    await expect(entry(page, two)).to_be_visible()
    await expect(page.locator("#toasts")).to_contain_text("Undone: 2 orders")


async def test_what_was_decided_meanwhile_is_said_of_each(shop, sign_in):
    page = await sign_in("reviewer1")
    mine, theirs = await external(shop, "Meanwhile"), await external(shop, "Gone")
    await queue(page, f"/quality?order={mine}")
    for id in (mine, theirs):
        await page.get_by_label(f"Choose order {id}").check()
    await page.keyboard.press("b")
    dialog = page.locator("#many")
    await expect(dialog.get_by_role("heading")).to_have_text("Approve 2 orders")
    async with signed_in(shop, "admin1") as client:
        answer = await client.post(
            f"/api/v1/orders/{theirs}/review", json={"verdict": "deny", "reason": "No"}, headers={"idempotency-key": "meanwhile"}
        )
        assert answer.status_code == 200, answer.text
    await dialog.get_by_role("button", name="Approve 2 orders").click()
    await expect(dialog.get_by_role("heading")).to_have_text("Approved: 1 order, not 1 order")
    await expect(dialog.get_by_role("row", name=theirs)).to_contain_text("admin1 has denied this order already.")


async def test_reviewers_see_who_else_is_looking_come_and_go(shop, sign_in):
    mine, theirs = await sign_in("reviewer1"), await sign_in("admin1")
    order_id, other = await external(shop, "Watched"), await external(shop, "Unwatched")
    await queue(mine, f"/quality?order={order_id}")
    await expect(mine.locator("#looking")).to_be_empty()
    await queue(theirs, f"/quality?order={order_id}")
    await expect(mine.locator("#looking")).to_contain_text("admin1 looks at this order, too.")
    await expect(theirs.locator("#looking")).to_contain_text("reviewer1 looks at this order, too.")
    await entry(theirs, other).click()
    await expect(theirs.get_by_role("heading", name="Customer Unwatched")).to_be_visible()
    await expect(mine.locator("#looking")).to_be_empty()


async def test_what_a_reviewer_needs_lies_beside_the_decision(shop, sign_in):
    page = await sign_in("reviewer1")
    earlier = await charged(shop, "Beside")
    line = {"product": "101", "quantity": 1, "price": 4495, "reason": "Heard it on the radio"}
    known = {"notes": "Call the daughter first.", "attribution": {"voice_log": "VL-77"}}
    async with settings(shop, price_adjustment="on"):
        order_id = await charged(shop, "Beside", status="Pending", force_qa=True, lines=[line], **known)
    await queue(page, f"/quality?order={order_id}")
    detail = page.locator("#detail")
    for said in (
        "agent1 asked for a review",
        "VL-77",
        "Call the daughter first.",
        "44.95 instead of 49.95, because: Heard it on the radio",
        "Visa ending 4242",
    ):
        await expect(detail).to_contain_text(said)
    row = detail.get_by_role("row", name=earlier)
    await expect(row).to_contain_text("Phone, e-mail, address, card")
    await expect(row).to_contain_text("Complete")
    await page.get_by_label("Search reviews").fill("vl-77")
    await expect(page.locator("#queue .queue a")).to_have_count(1)
    await expect(entry(page, order_id)).to_be_visible()


async def test_similar_orders_stand_beside_the_decision_say_what_is_the_same_and_lead_there(shop, sign_in):
    page = await sign_in("reviewer1")

    async def rung_up(number, email):
        known = {"first_name": "Customer", "last_name": "Similar", "phone": f"+1 512 555 {number}", "email": email}
        return await external(shop, "Similar", customer=known, billing={**ADDRESS, "street": f"{number} Example Street"})

    earlier, order_id, alone = [
        await rung_up(number, email) for number, email in (("0181", "same@example.com"), ("0182", "same@example.com"), ("0183", "alone@example.com"))
    ]
    await queue(page, f"/quality?order={order_id}")
    similar = page.get_by_role("region", name="Similar orders")
    await expect(similar.locator("tbody tr")).to_have_count(1)
    row = similar.get_by_role("row", name=earlier)
    await expect(row.get_by_role("cell", name="E-mail", exact=True)).to_be_visible()
    await expect(row).to_contain_text("Pending")
    await entry(page, alone).click()
    await expect(similar).to_contain_text("No other order")
    await entry(page, order_id).click()
    await row.get_by_role("link", name=earlier).click()
    await expect(page).to_have_url(re.compile(f"/orders/{earlier}$"))


async def test_a_hold_rule_is_tried_on_past_orders_switched_on_and_holds(shop, sign_in):
    page = await sign_in("supervisor1")
    await charged(shop, "Dear", lines=[{"product": "101", "quantity": 6}])
    await page.goto("/quality/rules")
    over = page.get_by_role("group", name="Amount over")
    await over.get_by_label("Over", exact=True).fill("300 or so")
    await over.get_by_role("button", name="Test on past orders").click()
    await expect(over).to_contain_text("Enter an amount, such as 49.95.")
    await over.get_by_label("Over", exact=True).fill("300")
    await over.get_by_label("Hold such orders for review").check()
    await over.get_by_role("button", name="Test on past orders").click()
    await expect(over).to_contain_text(re.compile("1 of the last [0-9]+ card and eCheck orders would have waited"))
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status").filter(has_text="Saved")).to_be_visible()
    held = await charged(shop, "Dearer", status="Pending", lines=[{"product": "101", "quantity": 6}])
    await page.goto(f"/quality?order={held}")
    await expect(page.locator("#detail .facts").first).to_contain_text("Over 300.00")
    await page.goto("/quality/rules")
    await page.get_by_role("button", name="Remove the rule Amount over").click()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status").filter(has_text="Saved")).to_be_visible()
    await charged(shop, "Dearest", lines=[{"product": "101", "quantity": 6}])


async def test_an_order_that_waits_too_long_is_marked(shop, sign_in):
    page = await sign_in("reviewer1")
    order_id = await external(shop, "Patient")
    await queue(page, f"/quality?order={order_id}")
    await expect(page.locator("#queue .late")).to_contain_text("An order should wait 30 min at most.")
    await expect(entry(page, order_id).locator("[data-late]")).to_have_count(0)


async def test_an_agent_asks_for_a_review_in_order_entry(shop, sign_in):
    page = await sign_in("agent1")
    await begun(page)
    await page.get_by_label("Hold for review").check()
    await saved(page)
    await page.reload()
    await expect(page.get_by_label("Hold for review")).to_be_checked()


async def test_when_all_is_decided_the_list_says_that_nothing_waits(shop, sign_in):
    page = await sign_in("reviewer1")
    await external(shop, "Last")
    await queue(page)
    await page.keyboard.press("b")
    await page.locator("#many").get_by_role("button", name=re.compile("^Approve [0-9]+ orders?$")).click()
    await expect(page.locator("#queue").get_by_role("heading", name="Nothing waits", exact=True)).to_be_visible()
    await page.goto("/quality?agent=agent:agent1")
    await expect(page.locator("#queue").get_by_role("heading", name="Nothing matches these filters")).to_be_visible()
    assert await in_every_look(page) == {}
