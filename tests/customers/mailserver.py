"""A mail server that keeps what it takes."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ssl
from email import message_from_bytes
from email.policy import default

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.ports import free_port

USER, PASSWORD = "orders", "p/w@1"


class MailServer:
    """``refuse`` answers to a command other than yes, by its name: such as RCPT or DATA."""

    def __init__(self):
        self.mails = []
        self.refuse = {}
        self.signed_in = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if "RCPT" in self.refuse:
            return self.refuse["RCPT"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if "DATA" in self.refuse:
            return self.refuse["DATA"]
        self.mails.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=default)))
        return "250 OK"

    def authenticate(self, server, session, envelope, mechanism, given):
        self.signed_in += (given.login, given.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=bool(self.signed_in), handled=False)


@contextlib.asynccontextmanager
async def mail_server(certificate=None, *, tls=False, **settings):
    """Yields what it keeps, with its ``port``; with a certificate it offers STARTTLS, or speaks TLS from the first byte."""
    kept = MailServer()
    kept.port = free_port()
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    at = {"ssl_context": context} if tls else {"tls_context": context}
    controller = Controller(kept, hostname="127.0.0.1", port=kept.port, authenticator=kept.authenticate, **at, **settings)
    await asyncio.to_thread(controller.start)
    try:
        yield kept
    finally:
        await asyncio.to_thread(controller.stop)


def certificate(folder):
    """One for localhost that signs itself, with its key, in a file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "mail.pem"
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + made.public_bytes(encoding))
    return path
