"""A pre-authorisation asks one card once, and gives back whatever it reserved."""

from datetime import timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from services.payments.pending import ASK_AGAIN, LEASE, SETTLE
from services.payments.pre_auth import MOST, ClaimPreAuth, PreAuthorise, RecordPreAuth, pre_auth
from shared.contracts.cards import PreAuthClaimed, PreAuthDeclined, PreAuthorized, PreAuthRequested, PreAuthUnanswered, PreAuthVoided
from tests.given import given
from tests.machine import Machine, runs
from tests.samples import NOON, ORDER

REF, VOID = f"{ORDER}-pre-1", f"{ORDER}-pre-1-void"


def ask(payment="tok_1", now=NOON):
    return PreAuthorise(ORDER, "simulator", 100, "USD", payment, "agent:agent1", now)


def claim(reference=REF, now=NOON):
    return ClaimPreAuth(reference, "me", now)


def said(answer, reference=REF, now=NOON, reason="", claimed=None):
    return RecordPreAuth(reference, answer, now, reason, lease=(claimed or now) + LEASE)


class History:
    """What was decided, one command after the other. Those for one reference come twice and must write once."""

    def __init__(self):
        self.events = []

    def does(self, command, *types):
        self.events += given(pre_auth, *self.events).when(command).then_types(*types)
        if not isinstance(command, PreAuthorise):
            self.ignores(command)
        return self

    def ignores(self, command):
        given(pre_auth, *self.events).when(command).then_nothing()
        return self

    def refuses(self, command, code):
        given(pre_auth, *self.events).when(command).then_refused(code)
        return self

    @property
    def last(self):
        return self.events[-1]


def asked():
    return History().does(ask(), PreAuthRequested).does(claim(), PreAuthClaimed)


def authorized():
    return asked().does(said("approved"), PreAuthorized)


def test_a_yes_is_given_back_under_a_reference_of_its_own():
    history = authorized()
    assert (history.events[0].reference, history.last.reference) == (REF, REF)
    history.does(claim(VOID), PreAuthClaimed).does(said("approved", VOID), PreAuthVoided).ignores(claim(VOID, NOON + LEASE))


def test_a_no_says_what_helps_and_gives_nothing_back():
    history = asked().does(said("declined", reason="wrong-cvv"), PreAuthDeclined).ignores(claim(VOID))
    assert (history.last.reason, "code" in history.last.try_next) == ("wrong-cvv", True)


def test_one_at_a_time_holds_it_until_its_lease_ends():
    history = asked().ignores(claim(now=NOON + LEASE - timedelta(seconds=1)))
    assert history.does(claim(now=NOON + LEASE), PreAuthClaimed).last.takeover


def test_an_unknown_answer_is_asked_about_again():
    history = asked().does(said("unknown"), PreAuthUnanswered)
    assert history.last.ask_again_at == NOON + ASK_AGAIN
    assert history.does(claim(now=NOON + ASK_AGAIN), PreAuthClaimed).last.takeover
    history.does(said("approved", now=NOON + ASK_AGAIN), PreAuthorized)


def test_what_the_gateway_never_heard_of_is_not_charged_once_it_has_settled():
    later = NOON + SETTLE
    history = asked().does(said("never-heard"), PreAuthUnanswered).does(claim(now=later), PreAuthClaimed)
    history.ignores(said("never-heard", now=later, claimed=NOON)).does(said("never-heard", now=later), PreAuthDeclined)
    assert history.last.reason == "not-charged"


def test_a_yes_that_comes_after_the_no_is_given_back_too():
    history = asked().does(said("declined", reason="not-charged"), PreAuthDeclined).does(said("approved"), PreAuthorized)
    history.does(claim(VOID), PreAuthClaimed).does(said("approved", VOID), PreAuthVoided)


def test_a_void_that_is_unknown_is_asked_about_until_it_is_known():
    history = authorized().does(claim(VOID), PreAuthClaimed).does(said("unknown", VOID), PreAuthUnanswered)
    history.does(claim(VOID, NOON + ASK_AGAIN), PreAuthClaimed).does(said("declined", VOID, NOON + ASK_AGAIN, "not-possible"), PreAuthVoided)
    assert history.last.answer == "declined"


def test_an_order_has_five_at_most():
    history = History()
    for number in range(1, MOST + 1):
        history.does(ask(f"tok_{number}"), PreAuthRequested)
        assert history.last.reference == f"{ORDER}-pre-{number}"
    history.refuses(ask("tok_6"), "too-many-pre-auths")


def test_a_token_is_used_up_and_a_stored_card_is_asked_again_once_it_has_answered():
    authorized().refuses(ask(), "card-details-expired")
    history = History().does(ask("ins_1"), PreAuthRequested).refuses(ask("ins_1"), "pre-auth-open")
    history.does(said("approved"), PreAuthorized).does(ask("ins_1"), PreAuthRequested)


@pytest.mark.parametrize("reference", [REF, VOID, f"{ORDER}-pre-2"])
def test_nothing_is_done_that_nobody_asked_for(reference):
    History().ignores(claim(reference)).ignores(said("approved", reference))


FATES = st.sampled_from(["yes", "no", "yes, unheard", "no, unheard", "nothing"])


class Bank:
    """A gateway that knows each reference once and tells the truth to whoever asks."""

    def __init__(self):
        self.said = {}

    def charge(self, reference, fate):
        """The answer as it arrives here; None when it gets lost."""
        if fate != "nothing":
            self.said.setdefault(reference, fate.startswith("yes"))
        return None if fate == "nothing" or fate.endswith("unheard") else self.lookup(reference)

    def lookup(self, reference):
        if reference not in self.said:
            return "never-heard"
        return "approved" if self.said[reference] else "declined"


class Asking(Machine):
    """Whatever gateways say, whenever, and whoever dies in between."""

    aggregate = pre_auth

    def __init__(self):
        super().__init__()
        self.bank, self.told_late = Bank(), []

    @rule(token=st.integers(1, 7))
    def ask(self, token):
        self.sends(ask(f"tok_{token}", self.now))

    @precondition(lambda self: self.state.work)
    @rule(data=st.data(), fate=FATES, crash=st.sampled_from(["", "after claim", "after call"]))
    def work(self, data, fate, crash):
        self.do(data.draw(st.sampled_from(sorted(self.state.work))), fate, crash)

    def do(self, reference, fate, crash=""):
        self.now = max(self.now, self.state.work[reference].until or self.now)
        (claimed,) = self.sends(claim(reference, self.now))
        if crash == "after claim":
            return
        answer = self.bank.lookup(reference) if claimed.takeover else None
        if not claimed.takeover or (answer == "never-heard" and reference.endswith("-void")):
            answer = self.bank.charge(reference, fate) or "unknown"
        if crash == "after call":
            self.told_late.append((reference, answer, claimed.until))
        else:
            self.sends(RecordPreAuth(reference, answer, self.now, lease=claimed.until))

    @precondition(lambda self: self.told_late)
    @rule(data=st.data())
    def hear_late(self, data):
        reference, answer, lease = data.draw(st.sampled_from(self.told_late))
        self.sends(RecordPreAuth(reference, answer, self.now, lease=lease))

    @rule(seconds=st.integers(1, int(SETTLE.total_seconds())))
    def wait(self, seconds):
        self.now += timedelta(seconds=seconds)

    @invariant()
    def five_at_most_and_a_token_once(self):
        requested = self.all(PreAuthRequested)
        assert len(requested) <= MOST
        assert len({each.payment for each in requested}) == len(requested)

    def teardown(self):
        """The gateway is well again, and the watchdog has time: what it reserved is given back, or known not to be."""
        for _ in range(100):
            for reference, answer, lease in self.told_late:
                self.sends(RecordPreAuth(reference, answer, self.now, lease=lease))
            for reference in sorted(self.state.work):
                self.do(reference, "yes")
            if not self.state.work:
                break
        assert not self.state.work
        held = {reference for reference, yes in self.bank.said.items() if yes and not reference.endswith("-void")}
        refused = {event.reference.removesuffix("-void") for event in self.all(PreAuthVoided) if event.answer != "approved"}
        assert {reference for reference in held if not self.bank.said.get(f"{reference}-void")} <= refused
        assert {each.reference for each in self.all(PreAuthorized)} <= held


TestAsking = runs(Asking)
