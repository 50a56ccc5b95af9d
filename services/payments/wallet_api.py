"""What a customer may be charged by again."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path

from services.payments.wallet import Wallet
from shared.http import RunningService, Sent
from shared.kernel.errors import NotFound

router = APIRouter(prefix="/customers/{customer_id}/instruments")

Customer = Annotated[str, Path(pattern=r"^[0-9]{10}$")]
Id = Annotated[str, Path(max_length=100, pattern=r"^ins_[0-9A-Za-z_=-]+$")]


@router.get("")
async def all_of(customer_id: Customer, service: RunningService) -> dict[str, Any]:
    """Newest first."""
    wallet: Wallet = service.state["wallet"]
    kept = [*(await wallet.kept(customer_id)).kept.values()][::-1]
    return {
        "rows": [{"id": each.instrument.id, "kind": each.kind, **each.instrument.model_dump(include={"brand", "last4", "expiry"})} for each in kept]
    }


@router.delete("/{id}")
async def forget(customer_id: Customer, id: Id, service: RunningService, sent: Sent) -> dict[str, Any]:
    """Gone from the vault at once. Again is nothing new."""
    wallet: Wallet = service.state["wallet"]
    known = await wallet.kept(customer_id)
    if id not in known.kept.keys() | known.gone:
        raise NotFound("Nothing of this customer is stored under this id.")
    await wallet.forget(customer_id, id, sent)
    return {"id": id}
