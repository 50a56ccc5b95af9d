"""What must hold after every run, asked from the outside: of the log, the gateway's ledger, the plugins' inboxes and what people were told."""

from collections import Counter, defaultdict

from shared.contracts import cart, catalog, customers, fulfillment, payments, qa
from shared.contracts.registry import EVENTS
from shared.ids import external_command
from shared.kernel.codec import Codec
from shared.kernel.commands import decode
from tests.simulation.people import AGENTS, LAST, USES
from tests.simulation.shipping import CHECKS

_ENDS = (qa.OrderDenied, fulfillment.OrderCancelled, fulfillment.FulfillmentExported, fulfillment.FulfillmentCancelled)


class Evidence:
    """``facts`` in the order in which they were appended; ``orders`` has those of each order, with their place in it."""

    def __init__(self, world, people):
        codec = Codec(EVENTS)
        self.world, self.told, self.rules = world, people.told, people.rulers.standing
        self.facts = [decode(codec, stored) for stored in world.cluster.log]
        self.orders = defaultdict(list)
        self.commands = defaultdict(list)
        for place, fact in enumerate(self.facts):
            self.commands[fact.command_id].append(fact)
            if fact.stream.partition("-")[0] in ("order", "payment", "review", "shipment"):
                self.orders[fact.subject].append((place, fact.event))
        self.charges = defaultdict(list)
        for entry in world.gateway.entries:
            if entry["status"] == "approved":
                self.charges[entry["reference"].split("-")[0]].append(entry)

    def of(self, order, *types):
        return [event for _, event in self.orders[order] if isinstance(event, types)]

    def before(self, order, place, *types):
        return [event for at, event in self.orders[order] if at < place and isinstance(event, types)]

    def submitted(self):
        return [order for order in self.orders if self.of(order, cart.OrderSubmitted)]


def problems(evidence):
    for check in (
        coupons_are_counted,
        told_is_true,
        nobody_meets_a_fault,
        no_stale_edit,
        not_charged_twice,
        given_back,
        topics_are_whole,
        gate_holds,
        rules_hold,
        all_ended,
        all_closed,
        *CHECKS,
    ):
        for problem in check(evidence):
            yield f"{check.__name__}: {problem}"


def coupons_are_counted(evidence):
    """No more orders stand with a limited coupon than it has uses, and each of them holds one."""
    held, standing = defaultdict(set), defaultdict(set)
    for fact in evidence.facts:
        match fact.event:
            case cart.CouponRedeemed(order_id=order):
                held[fact.stream].add(order)
            case cart.CouponReturned(order_id=order):
                held[fact.stream].discard(order)
            case cart.OrderSubmitted(submitted=submitted) if any(each.code == LAST and each.amount for each in submitted.order.quote.coupons):
                standing[f"coupon-{submitted.order.campaign}-{LAST}"].add(submitted.order_id)
            case cart.OrderReopened(order_id=order) | cart.OrderClosed(order_id=order, why="denied" | "cancelled"):
                for orders in standing.values():
                    orders.discard(order)
        for stream, orders in standing.items():
            if len(orders) > USES:
                yield f"{stream} is used by {sorted(orders)} at {fact.id}"
    for stream, orders in standing.items():
        if orders - held[stream]:
            yield f"{sorted(orders - held[stream])} stand without a use of {stream}"


def told_is_true(evidence):
    """P1: what was accepted is recorded, what was refused is not."""
    answers = defaultdict(list)
    for told in evidence.told:
        answers[told.what, told.key].append(told)
    for (what, key), all in answers.items():
        recorded = _recorded(evidence, what, key)
        if what in ("submit", "place", "start", "refund", "decide", "undo") and any(told.ok for told in all) and not recorded:
            yield f"{what} {key} was accepted and is not recorded"
        if recorded and all and not any(told.ok or told.status in (0, 503) for told in all) and not _twin(all):
            yield f"{what} {key} was refused and is recorded"


def _recorded(evidence, what, key):
    """A merge that was taken back is none any more."""
    ids = [external_command(agent.actor, key) for agent in AGENTS] if what == "place" else [key]
    wanted = cart.OrderSubmitted if what in ("submit", "place") else object
    found = [fact for id in ids for fact in evidence.commands.get(id, ()) if isinstance(fact.event, wanted)]
    parted = {_merge(fact.event, 0) for fact in evidence.facts if isinstance(fact.event, customers.CustomersUnmerged)}
    return [fact for fact in found if not isinstance(fact.event, customers.CustomersMerged) or _merge(fact.event, 1) not in parted]


def _merge(event, ahead):
    return event.customer_id, event.alias, event.number + ahead


def nobody_meets_a_fault(evidence):
    """Whatever happens, people are answered in words."""
    for told in evidence.told:
        if told.status == 500:
            yield f"{told.what} {told.key} failed: {told.body['detail']}"


def _twin(all):
    """Of a key that was sent twice at once one may have lost every race against the other."""
    return any(told.body.get("code") == "busy" for told in all)


def no_stale_edit(evidence):
    """P6: an edit that named a version was made on that version."""
    for told in evidence.told:
        if told.ok and told.version is not None:
            made = [fact.version for fact in evidence.commands.get(told.key, ())]
            if made and made[0] != told.version + 1:
                yield f"{told.key} had seen {told.order} at {told.version} and changed it at {made[0] - 1}"


def not_charged_twice(evidence):
    """P2."""
    for order, charges in evidence.charges.items():
        submitted = evidence.of(order, cart.OrderSubmitted)
        captured = sum(entry["amount"] for entry in charges if entry["kind"] == "capture")
        if captured > submitted[-1].submitted.amount:
            yield f"{order} was charged {captured} of {submitted[-1].submitted.amount}"
        undone = {entry["authorization"] for entry in charges if entry["kind"] in ("capture", "void")}
        for entry in charges:
            if entry["kind"] == "authorize" and entry["reference"] not in undone and not _kept(evidence, order, entry["reference"].partition("~")[0]):
                yield f"{entry['reference']} was authorised, and neither captured nor given back"


def given_back(evidence):
    """No more than was taken, as often as it was asked for; of a stopped order all of it, unless somebody has to look after it."""
    for order, charges in evidence.charges.items():
        captured, refunded = (sum(entry["amount"] for entry in charges if entry["kind"] == kind) for kind in ("capture", "refund"))
        told = [event.refunded for event in evidence.of(order, payments.PaymentRefunded)]
        if refunded > captured:
            yield f"{order} was given back {refunded} of {captured}"
        if refunded != max(told, default=0) and not evidence.of(order, payments.PaymentRefundFailed):
            yield f"{order} was given back {refunded}, and told so of {told}"
        if evidence.of(order, payments.PaymentStopped) and refunded != captured and not evidence.of(order, payments.PaymentRefundFailed):
            yield f"{order} was stopped, and {captured - refunded} not given back"


def _kept(evidence, order, reference):
    """A person has to decide on the order, or to look after its money."""
    known = any(reference in [part.reference for part in event.parts] for event in evidence.of(order, payments.PaymentAuthorized))
    troubled = evidence.of(order, payments.PaymentCaptureFailed, payments.PaymentVoidFailed)
    return known and bool(_waits(evidence, order) or troubled)


def _waits(evidence, order):
    reviewed = evidence.of(order, qa.QualityReviewRequested, qa.ReviewDecided, qa.ReviewUndone, qa.ReviewClosed)
    return bool(reviewed) and isinstance(reviewed[-1], qa.QualityReviewRequested | qa.ReviewUndone)


def topics_are_whole(evidence):
    """P4: each event is on its topic, and the first time behind all that came before it in its stream."""
    seen = Counter()
    for part in evidence.world.cluster.topics.values():
        for stored in part:
            if stored.version == seen[stored.stream] + 1:
                seen[stored.stream] += 1
            elif stored.version > seen[stored.stream] + 1 and _is_ours(evidence, stored):
                yield f"{stored.stream}@{stored.version} came before {stored.stream}@{seen[stored.stream] + 1}"
    for stream, events in evidence.world.cluster.streams.items():
        if seen[stream] != len(events):
            yield f"{stream} has {len(events)} events, and its topic {seen[stream]}"


def _is_ours(evidence, stored):
    return stored.version <= len(evidence.world.cluster.streams.get(stored.stream, ()))


def gate_holds(evidence):
    """P7: nothing is exported without approval, and nothing approved before the money is settled."""
    for order, events in evidence.orders.items():
        for place, event in events:
            if isinstance(event, qa.OrderApproved):
                yield from _unsettled(evidence, order, place, event)
                yield from _unapproved(evidence, order, place, event)
            if isinstance(event, fulfillment.FulfillmentExported) and not evidence.before(order, place, qa.OrderApproved):
                yield f"{order} was exported without approval"
            if isinstance(event, qa.ReviewPassed) and event.by != "automatic" and event.by != _approver(evidence, order, place):
                yield f"{order} was passed by {event.by}, who did not approve it"
            if isinstance(event, qa.ReviewUndone) and evidence.before(order, place, qa.ReviewPassed, qa.OrderApproved, qa.OrderDenied):
                yield f"{order} was undone after it had taken effect"


def rules_hold(evidence):
    """P7: what waits for a person does not pass by itself, and nothing does to which a rule applies that stood before it."""
    for order, events in evidence.orders.items():
        for place, event in events:
            if isinstance(event, qa.ReviewPassed) and event.by == "automatic":
                if evidence.before(order, place, qa.QualityReviewRequested):
                    yield f"{order} was held, and passed by itself"
                for rule in evidence.rules:
                    if _applies(rule, event.submitted):
                        yield f"{order} passed by itself, and {rule['kind']} stood"


SAID = {
    "Over": "amount-over", "New": "new-customer-express", "Price": "price-override", "Shipping": "address-mismatch", "The": "nothing that is known",
}  # fmt: skip
"""By the first word of what a rule says; velocity begins with a number."""


def held_by(evidence):
    """The kind of rule, each time that one held an order."""
    for fact in evidence.facts:
        if isinstance(fact.event, qa.QualityReviewRequested):
            yield from (SAID.get(said.split()[0], "velocity") for said in fact.event.rules)


def _applies(rule, submitted):
    """Of those that look at nothing but the order."""
    match rule["kind"]:
        case "amount-over":
            return submitted.amount > rule["amount"]
        case "address-mismatch":
            return submitted.order.shipping.region != submitted.order.billing.region
        case "price-override":
            lines = [line for line in submitted.order.quote.lines if line.unit_rule == "override"]
            return any((line.list_price - line.unit_price) * 100 >= rule["percent"] * line.list_price for line in lines)
    return False


def _unsettled(evidence, order, place, approved):
    if approved.submitted.method == "external":
        if not evidence.before(order, place, payments.ExternalPaymentPending):
            yield f"{order} was approved before its payment was known"
        return
    captured = [event for event in evidence.before(order, place, payments.PaymentCaptured) if event.attempt == approved.attempt]
    charged = sum(entry["amount"] for entry in evidence.charges[order] if entry["kind"] == "capture")
    if not captured or charged != approved.total:
        yield f"{order} was approved before {approved.total} were captured; in the end {charged} were"


def _unapproved(evidence, order, place, approved):
    rules = approved.submitted.rules
    held = evidence.before(order, place, qa.ReviewDecided, qa.ReviewUndone, qa.QualityReviewRequested)
    if approved.by == "skip_qa":
        stamped = [
            fact.event.settings
            for fact in evidence.facts
            if isinstance(fact.event, catalog.AccountSettingsChanged) and fact.event.number == rules.settings_version
        ]
        if rules.force_qa or not (rules.skip_qa and stamped and stamped[0].prepaid_skip_qa):
            yield f"{order} skipped QA where its settings, version {rules.settings_version}, do not"
    elif approved.by == "automatic":
        if approved.submitted.method == "external" or held:
            yield f"{order} was held, and passed by itself"
    elif approved.by != _approver(evidence, order, place):
        yield f"{order} was approved by {approved.by}, who did not"


def _approver(evidence, order, place):
    """Who has approved it last, and not undone that."""
    decided = evidence.before(order, place, qa.ReviewDecided, qa.ReviewUndone)
    standing = decided and isinstance(decided[-1], qa.ReviewDecided) and decided[-1].verdict == "approve"
    return decided[-1].reviewer if standing else None


def all_ended(evidence):
    """Every submission came to an end, or waits for a person."""
    for order in evidence.submitted():
        attempt = evidence.of(order, cart.OrderSubmitted)[-1].attempt
        declined = any(event.attempt == attempt for event in evidence.of(order, payments.OrderDeclined))
        troubled = evidence.of(order, payments.PaymentCaptureFailed)
        if not (evidence.of(order, *_ENDS) or declined or troubled or _waits(evidence, order)):
            last = [type(event).__name__ for _, event in evidence.orders[order][-3:]]
            yield f"{order} is stuck after {', '.join(last)}"


def all_closed(evidence):
    """What one service decided, the others have heard."""
    for order in evidence.submitted():
        ended = evidence.of(order, qa.OrderApproved, qa.OrderDenied, fulfillment.OrderCancelled)
        closed = evidence.of(order, cart.OrderClosed)
        if ended and not closed:
            yield f"{order} is open though it was {type(ended[0]).__name__}"
        if evidence.of(order, qa.OrderApproved) and not evidence.of(order, fulfillment.FulfillmentReleased, fulfillment.OrderCancelled):
            yield f"{order} was approved, and fulfilment does not know"
        stopped = evidence.of(order, qa.OrderDenied, fulfillment.OrderCancelled)
        if stopped and not evidence.of(order, payments.PaymentStopped):
            yield f"{order} was {type(stopped[0]).__name__}, and payments does not know"
        current = evidence.of(order, cart.OrderSubmitted)[-1].attempt
        for event in evidence.of(order, payments.OrderDeclined):
            reopened = any(again.attempt == event.attempt for again in evidence.of(order, cart.OrderReopened))
            if event.attempt == current and not reopened and not closed:
                yield f"{order} was declined, and is not open again"
