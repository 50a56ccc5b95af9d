"""Cut off anywhere between sending and writing down that it was taken, it is shipped once all the same."""

from __future__ import annotations

import asyncio

import pytest

from services.fulfillment.plugins.conformance.rig import CANARY, Line, Rig, outgoing
from services.fulfillment.plugins.protocol import Address, NoAnswer, Outgoing, Taken
from shared.wire import FAULTS, Sent, Wire, passed

STEPS = (1, 2, 3, 5, 8, 13, 21, 34, 55, 89)
"""Turns of the loop that a delivery gets before it is cut off."""
_DONE = [name for name in FAULTS if name.endswith("once it is done")]


@pytest.mark.asyncio
class Crashes(Rig):
    async def test_what_was_taken_is_known_or_may_be_sent_again(self) -> None:
        async with self.line() as line:
            wanted, their_id = await line.taken()
            known = await self.restarted(line).reconcile(wanted)
            assert known is None or isinstance(known, Taken)
            if isinstance(known, Taken):
                assert known.same
                assert known.their_id in (their_id, "") or not their_id
            await self.taken_over(line, wanted)
            assert list(await self.to_ship(line)) == [wanted.export_id]

    async def test_what_was_never_sent_was_never_heard_of(self) -> None:
        async with self.line() as line:
            await line.taken()
            assert await line.reconcile(outgoing()) is None

    async def test_a_crash_once_they_have_it(self) -> None:
        """Before their answer is heard."""
        wanted = outgoing()
        async with self.line() as line:
            await self._cut_off(line, wanted)
            line.wire.fault = passed
            await self.taken_over(line, wanted)
            assert list(await self.to_ship(line)) == [wanted.export_id]

    async def _cut_off(self, line: Line, wanted: Outgoing) -> None:
        done = asyncio.Event()

        async def silent(wire: Wire, sent: Sent, writer: asyncio.StreamWriter) -> None:
            await wire.forward(sent)
            done.set()
            await asyncio.Event().wait()

        line.wire.fault = silent
        delivery = asyncio.create_task(line.deliver(wanted))
        await asyncio.wait({delivery, waiting := asyncio.create_task(done.wait())}, return_when=asyncio.FIRST_COMPLETED)
        delivery.cancel()
        await asyncio.gather(delivery, waiting, return_exceptions=True)
        assert done.is_set(), "it never sent anything"

    @pytest.mark.parametrize("steps", STEPS)
    async def test_a_crash_at_any_moment(self, steps: int) -> None:
        wanted = outgoing()
        async with self.line() as line:
            delivery = asyncio.create_task(line.deliver(wanted))
            for _ in range(steps):
                await asyncio.sleep(0)
            delivery.cancel()
            await asyncio.gather(delivery, return_exceptions=True)
            await self.taken_over(line, wanted)
            assert list(await self.to_ship(line)) == [wanted.export_id]

    @pytest.mark.parametrize("fault", _DONE)
    async def test_an_answer_that_is_lost(self, fault: str) -> None:
        wanted = outgoing()
        async with self.line() as line:
            line.wire.fault = FAULTS[fault]
            said = await line.deliver(wanted)
            assert isinstance(said, NoAnswer) or (self.any_2xx_is_yes and isinstance(said, Taken)), f"they have it, and it says {said!r}"
            line.wire.fault = passed
            await self.taken_over(line, wanted)
            assert list(await self.to_ship(line)) == [wanted.export_id]

    async def test_what_they_have_of_somebody_else_is_not_taken_for_this(self) -> None:
        """As after a backup was brought back, and the id was given to another order."""
        if not self.compares:
            pytest.skip("it does not see what they have")
        async with self.line() as line:
            wanted, _ = await line.taken()
            other = outgoing(export_id=wanted.export_id, order_id=wanted.order_id, last_name=f"Other {CANARY}", ship_to=Address(city="Elsewhere"))
            known = await line.reconcile(other)
            assert isinstance(known, Taken)
            assert not known.same
            assert list(await self.to_ship(line)) == [wanted.export_id]
