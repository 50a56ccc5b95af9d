"""Bugs, each as somebody might write it; the simulation has to find every one."""

import asyncio
from dataclasses import replace
from types import SimpleNamespace

from faststream import AckPolicy

from services.fulfillment import delivery, shipment
from services.fulfillment.delivery import Dispatch
from services.fulfillment.records import Record
from services.payments.effects import Desk
from services.payments.gateways.simulator import SimulatorGateway
from services.qa import review
from shared.contracts.fulfillment import FulfillmentRecordCreated
from shared.contracts.qa import ReviewUndone
from shared.engines.cluster.relay import KafkaRelay, _batches
from shared.kernel import projector
from shared.kernel.commands import Commands
from tests.simulation.groups import MemoryConsumer
from tests.simulation.memory import MemoryStreams
from tests.simulation.plugins import MemoryDrop


def relay_marks_by_count(instead):
    """So many were sent, so the oldest so many are done."""
    mark = KafkaRelay._mark

    async def by_count(relay, ids):
        oldest = relay._commits.unrelayed()[: len(ids)]
        await mark(relay, [commit["_id"] for commit in oldest])

    instead.setattr(KafkaRelay, "_mark", by_count)


def relay_sends_on_past_a_failure(instead):
    """What failed is sent in the next round."""

    async def carry(relay, producer, topic, partition, commits):
        for batch in _batches(commits):
            try:
                await relay._send(producer, relay._names.called(topic), partition, [event for _, event, _ in batch])
            except Exception:  # noqa: S112 - this is the bug
                continue
            await relay._mark([commit["_id"] for commit, _, last in batch if last])

    instead.setattr(KafkaRelay, "_carry", carry)


def ack_before_work(instead):
    """FastStream's default."""
    instead.setattr("shared.service.AckPolicy", SimpleNamespace(MANUAL=AckPolicy.ACK_FIRST))


def view_that_increments(instead):
    """Counts what it is given instead of saying what it has seen."""

    def advance(view, document, fact):
        data = view.apply(document.data, fact, document.id)
        counted = data and {**data, "events": (document.data or {}).get("events", 0) + 1}
        return replace(document, data=counted, versions={**document.versions, fact.stream: fact.version})

    instead.setattr(projector, "advance", advance)


def retry_under_a_new_reference(instead):
    """Each try is a request of its own."""
    authorise, tried = SimulatorGateway.authorise, set()

    async def anew(gateway, charge, secrets):
        reference = charge.reference
        again = f"{reference}-again" if reference in tried else reference
        tried.add(reference)
        return await authorise(gateway, replace(charge, reference=again), secrets)

    instead.setattr(SimulatorGateway, "authorise", anew)


def expired_claim_does_instead_of_asking(instead):
    """Whoever held it is dead, so it cannot have been done."""
    instead.setattr(Desk, "ask_authorised", Desk.authorise)


def approval_without_settlement(instead):
    """Passed is as good as paid."""
    held = review._open

    def opened(command):
        events = held(command)
        passed = [event for event in events if isinstance(event, review.ReviewPassed)]
        return [*events, *(review._approved(command.submitted, event.by) for event in passed)]

    instead.setattr(review, "_open", opened)


def group_that_starts_at_the_latest_event(instead):
    made = MemoryConsumer.__init__
    instead.setattr(
        MemoryConsumer, "__init__", lambda consumer, *args, **options: made(consumer, *args, **{**options, "auto_offset_reset": "latest"})
    )


def stale_edit_is_made(instead):
    """The last one wins."""
    decide = Commands._decide

    def decided(commands, aggregate, folded, command, sent):
        return decide(commands, aggregate, folded, command, replace(sent, version=None))

    instead.setattr(Commands, "_decide", decided)


def export_id_of_the_moment(instead):
    """A delivery that is made again is another one."""
    deliver = MemoryDrop.deliver

    async def delivered(drop, outgoing, options, secrets):
        return await deliver(drop, replace(outgoing, export_id=f"{outgoing.export_id}-{len(drop._inbox.received)}"), options, secrets)

    instead.setattr(MemoryDrop, "deliver", delivered)


def plugin_is_sent_it_again_without_being_asked(instead):
    """Whoever was to send it is dead, so it cannot have arrived."""
    instead.setattr(Dispatch, "ask", Dispatch.deliver)


def each_plugin_ships_all_lines(instead):
    made = delivery.outgoing
    instead.setattr(
        delivery, "outgoing", lambda record, *about: made(replace(record, created=record.created.model_copy(update={"lines": ()})), *about)
    )


def goes_out_when_it_is_recorded(instead):
    """Why wait for quality assurance."""
    create = shipment._create

    def created(submitted, now, state):
        events = create(submitted, now, state)
        return [*events, *shipment._requests([Record(event) for event in events if isinstance(event, FulfillmentRecordCreated)], now)]

    instead.setattr(shipment, "_create", created)


def hold_that_holds_nothing(instead):
    """It is shown, and that is all."""
    claimable, release = shipment._claimable, shipment._release
    instead.setattr(shipment, "_claimable", lambda record, state, now: claimable(record, replace(state, held=None), now))
    instead.setattr(shipment, "_release", lambda order_id, by, now, state: release(order_id, by, now, replace(state, held=None)))


def undo_after_the_last_instant(instead):
    instead.setattr(review, "_undo", lambda reviewer, now, state: [ReviewUndone(order_id=state.decision.order_id, reviewer=reviewer)])


def everybody_skips_qa(instead):
    instead.setattr(review, "_held", lambda command: None)


def rules_that_are_written_down_and_hold_nothing(instead):
    held = review._held
    instead.setattr(review, "_held", lambda command: held(replace(command, rules=())))


def accepted_before_it_is_stored(instead):
    """Written behind: what was not yet, when the process died, is not."""
    append = MemoryStreams.append

    async def behind(streams, topic, events):
        streams._writing = asyncio.create_task(append(streams, topic, events))

    instead.setattr(MemoryStreams, "append", behind)


PLANTED = (
    relay_marks_by_count,
    relay_sends_on_past_a_failure,
    ack_before_work,
    view_that_increments,
    retry_under_a_new_reference,
    expired_claim_does_instead_of_asking,
    approval_without_settlement,
    group_that_starts_at_the_latest_event,
    stale_edit_is_made,
    export_id_of_the_moment,
    plugin_is_sent_it_again_without_being_asked,
    each_plugin_ships_all_lines,
    goes_out_when_it_is_recorded,
    hold_that_holds_nothing,
    undo_after_the_last_instant,
    everybody_skips_qa,
    rules_that_are_written_down_and_hold_nothing,
    accepted_before_it_is_stored,
)
