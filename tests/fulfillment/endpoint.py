"""Somebody who listens for webhooks, and answers whatever a test wants; and what is sent to them."""

import asyncio
import contextlib
import ssl
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from services.fulfillment.plugins.protocol import Address, Item, Outgoing
from services.fulfillment.plugins.webhook import Webhook
from services.fulfillment.plugins.webhook_guard import Guard, networks
from services.fulfillment.plugins.webhook_wire import Wire
from tests.samples import NOON, ORDER

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLD = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
EXPORT = f"{ORDER}-hook"
SENT = Outgoing(
    export_id=EXPORT,
    order_id=ORDER,
    campaign="restful",
    approved_at=NOON,
    items=(Item(1, "RN-PIL-01", "Cloud pillow", 2, 4995),),
    currency="USD",
    total=10685,
    shipping=695,
    first_name="Customer",
    last_name="A",
    phone="+12025550147",
    email="a@example.com",
    ship_to=Address(street="1 Example Lane", city="Denver", postal="80202", region="CO", country="US"),
    notes="Ring twice\nand wait",
)


class Endpoint:
    """``got`` are (head, body) of each request, ``connections`` counts even those that said nothing."""

    def __init__(self):
        self.answer, self.got, self.connections = said(200), [], 0

    async def serve(self, reader, writer):
        self.connections += 1
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            headers = dict(line.lower().split(": ", 1) for line in head.strip().split("\r\n")[1:])
            exact = dict(line.split(": ", 1) for line in head.strip().split("\r\n")[1:])
            self.got.append((head.split("\r\n")[0], exact, await reader.readexactly(int(headers["content-length"]))))
            await self.answer(writer)
        writer.close()


def said(status, body=b"", headers=""):
    async def answer(writer):
        writer.write(f"HTTP/1.1 {status} Said\r\ncontent-length: {len(body)}\r\n{headers}\r\n".encode() + body)
        await writer.drain()

    return answer


def raw(*parts, then=b""):
    """``then`` is repeated until they hang up."""

    async def answer(writer):
        for part in parts:
            writer.write(part)
        while then and not writer.is_closing():
            writer.write(then)
            await writer.drain()
            await asyncio.sleep(0.005)

    return answer


async def silence(writer):
    await asyncio.Event().wait()


@contextlib.asynccontextmanager
async def endpoint(host="127.0.0.1", tls=None):
    there = Endpoint()
    server = await asyncio.start_server(there.serve, host, 0, ssl=tls)
    there.port = server.sockets[0].getsockname()[1]
    there.url = f"http://127.0.0.1:{there.port}/hooks?shop=1"
    yield there
    server.close()


def certificates(name, folder):
    """For the one who listens under ``name``, and for whoever trusts that."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    built = x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number(), now - timedelta(days=1), now + timedelta(days=1))
    signed = built.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), False).sign(key, hashes.SHA256())
    pem = signed.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / f"{name}.pem"
    path.write_bytes(pem + private)
    listens = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    listens.load_cert_chain(path)
    return listens, ssl.create_default_context(cadata=pem.decode())


def webhook(allowed="127.0.0.1", *, lookup=None, patience=20.0, trusted=None, clock=lambda: datetime.now(UTC)):
    return Webhook(Wire(Guard(networks(allowed), lookup), patience, trusted), clock)


async def deliver(url, plugin=None, secrets=None, **options):
    return await (plugin or webhook()).deliver(SENT, {"url": url, **options}, {"secret": SECRET} if secrets is None else secrets)
