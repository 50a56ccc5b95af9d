from typing import Any, Literal

from fastapi import APIRouter
from starlette.exceptions import HTTPException

from services.catalog.account import Change, account
from services.catalog.campaign import Publish, Retire
from services.catalog.campaign import campaign as campaign_aggregate
from services.catalog.views import campaigns
from shared.contracts.catalog import Campaign, Settings
from shared.http import RunningService, Sent, plain

router = APIRouter()


@router.get("/campaigns")
async def find(service: RunningService, listed: Literal["phone", "lander", "ecommerce"] | None = None, cursor: str | None = None) -> dict[str, Any]:
    rows, following = await service.find(campaigns, {"listed": listed} if listed else None, sort="name", cursor=cursor)
    return {"rows": rows, "next": following}


@router.get("/campaigns/{id}")
async def one(id: str, service: RunningService, min_version: str | None = None) -> dict[str, Any]:
    row = await service.get(campaigns, id, min_version)
    if row is None:
        raise HTTPException(404, "There is no such campaign.")
    return row


@router.put("/campaigns/{id}")
async def publish(id: str, body: Campaign, service: RunningService, sent: Sent) -> dict[str, Any]:
    outcome = await service.execute(campaign_aggregate, id, Publish(body.model_copy(update={"id": id})), sent)
    return {"version": outcome.version, "number": outcome.state.number}


@router.post("/campaigns/{id}/retire")
async def retire(id: str, service: RunningService, sent: Sent) -> dict[str, Any]:
    outcome = await service.execute(campaign_aggregate, id, Retire(), sent)
    return {"version": outcome.version}


@router.get("/settings")
async def settings(service: RunningService) -> Any:
    state, _ = await service.load(account, "")
    return plain(state)


@router.put("/settings")
async def change(body: Settings, service: RunningService, sent: Sent) -> Any:
    outcome = await service.execute(account, "", Change(body), sent)
    return plain(outcome.state)
