"""Whatever comes in whatever order, and whoever crashes: nothing goes out without approval, under two names, or after a cancellation."""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from services.fulfillment.commands import (
    Arrive,
    AskBack,
    Cancel,
    Claim,
    ClaimCancel,
    Create,
    Delivered,
    Deny,
    Failed,
    Hold,
    HoldByHand,
    LetGo,
    Release,
    Resend,
    Ship,
    Stopped,
    TakeBack,
    TooLate,
    Unanswered,
)
from services.fulfillment.shipment import LEASE, shipment
from shared.contracts.fulfillment import (
    DeliveryClaimed,
    FulfillmentCancelled,
    FulfillmentDelivered,
    FulfillmentExported,
    FulfillmentHeld,
    FulfillmentRecordCreated,
    FulfillmentReleased,
    FulfillmentReturned,
    FulfillmentReturnRequested,
    FulfillmentShipped,
    OrderCancelled,
    Parcel,
    PluginCancelRequested,
)
from tests.machine import Machine, runs
from tests.samples import ORDER, submitted

PLUGINS = ("house", "toys")
EXPORTS = st.sampled_from([f"{ORDER}-{plugin}" for plugin in PLUGINS])
BY = "agent:supervisor1"


def order_of_two():
    order = submitted(plugin="house")
    lines = [order.order.quote.lines[0].model_copy(update={"line": n, "plugin": plugin}) for n, plugin in ((1, ""), (2, "toys"))]
    quote = order.order.quote.model_copy(update={"lines": tuple(lines)})
    return order.model_copy(update={"order": order.order.model_copy(update={"quote": quote})})


class Shipments(Machine):
    aggregate = shipment

    def __init__(self):
        super().__init__()
        self.inbox, self.told_late, self.verdict = [], [], None

    @rule()
    def created(self):
        self.sends(Create(order_of_two(), self.now))

    @rule(approves=st.booleans())
    def decided(self, approves):
        """qa says one of the two, and stays with it."""
        self.verdict = approves if self.verdict is None else self.verdict
        self.sends(Release(ORDER, "qa1", self.now) if self.verdict else Deny(ORDER))

    @rule()
    def cancelled(self):
        self.sends(Cancel(ORDER, "changed their mind", BY, self.now))

    @rule(part=st.integers(1, 2))
    def returned(self, part):
        self.sends(Hold(ORDER, f"{ORDER}-1-{part}-capture"))

    @rule()
    def held_by_hand(self):
        self.sends(HoldByHand(ORDER, BY, "odd address"))

    @rule()
    def let_go(self):
        self.sends(LetGo(ORDER, BY, "paid by wire", self.now))

    @rule(plugin=st.sampled_from(PLUGINS))
    def sent_once_more(self, plugin):
        self.sends(Resend(ORDER, plugin, BY, "lost", self.now))

    @rule(seconds=st.integers(1, 2 * int(LEASE.total_seconds())))
    def waits(self, seconds):
        self.now += timedelta(seconds=seconds)

    @rule(export_id=EXPORTS, ends=st.sampled_from(["delivered", "refused", "no answer", "crash after claim", "crash after delivery"]))
    def works(self, export_id, ends):
        for claim in self.sends(Claim(export_id, "me", self.now)):
            if ends == "crash after claim":
                return
            if ends == "refused" and export_id not in self.inbox:
                self.fails(Failed(export_id, "no room", self.now, claim.until, unknown=False))
                return
            if ends == "no answer":
                self.fails(Failed(export_id, "no answer", self.now, claim.until))
                return
            record = self.state.of(export_id)
            assert record.resend or not self.held()
            assert not record.stopped
            assert record.recall not in ("requested", "stopped")
            if record.resend or export_id not in self.inbox:
                self.inbox.append(export_id)
            outcome = Delivered(export_id, f"{export_id}.csv")
            if ends == "delivered":
                self.sends(outcome)
            self.told_late.append(outcome)

    def fails(self, failed):
        self.sends(failed)
        self.told_late.append(failed)

    @rule(export_id=EXPORTS, ends=st.sampled_from(["stopped", "too late", "no answer", "crash"]))
    def recalls(self, export_id, ends):
        for claim in self.sends(ClaimCancel(export_id, "me", self.now)):
            answers = {"stopped": Stopped(export_id), "too late": TooLate(export_id, "packed", "x")}
            answers["no answer"] = Unanswered(export_id, "no answer", self.now, claim.until)
            if ends == "too late" and export_id not in self.inbox:
                ends = "stopped"
            if ends in answers:
                self.sends(answers[ends])

    @rule(plugin=st.sampled_from(PLUGINS), says=st.sampled_from(["ship", "arrive", "ask back", "take back"]), parcel=st.integers(1, 2))
    def hears(self, plugin, says, parcel):
        if f"{ORDER}-{plugin}" in self.inbox:
            shipped = Ship(ORDER, plugin, Parcel(carrier="UPS", tracking=f"1Z{parcel}"), self.now, "csv")
            arrived, back = Arrive(ORDER, plugin, self.now, "csv"), TakeBack(ORDER, plugin, self.now, "csv")
            self.sends({"ship": shipped, "arrive": arrived, "take back": back, "ask back": AskBack(ORDER, plugin, BY, "too firm")}[says])

    @precondition(lambda self: self.told_late)
    @rule(data=st.data())
    def hears_late(self, data):
        self.sends(data.draw(st.sampled_from(self.told_late)))

    @invariant()
    def nothing_goes_out_unless_approved_and_known(self):
        if self.inbox:
            assert self.approved()
            assert self.all(FulfillmentRecordCreated)
            assert not [event for event in self.all(OrderCancelled, FulfillmentCancelled) if not getattr(event, "plugin", "")]

    @invariant()
    def each_thing_happens_once(self):
        assert set(self.inbox) <= {f"{ORDER}-{plugin}" for plugin in PLUGINS}
        assert len(self.all(FulfillmentRecordCreated)) in (0, 2)
        assert len(self.approved()) <= 1
        for once in (FulfillmentDelivered, FulfillmentReturned, FulfillmentReturnRequested, FulfillmentCancelled):
            assert len({event.export_id for event in self.all(once)}) == len(self.all(once))
        assert len({(event.export_id, event.parcel.tracking) for event in self.all(FulfillmentShipped)}) == len(self.all(FulfillmentShipped))

    @invariant()
    def they_have_what_is_said_to_be_out(self):
        assert {event.export_id for event in self.all(FulfillmentExported)} <= set(self.inbox)

    def approved(self):
        return [event for event in self.all(FulfillmentReleased) if not event.by_hand]

    def held(self):
        last = self.all(FulfillmentHeld, FulfillmentReleased)[::-1]
        return next((isinstance(event, FulfillmentHeld) for event in last if isinstance(event, FulfillmentHeld) or event.by_hand), False)

    def teardown(self):
        """With everything said and time to work, what was approved has gone out, unless somebody stopped it."""
        self.let_go()
        for plugin, record in list(self.state.records.items()):
            for _ in range(3):
                waits = [self.now, *filter(None, (self.state.records[plugin].delivery.until, self.state.records[plugin].recalling.until))]
                self.now = max(waits)
                self.recalls(record.export_id, "stopped")
                self.works(record.export_id, "delivered")
        whole = [event for event in self.all(OrderCancelled, FulfillmentCancelled) if not getattr(event, "plugin", "")]
        for plugin, record in self.state.records.items():
            stopped = record.stopped or any(event.plugin == plugin for event in self.all(PluginCancelRequested))
            assert record.exported or stopped or whole or not self.approved(), plugin
        assert not self.all(DeliveryClaimed) or self.approved()


TestShipments = runs(Shipments)
