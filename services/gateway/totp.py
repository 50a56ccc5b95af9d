"""The second step of signing in: a code of an authenticator (RFC 6238), each once, or one of a few recovery codes."""

from __future__ import annotations

import base64
import hmac
import io
import os
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pyotp
import segno
import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.gateway.users import User

log = structlog.get_logger()

ISSUER = "Ringup"
RECOVERY_CODES = 10
_STEP = 30
"""Seconds."""
_DRIFT = (0, -1, 1)
"""Steps that a clock may be off by (RFC 6238, section 5.2)."""
_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"


class Totp:
    """The key, 32 bytes, never lies in the data folder."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(hmac.digest(key, b"totp secrets", "sha256"))
        self._recovery_key = hmac.digest(key, b"recovery codes", "sha256")

    def offered(self, user: User) -> User:
        """With a new secret to set up; nothing is asked for before it is confirmed."""
        return replace(user, totp_offered=self._sealed(user.name, pyotp.random_base32()))

    def secret_offered(self, user: User) -> str:
        """Empty where nothing is being set up."""
        return self._opened(user.name, user.totp_offered)

    def switched_on(self, user: User, code: str, now: datetime) -> User | None:
        """None for a code that the offered secret does not give now."""
        step = _step(self.secret_offered(user), code, now, 0)
        return replace(user, totp=user.totp_offered, totp_offered="", totp_step=step) if step else None

    def passed(self, user: User, code: str, now: datetime) -> User | None:
        """The user with the code used up; None for a code that is wrong or was used before."""
        typed = code.replace(" ", "").replace("-", "").lower()
        if len(typed) == 6:
            step = _step(self._opened(user.name, user.totp), typed, now, user.totp_step)
            return replace(user, totp_step=step) if step else None
        hashed = self._hashed(user.name, typed)
        if hashed not in user.recovery:
            return None
        return replace(user, recovery=tuple(left for left in user.recovery if left != hashed))

    def recovery(self, user: User) -> tuple[User, Sequence[str]]:
        """The user with new recovery codes, and the codes, to be shown once."""
        codes = ["".join(secrets.choice(_LETTERS) for _ in range(10)) for _ in range(RECOVERY_CODES)]
        return replace(user, recovery=tuple(self._hashed(user.name, code) for code in codes)), [f"{code[:5]}-{code[5:]}" for code in codes]

    def _hashed(self, name: str, code: str) -> str:
        """Keyed, since fifty bits alone could be guessed by who has the file."""
        return hmac.digest(self._recovery_key, f"{name}\n{code}".encode(), "sha256").hex()

    def _sealed(self, name: str, secret: str) -> str:
        nonce = os.urandom(12)
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, secret.encode(), name.encode())).decode()

    def _opened(self, name: str, sealed: str) -> str:
        """Empty for what does not open: no code fits it, and an administrator resets it."""
        data = base64.b64decode(sealed)
        try:
            return self._cipher.decrypt(data[:12], data[12:], name.encode()).decode() if data else ""
        except (InvalidTag, ValueError):
            log.error("totp.damaged", user=name)
            return ""


def _step(secret: str, code: str, now: datetime, used: int) -> int | None:
    """The time step that the code is of, if it is later than the one used last."""
    if not (secret and code.isascii() and code.isdigit()):
        return None
    here = int(now.timestamp()) // _STEP
    generator = pyotp.HOTP(secret)
    fitting = [here + off for off in _DRIFT if here + off > used and hmac.compare_digest(generator.at(here + off), code)]
    return fitting[0] if fitting else None


def uri(secret: str, name: str) -> str:
    return str(pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER))


def picture(address: str) -> bytes:
    """A QR code as SVG, dark on light in every theme: that is what cameras read."""
    out = io.BytesIO()
    segno.make(address, error="m", micro=False).save(out, kind="svg", scale=4, border=4, dark="#000", light="#fff", xmldecl=False, nl=False)
    return out.getvalue()


def clear(user: User) -> User:
    return replace(user, totp="", totp_offered="", totp_step=0, recovery=())
