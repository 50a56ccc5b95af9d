"""Bugs, each as somebody might write it; the simulation has to find every one."""

from dataclasses import replace

from services.payments import desk, pre_auth_work
from services.payments.gateways import simulator
from services.payments.gateways.protocol import UNKNOWN, Said
from services.payments.gateways.simulator import SimulatorGateway
from services.payments.pending import START
from shared.contracts.payments import CaptureRequested, LateAuthorisationFound, PaymentAuthorized, VoidRequested
from shared.kernel.commands import Commands
from tests.simulation.planted import expired_claim_does_instead_of_asking, retry_under_a_new_reference


def _deciding(instead, change):
    """``change`` is given what was decided to append, and says what is."""
    decide = Commands._decide

    def decided(commands, aggregate, folded, command, sent):
        events = decide(commands, aggregate, folded, command, sent)
        return change(events) if isinstance(events, list) else events

    instead.setattr(Commands, "_decide", decided)


def late_yes_is_ignored(instead):
    """The order was declined, and that is that."""

    def late(event):
        return isinstance(event, LateAuthorisationFound) or (isinstance(event, VoidRequested) and event.why == "late")

    _deciding(instead, lambda events: [event for event in events if not late(event)])


def other_parts_are_kept(instead):
    """One part was declined, and nobody thinks of those that were not."""
    _deciding(instead, lambda events: [e for e in events if not (isinstance(e, VoidRequested) and e.why == "other-part-declined")])


def captured_at_once(instead):
    """What is reserved may as well be taken."""

    def taken(event):
        due_at = event.submitted.submitted_at + START
        return CaptureRequested(order_id=event.order_id, attempt=event.attempt, parts=event.parts, due_at=due_at)

    _deciding(instead, lambda events: [*events, *(taken(event) for event in events if isinstance(event, PaymentAuthorized) and event.parts)])


def other_amount_is_believed(instead):
    """A yes is a yes."""
    for module in (desk, pre_auth_work):
        instead.setattr(module, "fitting", lambda said, amount: said)
    ask = SimulatorGateway._ask
    instead.setattr(SimulatorGateway, "_ask", lambda gateway, *about: ask(gateway, *about[:5]))


def anybodys_answer_is_believed(instead):
    said = simulator._said

    def about_anything(response, reference):
        known = response.json() if response.status == 200 else {}
        return said(response, known.get("reference", reference) if isinstance(known, dict) else reference)

    instead.setattr(simulator, "_said", about_anything)


def an_error_is_a_no(instead):
    said = simulator._said
    instead.setattr(simulator, "_said", lambda response, reference: said(response, reference) if response.status != 500 else Said(answer="declined"))


def silence_is_a_no(instead):
    ask = SimulatorGateway._ask

    async def asked(gateway, method, *about):
        answer = await ask(gateway, method, *about)
        return Said(answer="declined") if answer == UNKNOWN and method == "POST" else answer

    instead.setattr(SimulatorGateway, "_ask", asked)


def silence_is_taken_for_never_heard(instead):
    lookup = SimulatorGateway.lookup

    async def looked_up(gateway, question, secrets):
        answer = await lookup(gateway, question, secrets)
        return Said(answer="never-heard") if answer == UNKNOWN else answer

    instead.setattr(SimulatorGateway, "lookup", looked_up)


def void_is_taken_as_done(instead):
    """Who would refuse to take nothing?"""
    void = SimulatorGateway.void

    async def voided(gateway, asked, secrets):
        answer = await void(gateway, asked, secrets)
        return answer if answer != UNKNOWN else Said(answer="approved")

    instead.setattr(SimulatorGateway, "void", voided)


def _of_the_moment(instead, operation):
    inner, tried = getattr(SimulatorGateway, operation), []

    async def anew(gateway, asked, secrets):
        tried.append(asked)
        return await inner(gateway, replace(asked, reference=f"{asked.reference}-{len(tried)}"), secrets)

    instead.setattr(SimulatorGateway, operation, anew)


def capture_under_a_reference_of_the_moment(instead):
    _of_the_moment(instead, "capture")


def refund_is_given_again(instead):
    """What was not answered is given back once more, under another name."""
    _of_the_moment(instead, "refund")


PLANTED = (
    retry_under_a_new_reference,
    expired_claim_does_instead_of_asking,
    late_yes_is_ignored,
    other_parts_are_kept,
    captured_at_once,
    other_amount_is_believed,
    anybodys_answer_is_believed,
    an_error_is_a_no,
    silence_is_a_no,
    silence_is_taken_for_never_heard,
    void_is_taken_as_done,
    capture_under_a_reference_of_the_moment,
    refund_is_given_again,
)
