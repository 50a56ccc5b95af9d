"""``ringup doctor``: every setting and where it came from, and whether this machine, its files and its keys are as they must be."""

from __future__ import annotations

import ipaddress
import os
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from services.cli.connect import OPERATOR
from services.customers import mail
from services.elsewhere import reached
from services.house import House
from services.payments.simulator.ledger import read
from services.server import bound
from shared.asgi import Client
from shared.clients import call
from shared.engine import damage, finish, open_engine
from shared.kernel.errors import Corrupt, KernelError, Unavailable
from shared.service import offsets_beyond
from shared.settings import Settings, SettingsError

_SIGNED_IN = re.compile(r"(\w+://)\S*@")
_LITTLE, _TOO_LITTLE = 2 * 10**9, 200 * 10**6
"""Bytes free on the disk of the data folder."""


@dataclass(frozen=True, slots=True)
class Check:
    """``advice`` says what to do where the verdict is not ok."""

    name: str
    verdict: Literal["ok", "warn", "fail"]
    found: str
    advice: str = ""


def values(settings: Settings) -> Iterator[dict[str, str]]:
    """Every setting by its environment variable; secrets, and passwords in addresses, are not shown."""
    given = {name.upper() for name in os.environ}
    for name in type(settings).model_fields:
        variable = f"RINGUP_{name.upper()}"
        value = settings.master_file if name == "key_file" else getattr(settings, name)
        shown = ("set" if value else "") if name.endswith("_secret") else _shown(value)
        yield {"name": variable, "value": shown, "origin": "environment" if variable in given else "default"}


def _shown(value: Any) -> str:
    """Up to the last @: a password may hold one, and an address that cannot be read hides none."""
    return _SIGNED_IN.sub(r"\1", str(value))


async def checks(settings: Settings) -> AsyncIterator[Check]:
    yield _python()
    yield _folder(settings.data)
    yield _disk(settings.data)
    yield _key(settings)
    for name, wrong in damage(settings.data):
        yield Check(name, "fail" if wrong else "ok", wrong or "sound", "Restore the whole data folder from a backup." if wrong else "")
    ledger = settings.data / "simulator.jsonl"
    if ledger.exists():
        yield _ledger(ledger)
    yield _exposure(settings)
    yield await _mail(settings)
    try:
        async with reached(settings) as server:
            if server:
                yield Check("server", *await _health(server["ops"]))
            else:
                yield _port(settings)
                async for check in _engine(settings):
                    yield check
    except (SettingsError, Unavailable) as error:
        yield Check("stores", "fail", str(error), "Nothing was changed; do as it says and run this again.")


def _python() -> Check:
    enough = sys.version_info >= (3, 11)
    return Check("python", "ok" if enough else "fail", platform.python_version(), "" if enough else "Install Python 3.11 or newer.")


def _folder(data: Path) -> Check:
    place = _existing(data)
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        return Check("data folder", "fail", f"{data} cannot be written ({error.strerror})", "Choose another folder with RINGUP_DATA.")
    return Check("data folder", "ok", f"{data.resolve()} can be written" if place == data else f"{data.resolve()} will be made on the first start")


def _existing(path: Path) -> Path:
    """The folder itself, or the nearest above it that is there."""
    return next((place for place in (path, *path.absolute().parents) if place.exists()), Path("/"))


def _disk(data: Path) -> Check:
    try:
        free = shutil.disk_usage(_existing(data)).free
    except OSError as error:
        return Check("disk", "fail", f"{error.strerror}", "Choose another folder with RINGUP_DATA.")
    found = f"{free / 10**9:.1f} GB free"
    verdict: Literal["ok", "warn", "fail"] = "ok" if free >= _LITTLE else "warn" if free >= _TOO_LITTLE else "fail"
    return Check("disk", verdict, found, "" if verdict == "ok" else "Make room: no order is taken on a full disk.")


def _key(settings: Settings) -> Check:
    path = settings.master_file
    if not path.exists():
        if (settings.data / "keys.db").exists():
            return Check("master key", "fail", f"{path} is not there", "Point RINGUP_KEY_FILE to the key that this data was made with.")
        return Check("master key", "ok", f"{path} will be made on the first start")
    try:
        _ = settings.master_keys
    except SettingsError as error:
        return Check("master key", "fail", str(error), "Restore it from where you keep a copy.")
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        return Check("master key", "fail", f"{path} can be read by others (mode {mode:04o})", f"chmod 600 {path}")
    if path.resolve().is_relative_to(settings.data.resolve()):
        return Check("master key", "warn", f"{path} lies in the data folder", "Keep it elsewhere, so that a copy of the data opens nothing.")
    return Check("master key", "ok", f"{path}")


def _ledger(path: Path) -> Check:
    try:
        entries = sum(1 for _ in read(path))
    except (OSError, Corrupt) as error:
        return Check(path.name, "fail", str(error), "Ringup does not start before.")
    return Check(path.name, "ok", f"sound, entries: {entries:,}")


def _exposure(settings: Settings) -> Check:
    if settings.demo and not _is_loopback(settings.host):
        found = f"the demonstration accounts would be open to everyone who reaches {settings.host}"
        return Check("demo", "fail", found, "Set RINGUP_DEMO=false, or RINGUP_HOST=127.0.0.1.")
    return Check("demo", "ok", "on, for this machine alone" if settings.demo else "off")


async def _mail(settings: Settings) -> Check:
    """Whether the mail server answers and lets us in; nothing is sent."""
    try:
        source, at = mail.sender(settings.mail_from), mail.server(settings.smtp_url)
    except SettingsError as error:
        return Check("mail", "fail", str(error), "Correct it: Ringup does not start before.")
    if at is None:
        found = f"no mail server is set: mails to customers lie in {mail.outbox(settings.data).folder}"
        return Check("mail", "ok" if settings.demo else "warn", found, "Set RINGUP_SMTP_URL, so that they are sent.")
    try:
        await mail.greet(at, source.domain)
    except mail.NotSent as error:
        return Check("mail", "warn", f"{at.host}:{at.port}: {error}", "Until it does, mails to customers wait and are tried again.")
    if not settings.public_url:
        return Check("mail", "warn", f"links in mails lead to {settings.public_address}", "Set RINGUP_PUBLIC_URL to where customers reach Ringup.")
    return Check("mail", "ok", f"{at.host}:{at.port} answers, mails come from {source.addr_spec}")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _port(settings: Settings) -> Check:
    try:
        with bound(settings):
            return Check("port", "ok", f"{settings.host}:{settings.port} is free")
    except SettingsError as error:
        return Check("port", "fail", str(error), "Or stop what uses it.")


async def _health(server: Client) -> tuple[Literal["ok", "warn", "fail"], str, str]:
    try:
        health = (await call(server, OPERATOR, "GET", "/health")).json()
    except (OSError, TimeoutError):
        return "fail", "running, but it does not answer", "Look into its log, and start it again."
    reasons = [reason for each in health["services"].values() for reason in each["reasons"]]
    if reasons:
        return "fail", "; ".join(reasons), "Do as the reasons say."
    warnings = [warning for each in health["services"].values() for warning in each.get("warnings", ())]
    return ("warn", "running; " + " ".join(warnings), "") if warnings else ("ok", "running and healthy", "")


async def _engine(settings: Settings) -> AsyncIterator[Check]:
    """Whether the data opens with this key, and no group has read more than there is."""
    try:
        finish(settings.data)
        engine = await open_engine(settings) if (settings.data / "events.db").exists() else None
    except (SettingsError, KernelError) as error:
        yield Check("data", "fail", str(error), "Nothing was changed; do as it says and run this again.")
        return
    if engine is None:
        yield Check("data", "ok", "none yet; the first start makes it")
        return
    try:
        house = House(settings, engine.ports)
        beyond = [sentence for running in house.running.values() for sentence in await offsets_beyond(running)]
        yield Check("data", "ok", "opens with this master key")
        yield Check("offsets", "fail" if beyond else "ok", beyond[0] if beyond else "within their topics", "See there." if beyond else "")
    finally:
        await engine.close()
