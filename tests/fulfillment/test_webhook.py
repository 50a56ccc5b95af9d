"""The webhook: what is sent, what an answer means, and what badly behaved endpoints do to it."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from services.fulfillment.plugins.protocol import Door, NoAnswer, Plugin, Refused, Stopped, Taken
from services.fulfillment.plugins.webhook import KIND
from services.fulfillment.plugins.webhook_wire import _MOST_BYTES
from shared.webhooks import is_signed, secret_of, signed
from tests.fulfillment.endpoint import EXPORT, OLD, SECRET, SENT, certificates, deliver, endpoint, raw, said, silence, webhook
from tests.samples import NOON

HTML = b"<!doctype html><h1>It works!</h1>"
CONFIRMED = {"answer": "export-id"}


async def answered(by, **options):
    async with endpoint() as there:
        there.answer = by
        return await deliver(there.url, **options)


async def test_what_is_sent_is_whole_signed_and_the_same_each_time():
    plugin = webhook()
    async with endpoint() as there:
        for _ in range(2):
            assert await deliver(there.url, plugin) == Taken()
    (line, headers, body), (_, _, again) = there.got
    assert (line, body == again) == ("POST /hooks?shop=1 HTTP/1.1", True)
    assert (headers["host"], headers["webhook-id"], headers["content-type"]) == (f"127.0.0.1:{there.port}", EXPORT, "application/json")
    told = json.loads(body)
    assert (told["type"], datetime.fromisoformat(told["timestamp"])) == ("shipment.requested", NOON)
    data = told["data"]
    assert (data["export_id"], data["order_id"], data["total"], data["currency"], data["resend"]) == (EXPORT, SENT.order_id, 10685, "USD", False)
    assert data["items"] == [{"line": 1, "sku": "RN-PIL-01", "name": "Cloud pillow", "quantity": 2, "price": 4995}]
    assert data["customer"] == {"first_name": "Customer", "last_name": "A", "phone": "+12025550147", "email": "a@example.com"}
    assert (data["ship_to"]["city"], data["notes"]) == ("Denver", "Ring twice\nand wait")


def believes(key, headers, body):
    return is_signed(secret_of(key), headers, body, datetime.now(UTC))


async def test_while_a_key_is_changed_both_sides_of_the_change_believe_it():
    async with endpoint() as there:
        await deliver(there.url, secrets={"secret": SECRET})
        await deliver(there.url, secrets={"secret": SECRET, "old_secret": OLD})
        await deliver(there.url, secrets={"secret": OLD, "old_secret": ""})
    believed = [[believes(key, headers, body) for key in (OLD, SECRET)] for _, headers, body in there.got]
    assert believed == [[False, True], [True, True], [True, False]]


@pytest.mark.parametrize("secrets", [{}, {"secret": ""}, {"secret": "whsec_c2hvcnQ="}, {"secret": "whsec_?"}, {"secret": SECRET, "old_secret": "no"}])
async def test_nothing_is_sent_without_a_secret_that_is_one(secrets):
    async with endpoint() as there:
        said = await deliver(there.url, secrets=secrets)
        assert isinstance(said, Refused)
        assert "signing secret" in said.reason
        assert await webhook().trouble({"url": there.url}, secrets) == said.reason
        assert there.connections == 0


@pytest.mark.parametrize(
    ("status", "again"), [(302, True), (307, True), (400, True), (401, True), (404, True), (409, True), (413, False), (422, False)]
)
async def test_a_no_is_a_no(status, again):
    no = await answered(said(status, HTML))
    assert (type(no), no.again, no.gone, str(status) in no.reason) == (Refused, again, False, True)


async def test_whoever_wants_nothing_any_more_says_so():
    no = await answered(said(410))
    assert (no.again, no.gone) == (False, True)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_what_broke_over_there_may_have_been_taken(status):
    assert isinstance(await answered(said(status)), NoAnswer)


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("120", timedelta(seconds=120)),
        ("Sun, 01 Mar 2026 12:10:00 GMT", timedelta(minutes=10)),
        ("Sun, 01 Mar 2026 11:00:00 GMT", None),
        ("999999999", timedelta(days=1)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", timedelta(days=1)),
        ("-5", None), ("soon", None), ("1e9", None), ("\u0662", None), ("99999999999999", None),
    ],
)  # fmt: skip
async def test_they_say_when_to_come_back(text, wait):
    for status in (429, 503):
        async with endpoint() as there:
            there.answer = raw(f"HTTP/1.1 {status} Said\r\nretry-after: {text}\r\ncontent-length: 0\r\n\r\n".encode())
            assert (await deliver(there.url, webhook(clock=lambda: NOON))).after == wait


async def test_a_redirect_leads_nowhere():
    async with endpoint() as there, endpoint() as elsewhere:
        for status in (301, 302, 303, 307, 308):
            there.answer = said(status, headers=f"location: {elsewhere.url}\r\n")
            assert isinstance(await deliver(there.url), Refused)
        assert elsewhere.connections == 0


@pytest.mark.parametrize(
    "nonsense",
    [b"", b"ok", HTML, b"{}", b"[]", b"null", b"\xff\x00", b"{" * 5000, b'{"id": {"a": 1}}', b'{"id": "a b\\n"}', b'{"id": ""}', b'{"id": 1e400}'],
)
async def test_a_yes_is_a_yes_whatever_is_said_besides_unless_more_is_asked_for(nonsense):
    assert await answered(said(200, nonsense)) == Taken()
    assert isinstance(await answered(said(200, nonsense), **CONFIRMED), NoAnswer)


async def test_they_may_say_what_they_call_it():
    assert await answered(said(202, b'{"id": "A-17"}')) == Taken("A-17")
    assert await answered(said(201, b'{"id": 17}')) == Taken("17")
    assert await answered(said(200, b'{"export_id": "%s", "id": "A-17"}' % EXPORT.encode()), **CONFIRMED) == Taken("A-17")
    for more in ({}, CONFIRMED):
        assert isinstance(await answered(said(200, b'{"export_id": "another", "id": "A-17"}'), **more), NoAnswer)


async def test_an_endpoint_that_never_answers_is_given_up():
    async with endpoint() as there:
        there.answer = silence
        assert isinstance(await deliver(there.url, webhook(patience=0.1)), NoAnswer)


async def test_many_that_wait_for_one_endpoint_keep_nobody_from_another():
    plugin = webhook()
    async with endpoint() as slow, endpoint() as fast:
        slow.answer = silence
        waiting = [asyncio.create_task(deliver(slow.url, plugin)) for _ in range(300)]
        assert [await deliver(fast.url, plugin) for _ in range(5)] == [Taken()] * 5
        assert not any(task.done() for task in waiting)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def test_a_drip_is_not_waited_for():
    """Before the status nobody knows; after it they have answered."""
    async with endpoint() as there:
        there.answer = raw(b"HTTP/1.1 200 OK\r\n", then=b"x-more: 1\r\n")
        assert isinstance(await deliver(there.url, webhook(patience=0.2)), NoAnswer)
        there.answer = raw(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n", then=b" ")
        assert await deliver(there.url, webhook(patience=0.2)) == Taken()
        assert isinstance(await deliver(there.url, webhook(patience=0.2), **CONFIRMED), NoAnswer)


async def test_no_more_is_read_of_an_answer_than_it_may_have():
    """Whatever length it promises: they write into buffers on the way, and are hung up on."""
    written = []

    async def endless(writer):
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" " * _MOST_BYTES)
            await writer.drain()
            written.append(_MOST_BYTES)

    assert await answered(endless) == Taken()
    assert isinstance(await answered(endless, **CONFIRMED), NoAnswer)
    assert isinstance(await answered(raw(b"HTTP/1.1 200 OK\r\nx: ", then=b"y" * 5000)), NoAnswer)
    assert sum(written) < 500 * _MOST_BYTES


@pytest.mark.parametrize(
    "answer", [b"", b"\x00\xff", b"SSH-2.0-x\r\n", b"HTTP/1.1 2", b"HTTP/1.1 abc no\r\n\r\n", b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n"]
)
async def test_what_is_no_answer_is_none(answer):
    assert isinstance(await answered(raw(answer)), NoAnswer)


async def test_whoever_has_another_name_is_not_told_anything(tmp_path):
    """The address was judged; that it is theirs says the certificate, by the name that was typed in."""

    async def here(host, port):
        return ["127.0.0.1"]

    listens, trusted = certificates("hooks.example.com", tmp_path)
    async with endpoint(tls=listens) as there:
        plugin = webhook(lookup=here, trusted=trusted)
        assert await deliver(f"https://hooks.example.com:{there.port}/", plugin) == Taken()
        assert there.got[0][1]["host"] == f"hooks.example.com:{there.port}"
        assert await plugin.trouble({"url": f"https://hooks.example.com:{there.port}/"}, {"secret": SECRET}) == ""
        for url, by in ((f"https://other.example.com:{there.port}/", plugin), (f"https://hooks.example.com:{there.port}/", webhook(lookup=here))):
            no = await deliver(url, by)
            assert (type(no), "certificate" in no.reason) == (Refused, True)
            assert "certificate" in await by.trouble({"url": url}, {"secret": SECRET})
        assert len(there.got) == 1


async def test_being_tried_it_sends_nothing():
    async with endpoint() as there:
        assert await webhook().trouble({"url": there.url}, {"secret": SECRET}) == ""
        assert there.got == []
    assert "nobody listens" in await webhook().trouble({"url": there.url}, {"secret": SECRET})


async def cancel(answer, **options):
    async with endpoint() as there:
        there.answer = answer
        return await webhook().cancel(SENT, "A-17", {"url": there.url, **options}, {"secret": SECRET}), there


async def test_stopping_is_asked_for_and_believed_only_where_it_is_said():
    stopped, there = await cancel(said(200, b'{"stopped": true}'), cancels="yes")
    _, headers, body = there.got[0]
    assert (stopped, headers["webhook-id"], json.loads(body)["type"]) == (Stopped(), f"{EXPORT}-cancel", "shipment.cancel_requested")
    assert json.loads(body)["data"] == {"export_id": EXPORT, "order_id": SENT.order_id, "id": "A-17"}
    for late in (said(200, b'{"stopped": false}'), said(409)):
        no, _ = await cancel(late, cancels="yes")
        assert (type(no), no.again) == (Refused, False)
    for unclear in (said(200), said(200, HTML), said(200, b'{"stopped": "yes"}'), said(500), raw(b"")):
        assert isinstance((await cancel(unclear, cancels="yes"))[0], NoAnswer)


async def test_who_cannot_be_asked_to_stop_is_not_asked():
    no, there = await cancel(said(200, b'{"stopped": true}'))
    assert (type(no), no.again, there.connections) == (Refused, False, 0)


class Desk:
    def __init__(self):
        self.told = []

    async def exports(self, since, until, page):
        return [], 1

    async def shipped(self, *told):
        if told[4].year == 1:
            raise ValueError("That is before the order was placed.")
        self.told.append(told)
        return told[0] == EXPORT

    async def stopped(self, export_id):
        self.told.append((export_id,))
        return export_id == EXPORT


async def tell(desk, body, *, secret=SECRET, secrets=None, method="POST", at=NOON, **changed):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {**signed(secret_of(secret), "msg_1", int(at.timestamp()), body), **changed}
    reply = await webhook(clock=lambda: NOON).asked(method, {}, headers, body, {}, {"secret": SECRET} if secrets is None else secrets, desk)
    return reply.status


async def test_they_tell_of_parcels_at_the_door():
    desk = Desk()
    told = {"export_id": EXPORT, "carrier": "UPS", "tracking": "1Z", "service": "Ground", "at": "2026-03-01T10:00:00Z", "weight": 3}
    assert await tell(desk, {"type": "shipment.shipped", "timestamp": "now", "data": told}) == 200
    assert await tell(desk, {"type": "shipment.shipped", "data": {"export_id": EXPORT, "at": "2027-01-01T00:00:00Z"}}) == 200
    assert await tell(desk, {"type": "shipment.shipped", "data": {"export_id": "another"}}) == 404
    assert (
        await tell(desk, {"type": "shipment.stopped", "data": {"export_id": EXPORT}}, secret=OLD, secrets={"secret": SECRET, "old_secret": OLD})
        == 200
    )
    assert await tell(desk, {"type": "shipment.seen", "data": 3}) == 202
    ten = datetime.fromisoformat("2026-03-01T10:00:00+00:00")
    assert desk.told == [(EXPORT, "UPS", "1Z", "Ground", ten), (EXPORT, "", "", "", NOON), ("another", "", "", "", NOON), (EXPORT,)]


async def test_a_parcel_is_taken_whose_number_may_look_like_a_card():
    desk = Desk()
    assert await tell(desk, {"type": "shipment.shipped", "data": {"export_id": EXPORT, "tracking": "4242424242424242"}}) == 200
    assert await tell(desk, {"type": "shipment.shipped", "data": {"export_id": EXPORT, "carrier": "4242424242424242"}}) == 400
    assert desk.told == [(EXPORT, "", "4242424242424242", "", NOON)]


async def test_nobody_else_tells_of_parcels():
    desk = Desk()
    told = {"type": "shipment.shipped", "data": {"export_id": EXPORT}}
    assert await tell(desk, told, secret=OLD) == 401
    assert await tell(desk, told, secrets={}) == 401
    assert await tell(desk, told, at=NOON - timedelta(minutes=6)) == 401
    assert await tell(desk, told, **{"webhook-id": "msg_2"}) == 401
    assert await tell(desk, told, method="GET") == 405
    wrong = [
        {},
        {"export_id": EXPORT, "at": "0001-01-01T00:00:00+14:00"},
        {"export_id": ""},
        {"export_id": "a\u0000"},
        {"export_id": EXPORT, "at": "2026-03-01"},
        {"export_id": EXPORT, "tracking": "x" * 101},
    ]
    for bad in (b"", b"[]", b"\xff", {"type": 3}, {"type": "shipment.shipped"}, *({"type": "shipment.shipped", "data": each} for each in wrong)):
        assert await tell(desk, bad) == 400, bad
    assert desk.told == []


def test_it_is_a_plugin_with_a_door_and_says_nothing_of_its_secrets():
    plugin = webhook()
    assert isinstance(plugin, Plugin)
    assert isinstance(plugin, Door)
    assert KIND.check({"url": "https://example.com/hooks"}) == {}
    assert SECRET not in repr(plugin)
