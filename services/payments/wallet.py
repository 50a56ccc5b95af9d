"""The cards and bank accounts that customers may be charged by again: their numbers in the vault, what is said of them in the stream."""

from __future__ import annotations

import uuid

from services.payments.instruments import Erase, Forget, Instruments, Keep, instruments
from services.payments.means import Means, kind_of
from services.payments.vault import Vault, belongs
from shared.aliases import family
from shared.kernel.commands import Envelope, Refusal
from shared.service import Running

_ACTOR = "service:payments"


class Wallet:
    def __init__(self, running: Running, vault: Vault) -> None:
        self._running = running
        self._vault = vault

    async def kept(self, customer_id: str) -> Instruments:
        state: Instruments = (await self._running.load(instruments, customer_id))[0]
        return state

    async def of(self, customer_id: str) -> dict[str, Instruments]:
        """Under each number of a customer who was merged."""
        return {id: await self.kept(id) for id in await family(self._running, customer_id)}

    async def belongs(self, reference: str, customer_id: str) -> bool:
        """Whether the customer may be charged by it, under whichever of their numbers it was kept."""
        if belongs(reference, customer_id):
            return True
        return bool(customer_id) and any(belongs(reference, id) for id in await family(self._running, customer_id))

    async def keep(self, customer_id: str, order_id: str, means: Means) -> None:
        """Once, however often it is charged. In the vault first, so that what the stream names can be charged."""
        if not customer_id:
            return
        reference = self._vault.reference(customer_id, means)
        instrument = self._vault.instrument(means).model_copy(update={"id": reference})
        await self._vault.store(reference, means)
        try:
            await self._running.send(customer_id, Keep(customer_id, order_id, instrument, kind_of(means)), uuid.uuid4().hex, _ACTOR)
        except Refusal:
            await self._vault.remove(reference)

    async def forget(self, customer_id: str, id: str, sent: Envelope) -> None:
        """From the vault first, so that what the stream does not name any more is nowhere."""
        await self._vault.remove(id)
        await self._running.execute(instruments, customer_id, Forget(customer_id, id), sent)

    async def erase(self, customer_id: str) -> None:
        """Raises Refusal where something was kept meanwhile: then it is to be done again."""
        state, version = await self._running.load(instruments, customer_id)
        for id in state.kept:
            await self._vault.remove(id)
        sent = Envelope(uuid.uuid4().hex, _ACTOR, self._running.clock(), version=version)
        await self._running.execute(instruments, customer_id, Erase(customer_id), sent)
