"""Whatever happens on the way or over there: never an exception, never a wrong yes, never a wrong no."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

import pytest

from services.payments.gateways.conformance.rig import AMOUNT, Line, Rig, follow_up, new, question
from services.payments.gateways.protocol import Means, Said
from shared.wire import FAULTS, after, doctored, instead, passed, reset, saying

_LATE = 0.4
"""Seconds that an adapter is given where nothing will come; what takes _MUCH_LATER never gives up."""
_MUCH_LATER = 15.0

Ask = Callable[[Line], Awaitable[Said]]
Asks = Callable[[Line, Means], Awaitable[Ask]]
"""Prepares what is asked about, over the line while it is good, and says how it is asked."""


async def _authorise(line: Line, means: Means) -> Ask:
    return lambda by: by.authorise(new(means))


async def _capture(line: Line, means: Means) -> Ask:
    charge = new(means)
    said = await line.authorise(charge)
    return lambda by: by.capture(follow_up(charge, said, "capture"))


async def _void(line: Line, means: Means) -> Ask:
    charge = new(means)
    said = await line.authorise(charge)
    return lambda by: by.void(follow_up(charge, said, "void"))


async def _refund(line: Line, means: Means) -> Ask:
    asked, _ = await line.taken(means)
    return lambda by: by.refund(asked)


async def _lookup(line: Line, means: Means) -> Ask:
    charge = new(means)
    await line.authorise(charge)
    return lambda by: by.lookup(question(charge, "authorise"))


ASKS: Mapping[str, Asks] = {"authorise": _authorise, "capture": _capture, "void": _void, "refund": _refund, "lookup": _lookup}


@pytest.mark.asyncio
class Faults(Rig):
    @pytest.mark.parametrize("ask", ASKS)
    @pytest.mark.parametrize("fault", FAULTS)
    async def test_the_outcome_is_unknown_when(self, fault: str, ask: str) -> None:
        """And where it cannot be asked, it says so whatever comes."""
        self.needs(*({ask} - {"lookup"}))
        async with self.line() as line:
            asked = await ASKS[ask](line, self.wish("approved"))
            line.wire.fault = FAULTS[fault]
            async with asyncio.timeout(_MUCH_LATER):
                assert (await asked(self._impatient(line, fault))).answer == "unknown"

    @pytest.mark.parametrize("fault", FAULTS)
    async def test_it_is_said_to_be_in_trouble_when(self, fault: str) -> None:
        async with self.line() as line:
            line.wire.fault = FAULTS[fault]
            async with asyncio.timeout(_MUCH_LATER):
                assert await self._impatient(line, fault).gateway.trouble(self.secrets)

    def _impatient(self, line: Line, fault: str) -> Line:
        return replace(line, gateway=self.adapter(line.wire.url, _LATE)) if fault in ("it hangs", "it drips") else line

    @pytest.mark.parametrize("address", ["https://127.0.0.1:{port}", "http://127.0.0.1:1", "http://gateway.invalid"])
    async def test_the_outcome_is_unknown_where_nobody_is_who_they_should_be(self, address: str) -> None:
        async with self.line() as line:
            gateway = self.adapter(address.format(port=line.wire.port), 5.0)
            charge = new(self.wish("approved"))
            async with asyncio.timeout(_MUCH_LATER):
                assert (await gateway.authorise(charge, self.secrets)).answer == "unknown"
                assert (await gateway.lookup(question(charge, "authorise"), self.secrets)).answer == "unknown"
                assert await gateway.trouble(self.secrets)

    async def test_an_answer_about_another_reference_is_none(self) -> None:
        async with self.line() as line:
            await line.authorise(new(self.wish("approved")))
            line.wire.fault = instead(line.wire.came[-1])
            assert (await line.authorise(new(self.wish("approved")))).answer == "unknown"

    async def test_an_answer_about_another_amount_is_not_taken_for_this_one(self) -> None:
        async with self.line() as line:
            charge = new(self.wish("approved"))
            line.wire.fault = doctored(_dearer)
            said = await line.authorise(charge)
            if AMOUNT_BYTES[0] not in line.wire.came[-1].body and AMOUNT_BYTES[1] not in line.wire.came[-1].body:
                pytest.skip("its answer says no amount")
            assert said.answer != "approved" or said.amount == AMOUNT + 1
            known = await line.lookup(question(charge, "authorise"))
            assert known.answer != "approved" or known.amount == AMOUNT + 1

    async def test_a_late_no_is_not_believed_of_a_request_that_was_never_answered(self) -> None:
        """A refusal of the way itself, such as too many requests, is no answer about what was asked earlier."""
        async with self.line() as line:
            charge = new(self.wish("approved"))
            line.wire.fault = after(reset)
            await line.authorise(charge)
            for status in (401, 403, 429):
                line.wire.fault = saying(status, "application/json", b"{}")
                assert (await line.lookup(question(charge, "authorise"))).answer == "unknown"

    async def test_somebody_who_stops_waiting_is_not_held_up(self) -> None:
        async with self.line() as line:
            arrived = asyncio.Event()

            async def silent(wire: object, sent: object, writer: object) -> None:
                arrived.set()
                await asyncio.Event().wait()

            line.wire.fault = silent
            asking = asyncio.create_task(line.authorise(new(self.wish("approved"))))
            await arrived.wait()
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            line.wire.fault = passed
            assert (await line.authorise(new(self.wish("approved")))).answer == "approved"


AMOUNT_BYTES = str(AMOUNT).encode(), f"{AMOUNT / 100:.2f}".encode()


def _dearer(body: bytes) -> bytes:
    whole, decimal = AMOUNT_BYTES
    return body.replace(decimal, f"{(AMOUNT + 1) / 100:.2f}".encode()).replace(whole, str(AMOUNT + 1).encode())
