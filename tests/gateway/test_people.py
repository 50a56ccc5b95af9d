"""Partials on the pages of orders and customers, and the outbox, as each role sees them."""

import re
import uuid

import pytest_asyncio

from shared.contracts.catalog import Campaign, Offer
from tests.gateway.conftest import ADDRESS
from tests.house.shop import until

CARD = {"number": "4242424242424242", "expiry": "12/49", "cvv": "737"}
SAID = {"affiliate": "", "dnis": "8005550199", "ani": "+15125550177", "voice_log": "VL-20931", "custom1": "Spring flyer"}
PARTICULARS = {"birth_date": "1970-12-31", "gender": "female", "sms_consent": True, "do_not_sell": True}


@pytest_asyncio.fixture(loop_scope="package")
async def ask(ringup):
    async def asking(service, method, path, json=None, actor="agent:agent1"):
        headers = {"x-ringup-actor": actor, "x-ringup-role": "agent", "idempotency-key": uuid.uuid4().hex}
        answer = await ringup.all.house.clients[service].request(method, path, json=json, headers=headers)
        assert answer.status < 300, answer.json()
        return answer.json()

    return asking


@pytest_asyncio.fixture(loop_scope="package")
async def campaign(ringup, ask):
    """One with a checkout page, which Order Entry does not list."""
    offer = Offer(id="9001", name="Cloud pillow", sku="RN-PIL-01", price=4995, shipping_price=695)
    sold = Campaign(id="mailorder", name="Mail order", offers=(offer,), checkout=True, listed=False)
    await ask("catalog", "PUT", "/campaigns/mailorder", sold.model_dump(mode="json"))

    async def there():
        answer = await ringup.all.house.clients["cart"].request("POST", "/orders", json={"campaign": "mailorder"}, headers={"x-ringup-actor": "a"})
        return answer.status == 201

    await until(there)
    return "mailorder"


@pytest_asyncio.fixture(loop_scope="package")
async def partial(ringup, ask, campaign):
    """Makes one; its order id and customer id."""

    async def made(last_name, links=(), **more):
        customer = {"first_name": "Customer", "last_name": last_name, "phone": "+15125550177", "email": f"{last_name.lower()}@example.com"}
        said = {"customer": customer, "billing": ADDRESS, "lines": [{"product": "9001", "quantity": 1}], "particulars": PARTICULARS, **more}
        id = (await ask("cart", "POST", "/orders", {"campaign": campaign}))["order_id"]
        await ask("cart", "POST", f"/orders/{id}/changes", {**said, "attribution": SAID, "notes": "Prefers mornings."})
        done = await ask("cart", "POST", f"/orders/{id}/no-sale", {"disposition": "thinking", "note": "Asks at home first."})
        for channel in links:
            await ask("cart", "POST", f"/orders/{id}/links", {"channel": channel})
        await ringup.has(id, "Partial")

        async def known():
            found = await ask("customers", "GET", f"/customers?q={last_name}")
            return found["rows"] and found["rows"][0]["partial"]

        await until(known)
        return id, done["state"]["customer_id"]

    return made


def complete(page, order_id):
    return f'action="/order-entry/{order_id}/complete"' in page


async def test_a_partial_is_listed_with_why_and_how_to_go_on(ringup, partial):
    order_id, customer_id = await partial("Almond", ["copy"])
    agent = await ringup.sign_in("agent1")
    for path in ("/orders?status=Partial", "/orders?q=Almond", f"/customers/{customer_id}", "/customers?partial=true", "/customers?q=Almond"):
        page = await agent.page(path)
        assert complete(page, order_id), path
        assert "Partial" in page
    page = await agent.page("/orders?status=Partial")
    assert "Wants to think about it" in page
    assert "Link out" in page
    assert not complete(await (await ringup.sign_in("reviewer1")).page("/orders?status=Partial"), order_id)


async def test_its_page_says_what_is_known_and_what_became_of_its_links(ringup, ask, partial):
    order_id, _ = await partial("Birch", ["copy", "email"])
    newest, older = (await ask("cart", "GET", f"/orders/{order_id}/links"))["rows"]
    await ask("cart", "POST", f"/links/{older['token']}/open", {}, actor="customer")
    agent = await ringup.sign_in("agent1")

    async def sent():
        page = await agent.page(f"/orders/{order_id}")
        return page if "in the outbox, no mail server is set" in page and "The customer opened the link" in page else None

    page = await until(sent)
    assert complete(page, order_id)
    for said in ("No sale: wants to think about it.", "Asks at home first.", "Prefers mornings.", "8005550199", "VL-20931", "Spring flyer"):
        assert said in page
    for said in ("Sent to birch@example.com", "Not opened yet", "Opened", "Send link…"):
        assert said in page
    assert newest["token"] not in page
    assert not complete(await (await ringup.sign_in("reviewer1")).page(f"/orders/{order_id}"), order_id)


async def test_what_the_customer_has_open_may_be_taken_over(ringup, ask, partial):
    order_id, _ = await partial("Cedar", ["copy"])
    await ask("cart", "POST", f"/orders/{order_id}/changes", {"billing": {**ADDRESS, "unit": "2"}}, actor="customer")
    await ringup.has(order_id, "Open")
    page = await (await ringup.sign_in("agent1")).page(f"/orders/{order_id}")
    assert "The customer is finishing it on the checkout page." in page
    assert complete(page, order_id)
    assert "Take it over" in page
    assert "On the customer" in await (await ringup.sign_in("agent1")).page("/orders?q=Cedar")


async def test_a_profile_says_what_was_agreed_and_begins_a_new_order(ringup, partial):
    _, customer_id = await partial("Dogwood")
    page = await (await ringup.sign_in("agent1")).page(f"/customers/{customer_id}")
    for said in ("1970-12-31", "Female", "Agreed to SMS", "no marketing e-mail", "Prefers mornings.", f'href="/order-entry?customer={customer_id}"'):
        assert said in page
    assert "Create New Order" not in await (await ringup.sign_in("reviewer1")).page(f"/customers/{customer_id}")
    entry = await (await ringup.sign_in("agent1")).page(f"/order-entry?customer={customer_id}")
    for said in ('value="1970-12-31"', 'value="female"', 'value="Dogwood"'):
        assert said in entry


async def test_a_stored_card_is_shown_and_removed(ringup, ask, partial):
    order_id, customer_id = await partial("Elm")
    await ask("cart", "POST", f"/orders/{order_id}/complete", {"direction": "outbound", "call_center": "", "team": ""})
    token = await ask("payments", "POST", "/tokens", {"order_id": order_id, **CARD})
    await ask("cart", "POST", f"/orders/{order_id}/submit", {"method": "card", "payment": token["token"]})
    agent = await ringup.sign_in("agent1")

    async def kept():
        page = await agent.page(f"/customers/{customer_id}")
        return page if "ending 4242" in page else None

    remove = re.search(r'hx-post="(/customers/\d+/instruments/[^"]+/remove)"', await until(kept))[1]
    answer = await agent.form(remove, key=uuid.uuid4().hex)
    assert answer.status_code == 200
    assert "ending 4242" not in answer.text
    assert (await (await ringup.sign_in("reviewer1")).form(remove, key=uuid.uuid4().hex)).status_code == 403


async def test_an_erased_partial_offers_nothing_any_more(ringup, ask, partial):
    order_id, customer_id = await partial("Fir", ["email"])
    folder = ringup.all.house.settings.data / "outbox"

    async def written():
        return list(folder.glob(f"{order_id}-*.eml"))

    await until(written)
    answer = await (await ringup.sign_in("supervisor1")).form(f"/customers/{customer_id}/erase", key=uuid.uuid4().hex)
    assert answer.status_code == 200
    assert list(folder.glob(f"{order_id}-*")) == []
    for gone in ("Create New Order", "1970-12-31", "Prefers mornings.", "5550177"):
        assert gone not in answer.text
    agent = await ringup.sign_in("agent1")

    async def closed():
        page = await agent.page(f"/orders/{order_id}")
        return page if not complete(page, order_id) else None

    page = await until(closed)
    assert "Asks at home first." not in page
    assert f'action="/order-entry/{order_id}/complete"' not in await agent.page(f"/customers/{customer_id}")


async def test_the_outbox_tells_each_role_what_it_may_know(ringup, ask, partial):
    order_id, _ = await partial("Gorse", ["email", "sms"])
    supervisor, ops = await ringup.sign_in("supervisor1"), await ringup.sign_in("ops1")

    async def ended():
        page = await supervisor.page("/outbox")
        return page if page.count(order_id) >= 2 and "No SMS plugin is installed." in page and "Into the folder" in page else None

    page = await until(ended)
    assert "gorse@example.com" in page
    page = await ops.page("/outbox")
    assert "g…@example.com" in page
    for personal in ("gorse@example.com", "5550177", "/outbox/", f"/orders/{order_id}"):
        assert personal not in page.replace('hx-post="/outbox/', "")
    failed = await supervisor.page("/outbox?status=Failed")
    assert (order_id in failed, "gorse@example.com" in failed) == (True, False)


async def test_a_message_can_be_read_and_tried_again(ringup, ask, partial):
    order_id, _ = await partial("Hazel", ["email", "sms"])

    async def ended():
        rows = (await ask("customers", "GET", f"/messages?order_id={order_id}"))["rows"]
        return {row["channel"]: row for row in rows} if sorted(row["status"] for row in rows) == ["Failed", "Sent"] else None

    by = await until(ended)
    supervisor = await ringup.sign_in("supervisor1")
    page = await supervisor.page(f"/outbox/{by['email']['message_id']}")
    assert "Hello Customer," in page
    assert "/checkout/mailorder?link=" in page
    assert "Try again" not in page
    sms = by["sms"]["message_id"]
    assert "Try again" in await supervisor.page(f"/outbox/{sms}")
    answer = await supervisor.form(f"/outbox/{sms}/retry", key=uuid.uuid4().hex)
    assert (answer.status_code, f'id="message-{sms}"' in answer.text) == (200, True)
    refused = await supervisor.form(f"/outbox/{by['email']['message_id']}/retry", key=uuid.uuid4().hex)
    assert (refused.status_code, refused.json()["detail"]) == (409, "This has changed meanwhile. This message was sent already.")
    assert (await supervisor.get(f"/outbox/{'0' * 32}", headers={"accept": "text/html"})).status_code == 404
    assert (await (await ringup.sign_in("ops1")).get(f"/outbox/{sms}")).status_code == 403
    assert (await (await ringup.sign_in("agent1")).get("/outbox")).status_code == 403


async def test_a_list_that_is_empty_says_so(ringup):
    assert "No message is stopped" in await (await ringup.sign_in("admin1")).page("/outbox?status=Stopped")
