"""SMS by a signed webhook: whoever listens at RINGUP_SMS_URL sends them. Signed as Standard Webhooks says (standardwebhooks.com, version 1)."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from services.customers.mail import is_here
from services.customers.sms import Accepted, Consent, Installed, Refused
from shared.kernel.codec import stamp
from shared.settings import Settings, SettingsError
from shared.webhooks import secret_of, signed

NAME = "webhook"
_WAIT = 20.0
_SHORTEST = 24
"""Bytes of a secret."""
_FOR_GOOD = (400, 404, 410, 422)
"""Answers that no other try changes."""


@dataclass(frozen=True, slots=True)
class Webhook:
    url: str
    secret: bytes = field(repr=False)

    async def send(self, to: str, text: str, reference: str) -> Accepted | Refused:
        return await self._post("sms.send", reference, {"to": to, "text": text})

    async def consented(self, consent: Consent, reference: str) -> Accepted | Refused:
        said = {"number": consent.number, "order_id": consent.order_id, "given_at": stamp(consent.given_at)}
        return await self._post("sms.consent", reference, said)

    async def _post(self, kind: str, reference: str, data: dict[str, Any]) -> Accepted | Refused:
        body = json.dumps({"type": kind, "data": {**data, "reference": reference}}, ensure_ascii=False).encode()
        headers = {"content-type": "application/json", **signed(self.secret, reference, int(time.time()), body)}
        try:
            async with httpx.AsyncClient(timeout=_WAIT, follow_redirects=False, trust_env=False) as client:
                answer = await client.post(self.url, content=body, headers=headers)
        except httpx.HTTPError:
            return Refused("Whoever sends the SMS cannot be reached.")
        if answer.is_success:
            return Accepted()
        return Refused(f"Whoever sends the SMS refuses it ({answer.status_code}).", again=answer.status_code not in _FOR_GOOD)


def webhook(settings: Settings) -> Installed | None:
    """Raises SettingsError, which does not repeat the secret."""
    if not settings.sms_url:
        return None
    parts = urlsplit(settings.sms_url)
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and is_here(parts.hostname))):
        raise SettingsError("RINGUP_SMS_URL must begin with https://: numbers and links are not said in the clear.")
    try:
        secret = secret_of(settings.sms_secret)
    except ValueError as error:
        raise SettingsError("RINGUP_SMS_SECRET must be whsec_ and base64.") from error
    if len(secret) < _SHORTEST:
        raise SettingsError(f"RINGUP_SMS_SECRET must have at least {_SHORTEST} bytes: such as whsec_$(openssl rand -base64 32).")
    return Installed(NAME, Webhook(settings.sms_url, secret))
