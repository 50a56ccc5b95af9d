import asyncio
import json
import signal
import sys
from dataclasses import replace

import pytest

from services.payments.gateways.protocol import MISFIT, Charge, FollowUp, Question
from services.payments.gateways.simulator import SimulatorGateway
from services.payments.means import Account, Card
from services.payments.simulator.app import simulator
from services.payments.simulator.ledger import Ledger
from services.payments.simulator.magic import ACCOUNT_BOUNCES, ACCOUNT_DECLINES, ACCOUNT_LOST_AFTER, DECLINES, LOST_AFTER, LOST_BEFORE, MALFORMED
from shared.asgi import AsgiClient, HttpClient, Response
from shared.kernel.errors import Corrupt
from tests.samples import ORDER

REF = f"{ORDER}-1-1"
ASKED = Question(REF, "authorise", 5690, "USD")


def card(number="4242424242424242"):
    return Card(number, "08/29", "739", "Customer A")


def follow_up(reference, authorisation, amount=5690):
    return FollowUp(reference, authorisation, f"sim-{authorisation}", amount, "USD")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "simulator.jsonl"


@pytest.fixture
def gateway(path):
    return SimulatorGateway(AsgiClient(simulator(path)))


async def authorise(gateway, number="4242424242424242", reference=REF, amount=5690):
    return await gateway.authorise(Charge(reference, ORDER, amount, "USD", card(number)), {})


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


class TestAnswers:
    @pytest.mark.parametrize("number", ["4242424242424242", "4111111111111111", "5555555555554444"])
    async def test_yes(self, gateway, number):
        said = await authorise(gateway, number)
        assert (said.answer, said.reference, said.avs, said.cvv) == ("approved", f"sim-{REF}", "Y", "M")

    @pytest.mark.parametrize(("number", "reason"), DECLINES.items())
    async def test_no(self, gateway, number, reason):
        said = await authorise(gateway, number)
        assert (said.answer, said.reason) == ("declined", reason)

    async def test_a_timeout_before_the_charge_is_unknown_and_was_never_heard_of(self, gateway):
        assert (await authorise(gateway, LOST_BEFORE)).answer == "unknown"
        assert (await gateway.lookup(ASKED, {})).answer == "never-heard"
        assert (await authorise(gateway, LOST_BEFORE)).answer == "approved"

    @pytest.mark.parametrize("number", [LOST_AFTER, MALFORMED])
    async def test_a_timeout_after_the_charge_is_unknown_and_found_by_asking(self, gateway, number):
        assert (await authorise(gateway, number)).answer == "unknown"
        assert (await gateway.lookup(ASKED, {})).answer == "approved"

    async def test_the_same_reference_is_charged_once(self, gateway, path):
        first, second = await authorise(gateway), await authorise(gateway, "4000000000000002")
        assert first == second
        assert (await authorise(gateway, amount=1)) == MISFIT
        assert len(lines(path)) == 1

    async def test_many_at_once_are_each_charged_once(self, gateway, path):
        await asyncio.gather(*(authorise(gateway, reference=f"{ORDER}-1-{n % 50}") for n in range(200)))
        assert len(lines(path)) == 50

    async def test_neither_number_nor_code_is_kept(self, gateway, path):
        await authorise(gateway)
        assert lines(path)[0]["last4"] == "4242"
        assert "42424242" not in path.read_text()
        assert "739" not in path.read_text()

    async def test_a_request_that_is_wrong_is_refused_without_repeating_the_card(self, path):
        body = {"reference": REF, "amount": -1, "currency": "USD", "number": "4242424242424242", "expiry": "08/29", "cvv": "73999"}
        response = await AsgiClient(simulator(path)).request("POST", "/authorize", json=body)
        assert (response.status, response.json()["fields"]) == (422, ["amount", "cvv"])
        assert b"4242424242424242" not in response.body
        assert b"739" not in response.body

    async def test_a_stored_card_comes_without_its_code(self, gateway):
        said = await gateway.authorise(Charge(REF, ORDER, 5690, "USD", Card("4242424242424242", "08/29", "", "Customer A")), {})
        assert (said.answer, said.cvv) == ("approved", "P")


def account(number="000123456789"):
    return Account("011000015", number, "checking", "Customer A")


class TestECheck:
    async def authorise(self, gateway, number="000123456789"):
        return await gateway.authorise(Charge(REF, ORDER, 5690, "USD", account(number)), {})

    async def test_authorised_is_accepted_and_the_capture_sends_the_debit(self, gateway, path):
        assert (await self.authorise(gateway)).answer == "approved"
        assert (await gateway.capture(follow_up(f"{REF}-capture", REF, 5690), {})).answer == "approved"
        assert [(line["kind"], line.get("method")) for line in lines(path)] == [("authorize", "echeck"), ("capture", None)]

    @pytest.mark.parametrize(("number", "reason"), ACCOUNT_DECLINES.items())
    async def test_no(self, gateway, number, reason):
        said = await self.authorise(gateway, number)
        assert (said.answer, said.reason) == ("declined", reason)

    async def test_a_timeout_after_it_was_accepted_is_found_by_asking(self, gateway):
        assert (await self.authorise(gateway, ACCOUNT_LOST_AFTER)).answer == "unknown"
        assert (await gateway.lookup(ASKED, {})).answer == "approved"

    async def test_a_debit_may_be_refused_though_the_account_was_accepted(self, gateway):
        assert (await self.authorise(gateway, ACCOUNT_BOUNCES)).answer == "approved"
        said = await gateway.capture(follow_up(f"{REF}-capture", REF), {})
        assert (said.answer, said.reason) == ("declined", "insufficient-funds")

    async def test_the_account_is_not_kept(self, gateway, path):
        await self.authorise(gateway)
        assert "123456789" not in path.read_text()
        assert "011000015" not in path.read_text()


class TestFollowUps:
    async def test_what_was_reserved_is_taken_once(self, gateway):
        await authorise(gateway)
        assert (await gateway.capture(follow_up(f"{REF}-capture", REF, 5690), {})).answer == "approved"
        assert (await gateway.capture(follow_up(f"{REF}-capture", REF, 5690), {})).answer == "approved"
        assert (await gateway.capture(follow_up(f"{REF}-again", REF, 1), {})).answer == "declined"
        assert (await gateway.void(follow_up(f"{REF}-void", REF), {})).answer == "declined"

    async def test_what_was_given_back_is_not_taken(self, gateway):
        await authorise(gateway)
        assert (await gateway.void(follow_up(f"{REF}-void", REF), {})).answer == "approved"
        assert (await gateway.capture(follow_up(f"{REF}-capture", REF, 5690), {})).answer == "declined"

    @pytest.mark.parametrize("number", ["4000000000000002", None])
    async def test_what_was_not_reserved_is_neither_taken_nor_given_back(self, gateway, number):
        if number:
            await authorise(gateway, number)
        assert (await gateway.capture(follow_up(f"{REF}-capture", REF, 5690), {})).answer == "declined"
        assert (await gateway.void(follow_up(f"{REF}-void", REF), {})).answer == "declined"

    async def test_not_more_is_taken_than_was_reserved(self, gateway):
        await authorise(gateway)
        assert (await gateway.capture(follow_up(f"{REF}-capture", REF, 5691), {})).answer == "declined"

    async def test_capture_and_void_at_the_same_moment_are_not_both_done(self, gateway):
        await authorise(gateway)
        said = await asyncio.gather(gateway.capture(follow_up(f"{REF}-capture", REF, 5690), {}), gateway.void(follow_up(f"{REF}-void", REF), {}))
        assert sorted(each.answer for each in said) == ["approved", "declined"]


def entry(reference=REF):
    return {"kind": "authorize", "reference": reference, "status": "approved", "amount": 1, "reason": "", "id": "x"}


class TestLedger:
    async def test_it_is_there_after_a_restart(self, path):
        ledger = Ledger(path)
        await ledger.add(entry())
        ledger.close()
        assert await Ledger(path).find(REF) == entry()

    @pytest.mark.parametrize("torn", [b'{"reference": "half', b'{"reference": "half\n', b"\0" * 40 + b"\n", b"[]\n"])
    async def test_a_torn_last_line_is_cut_off_and_written_over(self, path, torn):
        path.write_bytes(json.dumps(entry()).encode() + b"\n" + torn)
        ledger = Ledger(path)
        await ledger.add(entry("B-1-1"))
        assert [line["reference"] for line in lines(path)] == [REF, "B-1-1"]

    async def test_damage_further_up_is_refused(self, path):
        path.write_bytes(b"half\n" + json.dumps(entry()).encode() + b"\n")
        with pytest.raises(Corrupt, match="Line 1"):
            Ledger(path)

    async def test_what_could_not_be_synced_was_not_done_and_can_be_tried_again(self, path, monkeypatch):
        ledger = Ledger(path)
        await ledger.add(entry("A-1-1"))

        def full(descriptor):
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as disk:
            disk.setattr("services.payments.simulator.ledger.os.fsync", full)
            results = await asyncio.gather(*(ledger.add(entry(f"B-1-{n % 2}")) for n in range(4)), return_exceptions=True)
        assert [type(result) for result in results] == [OSError] * 4
        assert await ledger.find("B-1-0") is None
        await ledger.add(entry("B-1-0"))
        assert [line["reference"] for line in lines(path)] == ["A-1-1", "B-1-0"]

    async def test_somebody_who_stops_waiting_stops_nobody_else(self, path):
        ledger = Ledger(path)
        first, second = asyncio.create_task(ledger.add(entry("A-1-1"))), asyncio.create_task(ledger.add(entry("B-1-1")))
        await asyncio.sleep(0)
        first.cancel()
        assert (await second)["reference"] == "B-1-1"
        assert (await ledger.find("A-1-1"))["reference"] == "A-1-1"


class Wire:
    """A gateway's line, as it may behave."""

    def __init__(self, behave):
        self.behave = behave

    async def request(self, method, path, *, json=None, headers=None):
        return await self.behave()


def answering(body, status=200):
    async def behave():
        return Response(status, {}, body if isinstance(body, bytes) else json.dumps(body).encode())

    return behave


async def nobody():
    raise ConnectionRefusedError


async def silence():
    await asyncio.Event().wait()


async def bug():
    raise ZeroDivisionError


GOOD = {"reference": REF, "status": "approved", "id": "x"}


@pytest.mark.parametrize(
    "behave",
    [
        nobody,
        silence,
        bug,
        answering(b"<html>"),
        answering(b"\xff\xfe"),
        answering([]),
        answering({}),
        answering({**GOOD, "status": "maybe"}),
        answering({**GOOD, "id": 7}),
        answering({**GOOD, "reference": "another"}),
        answering(GOOD, 500),
        answering(GOOD, 302),
        answering({"detail": "Not Found"}, 404),
        answering(b"", 404),
    ],
)
async def test_whatever_else_comes_back_is_unknown(behave):
    gateway = SimulatorGateway(Wire(behave), timeout=0.02)
    asked = follow_up(REF, REF, 1)
    for said in (await authorise(gateway), await gateway.capture(asked, {}), await gateway.void(asked, {}), await gateway.lookup(ASKED, {})):
        assert said.answer == "unknown"


async def test_an_address_where_nobody_answers_is_unknown():
    assert (await authorise(SimulatorGateway(HttpClient("http://127.0.0.1:1")))).answer == "unknown"


class Process:
    """The simulator as a process of its own."""

    def __init__(self, folder, port):
        self.folder, self.port = folder, port

    async def __aenter__(self):
        arguments = ("-m", "services.payments.simulator", "--port", str(self.port), "--data", str(self.folder))
        self.process = await asyncio.create_subprocess_exec(sys.executable, *arguments)
        self.gateway = SimulatorGateway(HttpClient(f"http://127.0.0.1:{self.port}"))
        async with asyncio.timeout(20):
            while (await self.gateway.lookup(ASKED, {})).answer == "unknown":
                await asyncio.sleep(0.02)
        return self

    async def __aexit__(self, *failure):
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGKILL)
        await self.process.wait()


async def test_a_killed_simulator_knows_everything_that_it_answered(path, unused_tcp_port):
    answered = []
    async with Process(path.parent, unused_tcp_port) as first:

        async def charge(n):
            if (await authorise(first.gateway, reference=f"{ORDER}-1-{n}")).answer == "approved":
                answered.append(n)
                if len(answered) == 60:
                    first.process.send_signal(signal.SIGKILL)

        await asyncio.gather(*(charge(n) for n in range(300)))
    assert 60 <= len(answered) < 300
    async with Process(path.parent, unused_tcp_port) as second:
        for n in answered:
            assert (await second.gateway.lookup(replace(ASKED, reference=f"{ORDER}-1-{n}"), {})).answer == "approved"


async def test_a_ledger_that_cannot_be_read_is_one_sentence(path):
    path.write_bytes(b"half\n" + json.dumps(entry()).encode() + b"\n")
    arguments = ("-m", "services.payments.simulator", "--port", "0", "--data", str(path.parent))
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stderr=asyncio.subprocess.PIPE)
    _, said = await process.communicate()
    assert process.returncode == 1
    assert said.decode().startswith("The simulator cannot start: Line 1")
    assert said.count(b"\n") == 1
