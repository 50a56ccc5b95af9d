"""It goes out, once, whole, whatever is in it, and however often it is asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from services.fulfillment.plugins.conformance.rig import CANARY, Rig, outgoing
from services.fulfillment.plugins.protocol import TIMEOUT, Address, Door, Item, Plugin, Refused, Taken
from shared.wire import twice

ODD: Mapping[str, Mapping[str, Any]] = {
    "quotes and separators": {"last_name": f'O\'{CANARY}, "the; 1st"\\', "notes": "a,b;c\td|e"},
    "lines": {"notes": "first\nsecond\r\n\nthird"},
    "letters of the world": {"first_name": "Ñandú Łucja ليلى 🛏️", "ship_to": Address(street="Straße 1 ½", city="København", country="DK")},
    "what a spreadsheet would run": {"last_name": "=1+1", "first_name": "@SUM(A1)", "notes": "+cmd|' /C calc'!A0"},
    "markup": {"last_name": "</Customer><b>&amp;", "notes": "]]> <!-- ${x} {{ 7*7 }} %s"},
    "no address": {"ship_to": Address(), "bill_to": Address(), "first_name": "", "last_name": "", "phone": "", "email": "", "notes": ""},
    "a long note": {"notes": "long " * 1000},
    "many lines": {"items": tuple(Item(n, f"SKU-{n}", f"Product {n}", n, 100) for n in range(1, 201))},
    "nothing to pay": {"total": 0, "shipping": 0, "tax": 0, "items": (Item(1, "GIFT", "Gift", 1, 0),)},
    "no shape of an SKU": {"items": (Item(1, "A/B 1%2F#?&", "=Pillow", 1_000_000, 10**12),)},
}


@pytest.mark.asyncio
class Delivering(Rig):
    async def test_what_its_kind_says_fits(self) -> None:
        assert self.kind.title
        for fields in (self.kind.options, self.kind.secrets):
            names = [field.name for field in fields]
            assert len(set(names)) == len(names)
            assert all(field.label for field in fields)
        made = self.kind.make(self.around)
        assert isinstance(made, Plugin)
        assert self.asking() is None or isinstance(made, Door), "it is asked, and has no door"

    async def test_its_kind_checks_what_is_typed_in(self) -> None:
        names = {field.name for field in self.kind.options}
        async with self.line() as line:
            assert set(line.options) <= names
            assert set(line.secrets) <= {field.name for field in self.kind.secrets}
            assert dict(self.kind.check(line.options)) == {}
            assert dict(self.kind.check_secrets(line.secrets)) == {}
            assert dict(self.kind.check_secrets(line.secrets)) == {}
        for typed in ("", " ", "\x00", "=1+1", "a\nb", "{", "{nothing}", "http://[", "x" * 100_000, "🛏️"):
            problems = self.kind.check(dict.fromkeys(names, typed))
            assert set(problems) <= names, "it finds fault with an option that there is not"
            assert all(problems.values()), "it finds fault, and does not say which"
            assert set(self.kind.check_secrets({field.name: typed for field in self.kind.secrets})) <= {field.name for field in self.kind.secrets}
            secrets = {field.name for field in self.kind.secrets}
            problems = self.kind.check_secrets(dict.fromkeys(secrets, typed))
            assert set(problems) <= secrets, "it finds fault with a secret that there is not"
            assert not any(len(typed) > 1 and typed in problem for problem in problems.values()), "it repeats a secret"

    async def test_a_delivery_is_taken_and_shipped_once(self) -> None:
        async with self.line() as line:
            wanted, _ = await line.taken()
            assert list(await self.to_ship(line)) == [wanted.export_id]

    async def test_the_same_one_again_is_the_same_shipment(self) -> None:
        """Whether somebody wants it sent once more, or nobody knew that it had arrived."""
        async with self.line() as line:
            wanted, their_id = await line.taken()
            for again in (wanted, replace(wanted, resend=True)):
                said = await self.restarted(line).deliver(again)
                assert isinstance(said, Taken)
                assert not their_id or said.their_id == their_id
            assert list(await self.to_ship(line)) == [wanted.export_id]

    async def test_the_same_one_many_times_at_once_is_one_shipment(self) -> None:
        wanted = outgoing()
        async with self.line() as line:
            said = await asyncio.gather(*(line.deliver(wanted) for _ in range(6)))
            assert any(isinstance(each, Taken) for each in said)
            assert list(await self.to_ship(line)) == [wanted.export_id]

    async def test_what_arrives_twice_is_one_shipment(self) -> None:
        wanted = outgoing()
        async with self.line() as line:
            line.wire.fault = twice
            said = await line.deliver(wanted)
            assert not isinstance(said, Refused)
            assert list(await self.to_ship(line)) == [wanted.export_id]

    async def test_many_at_once_stay_apart(self) -> None:
        wanted = [outgoing() for _ in range(8)]
        async with self.line() as line:
            said = await asyncio.gather(*map(line.deliver, wanted))
            assert all(isinstance(each, Taken) for each in said)
            theirs = [each.their_id for each in said if isinstance(each, Taken) and each.their_id]
            assert len(set(theirs)) == len(theirs)
            assert sorted(await self.to_ship(line)) == sorted(each.export_id for each in wanted)

    async def test_what_two_plugins_ship_of_one_order_are_two_shipments(self) -> None:
        first = outgoing()
        second = replace(first, export_id=f"{first.order_id}-other", items=first.items[1:])
        async with self.line() as line:
            for each in (first, second):
                assert isinstance(await line.deliver(each), Taken)
            assert sorted(await self.to_ship(line)) == sorted((first.export_id, second.export_id))

    @pytest.mark.parametrize("odd", ODD)
    async def test_it_takes_what_people_type(self, odd: str) -> None:
        wanted = outgoing(**ODD[odd])
        async with self.line() as line:
            said = await line.deliver(wanted)
            assert isinstance(said, Taken), f"{odd}: {said!r}"
            assert list(await self.to_ship(line)) == [wanted.export_id]

    async def test_a_no_says_why_and_ships_nothing(self) -> None:
        wanted = self.unwanted(outgoing())
        if wanted is None:
            pytest.skip("the other side takes everything")
        async with self.line() as line:
            said = await line.deliver(wanted)
            assert isinstance(said, Refused)
            assert list(await self.to_ship(line)) == []
            assert not isinstance(await line.reconcile(wanted), Taken)

    async def test_it_is_said_to_work(self) -> None:
        async with self.line() as line:
            assert await line.plugin.trouble(line.options, line.secrets) == ""
            assert list(await self.to_ship(line)) == [], "being tried it has sent something"

    async def test_somebody_who_stops_waiting_is_not_held_up(self) -> None:
        async with self.line() as line:
            arrived = asyncio.Event()

            async def silent(*request: object) -> None:
                arrived.set()
                await asyncio.Event().wait()

            line.wire.fault = silent
            asking = asyncio.create_task(line.deliver(outgoing()))
            async with asyncio.timeout(TIMEOUT):
                await arrived.wait()
                asking.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await asking
