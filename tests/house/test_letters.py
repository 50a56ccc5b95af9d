"""Letters about orders: in the words of the campaign's version that the order was submitted with, once, and again where somebody wants that."""

from email import message_from_bytes
from email.policy import default

import pytest

from services.cart.views import newest
from services.customers.mail import server
from services.customers.message import BACKOFF, LEASE, Claim
from shared.contracts.catalog import Letter
from shared.contracts.fulfillment import FulfillmentShipped, Parcel
from shared.contracts.qa import OrderApproved
from shared.kernel.commands import Envelope
from shared.kernel.decider import Aggregate
from shared.service import utc_now
from tests.customers.mailserver import mail_server
from tests.house.shop import CAMPAIGN, GOOD, Shop, until
from tests.house.test_messages import MAIL, Clock, files, message, post

OWN = Letter(template="order-confirmation", subject="We have {order}", text="Dear {customer},\n\nyou get {lines} for {total}.")
SHIPPED = Letter(template="shipped", text="{first_name}: {carrier} {tracking}, with {lines}")
parcels = Aggregate("shipment", None, lambda command, state: command, lambda state, event: None, ())
approvals = Aggregate("review", None, lambda command, state: command, lambda state, event: None, ())


@pytest.fixture
async def shop(settings):
    shop = await Shop(settings, Clock()).open()
    await shop.furnish()
    await publish(shop, OWN, SHIPPED)
    yield shop
    await shop.close()


async def publish(shop, *letters):
    campaign = CAMPAIGN.model_copy(update={"letters": letters})
    status, body = await shop.ask("catalog", "PUT", "/campaigns/restful", campaign.model_dump(mode="json"))
    assert status == 200, body

    async def known():
        row = await shop.house.running["cart"].get(newest, "restful")
        return row["number"] == body["number"]

    await until(known)


async def sold(shop, email=MAIL):
    order_id = await open_order(shop, email)
    await shop.charge(order_id, GOOD)
    return order_id


async def open_order(shop, email=MAIL):
    order = await shop.started()
    person = {"first_name": "Customer", "last_name": "A", "phone": "+1 512 555 0142", "email": email}
    status, _ = await shop.ask("cart", "POST", f"/orders/{order['order_id']}/changes", {"customer": person}, if_match=f'"{order["version"]}"')
    assert status == 200
    return order["order_id"]


async def append(shop, service, aggregate, id, *events):
    running = shop.house.running[service]
    await running.commands.execute(aggregate, id, events, Envelope(f"told-{id}-{events}", "agent:agent1", utc_now()))


async def left(shop, order_id):
    """A parcel of it, as fulfillment would append it."""
    approved = next(fact.event for fact in await facts(shop, "qa", f"review-{order_id}") if isinstance(fact.event, OrderApproved))
    known = {"plugin": "csv", "export_id": f"{order_id}-csv", "at": utc_now(), "submitted": approved.submitted}
    return FulfillmentShipped(order_id=order_id, parcel=Parcel(carrier="UPS", tracking="1Z999"), **known)


async def facts(shop, service, stream):
    running = shop.house.running[service]
    return [running.codec.decode(dict(each.headers), each.data) for each in await running.streams.load(stream)]


def mails(shop):
    return [message_from_bytes(file.read_bytes(), policy=default) for file in files(shop)]


async def test_an_approved_order_is_confirmed_once_to_the_customer(shop):
    order_id = await sold(shop)
    row = await message(shop, order_id, "Sent", template="order-confirmation")
    assert (row["to"], row["by"], row["tries"]) == (MAIL, "outbox", 1)
    (mail,) = mails(shop)
    assert mail["subject"] == f"We have {order_id}"
    assert mail.get_body(("plain",)).get_content().replace("\r\n", "\n") == "Dear Customer A,\n\nyou get 2 × Cloud pillow for 123.19 USD.\n"  # noqa: RUF001
    approved = next(fact.event for fact in await facts(shop, "qa", f"review-{order_id}") if isinstance(fact.event, OrderApproved))
    await append(shop, "qa", approvals, order_id, approved.model_copy(update={"attempt": 2}))
    other = await sold(shop)
    await message(shop, other, "Sent")
    assert len(files(shop)) == 2


async def test_a_parcel_is_told_once(shop):
    order_id = await sold(shop)
    await message(shop, order_id, "Sent", template="order-confirmation")
    parcel = await left(shop, order_id)
    await append(shop, "fulfillment", parcels, order_id, parcel)
    row = await message(shop, order_id, "Sent", template="shipped")
    _, said = await shop.ask("customers", "GET", f"/messages/{row['message_id']}")
    assert said["text"] == "Customer: UPS 1Z999, with 2 × Cloud pillow\n"  # noqa: RUF001
    again = parcel.model_copy(update={"parcel": Parcel(carrier="ups", tracking="1z 999"), "source": "import"})
    second = parcel.model_copy(update={"parcel": Parcel(tracking="2Z")})
    await append(shop, "fulfillment", parcels, order_id, again, second)

    async def all_told():
        _, body = await shop.ask("customers", "GET", f"/messages?order_id={order_id}")
        return len(body["rows"]) == 3 and {each["status"] for each in body["rows"]} == {"Sent"}

    await until(all_told)
    _, body = await shop.ask("customers", "GET", f"/orders/{order_id}/timeline")
    told = [each["text"] for each in body["rows"]]
    assert told.count("The letter about a parcel was put into the outbox: no mail server is set") == 2


async def test_an_erased_customer_hears_of_no_parcel_and_their_letters_are_gone(shop):
    order_id = await sold(shop)
    row = await message(shop, order_id, "Sent", template="order-confirmation")
    await shop.exported(order_id)

    async def erased():
        path = f"/customers/{row['customer_id']}/erase"
        return (await shop.ask("customers", "POST", path, {}, actor="agent:supervisor1"))[0] == 200

    await until(erased)
    assert files(shop) == []
    await append(shop, "fulfillment", parcels, order_id, await left(shop, order_id))
    stopped = await message(shop, order_id, "Stopped", template="shipped")
    assert (stopped["to"], stopped["reason"]) == ("Erased", "The customer was erased.")
    status, _ = await shop.ask("customers", "POST", f"/messages/{row['message_id']}/resend", {})
    assert status == 200
    await message(shop, order_id, "Stopped", template="order-confirmation")
    assert files(shop) == []


async def test_an_order_is_confirmed_in_the_words_that_were_in_force_when_it_was_submitted(shop):
    order_id = await open_order(shop)
    status, _ = await shop.ask("cart", "POST", f"/orders/{order_id}/submit", {"method": "external"})
    assert status == 202
    await publish(shop, Letter(template="order-confirmation", subject="Other words"))

    async def approved():
        return (await shop.ask("qa", "POST", f"/reviews/{order_id}/decide", {"verdict": "approve"}, actor="agent:qa1"))[0] == 200

    await until(approved)
    await message(shop, order_id, "Sent")
    assert [mail["subject"] for mail in mails(shop)] == [f"We have {order_id}"]


async def test_what_was_sent_may_be_sent_once_more_and_what_waits_be_stopped(shop):
    async with mail_server() as kept:
        post(shop, server=server(f"smtp://127.0.0.1:{kept.port}"))
        id = (await message(shop, await sold(shop), "Sent"))["message_id"]
        status, _ = await shop.ask("customers", "POST", f"/messages/{id}/resend", {}, idempotency_key="resend-01")
        assert status == 200

        async def twice():
            return len(kept.mails) == 2

        await until(twice)
        first, second = (mail["message-id"] for _, mail in kept.mails)
        assert (first.partition("@")[0], second.partition("@")[0]) == (f"<{id}", f"<{id}-2")
        kept.refuse["RCPT"] = "451 Later"
        waits = await message(shop, await sold(shop), "Waiting", tries=1)
        status, _ = await shop.ask("customers", "POST", f"/messages/{waits['message_id']}/stop", {}, actor="agent:supervisor1")
        assert status == 200
        row = await message(shop, waits["order_id"], "Stopped")
        assert row["reason"] == "Stopped by supervisor1."
        refused = [(await shop.ask("customers", "POST", f"/messages/{each}/{what}", {}))[1]["code"] for each, what in (
            (id, "stop"), (waits["message_id"], "resend"), (waits["message_id"], "retry"),
        )]  # fmt: skip
        assert refused == ["not-waiting", "not-sent", "over"]


async def test_a_letter_that_its_server_left_behind_is_sent_once_by_the_next_one(shop):
    """Claimed and not said to be sent: whoever takes over does not know whether it was, so that it goes under the very same name."""
    async with mail_server() as kept:
        kept.refuse["RCPT"] = "451 Later"
        post(shop, server=server(f"smtp://127.0.0.1:{kept.port}"))
        order_id = await sold(shop)
        id = (await message(shop, order_id, "Waiting", reason="The mail server refuses the address (451)."))["message_id"]
        shop.clock.ahead = BACKOFF * 2
        now = shop.clock()
        await shop.house.running["customers"].send(id, Claim("who died", now), "claimed-by-who-died", "effect:customers.send")
        await shop.close()
        kept.refuse.clear()
        await shop.open()
        post(shop, server=server(f"smtp://127.0.0.1:{kept.port}"))
        shop.clock.ahead += LEASE
        await message(shop, order_id, "Sent")
    ((_, mail),) = kept.mails
    assert mail["message-id"].startswith(f"<{id}@")


async def test_a_letter_can_be_looked_at_and_tried_before_it_is_published(shop):
    wording = {"template": "shipped", "shop": "Restful Nights", "currency": "USD", "products": [{"name": "Cloud pillow", "price": 4995}]}
    status, body = await shop.ask("customers", "POST", "/letters/preview", {**wording, "text": "{lines}\n\n{nothing} <b>"})
    assert (status, body["wrong"]["subject"], body["wrong"]["text"][:41]) == (200, "", "{nothing} is no merge field here. There a")
    assert body["paragraphs"][0]["rows"] == [["2 × Cloud pillow", ""]]  # noqa: RUF001
    assert body["text"] == "2 × Cloud pillow\n\n{nothing} <b>\n"  # noqa: RUF001
    async with mail_server() as kept:
        post(shop, server=server(f"smtp://127.0.0.1:{kept.port}"))
        status, body = await shop.ask("customers", "POST", "/letters/test", {**wording, "to": "someone@example.com"})
        assert (status, body) == (200, {"by": "smtp"})
        for wrong, code in (({"to": "nobody"}, "not-sent"), ({"to": "a@example.com", "text": "{nothing}"}, "merge-field")):
            assert (await shop.ask("customers", "POST", "/letters/test", {**wording, **wrong}))[1]["code"] == code
    ((recipients, mail),) = kept.mails
    assert (recipients, mail["subject"]) == (["someone@example.com"], "[Test] Your order 7K2M9QX4TB is on its way")
    assert (await shop.ask("customers", "GET", "/messages"))[1]["rows"] == []
