"""Messages on their way: by mail server, into the outbox folder, or by the SMS plugin. Nothing personal is logged or kept in an event."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from importlib.metadata import entry_points
from typing import Any

import structlog

from services.customers.consents import to_hand_over
from services.customers.letters import one_line
from services.customers.mail import NotSent, Outbox, Server, deliver, outbox, sender, server, written
from services.customers.message import CONSENT, LONGEST, START, Claim, Failed, Message, Sent
from services.customers.messages import sending
from services.customers.sms import GROUP, Accepted, Consent, Installed, Refused, installed
from services.customers.sms_webhook import webhook
from services.customers.told import sms
from services.customers.writing import link_of, written_for
from shared.contracts.customers import MessageRequested
from shared.kernel.effects import Effect, Work
from shared.kernel.errors import Unavailable
from shared.kernel.events import ERASED, Event
from shared.service import Running
from shared.settings import Settings, SettingsError
from shared.text import impersonal

log = structlog.get_logger()

_LONGEST_REASON = 200

Row = dict[str, Any]


@dataclass(frozen=True)
class Post:
    """How messages leave this installation."""

    server: Server | None
    outbox: Outbox
    source: Address
    sms: Installed | None


async def setup(running: Running) -> None:
    """Raises SettingsError."""
    settings = running.settings
    running.state["post"] = Post(server(settings.smtp_url), outbox(settings.data), sender(settings.mail_from), _texting(settings))


def _texting(settings: Settings) -> Installed | None:
    """Raises SettingsError."""
    plugin, hook = installed(entry_points(group=GROUP)), webhook(settings)
    if plugin and hook:
        raise SettingsError(f"Both RINGUP_SMS_URL and the package {plugin.name} would send SMS. Leave one of them out.")
    return plugin or hook


@dataclass(frozen=True)
class Desk:
    running: Running

    @property
    def post(self) -> Post:
        post: Post = self.running.state["post"]
        return post

    async def send(self, work: Work, message: Message) -> Sent | Failed:
        return await self._tried(work, message, again=False)

    async def ask(self, work: Work, message: Message) -> Sent | Failed:
        """A folder can be looked into. A mail server knows nothing of what it took: the mail goes again under the same Message-ID."""
        return await self._tried(work, message, again=True)

    async def _tried(self, work: Work, message: Message, *, again: bool) -> Sent | Failed:
        try:
            async with asyncio.timeout(LONGEST):
                return await self._sent(message.reference(work.reference), message.requested, again)
        except NotSent as error:
            return Failed(str(error), self.running.clock(), message.lease, error.again, error.over)
        except TimeoutError:
            return Failed("It took too long.", self.running.clock(), message.lease)

    async def _sent(self, reference: str, wanted: MessageRequested | None, again: bool) -> Sent:
        """Raises NotSent."""
        if wanted is None:
            raise NotSent("There is nothing to send.", over=True)
        if wanted.expires_at and self.running.clock() >= wanted.expires_at:
            raise NotSent("The link has expired.", over=True)
        opened = await self._opened(wanted)
        if wanted.template == CONSENT:
            return await self._hand_over(reference, opened)
        return await (self._mail(reference, wanted, opened, again) if wanted.channel == "email" else self._sms(reference, opened))

    async def _opened(self, wanted: MessageRequested) -> Row:
        """Raises NotSent for what nobody can read any more."""
        opened: Row = await self.running.opened(wanted.model_dump(mode="json"))
        if opened["to"] == ERASED:
            raise NotSent("The customer was erased.", over=True)
        return opened

    async def _mail(self, reference: str, wanted: MessageRequested, opened: Row, again: bool) -> Sent:
        try:
            letter = await written_for(self.running, opened)
        except Unavailable as error:
            raise NotSent(str(error)) from error
        await self._opened(wanted)
        mail = written(letter, wanted.campaign_name, self.post.source, opened["to"], reference, self.running.clock())
        if self.post.server:
            await deliver(self.post.server, mail)
            return Sent("smtp")
        try:
            if not (again and await self.post.outbox.has(wanted.order_id, reference)):
                await self.post.outbox.put(wanted.order_id, reference, mail)
                await self._check_kept(wanted)
        except OSError as error:
            raise NotSent(f"The outbox folder cannot be written: {error.strerror}.") from error
        return Sent("outbox")

    async def _check_kept(self, wanted: MessageRequested) -> None:
        """An erasure drops keys first, files then: whoever can still read after writing wrote before the files go. Raises NotSent."""
        try:
            await self._opened(wanted)
        except NotSent:
            await self.post.outbox.erase([wanted.order_id])
            raise

    async def _sms(self, reference: str, wanted: Row) -> Sent:
        there, text = self._plugin(), sms(link_of(self.running, wanted))
        return await self._told(there, lambda: there.plugin.send(_e164(wanted["to"]), text, reference))

    async def _hand_over(self, reference: str, wanted: Row) -> Sent:
        there = self.post.sms
        if there is None:
            raise NotSent("No SMS plugin is installed.", over=True)
        whose = await to_hand_over(self.running, reference, wanted)
        if not whose:
            return Sent(there.name)
        given = Consent(_e164(wanted["to"]), wanted["order_id"], datetime.fromisoformat(wanted["due_at"]) - START)
        return await self._told(there, lambda: there.plugin.consented(given, whose))

    def _plugin(self) -> Installed:
        """Raises NotSent."""
        if self.post.sms is None:
            raise NotSent("No SMS plugin is installed.", again=False)
        return self.post.sms

    async def _told(self, there: Installed, ask: Callable[[], Awaitable[Accepted | Refused]]) -> Sent:
        try:
            said = await ask()
        except Exception as error:
            log.warning("sms.failed", plugin=there.name, error=type(error).__name__)
            raise NotSent(f"The SMS plugin {there.name} failed.") from error
        if isinstance(said, Refused):
            raise NotSent(impersonal(one_line(said.reason))[:_LONGEST_REASON], again=said.again)
        return Sent(there.name)


def _e164(phone: str) -> str:
    """As it was checked when it was typed, without what makes it readable."""
    return "".join(each for each in phone if each in "+0123456789")


def _wanted(event: Event) -> Iterable[Work]:
    return (Work(event.message_id, event.message_id),) if isinstance(event, MessageRequested) else ()


def _claim(work: Work, holder: str, now: datetime) -> Claim:
    return Claim(holder, now)


def effects(running: Running) -> Sequence[Effect]:
    desk = Desk(running)
    return (Effect("send", _wanted, sending, _claim, desk.send, desk.ask),)
