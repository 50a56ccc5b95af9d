"""What a gateway tells by itself, as a command."""

from __future__ import annotations

import uuid

import structlog

from services.payments.desk import Desk
from services.payments.gateways.protocol import Heard, Said
from services.payments.payment import Payment, Record, Return, payment
from services.payments.pre_auth import PreAuths, pre_auth
from services.payments.pre_auth_work import Asking
from services.payments.references import parsed
from services.payments.state import Operation
from shared.kernel.effects import Work
from shared.service import Running

log = structlog.get_logger()


async def heard(running: Running, gateway: str, told: Heard) -> bool:
    """Whether it was about something that this gateway was asked for. Told again it changes nothing. Raises Refusal, Conflict, Unavailable."""
    known = parsed(told.reference)
    if known is None:
        return await _pre_auth_heard(running, gateway, told)
    state: Payment = (await running.load(payment, known.order_id))[0]
    operation, doing = state.operations.get(told.reference), Work(known.order_id, told.reference)
    desk: Desk = running.state["desk"]
    if operation is None or operation.part.gateway != gateway:
        command: Return | Record | None = None
    elif told.kind == "returned":
        command = Return(told.reference, told.code, running.clock(), told.amount)
    else:
        command = await desk.told(doing, state, told.said) if told.said and _fits(told.said, operation) else None
    if command is None:
        log.warning("gateway.heard", gateway=gateway, reference=told.reference, kind=told.kind, known=operation is not None)
        return False
    done = await running.send(known.order_id, command, uuid.uuid4().hex, f"gateway:{gateway}")
    await desk.recorded(doing, done.state)
    return True


def _fits(said: Said, operation: Operation) -> bool:
    """A yes to another amount is found out about when the gateway is asked."""
    if said.answer not in ("approved", "declined"):
        return False
    return said.answer != "approved" or operation.kind == "void" or said.amount in (None, operation.part.amount)


async def _pre_auth_heard(running: Running, gateway: str, told: Heard) -> bool:
    order_id, _, number = told.reference.removesuffix("-void").partition("-pre-")
    if not number.isdigit() or told.kind != "settled" or told.said is None:
        return False
    state: PreAuths = (await running.load(pre_auth, order_id))[0]
    known, said = state.by_number.get(int(number)), told.said
    if known is None or known.asked.gateway != gateway or said.answer not in ("approved", "declined"):
        return False

    async def paid(id: str) -> Payment:
        state: Payment = (await running.load(payment, id))[0]
        return state

    command = await Asking(running.state["desk"], paid).told(Work(order_id, told.reference), state, said)
    await running.send(order_id, command, uuid.uuid4().hex, f"gateway:{gateway}")
    return True
