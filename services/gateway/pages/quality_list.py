"""The list of reviews as the address asks for it: filters, search, and what goes along from one page to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

from fastapi import Depends, Request

from services.gateway.door import Services
from services.gateway.pages.lists import address, if_answered

Tab = Literal["waiting", "done"]
WHY = {"external": "External payment", "forced": "Asked for by the agent", "rule": "Hold rule", "share": "Share of card orders"}
_MOST = 255
_CURSOR = 1_000
_CUSTOMERS = 50


@dataclass(frozen=True)
class Asked:
    """``over`` as it was typed."""

    stage: Tab = "waiting"
    why: str = ""
    campaign: str = ""
    agent: str = ""
    over: str = ""
    q: str = ""
    cursor: str = ""

    @property
    def filters(self) -> dict[str, str]:
        return {"why": self.why, "campaign": self.campaign, "agent": self.agent, "over": self.over, "q": self.q}

    @property
    def filtered(self) -> bool:
        return any(self.filters.values())

    @property
    def wrong(self) -> str:
        """What is wrong with the amount, in a sentence."""
        return "" if not self.over or _amount(self.over) is not None else "Enter an amount, such as 100."

    def at(self, **changed: Any) -> str:
        """The page's address with this asked for, and what is ``changed``, such as the order that is looked at."""
        said = {"stage": self.stage, **self.filters, "cursor": self.cursor, **changed}
        return address("/quality", **said)


def _amount(typed: str) -> str | None:
    try:
        amount = Decimal(typed.replace(",", ""))
    except InvalidOperation:
        return None
    exponent = amount.as_tuple().exponent
    fits = isinstance(exponent, int) and -3 <= exponent <= 6 and 0 <= amount < 10**12
    return f"{amount:f}" if fits else None


async def asked(request: Request) -> Asked:
    """From the address, or from the form that carries it along. What no list can show is not asked for."""
    said: Mapping[str, Any] = request.query_params if request.method == "GET" else await request.form()
    text = {name: str(said.get(name, "")).strip()[:_MOST] for name in ("why", "campaign", "agent", "over", "q")}
    why = text.pop("why")
    stage: Tab = "done" if said.get("stage") == "done" else "waiting"
    return Asked(stage, why if why in WHY else "", **text, cursor=str(said.get("cursor", ""))[:_CURSOR])


Wanted = Annotated[Asked, Depends(asked)]


async def listed(services: Services, asked: Asked, order: str = "") -> dict[str, Any]:
    """Without rows where what is asked for cannot be read: all of them would be another list."""
    query = await wanted(services, asked)
    found = await services.get("qa", "/reviews", stage=asked.stage, cursor=asked.cursor or None, **query)
    nothing: dict[str, Any] = {"rows": [], "next": None} if asked.wrong else {}
    return {"asked": asked, "order": order, "why_words": WHY, **found, **nothing}


async def wanted(services: Services, asked: Asked) -> dict[str, str | None]:
    """As qa takes it: a name is looked up with customers first."""
    said = {**asked.filters, "over": _amount(asked.over) if asked.over else ""}
    if asked.q:
        known = await if_answered(services, "customers", "/customers", q=asked.q)
        said["customers"] = ",".join(row["customer_id"] for row in known["rows"][:_CUSTOMERS]) if known else ""
    return {name: value or None for name, value in said.items()}


async def choices(services: Services, names: Sequence[str], asked: Asked) -> dict[str, Any]:
    """What the filters offer, and what they are set to though nobody offers it."""
    found = await if_answered(services, "catalog", "/campaigns")
    campaigns = {row["id"]: row["name"] for row in found["rows"]} if found else {}
    agents = {f"agent:{name}": name for name in names} | {"customer": "Customer, by themselves"}
    for known, chosen in ((campaigns, asked.campaign), (agents, asked.agent)):
        if chosen:
            known.setdefault(chosen, chosen.rpartition(":")[2])
    return {"campaigns": campaigns, "agents": agents}
