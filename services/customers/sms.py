"""The port by which another package sends SMS: a class under the entry point group ``ringup.sms``. docs/messages.md tells it from outside."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import EntryPoint
from typing import Protocol, runtime_checkable

from shared.settings import SettingsError

GROUP = "ringup.sms"


@dataclass(frozen=True, slots=True)
class Accepted:
    """Whoever sends has it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """``reason`` is shown to people and kept for good: it must not say number or text. ``again``: it is worth another try later."""

    reason: str
    again: bool = True


@dataclass(frozen=True, slots=True)
class Consent:
    """A customer agreed to be contacted by SMS, on the call about this order. ``number`` in E.164."""

    number: str
    order_id: str
    given_at: datetime


@runtime_checkable
class SmsPlugin(Protocol):
    """What is called again under a reference that it knows is the same message: it must not go out twice."""

    def send(self, to: str, text: str, reference: str) -> Awaitable[Accepted | Refused]:
        """``to`` in E.164. An exception is a refusal that is worth another try."""

    def consented(self, consent: Consent, reference: str) -> Awaitable[Accepted | Refused]:
        """Once a customer and number."""


@dataclass(frozen=True, slots=True)
class Installed:
    name: str
    plugin: SmsPlugin


def installed(entries: Iterable[EntryPoint]) -> Installed | None:
    """The one that another package brings along. Raises SettingsError."""
    found = list(entries)
    if len(found) > 1:
        names = ", ".join(sorted(entry.name for entry in found))
        raise SettingsError(f"Only one package can send SMS, and {len(found)} would: {names}. Uninstall all but one.")
    if not found:
        return None
    (entry,) = found
    try:
        plugin = entry.load()()
    except Exception as error:
        raise SettingsError(f"The SMS plugin {entry.name} ({entry.value}) cannot be made: {error!r}. Mend or uninstall it.") from error
    if not isinstance(plugin, SmsPlugin):
        raise SettingsError(f"The SMS plugin {entry.name} ({entry.value}) has no send or no consented. Mend or uninstall it.")
    return Installed(entry.name, plugin)
