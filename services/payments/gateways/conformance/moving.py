"""What was reserved is taken, given back, and never more of it than there is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.payments.gateways.conformance.rig import AMOUNT, Rig, follow_up, new, question


@pytest.mark.asyncio
class Moving(Rig):
    @pytest.mark.parametrize("wish", ["approved", "account"])
    async def test_what_was_reserved_is_taken(self, wish: str) -> None:
        self.needs("capture")
        async with self.line() as line:
            _, taken = await line.taken(self.wish(wish))  # type: ignore[arg-type]
            assert taken.amount in (None, AMOUNT)

    async def test_it_is_taken_once(self) -> None:
        """Again under the same reference is the same; under another one it is refused, or told as the one that it was."""
        self.needs("capture")
        charge = new(self.wish("approved"))
        async with self.line() as line:
            said = await line.authorise(charge)
            asked = follow_up(charge, said, "capture")
            first = await line.capture(asked)
            assert first.answer == "approved"
            if line.gateway.idempotent:
                again = await line.capture(asked)
                assert (again.answer, again.reference) == ("approved", first.reference)
            other = await line.capture(replace(asked, reference=f"{charge.reference}-capture-2"))
            assert other.answer == "declined" or (other.answer, other.reference) == ("approved", first.reference)
            if other.answer == "approved":
                rows = [each for each in await line.listed() if each.theirs == first.reference]
                assert [each.operation for each in rows if each.approved].count("capture") == 1
            if line.gateway.askable:
                known = await line.lookup(question(asked, "capture"))
                assert (known.answer, known.amount in (None, AMOUNT)) == ("approved", True)

    async def test_not_more_is_taken_than_was_reserved(self) -> None:
        self.needs("capture")
        charge = new(self.wish("approved"))
        async with self.line() as line:
            said = await line.authorise(charge)
            assert (await line.capture(follow_up(charge, said, "capture", AMOUNT + 1))).answer == "declined"
            assert (await line.capture(follow_up(charge, said, "capture-2"))).answer == "approved"

    async def test_what_was_given_back_is_not_taken(self) -> None:
        self.needs("void", "capture")
        charge = new(self.wish("approved"))
        async with self.line() as line:
            said = await line.authorise(charge)
            asked = follow_up(charge, said, "void")
            assert (await line.void(asked)).answer == "approved"
            if line.gateway.askable:
                assert (await line.lookup(question(asked, "void"))).answer == "approved"
            assert (await line.capture(follow_up(charge, said, "capture"))).answer == "declined"

    async def test_what_was_taken_is_not_both_voided_and_refunded(self) -> None:
        self.needs("void", "capture", "refund")
        async with self.line() as line:
            refund, _ = await line.taken(self.wish("approved"))
            voided = await line.void(replace(refund, reference=f"{refund.authorisation}-void"))
            assert voided.answer in ("approved", "declined")
            assert (await line.refund(refund)).answer == ("declined" if voided.answer == "approved" else "approved")

    async def test_what_was_refused_is_neither_taken_nor_given_back(self) -> None:
        self.needs("void", "capture")
        charge = new(self.wish("declined"))
        async with self.line() as line:
            said = await line.authorise(charge)
            assert (await line.capture(follow_up(charge, said, "capture"))).answer != "approved"
            assert (await line.void(follow_up(charge, said, "void"))).answer != "approved"

    async def test_what_is_not_there_is_neither_taken_nor_given_back(self) -> None:
        self.needs("void", "capture")
        charge = new(self.wish("approved"))
        async with self.line() as line:
            said = await line.authorise(charge)
            nowhere = replace(new(charge.means), order_id=charge.order_id)
            made_up = said.model_copy(update={"reference": said.reference[:-4] + "9999"})
            assert (await line.capture(follow_up(nowhere, made_up, "capture"))).answer != "approved"
            assert (await line.void(follow_up(nowhere, made_up, "void"))).answer != "approved"

    async def test_a_refund_of_all(self) -> None:
        self.needs("refund")
        async with self.line() as line:
            refund, _ = await line.taken(self.wish("approved"))
            first = await line.refund(refund)
            assert first.answer == "approved"
            if line.gateway.idempotent:
                assert (await line.refund(refund)).reference == first.reference
            if line.gateway.askable:
                known = await line.lookup(question(refund, "refund"))
                assert (known.answer, known.amount in (None, AMOUNT)) == ("approved", True)
            assert (await line.refund(replace(refund, reference=f"{refund.authorisation}-refund-2", amount=1))).answer == "declined"

    async def test_refunds_in_parts_up_to_what_was_taken(self) -> None:
        self.needs("refund")
        async with self.line() as line:
            refund, _ = await line.taken(self.wish("approved"))
            parts = [replace(refund, reference=f"{refund.authorisation}-refund-{n}", amount=amount) for n, amount in enumerate((2000, 3000, 691), 1)]
            assert [(await line.refund(part)).answer for part in parts] == ["approved", "approved", "declined"]
            last = replace(refund, reference=f"{refund.authorisation}-refund-4", amount=690)
            assert (await line.refund(last)).answer == "approved"

    async def test_what_was_only_reserved_is_not_refunded(self) -> None:
        self.needs("refund")
        charge = new(self.wish("approved"))
        async with self.line() as line:
            said = await line.authorise(charge)
            assert (await line.refund(follow_up(charge, said, "refund-1"))).answer != "approved"

    async def test_the_list_has_what_moved(self) -> None:
        self.needs("capture", "refund")
        async with self.line() as line:
            refund, taken = await line.taken(self.wish("approved"))
            back = await line.refund(replace(refund, amount=1000))
            rows = {each.theirs: each for each in await line.listed() if each.approved}
            found = {(rows[theirs].operation, rows[theirs].amount) for theirs in (taken.reference, back.reference) if theirs in rows}
            named = {(each.operation, each.amount) for each in rows.values() if each.reference.startswith(refund.authorisation)}
            assert {("capture", AMOUNT), ("refund", 1000)} <= found | named
