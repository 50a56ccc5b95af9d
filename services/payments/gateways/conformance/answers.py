"""Yes, no, once, and what is known of it afterwards."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from services.payments.declines import known
from services.payments.gateways.conformance.rig import AMOUNT, Rig, follow_up, new, question
from shared.wire import after, only, passed, reset, twice


@pytest.mark.asyncio
class Answers(Rig):
    async def test_what_its_kind_says_fits(self) -> None:
        async with self.line() as line:
            assert line.gateway.settles >= timedelta()
        for code, reason in self.kind.declines.items():
            assert known(reason) or known(reason, "echeck"), f"{code} means {reason!r}, which is none of our reasons"
        assert len({secret.name for secret in self.kind.secrets}) == len(self.kind.secrets)
        assert set(self.secrets) <= {secret.name for secret in self.kind.secrets}

    @pytest.mark.parametrize("wish", ["approved", "account"])
    async def test_yes(self, wish: str) -> None:
        charge = new(self.wish(wish))  # type: ignore[arg-type]
        async with self.line() as line:
            said = await line.authorise(charge)
            assert said.answer == "approved"
            assert said.reference, "what they call it is not told"
            assert said.amount in (None, AMOUNT)

    @pytest.mark.parametrize("wish", ["declined", "declined-account"])
    async def test_no_with_a_reason_of_ours(self, wish: str) -> None:
        charge = new(self.wish(wish))  # type: ignore[arg-type]
        async with self.line() as line:
            said = await line.authorise(charge)
            assert said.answer == "declined"
            assert known(said.reason, "echeck" if "account" in wish else "card")
            assert said.reason

    async def test_it_answers_when_it_is_tried(self) -> None:
        async with self.line() as line:
            assert await line.gateway.trouble(self.secrets) == ""

    async def test_the_same_reference_is_charged_once(self) -> None:
        charge = new(self.wish("approved"))
        async with self.line() as line:
            if not line.gateway.idempotent:
                pytest.skip("it does not know a request again, and is never sent one twice")
            first, second = await line.authorise(charge), await line.authorise(charge)
            together = await asyncio.gather(*(line.authorise(charge) for _ in range(4)))
            assert {(said.answer, said.reference) for said in (first, second)} == {("approved", first.reference)}
            assert {said.reference for said in together if said.answer == "approved"} <= {first.reference}
            assert [each.reference for each in await line.listed()].count(charge.reference) == 1

    async def test_the_same_reference_with_another_amount_is_not_approved_for_it(self) -> None:
        charge = new(self.wish("approved"))
        async with self.line() as line:
            if not line.gateway.idempotent:
                pytest.skip("it does not know a request again, and is never sent one twice")
            first = await line.authorise(charge)
            second = await line.authorise(replace(charge, amount=AMOUNT + 1))
            assert second.answer != "approved" or (second.reference, second.amount) == (first.reference, AMOUNT)

    async def test_a_request_that_arrives_twice_is_one(self) -> None:
        charge = new(self.wish("approved"))
        async with self.line() as line:
            if not line.gateway.idempotent:
                pytest.skip("it does not know a request again")
            line.wire.fault = twice
            assert (await line.authorise(charge)).answer in ("approved", "unknown")
            assert [each.reference for each in await line.listed()].count(charge.reference) == 1

    async def test_what_was_done_is_known(self) -> None:
        charge = new(self.wish("approved"))
        async with self.line() as line:
            if not line.gateway.askable:
                pytest.skip("it cannot be asked")
            said = await line.authorise(charge)
            known = await line.lookup(question(charge, "authorise"))
            assert (known.answer, known.reference) == ("approved", said.reference)
            assert known.amount in (None, AMOUNT)

    async def test_what_was_refused_is_not_known_as_charged(self) -> None:
        charge = new(self.wish("declined"))
        async with self.line() as line:
            assert (await line.authorise(charge)).answer == "declined"
            assert (await line.lookup(question(charge, "authorise"))).answer != "approved"

    async def test_what_was_never_asked_for_was_never_heard_of(self) -> None:
        charge = new(self.wish("approved"))
        async with self.line() as line:
            said = await line.authorise(charge)
            answers = ("never-heard",) if line.gateway.askable else ("unknown",)
            assert (await line.lookup(question(new(charge.means), "authorise"))).answer in answers
            assert (await line.lookup(question(follow_up(charge, said, "capture"), "capture"))).answer in answers
            assert (await line.lookup(question(follow_up(charge, said, "void"), "void"))).answer in answers

    async def test_a_charge_whose_answer_is_lost_is_found_by_asking(self) -> None:
        charge = new(self.wish("approved"))
        async with self.line() as line:
            if not line.gateway.askable:
                pytest.skip("it cannot be asked")
            line.wire.fault = only(self.charges, after(reset))
            assert (await line.authorise(charge)).answer == "unknown"
            line.wire.fault = passed
            assert (await line.lookup(question(charge, "authorise"))).answer == "approved"

    async def test_what_was_done_is_in_the_list_of_its_day(self) -> None:
        charge = new(self.wish("approved"))
        async with self.line() as line:
            said = await line.authorise(charge)
            rows = [each for each in await line.listed() if each.reference == charge.reference or said.reference == each.theirs]
            assert [(each.operation, each.amount, each.currency, each.approved) for each in rows] == [
                ("authorise", charge.amount, charge.currency, True)
            ]
            assert {each.at.date() for each in rows} <= {line.made.date(), (line.made + timedelta(hours=1)).date()}
            assert all(each.at.utcoffset() == timedelta() for each in rows)
