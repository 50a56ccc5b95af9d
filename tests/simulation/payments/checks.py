"""What must hold after every run: the gateway's ledger and our events say the same of every reference, and no money is left hanging."""

from collections import defaultdict

from shared.contracts import cards, payments

_ANSWERS = ("approved", "declined", "never-heard")


class Evidence:
    """``ours`` is what our events say in the end of each reference, ``theirs`` what the ledger does."""

    def __init__(self, facts, entries, submitted, passed, rows, pre_auths):
        """``rows`` and ``pre_auths`` are those that somebody has to look at."""
        self.submitted, self.passed = submitted, passed
        self.orders, self.theirs = defaultdict(list), defaultdict(list)
        for fact in facts:
            if fact.stream.partition("-")[0] in ("payment", "preauth"):
                self.orders[fact.subject].append(fact.event)
        for entry in entries:
            self.theirs[entry["reference"].partition("~")[0]].append(entry)
        self.ours, self.amounts = {}, {}
        for events in self.orders.values():
            for event in events:
                self._heard(event)
        self.looked_at = {row["id"] for row in rows if row["attention"]}
        self.looked_at_pre = {row["order_id"] for row in pre_auths if row["attention"]}

    def _heard(self, event):
        match event:
            case payments.AttemptOpened():
                self.amounts |= {f"{event.order_id}-{event.attempt}-{part.number}": part.amount for part in event.parts}
            case payments.PartRerouted():
                self.amounts[f"{event.order_id}-{event.attempt}-{event.part.number}"] = event.part.amount
            case cards.PreAuthRequested():
                self.amounts[event.reference] = event.amount
            case payments.OperationRetried() if event.of in self.amounts:
                self.amounts[event.reference] = self.amounts[event.of]
            case payments.RefundRequested():
                self.amounts |= {part.reference: part.part.amount for part in event.parts}
            case payments.LateAuthorisationFound():
                self.ours[event.reference] = "approved"
            case cards.PreAuthorized():
                self.ours[event.reference] = "approved"
            case cards.PreAuthDeclined():
                self.ours[event.reference] = "declined"
            case payments.PaymentOutcomeUnknown() | cards.PreAuthUnanswered():
                return
            case _ if hasattr(event, "reference") and hasattr(event, "answer") and not getattr(event, "ask_again_at", None):
                self.ours[event.reference] = event.answer

    def waits(self, reference):
        """Somebody is asked to look at it."""
        order = reference.split("-")[0]
        return order in (self.looked_at_pre if "-pre-" in reference else self.looked_at)

    def of(self, order, *types):
        return [event for event in self.orders[order] if isinstance(event, types)]


def problems(evidence, *, settles=True):
    """Without ``settles`` no clock can be trusted about how long ago a request was sent, at a gateway that cannot be sent it again: then what it
    reserves late is found by reconciliation alone, and gone when it expires. Never is anything charged twice, nor taken that nobody let pass."""
    for check in (charged_once, all_of_theirs_is_ours, all_of_ours_is_theirs, nothing_hangs, only_what_passed, never_too_much, all_ended):
        if not settles and check in (all_of_theirs_is_ours, nothing_hangs):
            continue
        for problem in check(evidence):
            yield f"{check.__name__}: {problem}"


def charged_once(evidence):
    """No reference did anything twice."""
    for reference, entries in evidence.theirs.items():
        if sum(entry["status"] == "approved" for entry in entries) > 1:
            yield f"{reference} was approved {len(entries)} times"
    known = defaultdict(list)
    for reference, (entry, *_) in evidence.theirs.items():
        if entry["status"] == "approved" and (entry["kind"] == "capture" or (entry["kind"] == "authorize" and "expires_at" not in entry)):
            known[_which(reference), entry["kind"]].append(reference)
    for (what, kind), references in known.items():
        if len(references) > 1:
            yield f"{what} has {kind} of {references}"


def _which(reference):
    """Order, attempt and part."""
    return "-".join(reference.split("-")[:3])


def all_of_theirs_is_ours(evidence):
    """None is lost, and each is what we wanted."""
    for reference, entries in evidence.theirs.items():
        ours = evidence.ours.get(reference)
        for entry in entries:
            if entry["status"] == "approved" and ours != "approved" and not evidence.waits(reference):
                yield f"{reference}: they approved it, we have {ours}"
            if entry["status"] == "declined" and ours == "approved":
                yield f"{reference}: they declined it, and we believe it was approved"
            if entry["kind"] != "void" and entry["status"] == "approved" and ours == "approved":
                wanted = evidence.amounts.get(reference, evidence.amounts.get(_which(reference)))
                if entry["amount"] != wanted:
                    yield f"{reference}: {entry['amount']} of theirs, {wanted} of ours"


def all_of_ours_is_theirs(evidence):
    for reference, answer in evidence.ours.items():
        found = [entry["status"] for entry in evidence.theirs.get(reference, ())]
        if answer == "approved" and "approved" not in found:
            yield f"{reference}: we have it as approved, they have {found or 'nothing'}"


def nothing_hangs(evidence):
    """What was reserved is taken, or given back, or somebody looks at it; or it has expired by itself."""
    done = defaultdict(set)
    for entries in evidence.theirs.values():
        for entry in entries:
            if entry["status"] == "approved" and "authorization" in entry:
                done[entry["authorization"].partition("~")[0]].add(entry["kind"])
    for reference, entries in evidence.theirs.items():
        for entry in entries:
            held = entry["kind"] == "authorize" and entry["status"] == "approved" and "expires_at" not in entry
            if held and not done[reference] and not evidence.waits(reference):
                yield f"{reference} was authorised, and neither captured nor given back"
        if {"capture", "void"} <= done[reference]:
            yield f"{reference} was captured and voided"


def only_what_passed(evidence):
    """Nothing is captured that nobody approved."""
    for reference, entries in evidence.theirs.items():
        order, attempt, *_ = reference.split("-")
        for entry in entries:
            if entry["kind"] == "capture" and entry["status"] == "approved" and (order, int(attempt)) not in evidence.passed:
                yield f"{reference} was captured, and nobody let it pass"


def never_too_much(evidence):
    """What is captured is at most what was submitted, what is given back at most what was captured; and our page says the same."""
    money = defaultdict(lambda: defaultdict(int))
    for reference, entries in evidence.theirs.items():
        for entry in entries:
            if entry["status"] == "approved":
                money[reference.split("-")[0]][entry["kind"]] += entry["amount"]
    for order, sums in money.items():
        most = max((s.amount for (id, _), s in evidence.submitted.items() if id == order), default=0)
        if sums["capture"] > most:
            yield f"{order}: {sums['capture']} was captured of {most}"
        if sums["refund"] > sums["capture"]:
            yield f"{order}: {sums['refund']} was refunded of {sums['capture']}"


def all_ended(evidence):
    """Each attempt has one outcome, or somebody looks at it."""
    for order, attempt in evidence.submitted:
        ends = [
            type(event).__name__
            for event in evidence.of(order, payments.PaymentAuthorized, payments.OrderDeclined, payments.ExternalPaymentPending)
            if event.attempt == attempt
        ]
        opened = [event for event in evidence.of(order, payments.AttemptOpened) if event.attempt == attempt]
        late = [event for event in evidence.of(order, payments.LateAuthorisationFound) if event.attempt == attempt]
        if len(ends) > 1:
            yield f"{order}-{attempt} ended as {ends}"
        if not ends and not late and not (opened and order in evidence.looked_at) and not evidence.of(order, payments.PaymentStopped):
            yield f"{order}-{attempt} has no outcome"
