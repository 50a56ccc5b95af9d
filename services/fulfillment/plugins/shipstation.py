"""A ShipStation custom store: they fetch orders from us as XML, page by page, and tell us when a label is made. Nothing is sent to them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from services.fulfillment.plugins.kinds import Field, Kind, Surroundings
from services.fulfillment.plugins.protocol import Desk, Known, NoAnswer, Options, Outgoing, Refused, Reply, Secrets, Stopped, Taken
from services.fulfillment.plugins.shipstation_xml import moment, notice, orders

USERNAME, PASSWORD = "username", "password"
_SHORTEST = 12
_XML = "application/xml; charset=utf-8"
_AHEAD = timedelta(minutes=5)
"""Another machine's clock may be."""
_SOON = timedelta(minutes=5)
_MOST_PAGES = 100_000
_TOLD = Refused("ShipStation hears of it when it fetches orders next.", after=_SOON)


class ShipStation:
    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock

    async def deliver(self, outgoing: Outgoing, options: Options, secrets: Secrets) -> Taken | Refused | NoAnswer:
        """It lies at the door from now on, where they know it by this."""
        return Taken(outgoing.export_id)

    async def reconcile(self, outgoing: Outgoing, options: Options, secrets: Secrets) -> Known:
        return None

    async def cancel(self, outgoing: Outgoing, their_id: str, options: Options, secrets: Secrets) -> Stopped | Refused | NoAnswer:
        """Once they have fetched that it is cancelled; what never lay at the door is stopped as it is."""
        return _TOLD if their_id else Stopped()

    async def erase(self, export_id: str, options: Options) -> None:
        """Nothing of it lies here."""

    async def trouble(self, options: Options, secrets: Secrets) -> str:
        if not secrets.get(USERNAME) or not secrets.get(PASSWORD):
            return "It has no user name, or no password: nobody is let in."
        return next(iter(_check_secrets(secrets).values()), "")

    async def asked(
        self, method: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes, options: Options, secrets: Secrets, desk: Desk
    ) -> Reply:
        if await self.trouble(options, secrets) or not _is_theirs(headers.get("authorization", ""), secrets):
            return Reply(401, b"Name and password, please.", headers={"www-authenticate": 'Basic realm="Ringup", charset="UTF-8"'})
        match query.get("action", ""), method:
            case "export", "GET":
                return await self._exported(query, desk)
            case "shipnotify", "POST":
                return await self._notified(query, body, desk)
            case "export", _:
                return Reply(405, b"Orders are fetched by GET.", headers={"allow": "GET"})
            case "shipnotify", _:
                return Reply(405, b"A notice is posted.", headers={"allow": "POST"})
        return _wrong("action is export or shipnotify.")

    async def _exported(self, query: Mapping[str, str], desk: Desk) -> Reply:
        """Up to this moment, whatever they ask for: what changes while they turn pages would leave a window that ends, and what they have not seen
        would move to a page that they have. What is there twice they know again."""
        try:
            since, _ = moment(query.get("start_date", "")), moment(query.get("end_date", ""))
        except ValueError:
            return _wrong("start_date and end_date are written as 03/23/2026 21:09, in UTC.")
        page = query.get("page", "") or "1"
        if not (page.isascii() and page.isdigit() and len(page) <= 6 and 1 <= int(page) <= _MOST_PAGES):
            return _wrong(f"page is a number from 1 to {_MOST_PAGES}.")
        rows, pages = await desk.exports(since, self._clock() + _AHEAD, int(page))
        for outgoing, status, _ in rows:
            if status == "Cancelling":
                await desk.stopped(outgoing.export_id)
        return Reply(200, orders(rows, pages), _XML)

    async def _notified(self, query: Mapping[str, str], body: bytes, desk: Desk) -> Reply:
        try:
            told = notice(body, query)
        except ValueError as error:
            return _wrong(str(error))
        now = self._clock()
        at = min(told.at, now) if told.at else now
        parcel = (told.export_id, told.carrier, told.tracking, told.service)
        try:
            known = await desk.shipped(*parcel, at)
        except ValueError:  # an odd date loses no parcel
            known = await desk.shipped(*parcel, now)
        if not known:
            return Reply(404, b"There is no such order in this store.")
        return Reply(200, b"Taken.")


def _is_theirs(authorization: str, secrets: Secrets) -> bool:
    """RFC 7617. Both are always compared, in a time that says nothing of what is wrong, nor of lengths."""
    scheme, _, credentials = authorization.partition(" ")
    try:
        name, _, password = base64.b64decode(credentials.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return False
    right = [hmac.compare_digest(_digest(given), _digest(secrets[wanted])) for given, wanted in ((name, USERNAME), (password, PASSWORD))]
    return scheme.lower() == "basic" and all(right)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _check_secrets(secrets: Secrets) -> Mapping[str, str]:
    problems = {}
    if ":" in secrets.get(USERNAME, ""):
        problems[USERNAME] = "Its user name has a colon, where a name ends."
    if len(secrets.get(PASSWORD, "")) < _SHORTEST:
        problems[PASSWORD] = f"Its password must have at least {_SHORTEST} characters."
    return problems


def _wrong(text: str) -> Reply:
    return Reply(400, text.encode())


def _make(around: Surroundings) -> ShipStation:
    return ShipStation(around.clock)


KIND = Kind(
    "ShipStation (custom store)",
    make=_make,
    secrets=(
        Field(USERNAME, "User name", "Made up by you, and typed in at ShipStation, too.", required=True),
        Field(PASSWORD, "Password", f"Likewise; at least {_SHORTEST} characters, such as of openssl rand -base64 24.", required=True),
    ),
    check_secrets=_check_secrets,
)
