from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from services.customers.letters_api import paragraphs
from services.customers.letters_api import router as letters_router
from services.customers.message import CONSENT, Resend, Retry, Stop, message
from services.customers.messages import MESSAGE_STATUSES, MessageStatus, messages
from services.customers.sending import Post
from services.customers.told import sms
from services.customers.writing import link_of, written_for
from shared.http import RunningService, Sent
from shared.kernel.commands import Envelope
from shared.kernel.errors import NotFound, Unavailable
from shared.kernel.events import ERASED
from shared.kernel.ports import Prefix, Range
from shared.kernel.views import Row
from shared.service import Running

router = APIRouter()
router.routes += letters_router.routes

_PAGE = 50
_COUNTED = 100
_SHOWN = (
    "channel", "template", "order_id", "customer_id", "about", "campaign", "campaign_name", "to", "status", "reason", "tries", "requested_at",
    "updated_at", "retry_at", "sent_at", "by", "expires_at", "sends",
    "carrier", "tracking",
)  # fmt: skip

Asked = Annotated[str, Query(max_length=255)]
MinVersion = Annotated[str | None, Query(pattern=r"^message-[0-9a-f]{32}@[0-9]{1,9}$")]


@router.get("/messages")
async def list_messages(
    service: RunningService, status: MessageStatus | None = None, order_id: Asked = "", customer_id: Asked = "", cursor: str | None = None
) -> dict[str, Any]:
    """Newest first, 50 a page: ``{"rows": [message], "next": cursor or null, "counts": {status: how many in all, 100 for 100 and more},
    "server": how mails go (smtp or outbox), "sms": the plugin's name or empty}``.

    A message is ``message_id``, ``channel`` (email, sms), ``template`` (order-confirmation, shipped, draft-link, consent), ``order_id``,
    ``customer_id``, ``about``, ``campaign``, ``campaign_name``, ``to``, ``status`` (Waiting, Failed, Sent, Stopped), ``reason`` (why it is not
    sent), ``tries``, ``requested_at``, ``updated_at``, ``retry_at``, ``sent_at``, ``by`` (smtp, outbox or the plugin), ``expires_at``,
    ``sends`` (how often it was sent),
    ``carrier`` and ``tracking`` of a parcel.
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


@router.get("/messages/{id}")
async def one_message(id: str, service: RunningService, min_version: MinVersion = None) -> dict[str, Any]:
    """As in the list, with ``subject``, ``text``, ``html`` and ``paragraphs`` (``services.customers.letters_api.paragraphs``) of a mail, ``text``
    of an SMS, written anew; empty where there is nothing to say, or, as ``unwritten`` says, cannot be yet.
    """
    row = await service.get(messages, id, min_version)
    if row is None:
        raise NotFound("There is no such message.")
    said: dict[str, Any] = {"subject": "", "text": "", "html": "", "paragraphs": [], "unwritten": ""}
    if row["template"] != CONSENT and row["to"] != ERASED:
        said |= {"text": sms(link_of(service, row))} if row["channel"] == "sms" else await _written(service, row)
    return {**_shown(row), **said}


async def _written(service: Running, row: Row) -> dict[str, Any]:
    try:
        found = await written_for(service, row)
    except Unavailable as error:
        return {"unwritten": str(error)}
    return {"subject": found.subject, "text": found.text, "html": found.html, "paragraphs": paragraphs(found)}


@router.post("/messages/{id}/retry")
async def retry(id: str, service: RunningService, sent: Sent) -> dict[str, Any]:
    """Tries it now. 409 ``sent``, ``over``, ``unknown-message``. Answers ``{"message_id", "version"}`` of the stream ``message-<id>``."""
    return await _done(service, id, Retry(sent.now), sent)


@router.post("/messages/{id}/resend")
async def resend(id: str, service: RunningService, sent: Sent) -> dict[str, Any]:
    """Once more, of what was sent. 409 ``not-sent``, ``over``, ``once`` (a consent), ``unknown-message``. Answers as ``retry``."""
    return await _done(service, id, Resend(sent.now), sent)


@router.post("/messages/{id}/stop")
async def stop(id: str, service: RunningService, sent: Sent) -> dict[str, Any]:
    """For good, while it waits; what is just on its way may still go. 409 ``not-waiting``. Answers as ``retry``."""
    return await _done(service, id, Stop(f"Stopped by {sent.actor.partition(':')[2]}.", by_hand=True), sent)


async def _done(service: Running, id: str, command: Retry | Resend | Stop, sent: Envelope) -> dict[str, Any]:
    outcome = await service.execute(message, id, command, sent)
    return {"message_id": id, "version": outcome.version}


def _index(status: MessageStatus | None) -> tuple[str, Prefix | Range]:
    return ("status_at", Prefix(f"{status} ")) if status else ("listed_at", Range("", None))


async def _count(service: RunningService, status: MessageStatus) -> int:
    index, wanted = _index(status)
    rows, _ = await service.find(messages, {index: wanted}, sort=index, limit=_COUNTED, open_fields=False)
    return len(rows)


def _shown(row: Row) -> dict[str, Any]:
    return {"message_id": row["id"], **{name: row.get(name) for name in _SHOWN}}
