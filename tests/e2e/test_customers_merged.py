"""What people do about a customer by hand: notes, consents, merging and its reverse, an export, and erasing under every number."""

import itertools
import json
import re

import pytest
from playwright.async_api import expect

from tests.e2e.axe import in_every_look
from tests.e2e.rings import charged, external, kept, signed_in
from tests.house.shop import until

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

_PHONES = itertools.count(200)


async def again(page):
    """The page is fetched again, as it is when something happens."""
    before = await page.locator("#customer").element_handle()
    await page.evaluate("document.dispatchEvent(new CustomEvent('ringup:live', { detail: { type: 'missed' } }))")
    await page.wait_for_function("(each) => !each.isConnected", arg=before)


async def customer(shop, last_name, first_name="Customer", email="", **said):
    """Of an order that is done: its id and theirs."""
    phone = f"+1512555{next(_PHONES):04}"
    order_id = await charged(shop, last_name, customer={"first_name": first_name, "last_name": last_name, "phone": phone, "email": email}, **said)
    async with signed_in(shop, "supervisor1") as client:

        async def there():
            id = (await client.get(f"/api/v1/orders/{order_id}")).json()["customer_id"]
            return id if (await client.get(f"/api/v1/customers/{id}")).status_code == 200 else None

        return order_id, await until(there)


async def test_a_note_is_added_by_hand_and_agents_notes_are_green(shop, sign_in):
    _, id = await customer(shop, "Noted", notes="Rings twice.")
    page = await sign_in("agent1")
    await page.goto(f"/customers/{id}")
    notes = page.get_by_role("region", name="Notes")
    await notes.get_by_role("button", name="Add a note…").click()
    dialog = page.get_by_role("dialog", name="A note about Customer Noted")
    await dialog.get_by_label("Note").fill("   ")
    await dialog.get_by_role("button", name="Add the note").click()
    await expect(dialog.get_by_text("Write the note first.")).to_be_visible()
    await dialog.get_by_label("Note").fill("Asks for Ms A.\nNot before ten.")
    await dialog.get_by_role("button", name="Add the note").click()
    await expect(notes).to_contain_text("Asks for Ms A.")
    assert "Asks for Ms A.\nNot before ten." in await notes.inner_text()
    await expect(notes).to_contain_text("agent1, ")
    await expect(notes.locator(".note")).to_have_text("Rings twice.")


async def test_consents_are_recorded_and_taken_back_by_hand(shop, sign_in):
    _, id = await customer(shop, "Consenting")
    page = await sign_in("agent1")
    await page.goto(f"/customers/{id}")
    consents = page.get_by_role("region", name="Consents")
    await consents.get_by_role("button", name="Record agreement: SMS").click()
    await expect(consents).to_contain_text(re.compile(r"Agreed to SMS, \+1512555\d{4}.*by agent1"))
    await consents.get_by_role("button", name="Opt out: marketing e-mail").click()
    await expect(consents).to_contain_text("Do not sell name: no marketing e-mail")
    await consents.get_by_role("button", name="Take back: SMS").click()
    await expect(consents).to_contain_text(re.compile(r"Did not agree to SMS\s+Taken back .*by agent1"))


async def test_two_of_one_person_are_merged_and_that_is_undone(shop, sign_in):
    first, one = await customer(shop, "Double", email="double@example.com", notes="Rings late.")
    second, two = await customer(shop, "Double-Name", email="double@example.com", notes="Rings early.")
    partial = await kept(shop, "Double-Half", lines=[])
    page = await sign_in("supervisor1")
    await page.goto(f"/customers/{one}")
    alike = page.get_by_role("region", name="Perhaps the same person")
    await expect(alike).to_contain_text("Same e-mail")
    assert await in_every_look(page) == {}
    await alike.get_by_role("button", name=f"Merge Customer Double-Name, {two}").click()
    dialog = page.get_by_role("dialog", name="Merge Customer Double-Name into")
    assert await in_every_look(page) == {}
    await dialog.get_by_role("button", name="Merge", exact=True).click()
    for order_id in (first, second):
        await expect(page.get_by_role("row").filter(has_text=order_id)).to_be_visible()
    await expect(page.get_by_role("heading", level=1)).to_be_focused()
    await again(page)
    await expect(page.get_by_role("heading", level=1)).to_be_focused()
    await expect(page.locator(".note")).to_have_text(["Rings early.", "Rings late."])
    await page.goto(f"/customers/{two}")
    await page.wait_for_url(f"**/customers/{one}")
    await page.goto("/customers?q=Double-Name")
    await expect(page.locator("#found tbody tr")).to_have_count(1)
    await expect(page.locator("#found")).to_contain_text("2 numbers")
    await page.goto(f"/customers/{one}")
    await page.get_by_role("button", name="Merge…", exact=True).first.click()
    dialog = page.get_by_role("dialog", name="Merge another customer into")
    await dialog.get_by_label("Number of the other customer").fill("12")
    await dialog.get_by_role("button", name="Merge", exact=True).click()
    await expect(dialog.get_by_text("A customer number has 10 digits")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name=f"Undo the merge with {two}").click()
    await page.get_by_role("button", name="Undo the merge", exact=True).click()
    await expect(page.get_by_role("row").filter(has_text=second)).to_have_count(0)
    await expect(page.get_by_role("heading", level=1)).to_be_focused()
    await page.goto(f"/customers/{two}")
    await expect(page.get_by_role("row").filter(has_text=second)).to_be_visible()
    await page.goto("/customers?q=Double-Half")
    await expect(page.get_by_role("button", name=f"Complete Order {partial}")).to_be_visible()


async def test_one_customer_is_exported_as_json_and_that_is_seen(shop, sign_in):
    order_id, id = await customer(shop, "Exported", notes="Rings late.")
    page = await sign_in("supervisor1")
    await page.goto(f"/customers/{id}")
    await page.get_by_role("button", name="Export…").click()
    async with page.expect_download() as started:
        await page.get_by_role("dialog").get_by_role("button", name="Download").click()
    file = await started.value
    assert file.suggested_filename == f"customer-{id}.json"
    told = json.loads((await file.path()).read_text())
    (order,) = told["orders"]
    assert (order["order_id"], order["contents"]["billing"]["street"]) == (order_id, "100 Example Street")
    assert (told["payment_methods"][0]["last4"], told["customer"]["notes"][0]["note"]) == ("4242", "Rings late.")
    assert "4242424242424242" not in json.dumps(told)
    await page.keyboard.press("Escape")
    await expect(page.get_by_text("Exported by supervisor1")).to_be_visible()


async def test_whoever_was_merged_is_erased_under_every_number_and_on_every_page(shop, sign_in):
    first, one = await customer(shop, "Zebedee", first_name="Zachary", email="zachary@example.com", notes="Sings in a choir.")
    second, two = await customer(shop, "Zebedee-Too", first_name="Zachary", email="zachary2@example.com")
    for order_id in (first, second):
        await until(lambda order_id=order_id: _exported(shop, order_id))
    page = await sign_in("admin1")
    async with signed_in(shop, "supervisor1") as client:
        for path, body in ((f"{one}/merge", {"alias": two}), (f"{two}/notes", {"note": "Sings at home."})):
            assert (await client.post(f"/api/v1/customers/{path}", json=body, headers={"idempotency-key": f"erase-{path}"})).status_code == 200
    await page.goto(f"/customers/{one}")
    await page.get_by_role("button", name="Erase…").click()
    dialog = page.get_by_role("dialog", name="Erase")
    await expect(dialog).to_contain_text("under each of their 2 numbers")
    await dialog.get_by_role("button", name="Erase for good").click()
    await expect(page.get_by_role("heading", name="Erased", exact=True)).to_be_visible()
    assert await in_every_look(page) == {}
    paths = [f"/customers/{two}", "/customers", "/customers?q=Zachary", "/orders", "/orders?q=Zachary", "/quality?stage=done", "/outbox"]
    paths += [f"/{place}/{order_id}" for place in ("orders", "api/v1/orders") for order_id in (first, second)]
    paths += [
        f"/api/v1/orders/{first}/events",
        f"/api/v1/customers/{two}",
        "/palette?q=Zachary",
        f"/customers?q={second}",
        f"/ops/streams/customer-{one}",
    ]
    for path in paths:
        answer = await page.context.request.get(f"{shop.address}{path}")
        assert answer.ok, (path, answer.status)
        text = await answer.text()
        for secret in ("Zachary", "Zebedee", "zachary", "Sings"):
            assert secret not in text.replace("q=Zachary", "").replace("“Zachary”", "").replace('value="Zachary"', ""), (path, secret)


async def test_an_erasure_that_is_refused_says_why_where_it_was_asked_for(shop, sign_in):
    phone = f"+1512555{next(_PHONES):04}"
    order_id = await external(shop, "Unfinished", customer={"first_name": "Customer", "last_name": "Unfinished", "phone": phone})
    page = await sign_in("supervisor1")
    order = await (await page.context.request.get(f"/api/v1/orders/{order_id}")).json()
    id = order["customer_id"]
    await page.goto(f"/customers/{id}")
    await page.get_by_role("button", name="Erase…").click()
    dialog = page.get_by_role("dialog", name="Erase")
    await dialog.get_by_role("button", name="Erase for good").click()
    said = dialog.get_by_role("alert")
    await expect(said).to_contain_text(f"Order {order_id} is not finished yet")
    await expect(said).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Erase…")).to_be_focused()


async def _exported(shop, order_id):
    return shop.export(order_id).exists()
