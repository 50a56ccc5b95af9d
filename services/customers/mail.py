"""Mail: what is written into one, the server that takes it, and the folder where it lies when there is none."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as ON_THE_WIRE
from pathlib import Path
from urllib.parse import unquote, urlsplit

import aiosmtplib
from email_validator import validate_email

from services.customers.letters import Letter, one_line
from shared.settings import SettingsError

_WAIT = 20.0
"""Seconds for one answer of the server."""
_WANTED = "RINGUP_SMTP_URL must be smtp://host, smtp://user:password@host:587 or smtps://user:password@host."


class NotSent(Exception):
    """Says why in a sentence without anything personal. ``again``: it is worth another try later; ``over``: it must never be tried."""

    def __init__(self, reason: str, *, again: bool = True, over: bool = False) -> None:
        super().__init__(reason)
        self.again = again and not over
        self.over = over


@dataclass(frozen=True, slots=True)
class Server:
    """``tls`` from the first byte. ``starts_tls``: by STARTTLS and not without; None: where the server offers it."""

    host: str
    port: int
    tls: bool
    user: str = ""
    password: str = field(default="", repr=False)
    starts_tls: bool | None = None


def server(url: str) -> Server | None:
    """A password goes to another machine over TLS alone. Raises SettingsError, which does not repeat it."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise SettingsError(_WANTED) from error
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise SettingsError(_WANTED)
    user, tls = unquote(parts.username or ""), parts.scheme == "smtps"
    in_the_clear = not tls and user and not is_here(parts.hostname)
    usual = 465 if tls else 587 if user else 25
    return Server(parts.hostname, port or usual, tls, user, unquote(parts.password or ""), True if in_the_clear else None)


def sender(mail_from: str) -> Address:
    """Raises SettingsError."""
    mail = EmailMessage(policy=ON_THE_WIRE)
    with contextlib.suppress(ValueError, IndexError):
        mail["From"] = mail_from
        addresses: Sequence[Address] = mail["From"].addresses
        if len(addresses) == 1 and addresses[0].username and addresses[0].domain:
            return addresses[0]
    raise SettingsError("RINGUP_MAIL_FROM must be one address, such as Orders <orders@example.com>.")


def written(letter: Letter, shop: str, source: Address, to: str, id: str, now: datetime) -> EmailMessage:
    """``id`` makes the Message-ID. Raises NotSent for an address that no mail can go to."""
    try:
        checked = validate_email(to, check_deliverability=False, globally_deliverable=False)
        recipient = Address("", checked.local_part, checked.ascii_domain)
    except ValueError as error:
        raise NotSent("No mail can be sent to this address.", again=False) from error
    mail = EmailMessage(policy=ON_THE_WIRE if checked.local_part.isascii() else ON_THE_WIRE.clone(utf8=True))
    mail["To"] = recipient
    mail["From"] = Address(one_line(shop) or source.display_name, source.username, source.domain)
    mail["Subject"] = one_line(letter.subject)
    mail["Date"] = now
    mail["Message-ID"] = f"<{id}@{source.domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(letter.text)
    mail.add_alternative(letter.html, subtype="html")
    return mail


async def deliver(at: Server, mail: EmailMessage, trusted: ssl.SSLContext | None = None) -> None:
    """``trusted``: certificates other than the system's. Raises NotSent."""
    with _in_words():
        async with connection(at, str(mail["From"].addresses[0].domain), trusted) as client:
            await client.send_message(mail)


async def greet(at: Server, domain: str, trusted: ssl.SSLContext | None = None) -> None:
    """Whether the server answers and lets us in. Raises NotSent."""
    with _in_words():
        async with connection(at, domain, trusted):
            pass


def connection(at: Server, domain: str, trusted: ssl.SSLContext | None) -> aiosmtplib.SMTP:
    return aiosmtplib.SMTP(
        hostname=at.host, port=at.port, username=at.user or None, password=at.password or None, timeout=_WAIT, local_hostname=domain,
        use_tls=at.tls, start_tls=False if at.tls else at.starts_tls, tls_context=trusted,
    )  # fmt: skip


@contextlib.contextmanager
def _in_words() -> Iterator[None]:
    """What servers say may repeat the address: their number is kept, their words are not."""
    try:
        yield
    except (aiosmtplib.SMTPException, OSError, UnicodeError) as error:
        raise _reason(error) from error


def _reason(error: Exception) -> NotSent:
    match error:
        case _ if _of(error, ssl.SSLCertVerificationError):
            return NotSent("The mail server's certificate is not to be trusted.")
        case _ if _of(error, ssl.SSLError):
            return NotSent("The mail server does not speak TLS as it should.")
        case aiosmtplib.SMTPAuthenticationError():
            return NotSent(f"The mail server does not take the user name and password ({error.code}).")
        case aiosmtplib.SMTPRecipientsRefused():
            return _refused("the address", error.recipients[0].code)
        case aiosmtplib.SMTPSenderRefused():
            return NotSent(f"The mail server refuses the sender of RINGUP_MAIL_FROM ({error.code}).")
        case aiosmtplib.SMTPResponseException():
            return _refused("the mail", error.code)
        case aiosmtplib.SMTPNotSupported():
            return NotSent("The mail server cannot do what is asked of it: SMTPUTF8 for such an address.", again=False)
        case aiosmtplib.SMTPConnectError() | OSError():
            return NotSent("The mail server cannot be reached, or did not answer in time.")
        case UnicodeError():
            return NotSent("No mail can be sent to this address.", again=False)
    return NotSent("The mail server does not offer what is asked of it: STARTTLS, or a way to sign in.")


def _refused(what: str, code: int) -> NotSent:
    """RFC 5321, 4.2.1: 4xx is for now, 5xx for good."""
    return NotSent(f"The mail server refuses {what} ({code}).", again=code < 500)


def _of(error: BaseException | None, kind: type[Exception]) -> bool:
    return error is not None and (isinstance(error, kind) or _of(error.__cause__, kind))


def is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def outbox(data: Path) -> Outbox:
    """Of the installation with this data folder."""
    return Outbox(data / "outbox")


class Outbox:
    """One file a mail, complete or not there, which the owner of the folder alone may read: it has the customer's link in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, order_id: str, id: str) -> Path:
        return self.folder / f"{order_id}-{id}.eml"

    async def put(self, order_id: str, id: str, mail: EmailMessage) -> None:
        """Raises OSError."""
        await asyncio.to_thread(self._write, self.path(order_id, id), mail.as_bytes())

    async def has(self, order_id: str, id: str) -> bool:
        return await asyncio.to_thread(self.path(order_id, id).exists)

    async def erase(self, order_ids: Sequence[str]) -> None:
        """Also what a crash left unfinished. Raises OSError."""
        await asyncio.to_thread(self._erase, frozenset(order_ids))

    def _write(self, path: Path, data: bytes) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        unfinished.unlink(missing_ok=True)
        with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
        self._sync()

    def _erase(self, order_ids: frozenset[str]) -> None:
        if self.folder.exists():
            for file in [file for file in self.folder.iterdir() if file.name.partition("-")[0] in order_ids]:
                file.unlink(missing_ok=True)
            self._sync()

    def _sync(self) -> None:
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
