"""Deliveries as signed webhooks (standardwebhooks.com, version 1). The export id is the webhook's id, so that whoever knows it has it already."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import httpx
import structlog

from services.fulfillment.plugins.kinds import Field, Kind, Surroundings
from services.fulfillment.plugins.protocol import Desk, Known, NoAnswer, Options, Outgoing, Refused, Reply, Secrets, Stopped, Taken
from services.fulfillment.plugins.webhook_guard import Guard, networks
from services.fulfillment.plugins.webhook_heard import heard
from services.fulfillment.plugins.webhook_said import cancelled, delivered, requested, stopped
from services.fulfillment.plugins.webhook_wire import Answer, Unanswered, Unsent, Wire, address
from shared.webhooks import secret_of, signed

log = structlog.get_logger()

URL = "url"
CONFIRMED = "answer"
CANCELS = "cancels"
SECRET, OLD_SECRET = "secret", "old_secret"
_LABELS = {SECRET: "signing secret", OLD_SECRET: "old signing secret"}
_SHORTEST, _LONGEST = 24, 64
"""Bytes of a secret, as the standard has it."""
_CANNOT = Refused("Whoever ships it cannot be asked to stop it. Tell them in another way.", again=False)


class Unusable(Exception):
    """Says, for people, what of the configuration is wrong."""


class Webhook:
    def __init__(self, wire: Wire, clock: Callable[[], datetime]) -> None:
        self._wire, self._clock = wire, clock

    async def deliver(self, outgoing: Outgoing, options: Options, secrets: Secrets) -> Taken | Refused | NoAnswer:
        answer = await self._post(outgoing.export_id, requested(outgoing), options, secrets)
        return delivered(answer, outgoing.export_id, CONFIRMED in options, self._clock()) if isinstance(answer, Answer) else answer

    async def reconcile(self, outgoing: Outgoing, options: Options, secrets: Secrets) -> Known:
        return None

    async def cancel(self, outgoing: Outgoing, their_id: str, options: Options, secrets: Secrets) -> Stopped | Refused | NoAnswer:
        if CANCELS not in options:
            return _CANNOT
        body = cancelled(outgoing, their_id, self._clock())
        answer = await self._post(f"{outgoing.export_id}-cancel", body, options, secrets)
        return stopped(answer, self._clock()) if isinstance(answer, Answer) else answer

    async def erase(self, export_id: str, options: Options) -> None:
        """Nothing of it lies here."""

    async def trouble(self, options: Options, secrets: Secrets) -> str:
        try:
            keys(secrets)
            stream = await self._wire.connected(_url(options))
        except (Unusable, Unsent) as error:
            return str(error)
        await stream.aclose()
        return ""

    async def asked(
        self, method: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes, options: Options, secrets: Secrets, desk: Desk
    ) -> Reply:
        try:
            accepted = keys(secrets)
        except Unusable:
            accepted = ()
        return await heard(method, headers, body, accepted, desk, self._clock())

    async def _post(self, id: str, body: bytes, options: Options, secrets: Secrets) -> Answer | Refused | NoAnswer:
        try:
            url, accepted = _url(options), keys(secrets)
            answer = await self._wire.post(url, {"content-type": "application/json", **self._signed(accepted, id, body)}, body)
        except (Unusable, Unsent) as error:
            return Refused(str(error))
        except Unanswered as error:
            return NoAnswer(str(error))
        log.info("webhook.sent", id=id, status=answer.status)
        return answer

    def _signed(self, accepted: tuple[bytes, ...], id: str, body: bytes) -> Mapping[str, str]:
        """By each of them, so that whoever has one of them believes it."""
        each = [signed(secret, id, int(self._clock().timestamp()), body) for secret in accepted]
        return {**each[0], "webhook-signature": " ".join(headers["webhook-signature"] for headers in each)}


def keys(secrets: Secrets) -> tuple[bytes, ...]:
    """The new one first. Raises Unusable."""
    if not secrets.get(SECRET):
        raise Unusable("It has no signing secret.")
    return tuple(_key(secrets[name], label) for name, label in _LABELS.items() if secrets.get(name))


def _key(text: str, label: str) -> bytes:
    try:
        key = secret_of(text.strip())
    except ValueError:
        key = b""
    if not _SHORTEST <= len(key) <= _LONGEST:
        raise Unusable(f"Its {label} must be whsec_ and {_SHORTEST} to {_LONGEST} bytes as base64.")
    return key


def _url(options: Options) -> httpx.URL:
    try:
        return address(options.get(URL, ""))
    except ValueError as error:
        raise Unusable(str(error)) from error


def _check(options: Options) -> Mapping[str, str]:
    try:
        address(options.get(URL, ""))
    except ValueError as error:
        return {URL: str(error)}
    return {}


def _check_secrets(secrets: Secrets) -> Mapping[str, str]:
    problems = {}
    for name in _LABELS.keys() & secrets.keys():
        try:
            _key(secrets[name], _LABELS[name])
        except Unusable as error:
            problems[name] = str(error)
    return problems


def _make(around: Surroundings) -> Webhook:
    return Webhook(Wire(Guard(networks(around.settings.webhook_private))), around.clock)


KIND = Kind(
    "Webhook",
    make=_make,
    options=(
        Field(
            URL,
            "Address",
            "Such as https://example.com/hooks. It must be a public one. It is kept and shown in the clear: no token in it.",
            required=True,
        ),
        Field(CONFIRMED, "They have it when they answer", "As usual: with any 2xx.", choices={"export-id": "with 2xx, and the export id in it"}),
        Field(
            CANCELS,
            "Cancelling what went out",
            "As usual: they are not asked, and somebody has to tell them.",
            choices={"yes": "They are asked to stop it"},
        ),
    ),
    secrets=(
        Field(
            SECRET, "Signing secret", "whsec_ and 24 to 64 bytes as base64, which both sides know: whsec_$(openssl rand -base64 32)", required=True
        ),
        Field(OLD_SECRET, "Old signing secret", "While they change over: it is signed with both. Take it away once they have the new one."),
    ),
    check=_check,
    check_secrets=_check_secrets,
)
