"""The letter that a message is, in the words of its campaign's version; written anew whenever it is wanted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.customers.letters import Letter, Value, Words, letter
from services.customers.told import DraftLink, Sold, confirmed, linked, shipped
from services.customers.wordings import sold, wording_id, wordings
from shared.contracts.catalog import LetterTemplate
from shared.ids import INSTALLATION, link_token
from shared.kernel.errors import Unavailable
from shared.letters import LETTERS
from shared.service import Running

Row = dict[str, Any]


async def written_for(running: Running, message: Row) -> Letter:
    """``message`` is a MessageRequested, or its row, with its personal fields opened. Raises Unavailable."""
    words = await _words(running, message["template"], message["campaign"], message["campaign_version"])
    return letter(words, await _values(running, message), message["campaign_name"])


def in_force(template: LetterTemplate, subject: str, text: str) -> Words:
    """Where nothing is said, what comes with Ringup."""
    kind = LETTERS[template]
    return Words(subject.strip() or kind.subject, text.strip() or kind.text)


def link_of(running: Running, message: Row) -> DraftLink:
    token = link_token(running.keyring.derived(INSTALLATION), message["about"])
    expires = message["expires_at"]
    return DraftLink(
        shop=message["campaign_name"],
        first_name=message["first_name"],
        order_id=message["order_id"],
        address=f"{running.settings.public_address}/checkout/{message['campaign']}?link={token}",
        total=message["total"],
        currency=message["currency"],
        price_lock=message["price_lock"],
        expires_at=datetime.fromisoformat(expires) if expires else None,
    )


async def _words(running: Running, template: LetterTemplate, campaign: str, version: int) -> Words:
    """Version 0: of before campaigns had words of their own."""
    row = await running.get(wordings, wording_id(campaign, version)) if version else {"letters": {}}
    if row is None:
        raise Unavailable("The campaign's words have not arrived here yet.")
    own = row["letters"].get(template, {"subject": "", "text": ""})
    return in_force(template, own["subject"], own["text"])


async def _values(running: Running, message: Row) -> dict[str, Value]:
    if message["template"] == "draft-link":
        return linked(link_of(running, message))
    confirms = message["template"] == "order-confirmation"
    row = await running.get(sold, message["order_id"], message["about"] if confirms else None)
    if row is None:
        raise Unavailable("The order has not arrived here yet.")
    if confirms:
        return confirmed(_sold(row, row["lines"]))
    plugin = message["about"].partition("-")[2]
    mine = [line for line in row["lines"] if (line["plugin"] or row["plugin"]) == plugin]
    return shipped(_sold(row, mine), message["carrier"], message["tracking"])


def _sold(row: Row, lines: Any) -> Sold:
    return Sold(row["shop"], row["id"], row["customer"], row["address"], lines, row["quote"], row["currency"])
