"""What lets a customer's browser on with its order: a signed cookie, for the checkout page of one campaign."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, field
from typing import Literal

from fastapi import Request
from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.responses import Response

HOURS = 12


@dataclass(frozen=True, slots=True)
class Pass:
    """``by`` says how the order became theirs: they began it, they opened a link, or they said what only they know of it. Nothing: they named it
    by its number and have shown nothing yet.

    ``csrf`` comes back with whatever changes something, and is another one for each order.
    """

    order_id: str = ""
    by: Literal["", "new", "link", "fact"] = "new"
    link_id: str = ""
    products: bool = True
    """Those of the order are in the cart; else it is empty until the customer has put something in."""
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(18))


class Passes:
    """``key`` is the installation's."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, request: Request, campaign: str) -> Pass | None:
        """None for what is forged, too old, or another campaign's."""
        try:
            return Pass(**self._signer(campaign).loads(request.cookies.get(_name(request), ""), max_age=HOURS * 3600))
        except (BadData, TypeError):
            return None

    def give(self, request: Request, answer: Response, campaign: str, made: Pass) -> None:
        answer.set_cookie(
            _name(request),
            self._signer(campaign).dumps(asdict(made)),
            max_age=HOURS * 3600,
            path=f"/checkout/{campaign}",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="lax",
        )

    def _signer(self, campaign: str) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self._key, salt=f"checkout {campaign}")


def _name(request: Request) -> str:
    return "__Secure-ringup-checkout" if request.url.scheme == "https" else "ringup-checkout"
