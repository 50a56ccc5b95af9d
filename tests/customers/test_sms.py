"""SMS by a plugin of another package, or by the webhook in the box."""

import asyncio
import base64
import contextlib
import hmac
import json
from importlib.metadata import EntryPoint

import pytest

from services.customers.sms import GROUP, Accepted, Consent, Refused, SmsPlugin, installed
from services.customers.sms_webhook import Webhook, signed, webhook
from shared.settings import Settings, SettingsError
from tests.samples import NOON, ORDER

SECRET = b"a secret of enough bytes to sign"
WHSEC = f"whsec_{base64.b64encode(SECRET).decode()}"


class Good:
    async def send(self, to, text, reference):
        return Accepted()

    async def consented(self, consent, reference):
        return Accepted()


class Half:
    async def send(self, to, text, reference):
        return Accepted()


class Broken:
    def __init__(self):
        raise OSError("no modem")


def entry(name):
    return EntryPoint(name.lower(), f"{__name__}:{name}", GROUP)


def test_the_one_that_is_installed_is_made():
    assert installed([]) is None
    found = installed([entry("Good")])
    assert (found.name, isinstance(found.plugin, Good)) == ("good", True)


@pytest.mark.parametrize(
    ("names", "words"), [(["Good", "Half"], "good, half"), (["Half"], "no consented"), (["Broken"], "no modem"), (["Nothing"], "cannot be made")]
)
def test_what_cannot_send_is_refused_at_the_start_by_name(names, words):
    with pytest.raises(SettingsError, match=words):
        installed([entry(name) for name in names])


@contextlib.asynccontextmanager
async def listener(*statuses):
    """Keeps what is posted to it; answers one status after the other, the last one for good."""
    heard, waiting = [], list(statuses)

    async def answered(reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head.split("\r\n")[1:])}
        heard.append((head.split(" ")[1], headers, await reader.readexactly(int(headers["content-length"]))))
        status = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        writer.write(f"HTTP/1.1 {status} said\r\nlocation: /elsewhere\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answered, "127.0.0.1", 0)
    async with server:
        yield heard, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/sms"


async def test_a_message_is_signed_so_that_its_receiver_knows_it():
    async with listener(204) as (heard, url):
        assert await Webhook(url, SECRET).send("+15125550142", "Søren: here", "m1") == Accepted()
    ((path, headers, body),) = heard
    assert (path, json.loads(body)) == ("/sms", {"type": "sms.send", "data": {"to": "+15125550142", "text": "Søren: here", "reference": "m1"}})
    said = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    assert headers["webhook-id"] == "m1"
    assert headers["webhook-signature"] == "v1," + base64.b64encode(hmac.digest(SECRET, said, "sha256")).decode()


def test_the_signature_is_that_of_the_standard_s_example():
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signed(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_a_consent_says_number_order_and_when():
    async with listener(200) as (heard, url):
        assert await Webhook(url, SECRET).consented(Consent("+15125550142", ORDER, NOON), "c1") == Accepted()
    data = json.loads(heard[0][2])["data"]
    assert data == {"number": "+15125550142", "order_id": ORDER, "given_at": "2026-03-01T12:00:00.000000+00:00", "reference": "c1"}


@pytest.mark.parametrize(("status", "again"), [(422, False), (410, False), (401, True), (429, True), (500, True), (302, True)])
async def test_a_refusal_is_tried_again_where_that_may_help(status, again):
    async with listener(status) as (heard, url):
        assert await Webhook(url, SECRET).send("+1", "x", "m1") == Refused(f"Whoever sends the SMS refuses it ({status}).", again)
    assert len(heard) == 1


async def test_nobody_there_is_said():
    async with listener(200) as (_, url):
        pass
    assert await Webhook(url, SECRET).send("+1", "x", "m1") == Refused("Whoever sends the SMS cannot be reached.")


def test_it_is_set_by_address_and_secret():
    assert webhook(Settings()) is None
    found = webhook(Settings(sms_url="https://sms.example.com/send", sms_secret=WHSEC))
    assert (found.name, found.plugin.secret, isinstance(found.plugin, SmsPlugin)) == ("webhook", SECRET, True)
    assert WHSEC not in repr(Settings(sms_secret=WHSEC))
    assert repr(SECRET) not in repr(found)
    assert webhook(Settings(sms_url="http://127.0.0.1:9000", sms_secret=WHSEC))


@pytest.mark.parametrize(
    ("url", "secret"),
    [("http://sms.example.com", WHSEC), ("sms.example.com", WHSEC), ("https://sms.example.com", ""), ("https://sms.example.com", "whsec_c2hvcnQ=")],
)
def test_what_cannot_be_signed_or_would_be_said_in_the_clear_is_refused(url, secret):
    with pytest.raises(SettingsError, match="RINGUP_SMS_"):
        webhook(Settings(sms_url=url, sms_secret=secret))
