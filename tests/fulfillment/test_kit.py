"""The conformance kit finds what is wrong with a plugin: each mistake is made in one that ``ringup plugin new`` has written."""

import uuid
from dataclasses import replace

import pytest

from services.fulfillment.plugins.conformance import Asking
from services.fulfillment.plugins.protocol import NoAnswer, Refused, Reply, Stopped, Taken
from tests.fulfillment.made import modules


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    with modules(tmp_path_factory.mktemp("made"), "acme") as found:
        yield found


class SendsAnotherId:
    async def deliver(self, outgoing, options, secrets):
        return await super().deliver(replace(outgoing, export_id=f"{outgoing.export_id}-{uuid.uuid4().hex}"), options, secrets)


class TakesSilenceForYes:
    async def deliver(self, outgoing, options, secrets):
        said = await super().deliver(outgoing, options, secrets)
        return Taken() if isinstance(said, NoAnswer) else said


class TakesSilenceForNo:
    async def deliver(self, outgoing, options, secrets):
        said = await super().deliver(outgoing, options, secrets)
        return Refused(said.reason) if isinstance(said, NoAnswer) else said

    async def reconcile(self, outgoing, options, secrets):
        known = await super().reconcile(outgoing, options, secrets)
        return None if isinstance(known, NoAnswer) else known


class GivesUpForGood:
    async def deliver(self, outgoing, options, secrets):
        said = await super().deliver(outgoing, options, secrets)
        return Refused(said.reason, again=False) if isinstance(said, NoAnswer) else said


class Raises:
    async def deliver(self, outgoing, options, secrets):
        said = await super().deliver(outgoing, options, secrets)
        if isinstance(said, NoAnswer):
            raise ConnectionError
        return said


class Repeats:
    async def deliver(self, outgoing, options, secrets):
        said = await super().deliver(outgoing, options, secrets)
        return said if isinstance(said, Taken) else Refused(f"They know no {outgoing.last_name}.")


class Prints:
    async def deliver(self, outgoing, options, secrets):
        print(outgoing.email)
        return await super().deliver(outgoing, options, secrets)


class SaysStopped:
    async def cancel(self, outgoing, their_id, options, secrets):
        return Stopped()


class TellsTheAddress:
    async def _ask(self, method, export_id, options, secrets, json=None):
        return await super()._ask(method, f"{export_id}?key={secrets.get('key')}", options, secrets, json)


class LeavesItHere:
    async def deliver(self, outgoing, options, secrets):
        self.folder.mkdir(exist_ok=True)
        (self.folder / outgoing.export_id).write_text(outgoing.last_name)
        return await super().deliver(outgoing, options, secrets)


class NeverLooks:
    async def reconcile(self, outgoing, options, secrets):
        known = await super().reconcile(outgoing, options, secrets)
        return replace(known, same=True) if isinstance(known, Taken) else known


@pytest.mark.parametrize(
    ("mistake", "test", "about"),
    [
        (SendsAnotherId, "test_the_same_one_again_is_the_same_shipment", ()),
        (SendsAnotherId, "test_a_crash_once_they_have_it", ()),
        (TakesSilenceForYes, "test_nothing_is_taken_for_delivered_when", ("it answers 500",)),
        (TakesSilenceForNo, "test_nothing_is_taken_for_delivered_when", ("it answers a page once it is done",)),
        (TakesSilenceForNo, "test_an_answer_that_is_lost", ("it answers 500 once it is done",)),
        (TakesSilenceForNo, "test_nobody_knows_whether_they_have_it_when", ("it answers 503",)),
        (GivesUpForGood, "test_nothing_is_taken_for_delivered_when", ("it answers 503",)),
        (Raises, "test_nothing_is_taken_for_delivered_when", ("it resets the connection",)),
        (Repeats, "test_a_no_of_theirs_is_kept_without_what_they_repeat", (422,)),
        (SaysStopped, "test_what_is_stopped_is_not_shipped_and_what_is_not_is", ()),
        (SaysStopped, "test_nothing_is_taken_for_stopped_when", ("it answers 500",)),
        (TellsTheAddress, "test_nothing_is_sent_where_no_secret_may_be_read", ()),
        (LeavesItHere, "test_nothing_of_what_is_erased_lies_here", ()),
        (NeverLooks, "test_what_they_have_of_somebody_else_is_not_taken_for_this", ()),
    ],
)
async def test_a_mistake_is_found(made, tmp_path, mistake, test, about):
    kit = _kit(made, mistake, tmp_path)
    with pytest.raises((AssertionError, ConnectionError)):
        await getattr(kit, test)(*about)
    await getattr(_kit(made, None, tmp_path / "without"), test)(*about)


async def test_what_is_printed_is_found(made, tmp_path, capfd, caplog):
    with pytest.raises(AssertionError):
        await _kit(made, Prints, tmp_path).test_nothing_personal_or_secret_is_shown_or_logged(capfd, caplog)


class Door:
    async def asked(self, method, query, headers, body, options, secrets, desk):
        known = secrets.get("key") and headers.get("authorization") == f"Bearer {secrets['key']}"
        return Reply(200, b"1") if known else Reply(401)


class OpensToAnybody(Door):
    async def asked(self, method, query, headers, body, options, secrets, desk):
        return Reply(200, b"1")


class BreaksDown(Door):
    async def asked(self, method, query, headers, body, options, secrets, desk):
        return Reply(500) if query.get("page", "1") != "1" else await super().asked(method, query, headers, body, options, secrets, desk)


@pytest.mark.parametrize(
    ("mistake", "test", "about"),
    [
        (OpensToAnybody, "test_whoever_does_not_show_who_they_are_learns_nothing", ()),
        (BreaksDown, "test_a_query_of_rubbish_is_answered_and_not_believed", ("NaN",)),
    ],
)
async def test_a_mistake_at_the_door_is_found(made, tmp_path, mistake, test, about):
    for kind in (mistake, Door):
        kit = _kit(made, kind, tmp_path)
        kit.asking = lambda: Asking("GET", {"page": "1"}, {"authorization": "Bearer right-key"})
        if kind is Door:
            await getattr(kit, test)(*about)
        else:
            with pytest.raises(AssertionError):
                await getattr(kit, test)(*about)


def _kit(made, mistake, folder):
    plugin, tests = made
    kit = tests.TestAcme()
    kit.folder = folder
    folder.mkdir(exist_ok=True)
    if mistake:
        kind = type("Mistaken", (mistake, plugin.Acme), {"folder": folder})
        kit.plugin = lambda url, timeout: kind(timeout)
    return kit
