"""Whatever comes in whatever order, and whoever crashes: nothing goes out without approval, twice, or after a cancellation."""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from services.fulfillment.shipment import LEASE, Cancel, Claim, Create, Delivered, Deny, Failed, Hold, LetGo, Release, shipment
from shared.contracts.fulfillment import (
    DeliveryClaimed,
    DeliveryRequested,
    FulfillmentCancelled,
    FulfillmentExported,
    FulfillmentHeld,
    FulfillmentRecordCreated,
    FulfillmentReleased,
    OrderCancelled,
)
from tests.machine import Machine, runs
from tests.samples import ORDER, submitted


class Shipments(Machine):
    aggregate = shipment

    def __init__(self):
        super().__init__()
        self.inbox, self.told_late, self.verdict = [], [], None

    @rule()
    def created(self):
        self.sends(Create("csv", submitted(), self.now))

    @rule(verdict=st.sampled_from([Release(ORDER, "qa1", None), Deny(ORDER)]))
    def decided(self, verdict):
        """qa says one of the two, and stays with it."""
        self.verdict = self.verdict or type(verdict)
        if self.verdict is Release:
            self.sends(Release(ORDER, "qa1", self.now))
        else:
            self.sends(Deny(ORDER))

    @rule()
    def cancelled(self):
        self.sends(Cancel(ORDER, "changed their mind", "agent:supervisor1"))

    @rule(part=st.integers(1, 2))
    def returned(self, part):
        self.sends(Hold(ORDER, f"{ORDER}-1-{part}-capture"))

    @rule()
    def let_go(self):
        self.sends(LetGo(ORDER, "agent:supervisor1", "paid by wire", self.now))

    @rule(seconds=st.integers(1, 2 * int(LEASE.total_seconds())))
    def waits(self, seconds):
        self.now += timedelta(seconds=seconds)

    @rule(ends=st.sampled_from(["delivered", "failed", "crash after claim", "crash after delivery"]))
    def works(self, ends):
        for claim in self.sends(Claim("me", self.now)):
            if ends == "crash after claim":
                return
            if ends == "failed":
                self.sends(Failed("no room", self.now, claim.until))
                self.told_late.append(Failed("no room", self.now, claim.until))
                return
            assert not self.held()
            if not (claim.takeover and self.inbox):
                self.inbox.append(claim.export_id)
            outcome = Delivered(f"{claim.export_id}.csv")
            if ends == "delivered":
                self.sends(outcome)
            self.told_late.append(outcome)

    @precondition(lambda self: self.told_late)
    @rule(data=st.data())
    def hears_late(self, data):
        self.sends(data.draw(st.sampled_from(self.told_late)))

    @invariant()
    def nothing_goes_out_unless_approved_and_known(self):
        if self.inbox:
            assert self.approved()
            assert self.all(FulfillmentRecordCreated)
            assert not self.all(OrderCancelled, FulfillmentCancelled)

    @invariant()
    def it_goes_out_once_under_one_name(self):
        assert self.inbox in ([], [f"{ORDER}-csv"])
        for once in (FulfillmentExported, FulfillmentRecordCreated):
            assert len(self.all(once)) <= 1
        assert len(self.approved()) <= 1
        assert len(self.all(DeliveryRequested)) <= 1 + len(self.all(FulfillmentReleased)) - len(self.approved())
        assert len(self.all(FulfillmentExported, OrderCancelled, FulfillmentCancelled)) <= 1

    def approved(self):
        return [event for event in self.all(FulfillmentReleased) if not event.by_hand]

    def held(self):
        last = self.all(FulfillmentHeld, FulfillmentReleased)[::-1]
        return next((isinstance(event, FulfillmentHeld) for event in last if isinstance(event, FulfillmentHeld) or event.by_hand), False)

    def teardown(self):
        """With everything said and time to work, what was approved has gone out, unless somebody stopped it."""
        self.let_go()
        for _ in range(3):
            self.now = max(self.now, self.state.claimed_until or self.now)
            self.works("delivered")
        wanted = self.approved() and self.all(FulfillmentRecordCreated) and not self.all(OrderCancelled, FulfillmentCancelled)
        assert bool(self.inbox) == bool(self.all(FulfillmentExported)) == bool(wanted)
        assert bool(self.all(DeliveryClaimed)) <= bool(wanted)


TestShipments = runs(Shipments)
