"""Links that are sent: through a mail server, into the outbox, by an SMS plugin, and not once they ended."""

import json
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pytest

from services.customers.mail import Outbox, server
from services.customers.message import BACKOFF, Failed
from services.customers.message import message as message_aggregate
from services.customers.sending import Desk
from services.customers.sms import Accepted, Installed, Refused
from services.customers.sms_webhook import webhook
from shared.contracts.cart import DraftLinkIssued, DraftLinkRevoked, PartialCreated
from shared.contracts.order import CustomerAnswers, OrderBody, Particulars, Person, Quote
from shared.ids import INSTALLATION, link_token
from shared.kernel.commands import Envelope
from shared.kernel.decider import Aggregate
from shared.kernel.effects import Work
from shared.service import utc_now
from shared.settings import Settings
from tests.customers.mailserver import mail_server
from tests.customers.test_sms import WHSEC, listener
from tests.house.shop import GOOD, Shop, until

MAIL, PHONE = "customer.a@example.com", "+15125550142"
told = Aggregate("order", None, lambda command, state: command, lambda state, event: None, ())


class Clock:
    """Goes on, and may be put forward."""

    def __init__(self):
        self.ahead = timedelta()

    def __call__(self):
        return utc_now() + self.ahead


class Phone:
    """An SMS plugin."""

    def __init__(self, answer=None):
        self.answer = answer or Accepted()
        self.sent, self.consents = [], []

    async def send(self, to, text, reference):
        self.sent.append((to, text, reference))
        return self.answer

    async def consented(self, consent, reference):
        self.consents.append((consent.number, consent.order_id, reference))
        return self.answer


@pytest.fixture
async def shop(settings):
    shop = await Shop(settings, Clock()).open()
    yield await shop.furnish()
    await shop.close()


def post(shop, **changed):
    state = shop.house.running["customers"].state
    state["post"] = replace(state["post"], **changed)


async def happened(shop, order_id, *events):
    """In the order's own stream, as cart would append it."""
    running = shop.house.running["cart"]
    await running.commands.execute(told, order_id, events, Envelope(f"told-{len(events)}-{events[0].TYPE}-{id(events)}", "agent:agent1", utc_now()))


async def issued(shop, channel="email", link_id="link1", **said):
    order_id = (await shop.started())["order_id"]
    known = {"token_hash": "hash", "expires_at": utc_now() + timedelta(hours=72), "price_lock": False, "to": MAIL if channel == "email" else PHONE}
    known |= {"campaign": "restful", "campaign_name": "Restful Nights", "customer_id": "4000000001", "first_name": "Customer"}
    link = DraftLinkIssued(**{**known, "order_id": order_id, "link_id": link_id, "channel": channel, "issued_by": "agent:agent1", **said})
    await happened(shop, order_id, link)
    return order_id


async def message(shop, order_id, status, **said):
    async def there():
        _, body = await shop.ask("customers", "GET", f"/messages?order_id={order_id}")
        found = [row for row in body["rows"] if row["status"] == status and all(row[name] == value for name, value in said.items())]
        return found and found[0]

    return await until(there)


def files(shop):
    return sorted((shop.settings.data / "outbox").glob("*.eml"))


def address(shop, link_id="link1"):
    token = link_token(shop.house.running["customers"].keyring.derived(INSTALLATION), link_id)
    return f"{shop.settings.public_address}/checkout/restful?link={token}"


async def test_without_a_mail_server_the_link_lies_in_the_outbox(shop):
    order_id = await issued(shop)
    row = await message(shop, order_id, "Sent")
    assert (row["by"], row["to"], row["template"], row["tries"]) == ("outbox", MAIL, "draft-link", 1)
    (file,) = files(shop)
    assert file.name == f"{order_id}-{row['message_id']}.eml"
    found = message_from_bytes(file.read_bytes(), policy=default)
    assert (found["to"], found["from"].addresses[0].display_name) == (MAIL, "Restful Nights")
    assert address(shop) in found.get_body(("plain",)).get_content()


async def test_with_one_it_takes_the_mail_and_nothing_is_left_here(shop):
    async with mail_server() as kept:
        post(shop, server=server(f"smtp://127.0.0.1:{kept.port}"))
        order_id = await issued(shop)
        row = await message(shop, order_id, "Sent")
    ((recipients, found),) = kept.mails
    assert (recipients, row["by"], files(shop)) == ([MAIL], "smtp", [])
    assert found["message-id"].startswith(f"<{row['message_id']}@")
    assert address(shop) in found.get_body(("plain",)).get_content()


async def test_what_was_written_can_be_read_again_and_is_kept_nowhere(shop):
    order_id = await issued(shop, total=12319, currency="USD")
    row = await message(shop, order_id, "Sent")
    _, body = await shop.ask("customers", "GET", f"/messages/{row['message_id']}")
    assert (body["subject"], address(shop) in body["text"], "123.19 USD" in body["text"]) == ("Finish your order at Restful Nights", True, True)
    token = address(shop).rpartition("=")[2].encode()
    await shop.close()
    holding = [path for path in shop.settings.data.rglob("*") if path.is_file() and token in path.read_bytes()]
    assert holding == files(shop)
    await shop.open()


async def test_what_fails_is_tried_again_after_a_while(shop):
    async with mail_server() as kept:
        kept.refuse["RCPT"] = "451 Later"
        post(shop, server=server(f"smtp://127.0.0.1:{kept.port}"))
        order_id = await issued(shop)
        row = await message(shop, order_id, "Waiting", reason="The mail server refuses the address (451).")
        assert row["retry_at"]
        kept.refuse.clear()
        shop.clock.ahead = BACKOFF * 2
        assert (await message(shop, order_id, "Sent"))["tries"] == 2
    assert len(kept.mails) == 1


async def test_what_can_never_work_waits_for_somebody_to_try_it_again(shop):
    async with mail_server() as kept:
        kept.refuse["RCPT"] = "550 Nobody"
        post(shop, server=server(f"smtp://127.0.0.1:{kept.port}"))
        order_id = await issued(shop)
        row = await message(shop, order_id, "Failed", reason="The mail server refuses the address (550).")
        kept.refuse.clear()
        status, _ = await shop.ask("customers", "POST", f"/messages/{row['message_id']}/retry", {}, idempotency_key="retry-01")
        assert status == 200
        await message(shop, order_id, "Sent", by="smtp")
        status, body = await shop.ask("customers", "POST", f"/messages/{row['message_id']}/retry", {}, idempotency_key="retry-02")
        assert (status, body["code"]) == (409, "sent")
    assert len(kept.mails) == 1
    assert (await shop.ask("customers", "POST", "/messages/nothing/retry", {}))[1]["code"] == "unknown-message"


async def test_a_link_that_ended_is_not_sent(shop):
    async with mail_server() as kept:
        kept.refuse["RCPT"] = "451 Later"
        post(shop, server=server(f"smtp://127.0.0.1:{kept.port}"))
        order_id = await issued(shop)
        await message(shop, order_id, "Waiting", tries=1)
        await happened(shop, order_id, DraftLinkRevoked(order_id=order_id, link_id="link1", why="revoked"))
        row = await message(shop, order_id, "Stopped", reason="The link was revoked.")
        kept.refuse.clear()
        late = await issued(shop, link_id="link2", expires_at=utc_now() - timedelta(seconds=1))
        await message(shop, late, "Stopped", reason="The link has expired.")
        assert (await shop.ask("customers", "POST", f"/messages/{row['message_id']}/retry", {}))[1]["code"] == "over"
    assert kept.mails == []


async def test_an_sms_goes_to_the_plugin(shop):
    there = Phone()
    post(shop, sms=Installed("phone", there))
    order_id = await issued(shop, "sms")
    row = await message(shop, order_id, "Sent", by="phone")
    ((to, text, reference),) = there.sent
    assert (to, reference, address(shop) in text) == (PHONE, row["message_id"], True)
    assert "Restful Nights" in text


@pytest.mark.parametrize(
    ("plugin", "status", "reason"),
    [
        (None, "Failed", "No SMS plugin is installed."),
        (Phone(Refused("+1 (512) 555-0142 takes no SMS", again=False)), "Failed", "… takes no SMS"),
        (Phone(Refused("Busy")), "Waiting", "Busy"),
        (object(), "Waiting", "The SMS plugin phone failed."),
    ],
)
async def test_an_sms_that_does_not_go_says_why(shop, plugin, status, reason):
    post(shop, sms=plugin and Installed("phone", plugin))
    await message(shop, await issued(shop, "sms"), status, reason=reason)


def agreed(order_id, phone=PHONE):
    person = Person(first_name="Customer", last_name="A", phone=phone)
    body = OrderBody(order_id=order_id, campaign="restful", customer_id="4000000001", customer=person, quote=Quote(currency="USD"))
    answers = CustomerAnswers(particulars=Particulars(sms_consent=True))
    return PartialCreated(
        order_id=order_id, source="phone", made_by="agent:agent1", created_at=utc_now(), campaign_version=1, order=body, customer=answers
    )


async def test_a_consent_is_handed_over_once_a_customer_and_number(shop):
    there = Phone()
    post(shop, sms=Installed("phone", there))
    for phone in (PHONE, "(512) 555-0142", "+15125550143"):
        order_id = (await shop.started())["order_id"]
        await happened(shop, order_id, agreed(order_id, phone))
        await message(shop, order_id, "Sent", template="consent", by="phone")
    assert [number for number, _, _ in there.consents] == [PHONE, "+15125550143"]
    assert len({reference for _, _, reference in there.consents}) == 2


async def test_the_webhook_hears_of_a_consent_once_and_under_the_same_name_until_it_has_it(shop):
    async with listener(500, 204) as (heard, url):
        post(shop, sms=webhook(Settings(sms_url=url, sms_secret=WHSEC)))
        first = (await shop.started())["order_id"]
        await happened(shop, first, agreed(first))
        await message(shop, first, "Waiting", template="consent", reason="Whoever sends the SMS refuses it (500).")
        shop.clock.ahead = BACKOFF * 2
        await message(shop, first, "Sent", template="consent", by="webhook")
        second = (await shop.started())["order_id"]
        await happened(shop, second, agreed(second, "(512) 555-0142"))
        await message(shop, second, "Sent", template="consent", by="webhook")
        page = (await shop.ask("customers", "GET", "/messages"))[1]
    assert len({headers["webhook-id"] for _, headers, _ in heard}) == 1
    assert [json.loads(body)["type"] for _, _, body in heard] == ["sms.consent"] * 2
    assert (page["sms"], [(row["channel"], row["template"]) for row in page["rows"]]) == ("webhook", [("sms", "consent")] * 2)


async def test_without_a_plugin_nobody_waits_for_a_consent_and_the_outbox_is_silent(shop):
    order_id = (await shop.started())["order_id"]
    await happened(shop, order_id, agreed(order_id))

    async def told():
        _, body = await shop.ask("customers", "GET", f"/orders/{order_id}/timeline")
        return "The consent to SMS was not handed over: no SMS plugin is installed" in [row["text"] for row in body.get("rows", ())]

    await until(told)
    assert (await shop.ask("customers", "GET", "/messages"))[1]["rows"] == []


async def test_an_erased_customer_gets_no_mail_and_leaves_none(shop):
    order_id = (await shop.started())["order_id"]
    await shop.charge(order_id, GOOD)
    await shop.exported(order_id)

    async def done():
        _, row = await shop.ask("customers", "GET", f"/orders/{order_id}")
        return row if row["status"] == "Complete" and "exported" in row["marks"] else None

    customer_id = (await until(done))["customer_id"]
    said = {"expires_at": utc_now() + timedelta(hours=1), "price_lock": False, "campaign": "restful", "customer_id": customer_id}
    links = [
        DraftLinkIssued(order_id=order_id, link_id=id, token_hash="h", channel=channel, to=to, issued_by="agent:agent1", **said)
        for id, channel, to in (("mailed", "email", MAIL), ("texted", "sms", PHONE))
    ]
    post(shop, sms=Installed("phone", Phone(Refused("Busy"))))
    await happened(shop, order_id, *links)
    await message(shop, order_id, "Sent", about="mailed")
    waiting = await message(shop, order_id, "Waiting", about="texted", tries=1)
    assert len(files(shop)) == 1
    status, _ = await shop.ask("customers", "POST", f"/customers/{customer_id}/erase", {}, actor="agent:supervisor1")
    assert (status, files(shop)) == (200, [])
    shop.clock.ahead = BACKOFF * 2
    row = await message(shop, order_id, "Stopped", about="texted")
    assert (row["to"], row["reason"]) == ("Erased", "The customer was erased.")
    _, body = await shop.ask("customers", "GET", f"/messages/{waiting['message_id']}")
    assert (body["text"], body["to"]) == ("", "Erased")


async def test_a_mail_that_was_written_while_its_customer_was_erased_does_not_stay(shop):
    running = shop.house.running["customers"]
    order_id = await issued(shop)
    id = (await message(shop, order_id, "Sent"))["message_id"]
    (file,) = files(shop)
    await running.keyring.ensure(f"order-{order_id}", "4000000001")

    class Late(Outbox):
        async def put(self, *mail):
            await super().put(*mail)
            await running.keyring.erase("4000000001")

    post(shop, outbox=Late(file.parent))
    state, _ = await running.load(message_aggregate, id)
    failed = await Desk(running).send(Work(id, id), state)
    assert isinstance(failed, Failed)
    assert (failed.over, files(shop)) == (True, [])


async def test_a_mail_that_was_written_when_the_server_died_is_looked_for_first(shop):
    running = shop.house.running["customers"]
    order_id = await issued(shop)
    id = (await message(shop, order_id, "Sent"))["message_id"]
    (file,) = files(shop)
    before = file.stat().st_mtime_ns
    state = replace((await running.load(message_aggregate, id))[0], sends=0)
    desk = Desk(running)
    assert (await desk.ask(Work(id, id), state)).by == "outbox"
    assert file.stat().st_mtime_ns == before
    file.unlink()
    await desk.ask(Work(id, id), state)
    assert files(shop) == [file]
