"""Whatever goes wrong on the wire, over real sockets: we don't know what they did. Never a yes, never a no, never an exception."""

import asyncio
import contextlib
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from services.payments.gateways.nmi import SECURITY_KEY, NmiGateway
from services.payments.gateways.protocol import Charge, FollowUp, Question
from services.payments.gateways.simulator import SimulatorGateway
from services.payments.means import Account, Card
from shared.asgi import HttpClient
from tests.chaos.processes import free_port
from tests.samples import ORDER

REF = f"{ORDER}-1-1"
PATIENCE = 0.3
"""Seconds that adapters wait here."""
CARD, ACCOUNT = Card("4242424242424242", "08/29", "739", "Customer A"), Account("011000015", "000123456789", "checking", "Customer A")
ADAPTERS = {
    "simulator": (SimulatorGateway, {}),
    "nmi": (NmiGateway, {SECURITY_KEY: "key"}),
}
YES = b'{"reference": "%s", "status": "approved", "id": "x", "amount": 5690}' % REF.encode()


def follow_up(kind, account=False):
    return FollowUp(f"{REF}-{kind}", REF, "t-1", 5690, "USD", captured="t-2" if kind == "refund" else "", account=account)


ASKED = {
    "a card": lambda gateway, secrets: gateway.authorise(Charge(REF, ORDER, 5690, "USD", CARD), secrets),
    "an account": lambda gateway, secrets: gateway.authorise(Charge(REF, ORDER, 5690, "USD", ACCOUNT), secrets),
    "capture": lambda gateway, secrets: gateway.capture(follow_up("capture"), secrets),
    "debit": lambda gateway, secrets: gateway.capture(follow_up("capture", account=True), secrets),
    "void": lambda gateway, secrets: gateway.void(follow_up("void"), secrets),
    "refund": lambda gateway, secrets: gateway.refund(follow_up("refund"), secrets),
    "a question": lambda gateway, secrets: gateway.lookup(Question(REF, "authorise", 5690, "USD", since=datetime(2026, 3, 1, tzinfo=UTC)), secrets),
    "a question about a refund": lambda gateway, secrets: gateway.lookup(
        Question(f"{REF}-refund", "refund", 5690, "USD", REF, "t-1", "t-2", since=datetime(2026, 3, 1, tzinfo=UTC)), secrets
    ),
}


# What a server does with one request


async def hangs(reader, writer):
    await reader.read()


async def resets(reader, writer):
    writer.transport.abort()


def says(status, body, *headers, length=None):
    head = [f"HTTP/1.1 {status}", *headers, f"content-length: {len(body) if length is None else length}", "connection: close", "", ""]

    async def answers(reader, writer):
        writer.write("\r\n".join(head).encode() + body)
        await writer.drain()

    return answers


async def resets_in_the_middle(reader, writer):
    await says("200 OK", YES[:20], "content-type: application/json", length=len(YES))(reader, writer)
    writer.transport.abort()


async def drips(reader, writer):
    """Faster than any time-out between two bytes, slower than the one for the whole."""
    await says("200 OK", b"", "content-type: application/json", length=len(YES))(reader, writer)
    for byte in YES:
        writer.write(bytes((byte,)))
        await writer.drain()
        await asyncio.sleep(PATIENCE / 20)


async def never_ends(reader, writer):
    await says("200 OK", b"[", "content-type: application/json", length=10**12)(reader, writer)
    while not writer.is_closing():
        writer.write(b" " * 1024)
        await writer.drain()
        await asyncio.sleep(0)


async def is_no_http(reader, writer):
    writer.write(b"220 mail.example.com ESMTP\r\n")
    await writer.drain()


FAULTS = {
    "hangs": hangs,
    "resets": resets,
    "resets in the middle": resets_in_the_middle,
    "drips": drips,
    "never ends": never_ends,
    "is no HTTP": is_no_http,
    "closes": says("200 OK", b"", length=10),
    "says nothing": says("200 OK", b""),
    "204": says("204 No Content", b""),
    "500": says("500 Internal Server Error", b"Internal Server Error"),
    "500 with a yes": says("500 Internal Server Error", YES, "content-type: application/json"),
    "404 of somebody else": says("404 Not Found", b"<h1>Not found</h1>", "content-type: text/html"),
    "403 of a firewall": says("403 Forbidden", b"<h1>Blocked</h1>", "content-type: text/html"),
    "429": says("429 Too Many Requests", b"", "retry-after: 1"),
    "a page": says("200 OK", b"<!doctype html><title>Sign in</title>", "content-type: text/html"),
    "redirects": says("302 Found", YES, "location: https://gateway.example.com/elsewhere"),
    "half an answer": says("200 OK", YES[: len(YES) // 2], "content-type: application/json"),
    "content-length too short": says("200 OK", YES, "content-type: application/json", length=len(YES) - 5),
    "content-length too long": says("200 OK", YES, "content-type: application/json", length=len(YES) + 5),
    "not what it is packed as": says("200 OK", YES, "content-type: application/json", "content-encoding: gzip"),
    "null": says("200 OK", b"null", "content-type: application/json"),
    "a list": says("200 OK", b"[" * 100_000, "content-type: application/json"),
    "bytes": says("200 OK", bytes(range(256)), "content-type: application/json"),
    "another's": says("200 OK", YES.replace(REF.encode(), b"7K2M9QX4TC-1-1"), "content-type: application/json"),
    "a word that is none": says("200 OK", YES.replace(b"approved", b"Approved!"), "content-type: application/json"),
}


@contextlib.asynccontextmanager
async def server(fault, context=None):
    async def one(reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            await fault(reader, writer)
        writer.close()

    served = await asyncio.start_server(one, "127.0.0.1", 0, ssl=context)
    yield served.sockets[0].getsockname()[1]
    served.close()


@contextlib.asynccontextmanager
async def adapter(name, url, patience=PATIENCE):
    make, secrets = ADAPTERS[name]
    client = HttpClient(url, patience)
    yield make(client, timeout=patience), secrets
    await client.close()


async def asked_everything(name, url):
    """What it answers to each question."""
    async with adapter(name, url) as (gateway, secrets):
        said = await asyncio.gather(*(ask(gateway, secrets) for ask in ASKED.values()))
        assert await gateway.trouble(secrets), "it finds nothing wrong"
    return {what: each.answer for what, each in zip(ASKED, said, strict=True)}


UNKNOWN = dict.fromkeys(ASKED, "unknown")


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", ADAPTERS)
async def test_nobody_knows_what_became_of_it(name, fault):
    async with server(FAULTS[fault]) as port:
        assert await asked_everything(name, f"http://127.0.0.1:{port}") == UNKNOWN


@pytest.mark.parametrize("name", ADAPTERS)
async def test_nobody_is_there(name):
    assert await asked_everything(name, f"http://127.0.0.1:{free_port()}") == UNKNOWN


@pytest.mark.parametrize("name", ADAPTERS)
async def test_the_name_is_nobodys(name):
    assert await asked_everything(name, "https://gateway.invalid") == UNKNOWN


@pytest.mark.parametrize("name", ADAPTERS)
@pytest.mark.parametrize("of", ["gateway.example.com", "127.0.0.1"])
async def test_the_certificate_is_not_theirs(name, of, tmp_path):
    """Of another host, or signed by nobody that is trusted: nothing is sent there, so nothing can be answered."""
    heard = []

    async def writes_down(reader, writer):
        heard.append(await reader.read())

    async with server(writes_down, certified(of, tmp_path)) as port:
        assert await asked_everything(name, f"https://127.0.0.1:{port}") == UNKNOWN
    assert heard == []


async def test_the_same_server_can_say_yes():
    async with server(says("200 OK", YES, "content-type: application/json")) as port, adapter("simulator", f"http://127.0.0.1:{port}", 30) as at:
        gateway, secrets = at
        assert (await ASKED["a card"](gateway, secrets)).answer == "approved"


def certified(of, folder):
    """What a server with a certificate of its own for this host speaks."""
    key, now, name = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, of)])
    host = x509.IPAddress(ip_address(of)) if of[0].isdigit() else x509.DNSName(of)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(x509.random_serial_number())
    made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName([host]), critical=False)
    pem = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "server.pem").write_bytes(private + pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return context
