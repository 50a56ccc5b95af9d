from services.ops.audit import Record, audit
from shared.contracts.ops import MasterKeyRotated, ParkedRetried, ViewRebuilt, ViewSwitched
from tests.given import given
from tests.samples import NOON

REBUILT = ViewRebuilt(
    view="qa.queue", build="queue@1.b1", started_at=NOON, documents=2, live_documents=2, live_digest="a", build_digest="a", equal=True
)
SWITCHED = ViewSwitched(view="qa.queue", build="queue@1.b1", started_at=NOON, live_digest="a", build_digest="a", forced=False)
RETRIED = ParkedRetried(service="qa", group="qa.views", stream="payment-1", left=0)
ROTATED = MasterKeyRotated(fingerprint="ab12", keys=3)


def test_what_was_done_is_written_down():
    given(audit).when(Record(REBUILT)).then(REBUILT)
    given(audit, REBUILT).when(Record(SWITCHED)).then(SWITCHED)


def test_it_is_written_down_once():
    given(audit, REBUILT).when(Record(REBUILT)).then_nothing()
    given(audit, REBUILT, SWITCHED).when(Record(SWITCHED)).then_nothing()


def test_a_build_of_the_same_name_begun_later_is_another():
    later = REBUILT.model_copy(update={"started_at": NOON.replace(hour=13)})
    given(audit, REBUILT).when(Record(later)).then(later)


def test_what_may_be_done_again_is_written_down_each_time():
    given(audit, RETRIED).when(Record(RETRIED)).then(RETRIED)


def test_a_rotation_that_was_cut_off_and_gone_on_with_is_one():
    given(audit, ROTATED).when(Record(ROTATED)).then_nothing()
