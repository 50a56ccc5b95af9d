"""ShipStation's custom store, asked as ShipStation asks."""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from defusedxml.ElementTree import fromstring

from services.fulfillment.plugins.kinds import Surroundings
from services.fulfillment.plugins.protocol import Address, Door, Item, Plugin, Refused, Stopped, Taken
from services.fulfillment.plugins.shipstation import KIND, ShipStation
from shared.settings import Settings
from tests.fulfillment.endpoint import SENT
from tests.samples import NOON

SECRETS = {"username": "shipstation", "password": "zwölf Zeichen und: mehr"}
WINDOW = {"action": "export", "start_date": "03/01/2026 11:00", "end_date": "03/01/2026 12:00", "page": "1"}
NOTICE = """<?xml version="1.0" encoding="utf-8"?>
<ShipNotice>
  <OrderNumber>{order}</OrderNumber><OrderID>{export}</OrderID><CustomerCode>a@example.com</CustomerCode><NotesToCustomer/>
  <LabelCreateDate>{made}</LabelCreateDate><ShipDate>03/01/2026</ShipDate><Carrier>UPS</Carrier><Service><![CDATA[Ground & more]]></Service>
  <TrackingNumber>1Z999</TrackingNumber><Items><Item><SKU>RN-PIL-01</SKU><TrackingNumber>no</TrackingNumber></Item></Items>
</ShipNotice>"""
PAGE = 2


class Desk:
    """Tells what the core would."""

    def __init__(self, *rows):
        self.rows, self.told, self.halted, self.asked = list(rows), [], [], []

    async def exports(self, since, until, page):
        self.asked.append((since, until, page))
        found = [row for row in self.rows if since <= row[2] < until]
        return found[(page - 1) * PAGE : page * PAGE], -(-len(found) // PAGE)

    async def shipped(self, *told):
        if told[4].year < 2000:
            raise ValueError("That is before the order was placed.")
        self.told.append(told)
        return told[0] in {row[0].export_id for row in self.rows}

    async def stopped(self, export_id):
        self.halted.append(export_id)
        return True


def basic(name, password, scheme="Basic"):
    return {"authorization": f"{scheme} {base64.b64encode(f'{name}:{password}'.encode()).decode()}"}


THEIRS = basic(*SECRETS.values())


async def ask(desk, query=WINDOW, method="GET", body=b"", headers=THEIRS, secrets=SECRETS, now=NOON):
    return await ShipStation(lambda: now).asked(method, query, headers, body, {}, secrets, desk)


def order(n, status="Pending Shipment", at=NOON - timedelta(minutes=30), **changed):
    return replace(SENT, export_id=f"ORDER{n}-ship", order_id=f"ORDER{n}", **changed), status, at


async def exported(*rows, **query):
    reply = await ask(Desk(*rows), {**WINDOW, **query})
    assert (reply.status, reply.type) == (200, "application/xml; charset=utf-8")
    return fromstring(reply.body)


def texts(element):
    return {each.tag: each.text or "" for each in element if len(each) == 0}


async def test_they_fetch_what_they_ship():
    root = await exported(order(1))
    (found,) = root.findall("Order")
    assert texts(found) == {
        "OrderID": "ORDER1-ship", "OrderNumber": "ORDER1", "OrderDate": "03/01/2026 12:00", "OrderStatus": "paid", "LastModified": "03/01/2026 11:30",
        "CurrencyCode": "USD", "OrderTotal": "106.85", "TaxAmount": "0.00", "ShippingAmount": "6.95", "InternalNotes": "Ring twice\nand wait",
        "Source": "restful",
    }  # fmt: skip
    assert texts(found.find("Customer")) == {"CustomerCode": "a@example.com"}
    assert texts(found.find("Customer/BillTo")) == {"Name": "Customer A", "Phone": "+12025550147", "Email": "a@example.com"}
    assert texts(found.find("Customer/ShipTo")) == {
        "Name": "Customer A", "Address1": "1 Example Lane", "Address2": "", "City": "Denver", "State": "CO", "PostalCode": "80202", "Country": "US",
        "Phone": "+12025550147",
    }  # fmt: skip
    (item,) = found.findall("Items/Item")
    assert texts(item) == {"LineItemID": "1", "SKU": "RN-PIL-01", "Name": "Cloud pillow", "Quantity": "2", "UnitPrice": "49.95"}


async def test_every_page_once_and_no_more():
    rows = [order(n) for n in range(5)]
    pages = [await exported(*rows, page=str(page)) for page in (1, 2, 3, 4)]
    assert {root.get("pages") for root in pages} == {"3"}
    assert [[each.text for each in root.iter("OrderNumber")] for root in pages] == [["ORDER0", "ORDER1"], ["ORDER2", "ORDER3"], ["ORDER4"], []]
    (none,) = [await exported()]
    assert (none.get("pages"), len(none)) == ("0", 0)


async def test_what_changes_while_they_turn_pages_hides_nothing():
    """Theirs end at a minute, and what changed since would be gone from them."""
    desk = Desk(*(order(n) for n in range(4)))
    first = fromstring((await ask(desk)).body)
    desk.rows[0] = order(0, "Shipped", at=NOON + timedelta(minutes=2))
    second = fromstring((await ask(desk, {**WINDOW, "page": "2"}, now=NOON + timedelta(minutes=2))).body)
    assert [[each.text for each in root.iter("OrderNumber")] for root in (first, second)] == [["ORDER0", "ORDER1"], ["ORDER2", "ORDER3"]]
    assert {since for since, _, _ in desk.asked} == {NOON - timedelta(hours=1)}


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("Pending Shipment", "paid"), ("Shipped", "shipped"), ("Delivered", "shipped"), ("RMA Pending", "shipped"), ("Returned", "shipped"),
     ("Cancelled", "cancelled"), ("Cancelling", "cancelled"), ("Hold", "on_hold"), ("Failed", "on_hold"), ("", "on_hold")],
)  # fmt: skip
async def test_a_status_of_ours_is_one_of_theirs(ours, theirs):
    assert [each.text for each in (await exported(order(1, ours))).iter("OrderStatus")] == [theirs]


async def test_what_is_to_be_stopped_is_once_they_have_fetched_that():
    plugin = ShipStation(lambda: NOON)
    assert await plugin.cancel(SENT, "", {}, SECRETS) == Stopped(), "it never lay at the door"
    said = await plugin.cancel(SENT, (await plugin.deliver(SENT, {}, SECRETS)).their_id, {}, SECRETS)
    assert (type(said), said.again) == (Refused, True)
    desk = Desk(order(1, "Cancelling"), order(2), order(3, "Cancelling", at=NOON - timedelta(days=2)))
    await ask(desk)
    assert desk.halted == ["ORDER1-ship"]


async def test_whatever_people_type_is_a_document_that_can_be_read():
    odd = {
        "first_name": "</Name>&<![CDATA[", "last_name": "]]> \x00\x0b\ud800\ufffe ليلى 🛏️", "notes": "long " * 1000,
        "ship_to": Address(street="x" * 300, country="DE"), "items": (Item(1, "A&B", '"<b>', 10, 5), Item(2, "", "n" * 500, 1, -1)),
        "currency": "JPY",
    }  # fmt: skip
    root = await exported(order(1, **odd), order(2, currency="KWD", email="", phone=""))
    first, second = root.findall("Order")
    assert first.findtext("Customer/ShipTo/Name") == "</Name>&<![CDATA[ ]]> \ufffd\ufffd\ufffd\ufffd ليلى 🛏️"
    assert (first.findtext("OrderTotal"), second.findtext("OrderTotal")) == ("10685", "10.685")
    assert [each.findtext("UnitPrice") for each in first.iter("Item")] == ["5", "-1"]
    lengths = [len(first.findtext(path)) for path in ("InternalNotes", "Customer/ShipTo/Address1")]
    assert (lengths, first.findtext("InternalNotes")[-1]) == ([1000, 200], "…")
    assert second.findtext("Customer/CustomerCode") == "ORDER2"


@pytest.mark.parametrize(
    "wrong",
    [
        {"start_date": ""},
        {"start_date": "2026-03-01"},
        {"end_date": "13/45/2026 99:99"},
        {"end_date": "12/31/99999 23:59"},
        {"page": "0"},
        {"page": "-1"},
        {"page": "x"},
        {"page": "1.5"},
        {"page": "٣"},
        {"page": "9" * 30},
        {"action": ""},
        {"action": "delete"},
    ],
)
async def test_what_is_not_asked_as_they_ask_is_refused_in_words(wrong):
    desk = Desk(order(1))
    reply = await ask(desk, {**WINDOW, **wrong})
    assert (reply.status, len(reply.body) > 10, desk.asked) == (400, True, [])


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": ""},
        {"authorization": "Basic"},
        {"authorization": "Basic ?"},
        {"authorization": "Basic /w=="},
        {"authorization": "Bearer x"},
        basic("shipstation", ""),
        basic("", SECRETS["password"]),
        basic("shipstation", "wrong"),
        basic("Shipstation", SECRETS["password"]),
        basic("shipstation", SECRETS["password"] + "x"),
        basic(*SECRETS.values(), scheme="Digest"),
    ],
)
async def test_nobody_else_is_let_in(headers):
    desk = Desk(order(1))
    for method, query, body in (("GET", WINDOW, b""), ("POST", {"action": "shipnotify"}, told(1)), ("PUT", {}, b"")):
        reply = await ask(desk, query, method, body, headers)
        assert (reply.status, reply.headers["www-authenticate"][:5], b"ORDER" in reply.body) == (401, "Basic", False)
    assert (desk.asked, desk.told) == ([], [])


@pytest.mark.parametrize(
    "secrets",
    [
        {},
        {"username": "", "password": ""},
        {"username": "u"},
        {"username": "u", "password": "short"},
        {"username": "a:b", "password": "long enough for anybody"},
    ],
)
async def test_without_name_and_password_nobody_is_let_in_at_all(secrets):
    headers = basic(secrets.get("username", ""), secrets.get("password", ""))
    assert (await ask(Desk(order(1)), headers=headers, secrets=secrets)).status == 401
    assert await ShipStation(lambda: NOON).trouble({}, secrets)


def told(n, made="03/01/2026 10:15"):
    return NOTICE.format(order=f"ORDER{n}", export=f"ORDER{n}-ship", made=made).encode()


async def notify(desk, body, **query):
    return await ask(desk, {"action": "shipnotify", "order_number": "ORDER1", "carrier": "USPS", "tracking_number": "query", **query}, "POST", body)


async def test_they_tell_that_it_is_on_its_way():
    desk = Desk(order(1))
    assert (await notify(desk, told(1))).status == 200
    assert (await notify(desk, told(1))).status == 200, "the same again is the core's to see"
    assert desk.told == [("ORDER1-ship", "UPS", "1Z999", "Ground & more", datetime(2026, 3, 1, 10, 15, tzinfo=UTC))] * 2


async def test_a_parcel_is_taken_whose_number_may_look_like_a_card():
    desk = Desk(order(1))
    assert (await notify(desk, told(1).replace(b"1Z999", b"4242424242424242"))).status == 200
    assert desk.told[0][2] == "4242424242424242"
    assert (await notify(desk, told(1).replace(b"UPS", b"4242424242424242"))).status == 400


async def test_of_orders_that_are_not_here_they_are_told_so():
    desk = Desk(order(1))
    assert (await notify(desk, told(2))).status == 404


@pytest.mark.parametrize(
    ("made", "at"), [("10/19/2031 12:56", NOON), ("01/01/0001 00:00", NOON), ("soon", NOON - timedelta(hours=12)), ("", NOON - timedelta(hours=12))]
)
async def test_an_odd_date_loses_no_parcel(made, at):
    desk = Desk(order(1))
    assert (await notify(desk, told(1, made))).status == 200
    assert desk.told[0][-1] == at
    assert (await notify(desk, b"<ShipNotice><OrderID>ORDER1-ship</OrderID></ShipNotice>")).status == 200
    assert desk.told[1] == ("ORDER1-ship", "USPS", "query", "", NOON)


async def test_a_notice_without_a_body_says_it_in_its_query():
    desk = Desk(order(1))
    assert (await notify(desk, b"", order_number="ORDER1-ship")).status == 200
    assert desk.told == [("ORDER1-ship", "USPS", "query", "", NOON)]


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha" * 100}">' for n in range(10))


@pytest.mark.parametrize(
    "body",
    [
        f"<!DOCTYPE x [{LAUGHS}]><ShipNotice><OrderID>&l9;</OrderID></ShipNotice>",
        '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><ShipNotice><OrderID>&f;</OrderID></ShipNotice>',
        '<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd"><ShipNotice><OrderID>ORDER1-ship</OrderID></ShipNotice>',
        '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:1/"> %p;]><ShipNotice><OrderID>ORDER1-ship</OrderID></ShipNotice>',
        '<ShipNotice xmlns:xi="http://www.w3.org/2001/XInclude"><OrderID><xi:include href="/etc/passwd" parse="text"/></OrderID></ShipNotice>',
        "<ShipNotice><OrderID>&nowhere;</OrderID></ShipNotice>",
        "<ShipNotice><OrderID>ORDER1-ship</OrderID>",
        "<Orders><OrderID>ORDER1-ship</OrderID></Orders>",
        "{}",
        "\x00",
        "<a>" * 50_000,
        f"<ShipNotice><OrderID>{'x' * 101}</OrderID></ShipNotice>",
        "<ShipNotice><OrderID>a\nb</OrderID></ShipNotice>",
        '<?xml version="1.0" encoding="utf-7"?><ShipNotice/>',
        '<?xml version="1.0" encoding="nowhere"?><ShipNotice/>',
        f"<ShipNotice><OrderID>ORDER1-ship</OrderID><Carrier>{'x' * 101}</Carrier></ShipNotice>",
    ],
)
async def test_hostile_documents_are_refused_and_nothing_of_them_is_expanded(body):
    desk = Desk(order(1))
    reply = await notify(desk, body.encode(), order_number="")
    assert (reply.status, desk.told, b"root:" in reply.body) == (400, [], False)


async def test_documents_in_other_letters_are_read():
    text = told(1).decode().replace('encoding="utf-8"', 'encoding="utf-16"')
    desk = Desk(order(1))
    assert (await notify(desk, text.encode("utf-16"))).status == 200


async def test_each_action_has_its_method():
    for action, method in (("export", "POST"), ("shipnotify", "GET"), ("export", "DELETE")):
        reply = await ask(Desk(), {**WINDOW, "action": action}, method)
        assert (reply.status, reply.headers["allow"] != method) == (405, True)


async def test_nothing_is_sent_to_them():
    made = KIND.make(Surroundings(Settings(), lambda: NOON))
    assert isinstance(made, Plugin)
    assert isinstance(made, Door)
    assert await made.deliver(SENT, {}, SECRETS) == Taken(SENT.export_id)
    assert await made.reconcile(SENT, {}, SECRETS) is None
    assert await made.trouble({}, SECRETS) == ""
