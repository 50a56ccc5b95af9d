from services.customers.customer import Update
from services.customers.message import START, Request, Stop, message_id
from services.customers.messages import CONSENT, consent_id
from shared.contracts.cart import DraftLinkIssued, DraftLinkRevoked, OrderSubmitted, PartialCreated
from shared.contracts.customers import MessageRequested
from shared.kernel.events import Fact
from shared.kernel.policies import Commands, policy

_LINK = "draft-link"
_ENDED = {"revoked": "The link was revoked.", "taken-over": "The order was taken over by an agent.", "erased": "The customer was erased."}


@policy
def update_profile(event: OrderSubmitted | PartialCreated) -> Commands:
    match event:
        case OrderSubmitted(submitted=submitted):
            yield submitted.order.customer_id, Update(submitted.order, submitted.submitted_at, submitted.placed_by, event.customer)
        case PartialCreated(order=order):
            yield order.customer_id, Update(order, event.created_at, event.made_by, event.customer)


@policy
def send_link(event: DraftLinkIssued, fact: Fact) -> Commands:
    if event.channel == "copy":
        return
    id = message_id(_LINK, event.order_id, event.link_id)
    wanted = MessageRequested(
        message_id=id,
        channel=event.channel,
        template=_LINK,
        order_id=event.order_id,
        customer_id=event.customer_id,
        about=event.link_id,
        campaign=event.campaign,
        to=event.to,
        due_at=fact.time + START,
        campaign_name=event.campaign_name,
        first_name=event.first_name,
        total=event.total,
        currency=event.currency,
        price_lock=event.price_lock,
        expires_at=event.expires_at,
    )
    yield id, Request(wanted)


@policy
def stop_link(event: DraftLinkRevoked) -> Commands:
    yield message_id(_LINK, event.order_id, event.link_id), Stop(_ENDED[event.why])


@policy
def hand_over_consent(event: OrderSubmitted | PartialCreated, fact: Fact) -> Commands:
    """Of the same order again once it is sold: the number may be another one by then."""
    sold = isinstance(event, OrderSubmitted)
    order = event.submitted.order if isinstance(event, OrderSubmitted) else event.order
    if not event.customer.particulars.sms_consent or not order.customer.phone:
        return
    id = consent_id(order.order_id, sold=sold)
    wanted = MessageRequested(
        message_id=id,
        channel="sms",
        template=CONSENT,
        order_id=order.order_id,
        customer_id=order.customer_id,
        about=CONSENT,
        campaign=order.campaign,
        to=order.customer.phone,
        due_at=fact.time + START,
        campaign_name=order.campaign_name,
    )
    yield id, Request(wanted)
