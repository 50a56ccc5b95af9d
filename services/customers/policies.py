import re

from services.customers.customer import Update
from services.customers.merging import Merge, Unmerge
from services.customers.message import CONSENT, START, Request, Stop, message_id
from services.customers.messages import consent_id
from shared.contracts.cart import DraftLinkIssued, DraftLinkRevoked, OrderSubmitted, PartialCreated
from shared.contracts.catalog import LetterTemplate
from shared.contracts.customers import ConsentChanged, CustomersMerged, CustomersUnmerged, MessageRequested
from shared.contracts.fulfillment import FulfillmentShipped, OrderCancelled
from shared.contracts.order import SubmittedOrder
from shared.contracts.qa import OrderApproved
from shared.kernel.events import Fact
from shared.kernel.policies import Commands, policy

_LINK: LetterTemplate = "draft-link"
_CONFIRMATION: LetterTemplate = "order-confirmation"
_SHIPPED: LetterTemplate = "shipped"
_ENDED = {"revoked": "The link was revoked.", "taken-over": "The order was taken over by an agent.", "erased": "The customer was erased."}


@policy
def update_profile(event: OrderSubmitted | PartialCreated) -> Commands:
    match event:
        case OrderSubmitted(submitted=submitted):
            yield submitted.order.customer_id, Update(submitted.order, submitted.submitted_at, submitted.placed_by, event.customer)
        case PartialCreated(order=order):
            yield order.customer_id, Update(order, event.created_at, event.made_by, event.customer)


@policy
def settle_merge(event: CustomersMerged | CustomersUnmerged, fact: Fact) -> Commands:
    """The alias's stream hears what the customer's has counted, also where whoever asked for it is gone; and the customer's that they are parted."""
    command = Merge if isinstance(event, CustomersMerged) else Unmerge
    told = command(event.customer_id, event.alias, event.by, event.number)
    if fact.stream == f"customer-{event.customer_id}":
        yield event.alias, told
    elif command is Unmerge:
        yield event.customer_id, told


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
        campaign_version=event.campaign_version,
    )
    yield id, Request(wanted)


@policy
def stop_link(event: DraftLinkRevoked) -> Commands:
    yield message_id(_LINK, event.order_id, event.link_id), Stop(_ENDED[event.why])


@policy
def confirm_order(event: OrderApproved, fact: Fact) -> Commands:
    if wanted := _about_order(event.submitted, _CONFIRMATION, "", fact.id, fact):
        yield wanted.message_id, Request(wanted)


@policy
def tell_shipped(event: FulfillmentShipped, fact: Fact) -> Commands:
    """Once a parcel, however its number is written."""
    if not event.submitted:
        return
    parcel = f"{event.export_id}/{re.sub(r'[^A-Z0-9]', '', event.parcel.tracking.upper())}"
    if wanted := _about_order(event.submitted, _SHIPPED, parcel, event.export_id, fact):
        wanted = wanted.model_copy(update={"carrier": event.parcel.carrier, "tracking": event.parcel.tracking})
        yield wanted.message_id, Request(wanted)


@policy
def stop_confirmation(event: OrderCancelled) -> Commands:
    yield message_id(_CONFIRMATION, event.order_id), Stop("The order was cancelled.")


def _about_order(submitted: SubmittedOrder, template: LetterTemplate, which: str, about: str, fact: Fact) -> MessageRequested | None:
    """Where the campaign sends such a letter, and there is somewhere to send it: as of the submission. ``which`` of an order's several."""
    order, rules = submitted.order, submitted.rules
    if template not in rules.letters or not order.customer.email:
        return None
    return MessageRequested(
        message_id=message_id(template, order.order_id, which),
        channel="email",
        template=template,
        order_id=order.order_id,
        customer_id=order.customer_id,
        about=about,
        campaign=order.campaign,
        to=order.customer.email,
        due_at=fact.time + START,
        campaign_name=order.campaign_name,
        first_name=order.customer.first_name,
        total=submitted.amount,
        currency=submitted.currency,
        campaign_version=rules.campaign_version,
    )


@policy
def hand_over_said(event: ConsentChanged, fact: Fact) -> Commands:
    """Outside of an order."""
    if event.consent != "sms_consent" or not event.given:
        return
    id = message_id(CONSENT, event.customer_id, fact.id)
    wanted = MessageRequested(
        message_id=id,
        channel="sms",
        template=CONSENT,
        order_id="",
        customer_id=event.customer_id,
        about=CONSENT,
        to=event.phone,
        due_at=event.at + START,
    )
    yield id, Request(wanted)


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
