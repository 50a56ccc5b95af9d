from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from starlette.exceptions import HTTPException

from services.cart.customer_id import Reserve
from services.cart.order import Catalog, Change, Order, Place, Submit, order
from services.cart.views import newest, settings, versions
from shared.contracts.cart import CartChanges
from shared.contracts.catalog import Campaign, Settings
from shared.contracts.order import Address, Call, Method, Person
from shared.http import Answer, RunningService, Sent
from shared.ids import INSTALLATION, customer_id, external_command, order_id
from shared.kernel.commands import Envelope, Refusal
from shared.kernel.decider import Refused
from shared.kernel.errors import Unavailable
from shared.service import Running
from shared.text import Id, Note
from shared.text import Line as TextLine

router = APIRouter()

Direction = Literal["inbound", "outbound"]


def _email(text: str) -> str:
    name, at, domain = text.partition("@")
    if text and not (name and at and "." in domain.strip(".") and " " not in text):
        raise ValueError("is not an e-mail address")
    return text


def _phone(text: str) -> str:
    digits = sum(character.isdigit() for character in text)
    if text and (not 7 <= digits <= 15 or set(text) - set("0123456789 +()-./")):
        raise ValueError("is not a phone number")
    return text


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PersonBody(Body):
    first_name: TextLine = ""
    last_name: TextLine = ""
    phone: Annotated[TextLine, AfterValidator(_phone)] = ""
    email: Annotated[TextLine, AfterValidator(_email)] = ""

    def value(self) -> Person:
        return Person(**self.model_dump())


class AddressBody(Body):
    street: TextLine = ""
    unit: TextLine = ""
    city: TextLine = ""
    postal: TextLine = ""
    region: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{0,3}$")] = ""
    country: Annotated[str, StringConstraints(pattern=r"^([A-Z]{2})?$")] = ""

    def value(self) -> Address:
        return Address(**self.model_dump())


class LineBody(Body):
    product: TextLine
    quantity: int = Field(strict=True, ge=0, le=1_000_000)


class StartBody(Body):
    campaign: TextLine
    direction: Direction = "inbound"
    call_center: TextLine = ""
    team: TextLine = ""


class ChangeBody(Body):
    direction: Direction | None = None
    customer: PersonBody | None = None
    billing: AddressBody | None = None
    shipping: AddressBody | None = None
    shipping_same: bool | None = None
    lines: list[LineBody] | None = Field(default=None, max_length=500)
    notes: Note | None = None

    def changes(self, call: Call | None = None) -> CartChanges:
        """``call`` is the one that a new direction belongs to."""
        return CartChanges(
            call=call.model_copy(update={"direction": self.direction}) if call and self.direction else None,
            customer=self.customer.value() if self.customer else None,
            billing=self.billing.value() if self.billing else None,
            shipping=self.shipping.value() if self.shipping else None,
            shipping_same=self.shipping_same,
            notes=self.notes,
        )

    def quantities(self) -> dict[str, int] | None:
        return None if self.lines is None else {line.product: line.quantity for line in self.lines}


class SubmitBody(Body):
    method: Method
    payment: TextLine = ""


class PlaceBody(StartBody, ChangeBody, SubmitBody):
    direction: Direction = "inbound"
    external_id: Id = ""


@router.get("/campaigns/{id}/{number}")
async def campaign_version(id: str, number: int, service: RunningService) -> dict[str, Any]:
    """A campaign in the version that an order may be pinned to, as cart knows it."""
    row = await service.get(versions, f"{id}@{number}")
    if row is None:
        raise HTTPException(404, "There is no such version of this campaign.")
    return row


@router.post("/orders")
async def start(body: StartBody, service: RunningService, sent: Sent) -> Answer:
    catalog = await _catalog(service, body.campaign)
    id = await _id(service, sent)
    outcome = await service.execute(order, id, Change(id, catalog, _started(body, sent)), sent)
    return _answer(id, outcome.version, outcome.state, 201)


@router.post("/orders/place")
async def place(body: PlaceBody, service: RunningService, sent: Sent) -> Answer:
    if body.external_id:
        sent = replace(sent, command_id=external_command(sent.actor, body.external_id))
    catalog = await _catalog(service, body.campaign)
    id = await _id(service, sent)
    changes = CartChanges(**{**body.changes().__dict__, **{k: v for k, v in _started(body, sent).__dict__.items() if v is not None}})
    change = Change(id, catalog, changes, body.quantities())
    return await _submitted(service, id, lambda customer: Place(change, _submit(id, body, catalog, sent, customer)), sent)


@router.get("/orders/{id}")
async def one(id: str, service: RunningService) -> Answer:
    state, version = await service.load(order, id)
    if not version:
        raise HTTPException(404, "There is no such order.")
    return _answer(id, version, state)


@router.post("/orders/{id}/changes")
async def change(id: str, body: ChangeBody, service: RunningService, sent: Sent) -> Answer:
    state, catalog = await _pinned(service, id)
    outcome = await service.execute(order, id, Change(id, catalog, body.changes(state.call), body.quantities()), sent)
    return _answer(id, outcome.version, outcome.state)


@router.post("/orders/{id}/submit")
async def submit(id: str, body: SubmitBody, service: RunningService, sent: Sent) -> Answer:
    _, catalog = await _pinned(service, id)
    return await _submitted(service, id, lambda customer: _submit(id, body, catalog, sent, customer), sent)


async def _id(service: Running, sent: Envelope) -> str:
    """The same for the same command; counted on where another command's order has that id."""
    for n in count():
        id = order_id(service.keyring.derived(INSTALLATION), sent.actor, sent.command_id, n)
        if await service.commands.begun_by(order, id) in (None, sent.command_id):
            return id
    raise AssertionError("counting never ends")


def _answer(id: str, version: int, state: Order, status: int = 200) -> Answer:
    return Answer({"order_id": id, "version": version, "state": state}, status)


def _started(body: StartBody, sent: Envelope) -> CartChanges:
    call = Call(agent=sent.actor, direction=body.direction, started_at=sent.now, call_center=body.call_center, team=body.team)
    return CartChanges(campaign=body.campaign, call=call)


def _submit(id: str, body: SubmitBody, catalog: Catalog, sent: Envelope, customer: str) -> Submit:
    return Submit(id, catalog, body.method, body.payment, sent.actor, customer, sent.now)


async def _submitted(service: Running, id: str, command: Callable[[str], Submit | Place], sent: Envelope) -> Answer:
    """With the order's customer number; a new one is reserved for a first submission that nothing stands against."""
    state, _ = await service.load(order, id)
    customer = state.customer_id
    if not customer and not isinstance(order.decide(command("0000000000"), state), Refused):
        customer = await _reserved(service, id, sent)
    outcome = await service.execute(order, id, command(customer), sent)
    return _answer(id, outcome.version, outcome.state, 202)


async def _reserved(service: Running, id: str, sent: Envelope) -> str:
    while True:
        number = customer_id()
        try:
            await service.send(number, Reserve(number, id), f"reserve/{id}/{number}", sent.actor)
        except Refusal as refusal:
            if refusal.refused.code != "taken":
                raise
        else:
            return number


async def _pinned(service: Running, id: str) -> tuple[Order, Catalog]:
    state, version = await service.load(order, id)
    if not version:
        raise HTTPException(404, "There is no such order.")
    return state, await _catalog(service, state.campaign, state.campaign_version)


async def _catalog(service: Running, campaign: str, number: int | None = None) -> Catalog:
    """The campaign in the version that the order is pinned to, or the newest. Raises Refusal, Unavailable."""
    current = await service.get(newest, campaign, opened=False)
    if current is None:
        raise Refusal(Refused("unknown-campaign", "There is no such campaign.", field="campaign", conflict=False))
    wanted = number or current["number"]
    version = await _version(service, campaign, wanted)
    account = await service.get(settings, "account", opened=False)
    return Catalog(
        version,
        wanted,
        Settings(**account["settings"]) if account else Settings(),
        account["number"] if account else 0,
        current["retired"],
    )


async def _version(service: Running, campaign: str, number: int) -> Campaign:
    """Versions never change, so that each is read once. Raises Unavailable."""
    known: dict[tuple[str, int], Campaign] = service.state.setdefault("campaigns", {})
    if (campaign, number) not in known:
        row = await service.get(versions, f"{campaign}@{number}", opened=False)
        if row is None:
            raise Unavailable("The catalog has not arrived here yet. Try again.")
        known[campaign, number] = Campaign(**row["campaign"])
    return known[campaign, number]
