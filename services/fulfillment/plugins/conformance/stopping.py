"""What went out is stopped, or it is said that it is not; and what lies here of it goes."""

from __future__ import annotations

import pytest

from services.fulfillment.plugins.conformance.rig import CANARY, Rig, outgoing
from services.fulfillment.plugins.protocol import Refused, Stopped


@pytest.mark.asyncio
class Stopping(Rig):
    async def test_what_is_stopped_is_not_shipped_and_what_is_not_is(self) -> None:
        async with self.line() as line:
            wanted, their_id = await line.taken()
            other, _ = await line.taken()
            said = await line.cancel(wanted, their_id)
            shipped = sorted(await self.to_ship(line))
            assert shipped == sorted([other.export_id] if isinstance(said, Stopped) else [wanted.export_id, other.export_id])

    async def test_stopping_it_again_is_answered_alike(self) -> None:
        async with self.line() as line:
            wanted, their_id = await line.taken()
            said = [await each.cancel(wanted, their_id) for each in (line, self.restarted(line), line)]
            assert len({type(each) for each in said}) == 1, f"it is answered {said}"

    async def test_what_they_never_had_is_no_trouble_to_stop(self) -> None:
        async with self.line() as line:
            other, _ = await line.taken()
            assert isinstance(await line.cancel(outgoing()), Stopped | Refused)
            assert list(await self.to_ship(line)) == [other.export_id]

    async def test_nothing_of_what_is_erased_lies_here(self) -> None:
        async with self.line() as line:
            wanted, _ = await line.taken()
            kept, _ = await line.taken()
            before = self._here(wanted.order_id), self._here(kept.order_id)
            await line.plugin.erase(wanted.export_id, line.options)
            assert self._here(wanted.order_id) == []
            assert self._here(kept.order_id) == before[1], "it erases what belongs to somebody else"
            await line.plugin.erase(wanted.export_id, line.options)
            await line.plugin.erase(kept.export_id, line.options)
            assert self._here(CANARY) == []
            assert all(before) == any(before)

    async def test_what_was_never_here_is_no_trouble_to_erase(self) -> None:
        async with self.line() as line:
            await line.plugin.erase(outgoing().export_id, line.options)

    def _here(self, word: str) -> list[str]:
        """Which files of the data folder have it, in their name or in their text."""
        files = [path for path in self.around.settings.data.rglob("*") if path.is_file()]
        return [str(path) for path in files if word in path.name or word.encode() in path.read_bytes()]
