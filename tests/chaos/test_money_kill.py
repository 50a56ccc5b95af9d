"""kill -9 between claim and call and between call and record, of every operation: the gateway's ledger and our events say the same."""

import pytest

from services.payments.views import payments_view, pre_auth_work, work
from shared.kernel.codec import stamp
from shared.kernel.commands import decode
from shared.kernel.ports import Range
from tests.chaos.processes import Simulator, Victim
from tests.chaos.test_kill import after_every_lease
from tests.chaos.till import cancelled
from tests.chaos.victim import settings_of
from tests.house.shop import Shop, until
from tests.simulation.payments.checks import Evidence, all_of_ours_is_theirs, all_of_theirs_is_ours, charged_once, never_too_much, nothing_hangs

ORDERS = 60
POINTS = [
    ("after append of PreAuthClaimed", 2),
    ("before call of authorise", 5),
    ("after call of authorise", 6),
    ("before append of PartAnswered", 4),
    ("before append of PreAuthorized", 2),
    ("after append of CaptureClaimed", 1),
    ("before call of capture", 2),
    ("after call of capture", 2),
    ("before append of PartCaptured", 1),
    ("after append of VoidClaimed", 1),
    ("before call of void", 3),
    ("after call of void", 4),
    ("before append of PartVoided", 2),
    ("before append of PreAuthVoided", 2),
    ("after append of RefundClaimed", 2),
    ("before call of refund", 3),
    ("after call of refund", 2),
    ("before append of PartRefunded", 3),
    ("before append of PaymentRefunded", 1),
]


@pytest.fixture
async def simulator(tmp_path):
    simulator = await Simulator(tmp_path / "simulator").start()
    yield simulator
    await simulator.kill()


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_the_ledger_equals_our_events(tmp_path, simulator):
    victim = Victim(tmp_path, simulator, "tests.chaos.till")
    for point, nth in POINTS:
        await victim.start(point, ORDERS, point, nth)
        await victim.reads()
        assert (victim.died_at, await victim.kill()) == (point, -9)
    shop = await Shop(settings_of(tmp_path, simulator.url), clock=after_every_lease).open()
    for order_id in victim.accepted:
        await cancelled(shop, order_id)
    await until(lambda: nothing_is_left(shop), 120)
    evidence = await found(shop, simulator.ledger())
    done = {(entry["kind"], entry["status"]) for entry in simulator.ledger()}
    assert {("authorize", "approved"), ("capture", "approved"), ("void", "approved"), ("refund", "approved")} <= done
    for check in (charged_once, all_of_theirs_is_ours, all_of_ours_is_theirs, nothing_hangs, never_too_much):
        assert list(check(evidence)) == []
    await shop.close()


async def nothing_is_left(shop):
    """To be done, or to be heard of by a policy."""
    payments = shop.house.running["payments"]
    for group, topics in payments.groups.items():
        for part in payments.parts(topics):
            if await payments.offset(group, part) < await payments.topics.end(part):
                return False
    far = Range(None, stamp(after_every_lease().replace(year=9999)))
    return not any([(await payments.find(view, {"due_at": far}))[0] for view in (work, pre_auth_work)])


async def found(shop, ledger):
    payments, facts, after = shop.house.running["payments"], [], ""
    while names := await payments.streams.names(after=after):
        for stream, _ in names:
            facts += [decode(payments.codec, stored) for stored in await payments.streams.load(stream)]
        after = names[-1][0]
    submitted = {(id, a.attempt): a for id, a in attempts(facts)}
    rows = [row for id in {id for id, _ in submitted} if (row := await payments.get(payments_view, id))]
    return Evidence(facts, ledger, submitted, set(), rows, (await payments.find(pre_auth_work))[0])


def attempts(facts):
    return [(fact.event.order_id, fact.event.submitted) for fact in facts if fact.event.TYPE.endswith(".AttemptOpened")]
