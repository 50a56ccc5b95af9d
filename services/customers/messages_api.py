from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, StrictBool, StrictInt

from services.customers import letters
from services.customers.message import Retry, message
from services.customers.messages import CONSENT, MESSAGE_STATUSES, MessageStatus, messages
from services.customers.sending import Post, letter_of
from shared.http import RunningService, Sent
from shared.ids import OrderId
from shared.kernel.errors import NotFound
from shared.kernel.events import ERASED
from shared.kernel.ports import Prefix, Range
from shared.kernel.views import Row

router = APIRouter()

_PAGE = 50
_COUNTED = 100
_SHOWN = (
    "channel", "template", "order_id", "customer_id", "about", "campaign", "campaign_name", "to", "status", "reason", "tries", "requested_at",
    "updated_at", "retry_at", "sent_at", "by", "expires_at",
)  # fmt: skip

Asked = Annotated[str, Query(max_length=255)]
MinVersion = Annotated[str | None, Query(pattern=r"^message-[0-9a-f]{32}@[0-9]{1,9}$")]


@router.get("/messages")
async def list_messages(
    service: RunningService, status: MessageStatus | None = None, order_id: Asked = "", customer_id: Asked = "", cursor: str | None = None
) -> dict[str, Any]:
    """Newest first, 50 a page: ``{"rows": [message], "next": cursor or null, "counts": {status: how many in all, 100 for 100 and more},
    "server": how mails go (smtp or outbox), "sms": the plugin's name or empty}``.

    A message is ``message_id``, ``channel`` (email, sms), ``template`` (draft-link, consent), ``order_id``, ``customer_id``, ``about``,
    ``campaign``, ``campaign_name``, ``to``, ``status`` (Waiting, Failed, Sent, Stopped), ``reason`` (why it is not sent), ``tries``,
    ``requested_at``, ``updated_at``, ``retry_at``, ``sent_at``, ``by`` (smtp, outbox or the plugin), ``expires_at``.
    """
    of = {name: value for name, value in (("order_id", order_id), ("customer_id", customer_id)) if value}
    index, wanted = _index(status)
    rows, following = await service.find(messages, {**of, index: wanted}, sort=index, descending=True, limit=_PAGE, cursor=cursor)
    post: Post = service.state["post"]
    return {
        "rows": [_shown(row) for row in rows],
        "next": following,
        "counts": {each: await _count(service, each) for each in MESSAGE_STATUSES},
        "server": "smtp" if post.server else "outbox",
        "sms": post.sms.name if post.sms else "",
    }


class Draft(BaseModel):
    """What a letter would be about. ``address`` is where the link leads."""

    model_config = ConfigDict(extra="forbid")

    channel: Literal["email", "sms"]
    shop: str
    first_name: str = ""
    order_id: OrderId
    address: str
    total: StrictInt = 0
    currency: str = ""
    price_lock: StrictBool = False
    expires_at: AwareDatetime | None = None


@router.post("/letters/draft-link")
async def draft_link(about: Draft) -> dict[str, str]:
    """What a customer would read: ``{"subject", "text"}``, without a subject for an SMS. Nothing is sent or kept."""
    said = letters.DraftLink(**about.model_dump(exclude={"channel"}))
    if about.channel == "sms":
        return {"subject": "", "text": letters.sms(said)}
    letter = letters.mail(said)
    return {"subject": letter.subject, "text": letter.text}


@router.get("/messages/{id}")
async def one_message(id: str, service: RunningService, min_version: MinVersion = None) -> dict[str, Any]:
    """As in the list, with ``subject``, ``text`` and ``html`` of a mail, ``text`` of an SMS, written anew; empty where there is nothing to say."""
    row = await service.get(messages, id, min_version)
    if row is None:
        raise NotFound("There is no such message.")
    said = {"subject": "", "text": "", "html": ""}
    if row["template"] != CONSENT and row["to"] != ERASED:
        about = letter_of(service, row)
        letter = letters.mail(about)
        mail = {"subject": letter.subject, "text": letter.text, "html": letter.html}
        said |= mail if row["channel"] == "email" else {"text": letters.sms(about)}
    return {**_shown(row), **said}


@router.post("/messages/{id}/retry")
async def retry(id: str, service: RunningService, sent: Sent) -> dict[str, Any]:
    """Tries it now. 409 ``sent``, ``over``, ``unknown-message``. Answers ``{"message_id", "version"}`` of the stream ``message-<id>``."""
    outcome = await service.execute(message, id, Retry(sent.now), sent)
    return {"message_id": id, "version": outcome.version}


def _index(status: MessageStatus | None) -> tuple[str, Prefix | Range]:
    return ("status_at", Prefix(f"{status} ")) if status else ("listed_at", Range("", None))


async def _count(service: RunningService, status: MessageStatus) -> int:
    index, wanted = _index(status)
    rows, _ = await service.find(messages, {index: wanted}, sort=index, limit=_COUNTED, open_fields=False)
    return len(rows)


def _shown(row: Row) -> dict[str, Any]:
    return {"message_id": row["id"], **{name: row.get(name) for name in _SHOWN}}
