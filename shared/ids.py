"""Ids, made in one place."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import uuid
from typing import Annotated

from pydantic import StringConstraints

ORDER_ID = "[0-9A-HJKMNP-TV-Z]{10}"
OrderId = Annotated[str, StringConstraints(pattern=f"^{ORDER_ID}$")]
PLUGIN_NAME = "[a-z][a-z0-9-]{0,39}"
PluginName = Annotated[str, StringConstraints(pattern=f"^{PLUGIN_NAME}$")]
"""Of a configured plugin, or gateway."""
INSTALLATION = "installation"
"""The purpose of the key that order ids and command hashes are made with."""
_EXTERNAL = uuid.UUID("0d0a7a52-3c53-5f7e-9b1b-51a64c7d3f0e")
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def is_order_id(text: str) -> bool:
    return re.fullmatch(ORDER_ID, text) is not None


def order_id(key: bytes, actor: str, command_id: str, n: int = 0) -> str:
    """10 characters of Crockford base 32, the first 50 bits of an HMAC: a repeated create lands on the same stream."""
    number = int.from_bytes(hmac.digest(key, f"{actor}\n{command_id}\n{n}".encode(), "sha256")[:7], "big") >> 6
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(45, -1, -5))


def external_command(actor: str, external_id: str) -> str:
    """The command id of an order that a client placed under an id of its own, whatever key came along."""
    return str(uuid.uuid5(_EXTERNAL, f"{actor}/{external_id}"))


def customer_id() -> str:
    """10 digits, random; whoever uses one reserves it first."""
    return str(secrets.randbelow(9 * 10**9) + 10**9)


def link_token(key: bytes, link_id: str) -> str:
    """What a customer's link is recognised by; made anew from its id and the installation's key, and kept nowhere."""
    return base64.urlsafe_b64encode(hmac.digest(key, f"link\n{link_id}".encode(), "sha256")[:24]).decode()


def link_hash(token: str) -> str:
    """As it may be kept."""
    return hashlib.sha256(token.encode()).hexdigest()
