"""Whatever happens on the way or over there: never an exception, never a wrong yes, never a wrong no."""

from __future__ import annotations

import asyncio

import pytest

from services.fulfillment.plugins.conformance.rig import CANARY, Rig, impatient, outgoing
from services.fulfillment.plugins.protocol import NoAnswer, Refused, Stopped, Taken
from shared.wire import FAULTS, instead, saying

_MUCH_LATER = 15.0
"""Seconds; what takes as long never gives up."""
_SAYS_YES = {name for name in FAULTS if "a page" in name and "502" not in name and "proxy" not in name} | {
    "it drips", "it answers an empty object", "it answers a list", "it answers nothing", "it answers half", "it answers what is no text",
}  # fmt: skip
"""By its status."""


@pytest.mark.asyncio
class Faults(Rig):
    @pytest.mark.parametrize("fault", FAULTS)
    async def test_nothing_is_taken_for_delivered_when(self, fault: str) -> None:
        async with self.line(impatient(fault)) as line:
            line.wire.fault = FAULTS[fault]
            wanted = outgoing()
            async with asyncio.timeout(_MUCH_LATER):
                said = await line.deliver(wanted)
            if self.any_2xx_is_yes and fault in _SAYS_YES:
                return
            assert not isinstance(said, Taken)
            if isinstance(said, Refused):
                assert wanted.export_id not in await self.to_ship(line), "they have it, and it says that they do not"
                assert said.again, "it gives up for good, though nobody has said no"

    @pytest.mark.parametrize("fault", FAULTS)
    async def test_nobody_knows_whether_they_have_it_when(self, fault: str) -> None:
        async with self.line() as line:
            wanted, _ = await line.taken()
            if await line.reconcile(wanted) is None:
                pytest.skip("it cannot be asked")
            line.wire.fault = FAULTS[fault]
            async with asyncio.timeout(_MUCH_LATER):
                assert isinstance(await self.restarted(line, impatient(fault)).reconcile(wanted), NoAnswer)

    @pytest.mark.parametrize("fault", FAULTS)
    async def test_nothing_is_taken_for_stopped_when(self, fault: str) -> None:
        async with self.line() as line:
            wanted, their_id = await line.taken()
            line.wire.fault = FAULTS[fault]
            async with asyncio.timeout(_MUCH_LATER):
                said = await self.restarted(line, impatient(fault)).cancel(wanted, their_id)
            assert not isinstance(said, Stopped) or (self.any_2xx_is_yes and fault in _SAYS_YES), "nobody has said that it is stopped"
            if isinstance(said, Refused):
                assert wanted.export_id in await self.to_ship(line), "it is stopped, and it says that it is not"

    @pytest.mark.parametrize("fault", FAULTS)
    async def test_being_tried_it_says_what_is_wrong_or_nothing_when(self, fault: str) -> None:
        async with self.line(impatient(fault)) as line:
            line.wire.fault = FAULTS[fault]
            async with asyncio.timeout(_MUCH_LATER):
                assert isinstance(await line.plugin.trouble(line.options, line.secrets), str)

    @pytest.mark.parametrize("address", ["https://127.0.0.1:{port}", "http://127.0.0.1:1", "http://warehouse.invalid"])
    async def test_nothing_is_delivered_where_nobody_is_who_they_should_be(self, address: str) -> None:
        async with self.line() as line:
            url = address.format(port=line.wire.port)
            plugin, options = self.plugin(url, 5.0), self.options_for(url)
            async with asyncio.timeout(_MUCH_LATER):
                assert not isinstance(await plugin.deliver(outgoing(), options, self.secrets), Taken)
                assert not isinstance(await plugin.cancel(outgoing(), "", options, self.secrets), Stopped)
            assert list(await self.to_ship(line)) == []

    async def test_an_answer_about_another_one_is_none(self) -> None:
        async with self.line() as line:
            first, their_id = await line.taken()
            if not their_id or first.export_id.encode() not in line.wire.came[-1].body:
                pytest.skip("its answer does not say what it is about")
            line.wire.fault = instead(line.wire.came[-1])
            assert not isinstance(await line.deliver(outgoing()), Taken)

    @pytest.mark.parametrize("status", [400, 401, 403, 409, 413, 422, 429])
    async def test_a_no_of_theirs_is_kept_without_what_they_repeat(self, status: int) -> None:
        wanted = outgoing()
        async with self.line() as line:
            line.wire.fault = saying(status, "application/json", b'{"error": "%s does not exist"}' % CANARY.encode())
            assert not isinstance(await line.deliver(wanted), Taken)
            assert not isinstance(await line.reconcile(wanted), Taken)
            assert not isinstance(await line.cancel(wanted), Stopped)
