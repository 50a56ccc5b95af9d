from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from services.fulfillment.api import router
from services.fulfillment.csv_drop import CsvDrop
from services.fulfillment.policies import create_record, deny, forget, hold, release
from services.fulfillment.shipment import Claim, ClaimErasure, Delivered, Erased, Failed, Shipment, shipment
from services.fulfillment.views import deliveries, erasures, shipments
from shared.contracts.fulfillment import DeliveryRequested, ErasureRequested
from shared.kernel.effects import Effect, Work
from shared.kernel.errors import Unavailable
from shared.kernel.events import Event
from shared.service import Running, Service


def _wanted(event: Event) -> Iterable[Work]:
    return (Work(event.order_id, event.export_id),) if isinstance(event, DeliveryRequested) else ()


def _claim(work: Work, holder: str, now: datetime) -> Claim:
    return Claim(holder, now)


def _to_erase(event: Event) -> Iterable[Work]:
    return (Work(event.order_id, event.export_id),) if isinstance(event, ErasureRequested) else ()


def _claim_erasure(work: Work, holder: str, now: datetime) -> ClaimErasure:
    return ClaimErasure(holder, now)


def _effects(running: Running) -> Sequence[Effect]:
    drop = CsvDrop(running.settings.data / "exports")

    async def deliver(work: Work, state: Shipment, *, asks: bool = False) -> Delivered | Failed:
        if state.record is None:
            return Failed("There is no record of what to send.", running.clock(), state.lease)
        try:
            submitted = await running.opened(state.record.submitted.model_dump(mode="json"))
            found = await drop.reconcile(work.reference, submitted) if asks else None
            if found and not found[1]:
                return Failed(f"{found[0]} went out already, and says something else than this order.", running.clock(), state.lease)
            return Delivered(found[0] if found else await drop.deliver(work.reference, submitted))
        except OSError as error:
            return Failed(f"The file could not be read or written: {error.strerror}.", running.clock(), state.lease)

    async def ask(work: Work, state: Shipment) -> Delivered | Failed:
        return await deliver(work, state, asks=True)

    async def erase(work: Work, state: Shipment) -> Erased:
        try:
            await drop.erase(work.reference)
        except OSError as error:
            raise Unavailable(f"The export {work.reference} could not be erased: {error.strerror}.") from error
        return Erased()

    return (
        Effect("deliver", _wanted, deliveries, _claim, deliver, ask),
        Effect("erase", _to_erase, erasures, _claim_erasure, erase, erase),
    )


fulfillment = Service(
    "fulfillment",
    aggregates=(shipment,),
    views=(shipments, deliveries, erasures),
    policies=(create_record, release, hold, deny, forget),
    effects=_effects,
    router=router,
)
