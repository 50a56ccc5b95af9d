"""The key that the vault is under, for the people who run it."""

from __future__ import annotations

from fastapi import APIRouter

from services.payments import rotation
from shared.http import RunningService, Sent
from shared.kernel.views import Row

router = APIRouter(prefix="/vault")


@router.get("")
async def vault(service: RunningService) -> Row:
    """``left`` are records under an older key, 0 unless a rotation is under way."""
    return await rotation.state(service, service.state["records"], service.state["rotation"])


@router.post("/rotate", status_code=202)
async def rotate(service: RunningService, sent: Sent) -> Row:
    """Under way already: goes on with that one."""
    await rotation.begin(service, service.state["records"], service.state["rotation"], sent)
    return await rotation.state(service, service.state["records"], service.state["rotation"])
