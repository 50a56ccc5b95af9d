"""What a customer may be charged by again."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Path

from services.payments.wallet import Wallet
from shared.contracts.cards import InstrumentKept
from shared.http import RunningService, Sent
from shared.kernel.errors import NotFound

router = APIRouter(prefix="/customers/{customer_id}/instruments")

Customer = Annotated[str, Path(pattern=r"^[0-9]{10}$")]
Id = Annotated[str, Path(max_length=100, pattern=r"^ins_[0-9A-Za-z_=-]+$")]


@router.get("")
async def all_of(customer_id: Customer, service: RunningService) -> dict[str, Any]:
    """Newest first, under whichever of their numbers it was kept; the same card once."""
    wallet: Wallet = service.state["wallet"]
    found: dict[str, InstrumentKept] = {}
    for known in (await wallet.of(customer_id)).values():
        for id, each in [*known.kept.items()][::-1]:
            found.setdefault(each.instrument.fingerprint or id, each)
    rows = [each.instrument.model_dump(include={"id", "brand", "last4", "expiry"}) | {"kind": each.kind} for each in found.values()]
    return {"rows": rows}


@router.delete("/{id}")
async def forget(customer_id: Customer, id: Id, service: RunningService, sent: Sent) -> dict[str, Any]:
    """Gone from the vault at once, under each of their numbers. Again is nothing new."""
    wallet: Wallet = service.state["wallet"]
    theirs = await wallet.of(customer_id)
    named = next((known.kept[id] for known in theirs.values() if id in known.kept), None)
    if named is None and not any(id in known.gone for known in theirs.values()):
        raise NotFound("Nothing of this customer is stored under this id.")
    for number, known in theirs.items():
        for kept_as, each in known.kept.items():
            if named and (kept_as == id or (named.instrument.fingerprint and each.instrument.fingerprint == named.instrument.fingerprint)):
                await wallet.forget(number, kept_as, sent if kept_as == id else replace(sent, command_id=f"{sent.command_id}/{kept_as}"))
    return {"id": id}
