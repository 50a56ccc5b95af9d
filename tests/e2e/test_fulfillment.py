"""What becomes of an order once it is paid: held and let go, handed over, on its way, stopped too late, sent back; and the plugins that ship."""

import re

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.e2e.axe import in_every_look
from tests.e2e.rings import charged, external, settings, signed_in
from tests.fulfillment.endpoint import SECRET, endpoint, said
from tests.site import site

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(tmp_path_factory):
    """May call a webhook of this machine."""
    async with site(tmp_path_factory.mktemp("shop"), RINGUP_WEBHOOK_PRIVATE="127.0.0.1") as there:
        yield there


@pytest_asyncio.fixture(loop_scope="module")
async def admin(sign_in):
    return await sign_in("admin1")


async def act(page, button, dialog, **typed):
    """By the button on the Summary, in the dialog that it opens."""
    await page.get_by_role("button", name=button).click()
    opened = page.get_by_role("dialog", name=re.compile(dialog))
    for label, value in typed.items():
        await opened.get_by_label(label).fill(value)
    await opened.get_by_role("button").last.click()
    await expect(opened).to_be_hidden()


async def test_a_shipment_is_held_by_hand_and_let_go(shop, admin):
    page, order_id = admin, await external(shop, "Held")
    await page.goto(f"/orders/{order_id}")
    shipment = page.get_by_role("region", name="Fulfilment")
    await page.get_by_role("button", name="Hold…").click()
    await page.get_by_role("dialog", name="Hold the shipment").get_by_role("button", name="Hold it").click()
    await expect(page.get_by_text("Say why: it stays with the order.")).to_be_visible()
    await page.keyboard.press("Escape")
    await act(page, "Hold…", "^Hold", Reason="The address looks odd.")
    await expect(shipment).to_contain_text("Held by admin1: The address looks odd.")
    await page.goto("/fulfillment?status=Hold")
    row = page.get_by_role("row", name=re.compile(order_id))
    await expect(row).to_contain_text("The address looks odd.")
    await page.goto(f"/orders/{order_id}")
    await act(page, "Release…", "^Release", Reason="They confirmed it.")
    await expect(shipment.get_by_text("Held by")).to_be_hidden()
    assert not shop.export(order_id).exists()


async def test_what_went_out_is_followed_until_it_comes_back(shop, admin):
    page, order_id = admin, await charged(shop, "Followed")
    await page.goto(f"/orders/{order_id}")
    shipment = page.get_by_role("region", name="Fulfilment")
    await expect(shipment).to_contain_text("Pending shipment")
    await act(page, "Ask to stop it…", "^Ask to stop", Reason="They changed their mind.")
    await expect(shipment).to_contain_text("Too late")
    await act(page, "Send once more…", "once more$", Reason="They lost the file.")
    await shipment.get_by_text("Delivery log").click()
    await expect(shipment.get_by_role("row", name=re.compile("Hand over.*for admin1.*Delivered"))).to_be_visible()
    await page.get_by_role("button", name="What became of it…").click()
    became = page.get_by_role("dialog", name=re.compile("^What became"))
    await became.get_by_role("button", name="Write it down").click()
    await expect(became.get_by_text("Choose what has become of it.")).to_be_visible()
    await expect(became.get_by_label("Carrier")).to_be_hidden()
    await became.get_by_label("is on its way").check()
    await became.get_by_role("button", name="Write it down").click()
    await expect(became.get_by_text("Enter its carrier or number, or say that it goes without one.")).to_be_visible()
    await became.get_by_label("Carrier").fill("UPS")
    await became.get_by_label("Tracking number").fill("1Z999AA10123456784")
    await became.get_by_role("button", name="Write it down").click()
    await expect(became).to_be_hidden()
    await expect(shipment).to_contain_text("Shipped")
    await expect(shipment).to_contain_text("1Z999AA10123456784")
    await act(page, "Return…", "send it back$", Reason="Too firm.")
    await expect(shipment).to_contain_text(f"{order_id}-R1")
    assert await in_every_look(page) == {}
    await page.goto("/fulfillment")
    await page.get_by_role("searchbox", name="Search shipments").fill("1Z999AA10123456784")
    await expect(page).to_have_url(re.compile("q=1Z999AA10123456784"))
    rows = page.get_by_role("row", name=re.compile("Customer"))
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("RMA pending")
    await expect(rows).to_contain_text("CSV drop")
    assert await in_every_look(page) == {}


async def test_where_nobody_knows_whether_they_have_it_somebody_says_so(shop, admin):
    page = admin
    async with endpoint() as there:
        there.answer = said(500)
        hook = {
            "name": "hook",
            "kind": "webhook",
            "on": "true",
            "key": "hook-0001",
            "options.webhook.url": there.url,
            "secrets.webhook.secret": SECRET,
        }
        async with signed_in(shop, "admin1") as client:
            assert (await client.post("/plugins", data=hook)).status_code == 303
        async with settings(shop, default_plugin="hook"):
            order_id = await charged(shop, "Unsaid")
        await page.goto("/fulfillment?status=Failed")
        await page.get_by_role("row", name=re.compile(order_id)).get_by_role("link").click()
        shipment = page.get_by_role("region", name="Fulfilment")
        await expect(shipment).to_contain_text("They answered 500.")
        await act(page, "Cancel…", "^Cancel", Reason="They changed their mind.")
        await expect(shipment).to_contain_text("nobody knows whether they have it")
        assert await in_every_look(page) == {}
        await act(page, "They do not have it…", "^They do not have", Reason="They looked for it.")
        await expect(page.get_by_role("paragraph").filter(has_text="Cancelled by admin1: They looked for it.")).to_be_visible()
        await expect(shipment).to_contain_text("admin1 has found out that they do not have it: They looked for it.")


async def test_a_plugin_is_set_up_tested_and_switched_off(shop, admin):
    page = admin
    await page.goto("/plugins/new")
    await page.get_by_label("Name", exact=True).fill("Toys!")
    await page.get_by_label("Kind").select_option("csv")
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(page.get_by_role("alert")).to_contain_text("small letters, digits and dashes")
    await page.get_by_label("Name", exact=True).fill("toys")
    await page.get_by_label("Title").fill("Toy warehouse")
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(page.get_by_role("status").filter(has_text="toys is saved")).to_be_visible()
    await page.get_by_role("button", name="Test Toy warehouse").click()
    await expect(page.locator("#tested-toys")).to_contain_text("OK")
    assert await in_every_look(page) == {}
    await page.get_by_role("link", name="Toy warehouse").click()
    await page.get_by_label("On", exact=True).uncheck()
    assert await in_every_look(page) == {}
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("row", name=re.compile("Toy warehouse"))).to_contain_text("Off")
    await page.goto("/settings")
    await expect(page.get_by_label("Default plugin").locator("option").filter(has_text="Toy")).to_have_text("Toy warehouse (off)")
    await page.get_by_label("Default plugin").select_option("toys")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("#default_plugin-note")).to_contain_text("The plugin toys is switched off: orders would wait for it.")


async def test_what_a_test_says_is_read_where_it_was_pressed_and_the_state_says_nothing_else(shop, admin):
    page = admin
    gone = {"kind": "webhook", "on": "true", "options.webhook.url": "http://127.0.0.1:1/", "secrets.webhook.secret": SECRET}
    async with signed_in(shop, "admin1") as client:
        for name, said in (("gone", gone), ("asleep", {"kind": "csv"})):
            assert (await client.post("/plugins", data={**said, "name": name, "title": name, "key": f"{name}-0001"})).status_code == 303
    await page.set_viewport_size({"width": 360, "height": 480})
    await page.goto("/plugins")
    for name, before, after, answer in (("gone", "On", "Does not work", "Failed"), ("asleep", "Off", "Off", "Would work")):
        await expect(page.locator(f"#state-{name}")).to_have_text(before)
        button = page.get_by_role("button", name=f"Test {name}")
        await button.click()
        said = page.get_by_role("status").filter(has_text=answer)
        await expect(said).to_be_in_viewport(ratio=1)
        await expect(button).to_be_in_viewport(ratio=1)
        await expect(button).to_be_focused()
        await expect(page.locator(f"#state-{name}")).to_have_text(after)
    assert await in_every_look(page) == {}
