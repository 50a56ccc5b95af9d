"""Letters that nobody has sent yet: as customers would get them, and one for trying."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StrictBool, StrictInt

from services.customers.letters import Letter, Value, letter
from services.customers.mail import NotSent, deliver, written
from services.customers.sending import Post
from services.customers.told import DraftLink, Sold, confirmed, linked, shipped, sms
from services.customers.writing import in_force
from shared.contracts.catalog import LetterTemplate
from shared.http import RunningService, Sent
from shared.ids import OrderId
from shared.kernel.commands import Refusal
from shared.kernel.decider import Refused
from shared.letters import wrong_subject, wrong_text
from shared.money import MOST, currencies
from shared.text import Line, Note

router = APIRouter(prefix="/letters")

_ORDER = "7K2M9QX4TB"
_TRIED = "[Test] "


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Own(Body):
    """A campaign's words; empty: those that come with Ringup."""

    subject: Line = ""
    text: Note = ""


class Draft(Body):
    """What a letter would be about. ``address`` is where the link leads."""

    channel: Literal["email", "sms"]
    shop: str
    first_name: str = ""
    order_id: OrderId
    address: str
    total: StrictInt = 0
    currency: str = ""
    price_lock: StrictBool = False
    expires_at: AwareDatetime | None = None
    words: Own = Own()


class Product(Body):
    name: Line
    price: Annotated[StrictInt, Field(ge=0, le=MOST)]


class Wording(Own):
    """``products`` of the campaign stand for what somebody has ordered."""

    template: LetterTemplate
    shop: Line = ""
    currency: str = "USD"
    products: tuple[Product, ...] = Field(default=(), max_length=2)


class Trial(Wording):
    to: Annotated[str, Field(max_length=255)]


@router.post("/draft-link")
async def draft_link(about: Draft) -> dict[str, str]:
    """What a customer would read: ``{"subject", "text"}``, without a subject for an SMS. Nothing is sent or kept."""
    said = DraftLink(**about.model_dump(exclude={"channel", "words"}))
    if about.channel == "sms":
        return {"subject": "", "text": sms(said)}
    found = letter(in_force("draft-link", about.words.subject, about.words.text), linked(said), about.shop)
    return {"subject": found.subject, "text": found.text}


@router.post("/preview")
async def preview(wording: Wording, service: RunningService) -> dict[str, Any]:
    """As Customer A would get it: ``{"subject", "text", "paragraphs": as in a message, "wrong": {"subject", "text"}: what keeps it from being
    published, in words for people, or empty}``. Nothing is sent or kept."""
    found = _letter(wording, service.clock(), service.settings.public_address)
    wrong = {"subject": wrong_subject(wording.template, wording.subject), "text": wrong_text(wording.template, wording.text)}
    return {"subject": found.subject, "text": found.text, "paragraphs": paragraphs(found), "wrong": wrong}


@router.post("/test")
async def test(trial: Trial, service: RunningService, sent: Sent) -> dict[str, str]:
    """Sends it to ``to``, at once and once: ``{"by": "smtp" or "outbox"}``. It is about nobody's order, and no event tells of it.

    422 ``merge-field`` for words that cannot be published, 409 ``not-sent`` with the reason.
    """
    for field, wrong in (("subject", wrong_subject(trial.template, trial.subject)), ("text", wrong_text(trial.template, trial.text))):
        if wrong:
            raise Refusal(Refused("merge-field", wrong, field, conflict=False))
    post: Post = service.state["post"]
    found = _letter(trial, sent.now, service.settings.public_address)
    found = Letter(f"{_TRIED}{found.subject}", found.text, found.html, found.paragraphs)
    id = f"test-{hashlib.sha256(sent.command_id.encode()).hexdigest()[:32]}"
    try:
        mail = written(found, trial.shop, post.source, trial.to.strip(), id, sent.now)
        if post.server:
            await deliver(post.server, mail)
            return {"by": "smtp"}
        await post.outbox.put("letter", id, mail)
    except (NotSent, OSError) as error:
        detail = str(error) if isinstance(error, NotSent) else f"The outbox folder cannot be written: {error.strerror}."
        raise Refusal(Refused("not-sent", detail, "to")) from error
    return {"by": "outbox"}


def paragraphs(found: Letter) -> list[dict[str, Any]]:
    """``kind`` text with ``lines`` of [words, where they lead or empty]; rows with ``rows`` of [left, right] and how many ``sums`` at their end;
    or link with ``address`` and ``label``."""
    return [asdict(paragraph) for paragraph in found.paragraphs]


def _letter(wording: Wording, now: datetime, public_address: str) -> Letter:
    currency = wording.currency if wording.currency in currencies() else "USD"
    return letter(in_force(wording.template, wording.subject, wording.text), _sample(wording, currency, now, public_address), wording.shop)


def _sample(wording: Wording, currency: str, now: datetime, public_address: str) -> dict[str, Value]:
    lines = [{"name": each.name or "A product", "quantity": 2 - n, "price": (2 - n) * each.price} for n, each in enumerate(wording.products)]
    lines = lines or [{"name": "A product", "quantity": 1, "price": 4995}]
    sums = {"shipping": 695, "tax": 0, "discount": 0, "shipping_discount": 0, "total": 695 + sum(int(str(line["price"])) for line in lines)}
    if wording.template == "draft-link":
        address = f"{public_address}/checkout/1?link=…"
        return linked(
            DraftLink(wording.shop, "Customer", _ORDER, address, sums["total"], currency, price_lock=True, expires_at=now + timedelta(hours=72))
        )
    person = {"first_name": "Customer", "last_name": "A"}
    place = {"street": "100 Example Street", "unit": "", "city": "Austin", "region": "TX", "postal": "78701", "country": "US"}
    sold = Sold(wording.shop, _ORDER, person, place, lines, sums, currency)
    return confirmed(sold) if wording.template == "order-confirmation" else shipped(sold, "UPS", "1Z999AA10123456784")
