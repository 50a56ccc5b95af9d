"""What an event says, in a short sentence for people. Nothing personal: sealed fields are not looked at."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from shared.contracts import cards, cart, customers, fulfillment, payments, qa
from shared.contracts.order import Call
from shared.kernel.events import Event
from shared.money import formatted

_SECTIONS = {
    "campaign": "campaign",
    "customer": "customer",
    "billing": "billing address",
    "shipping": "shipping address",
    "shipping_same": "shipping address",
    "lines": "products",
    "coupons": "coupons",
    "profile": "shipping profile",
    "fields": "custom fields",
    "terms_agreed": "terms",
    "customer_id": "customer",
    "notes": "notes",
    "attribution": "where it came from",
    "particulars": "particulars",
    "trial_override": "trial de-duping",
    "force_qa": "review",
}
_APPROVED = {"automatic": "Approved automatically", "skip_qa": "Approved without review: prepaid orders skip it"}
_HELD = {
    "external": "Waits for review: paid elsewhere",
    "share": "Waits for review: in the share that is looked at",
    "forced": "Waits for review: whoever rang it up asked for it",
    "rule": "Waits for review",
}
_LETTERS = {"order-confirmation": "The order confirmation", "shipped": "The letter about a parcel"}
_BY = {"email": "e-mail", "sms": "SMS"}
_DISPOSITIONS = {
    "call-back": "wants to be called back",
    "price": "the price",
    "thinking": "wants to think about it",
    "not-interested": "not interested",
    "information": "only wanted to know something",
    "payment": "could not pay",
    "disconnected": "disconnected",
    "unavailable": "what they wanted is not there",
    "test": "a test",
    "other": "another reason",
}
_ENDED = {"revoked": "it was revoked", "taken-over": "an agent took the order over", "erased": "the customer was erased"}
_SOURCES = {"phone": "phone", "lander": "landing page", "checkout": "checkout page"}
_GATEWAYS_ANSWER = (payments.PartAnswered, payments.PartCaptured, payments.PartVoided, payments.PartRenewed, payments.PartRefunded)
_ANSWERS = {"approved": "yes", "declined": "no", "unknown": "unknown", "never-heard": "not known there"}


def say(event: Event, actor: str = "") -> str:
    """An answer that a person recorded is nothing that a gateway said."""
    if isinstance(event, _GATEWAYS_ANSWER) and actor.startswith("agent:"):
        return "It counts as done from now on" if event.answer == "approved" else "It counts as not done from now on"
    sentence = SENTENCES.get(type(event))
    return sentence(event) if sentence else _words(type(event).__name__)


def _words(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).capitalize()


def _reason(code: str) -> str:
    return code.replace("-", " ")


def _who(actor: str) -> str:
    return actor.partition(":")[2] or actor


def _changed(event: cart.CartUpdated) -> str:
    changes = event.changes
    if changes.call:
        return _started(changes.call) + (f", to ring up {changes.reorder_of} again" if changes.reorder_of else "")
    sections = dict.fromkeys(said for name, said in _SECTIONS.items() if getattr(changes, name) is not None)
    return f"Changed: {', '.join(sections)}" if sections else "Priced anew"


def _started(call: Call) -> str:
    return f"Started by {_who(call.agent)}, {call.direction} call"


def _submitted(event: cart.OrderSubmitted) -> str:
    paid = "paid elsewhere" if event.submitted.method == "external" else "to be charged"
    return f"Submitted by {_who(event.submitted.placed_by)}, {paid} (attempt {event.attempt})"


def _reopened(event: cart.OrderReopened) -> str:
    if event.why == "declined":
        return f"Open again after attempt {event.attempt}"
    if event.of == "customer":
        return "The customer went on with it"
    return f"Taken up again by {_who(event.call.agent)}" if event.call else "Taken up again"


def _declined(event: payments.OrderDeclined) -> str:
    return f"Card declined: {_reason(event.reason)}"


def _decided(event: qa.ReviewDecided) -> str:
    return f"{'Approved' if event.verdict == 'approve' else 'Denied'} by {_who(event.reviewer)}"


def _passed(by: str) -> str:
    return _APPROVED.get(by) or f"Approved by {_who(by)}"


def _answered(what: str, answer: str, reason: str) -> str:
    return f"{what}: {_ANSWERS[answer]}" + (f", {_reason(reason)}" if reason else "")


def _rerouted(event: payments.PartRerouted) -> str:
    return f"Declined softly there: {event.part.gateway} is asked instead"


def _retried(event: payments.OperationRetried) -> str:
    return f"{_who(event.by)} asks again" if event.of == event.reference else f"{_who(event.by)} tries again what was refused"


def _recorded(event: payments.OutcomeRecorded) -> str:
    return f"{_who(event.by)} recorded that it was {'done' if event.outcome == 'charged' else 'not done'} at the gateway"


def _not_refunded(event: payments.PaymentRefundFailed) -> str:
    return f"Refund {event.number} failed: {_reason(event.reason)}"


def _released(event: fulfillment.FulfillmentReleased) -> str:
    return f"Shipment released by hand by {_who(event.by)}" if event.by_hand else "Shipment released"


def _recalled(event: fulfillment.PluginCancelAnswered) -> str:
    if event.by:
        return f"{_who(event.by)} has found out that {event.plugin} {'has it' if event.answer == 'too-late' else 'does not have it'}"
    said = {"stopped": f"{event.plugin} has stopped it", "too-late": f"Too late for {event.plugin} to stop it"}
    said["unknown"] = f"{event.plugin} cannot stop it, and nobody knows whether they have it"
    answer = said.get(event.answer, f"{event.plugin} did not say whether it is stopped")
    return f"{answer}: {event.reason}" if event.reason else answer


def _letter(event: customers.MessageRequested | customers.MessageSent | customers.MessageFailed) -> str:
    return _LETTERS.get(event.template, "The link")


def _to_be_told(event: customers.MessageRequested) -> str:
    if event.about == "consent":
        return "The customer agreed to SMS: the number is to be handed over"
    return f"{_letter(event)} is to be sent by {_BY[event.channel]}"


def _told(event: customers.MessageSent) -> str:
    if event.about == "consent":
        return f"The consent to SMS was handed over to {event.by}"
    return f"{_letter(event)} was " + ("put into the outbox: no mail server is set" if event.by == "outbox" else f"sent by {_BY[event.channel]}")


def _not_told(event: customers.MessageFailed) -> str:
    failed = "The consent to SMS was not handed over" if event.about == "consent" else f"{_letter(event)} was not sent by {_BY[event.channel]}"
    return f"{failed}: {_clause(event.reason)}"


def _kept(event: cart.PartialCreated) -> str:
    if event.disposition:
        return f"No sale by {_who(event.made_by)}: {_DISPOSITIONS[event.disposition]}"
    return f"Left unfinished on the {_SOURCES[event.source]}"


def _clause(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:].removesuffix(".")


def _asked(event: cart.OverrideRequested) -> str:
    prices = (("price", event.price, event.list_price), ("shipping price", event.shipping_price, event.list_shipping_price))
    wanted = [f"a {what} of {_of(to, event)} instead of {_of(list_price, event)}" for what, to, list_price in prices if to is not None]
    return f"{_who(event.by)} asks for {' and '.join(wanted) or 'another price'} for {event.name}"


def _of(amount: int, event: cart.OverrideRequested) -> str:
    return formatted(amount, event.currency)


SENTENCES: Mapping[type[Event], Callable[[Any], str]] = {
    cart.CartUpdated: _changed,
    cart.CustomerIdReserved: lambda e: f"Customer number {e.customer_id} reserved",
    cart.OrderSubmitted: _submitted,
    cart.OrderReopened: _reopened,
    cart.PartialCreated: _kept,
    cart.DraftLinkIssued: lambda e: (
        f"Link for the customer made by {_who(e.issued_by)}" + (f", to be sent by {_BY[e.channel]}" if e.channel in _BY else "")
    ),
    cart.DraftLinkOpened: lambda e: "The customer opened the link",
    cart.DraftLinkRevoked: lambda e: f"The link ended: {_ENDED[e.why]}",
    cart.SecondFactTried: lambda e: "The customer was recognised by a second fact" if e.matched else "A second fact did not match",
    cart.OverrideRequested: _asked,
    cart.OverrideApproved: lambda e: f"The price was approved by {_who(e.supervisor)}",
    cart.OverrideRefused: lambda e: f"The price was refused by {_who(e.supervisor)}",
    cart.RetryAllowed: lambda e: f"More attempts allowed by {_who(e.supervisor)}",
    cart.RecordingPaused: lambda e: "Recording paused: payment details are being said",
    cart.RecordingResumed: lambda e: "Recording resumed",
    cart.OrderClosed: lambda e: "The customer was erased" if e.why == "erased" else f"Closed: {e.why}",
    cart.CouponRedeemed: lambda e: f"Coupon {e.code} taken",
    cart.CouponReturned: lambda e: f"Coupon {e.code} given back: {_reason(e.why)}",
    payments.AttemptOpened: lambda e: f"Attempt {e.attempt} opened",
    payments.AttemptClaimed: lambda e: "The gateway is asked what became of it" if e.takeover else "The gateway is asked to authorize",
    payments.PartAnswered: lambda e: _answered("The gateway answered", e.answer, e.reason),
    payments.PaymentAuthorized: lambda e: "Payment authorized",
    payments.OrderDeclined: _declined,
    payments.ExternalPaymentPending: lambda e: "Paid elsewhere: nobody was charged",
    payments.PaymentOutcomeUnknown: lambda e: "The outcome of the payment is unknown; the gateway will be asked again",
    payments.LateAuthorisationFound: lambda e: "A late authorization was found; it will be voided",
    payments.CaptureRequested: lambda e: "Capture requested",
    payments.CaptureClaimed: lambda e: "The gateway is asked what became of the capture" if e.takeover else "The gateway is asked to capture",
    payments.PartCaptured: lambda e: _answered("The gateway answered the capture", e.answer, e.reason),
    payments.PaymentCaptured: lambda e: "Payment captured",
    payments.PaymentCaptureFailed: lambda e: f"Capture failed: {_reason(e.reason)}",
    payments.VoidRequested: lambda e: f"Void requested: {_reason(e.why)}",
    payments.VoidClaimed: lambda e: "The gateway is asked what became of the void" if e.takeover else "The gateway is asked to void",
    payments.PartVoided: lambda e: _answered("The gateway answered the void", e.answer, e.reason),
    payments.PaymentVoided: lambda e: "Payment voided",
    payments.PaymentVoidFailed: lambda e: f"Void failed: {_reason(e.reason)}",
    payments.PartRerouted: _rerouted,
    payments.RenewalRequested: lambda e: "The authorization ends before the capture: another one is asked for",
    payments.RenewalClaimed: lambda e: "The gateway is asked what became of the renewal" if e.takeover else "The gateway is asked to authorize again",
    payments.PartRenewed: lambda e: _answered("The gateway answered the renewal", e.answer, e.reason),
    payments.OperationRetried: _retried,
    payments.AnswerContradicted: lambda e: f"The gateway says something else now: {_ANSWERS[e.answer]}",
    payments.OutcomeRecorded: _recorded,
    payments.RefundRequested: lambda e: f"Refund {e.number} asked for by {_who(e.by)}",
    payments.RefundClaimed: lambda e: "The gateway is asked what became of the refund" if e.takeover else "The gateway is asked to refund",
    payments.PartRefunded: lambda e: _answered("The gateway answered the refund", e.answer, e.reason),
    payments.PaymentRefunded: lambda e: "Everything is refunded" if e.refunded >= e.captured else f"Refund {e.number} done: a part is given back",
    payments.PaymentRefundFailed: _not_refunded,
    payments.PaymentReturned: lambda e: f"The bank returned the payment: {', '.join(filter(None, (e.code, _reason(e.reason))))}",
    payments.PaymentStopped: lambda e: f"Nothing more will be charged: {e.why}",
    cards.PreAuthRequested: lambda e: "Pre-authorization asked for",
    cards.PreAuthClaimed: lambda e: "The gateway is asked what became of it" if e.takeover else "The gateway is asked to pre-authorize",
    cards.PreAuthUnanswered: lambda e: "The gateway did not say what became of it, and will be asked again",
    cards.PreAuthorized: lambda e: "Pre-authorized",
    cards.PreAuthDeclined: lambda e: f"Pre-authorization declined: {_reason(e.reason)}",
    cards.PreAuthVoided: lambda e: _answered("Asked to give the pre-authorization back, the gateway answered", e.answer, e.reason),
    cards.InstrumentKept: lambda e: f"{e.instrument.brand} ending {e.instrument.last4} kept for the customer's next orders",
    qa.QualityReviewRequested: lambda e: f"{_HELD[e.why]}{': ' if e.rules else ''}{'; '.join(e.rules)}",
    qa.ReviewDecided: _decided,
    qa.ReviewUndone: lambda e: f"Decision undone by {_who(e.reviewer)}",
    qa.ReviewPassed: lambda e: "Passed quality assurance" if e.by == "automatic" else f"Passed by {_who(e.by)}",
    qa.OrderApproved: lambda e: _passed(e.by),
    qa.OrderDenied: lambda e: f"Denied by {_who(e.reviewer)}",
    qa.ReviewClosed: lambda e: f"Review closed: {e.why}",
    fulfillment.FulfillmentRecordCreated: lambda e: "Shipment on hold",
    fulfillment.FulfillmentHeld: lambda e: f"Shipment held by {_who(e.by)}" if e.why == "by-hand" else "Shipment held: the payment came back",
    fulfillment.FulfillmentReleased: _released,
    fulfillment.DeliveryRequested: lambda e: f"To be handed to {e.plugin} once more, for {_who(e.by)}" if e.by else f"To be handed to {e.plugin}",
    fulfillment.DeliveryClaimed: lambda e: f"{e.plugin} is asked what became of it" if e.takeover else f"Being handed to {e.plugin}",
    fulfillment.FulfillmentExported: lambda e: f"Exported with {e.plugin}",
    fulfillment.FulfillmentFailed: lambda e: f"Not delivered{', and not tried again by itself' if e.given_up else ''}: {e.reason}",
    fulfillment.PluginCancelRequested: lambda e: f"{e.plugin} is to stop it, for {_who(e.by)}",
    fulfillment.PluginCancelClaimed: lambda e: f"{e.plugin} is asked to stop it",
    fulfillment.PluginCancelAnswered: _recalled,
    fulfillment.FulfillmentShipped: lambda e: f"On its way{' with ' + e.parcel.carrier if e.parcel.carrier else ''}, {e.plugin}",
    fulfillment.FulfillmentDelivered: lambda e: f"Arrived, {e.plugin}",
    fulfillment.FulfillmentReturnRequested: lambda e: f"May be sent back under {e.rma}",
    fulfillment.FulfillmentReturned: lambda e: f"Came back{' under ' + e.rma if e.rma else ''}, {e.plugin}",
    fulfillment.ShipmentHandedOut: lambda e: f"Where it goes was told to {_who(e.by)}",
    fulfillment.FulfillmentCancelled: lambda e: f"Shipment {'by ' + e.plugin + ' ' if e.plugin else ''}cancelled: {e.why}",
    fulfillment.OrderCancelled: lambda e: f"Cancelled by {_who(e.by)}",
    fulfillment.ErasureRequested: lambda e: "The exported file is to be erased",
    fulfillment.ErasureClaimed: lambda e: "The exported file is being erased",
    fulfillment.ExportErased: lambda e: "The exported file was erased",
    customers.CustomerUpdated: lambda e: "Profile updated",
    customers.CustomerNoted: lambda e: "Notes kept with the customer",
    customers.CustomerErased: lambda e: "The customer was erased",
    customers.MessageRequested: _to_be_told,
    customers.MessageClaimed: lambda e: "It is being sent again" if e.takeover else "It is being sent",
    customers.MessageSent: _told,
    customers.MessageFailed: _not_told,
}
