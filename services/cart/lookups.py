"""What an order is priced by, as cart knows it now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import entry_points
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.cart.asking import SHIPPING, TAX, Providers, installed
from services.cart.pricing import About, Catalog, Circumstances, Gateway
from services.cart.redeeming import Coupons
from services.cart.tables import Tables
from services.cart.tariff import Tariff
from services.cart.used import used_codes
from services.cart.views import customers, directory, gateways, newest, settings, versions
from shared.aliases import family
from shared.contracts.catalog import Campaign, Settings
from shared.kernel.commands import Refusal
from shared.kernel.decider import Refused
from shared.kernel.errors import Unavailable
from shared.service import Running


async def setup(service: Running, providers: Providers | None = None) -> None:
    """Without ``providers`` those that are installed. Raises SettingsError."""
    service.state["providers"] = providers or installed([*entry_points(group=TAX), *entry_points(group=SHIPPING)])
    service.state["tables"] = Tables(service)
    service.state["coupons"] = Coupons(service)


async def catalog(service: Running, campaign: str, number: int | None = None) -> Catalog:
    """The campaign in the version that the order is pinned to, or the newest. Raises Refusal, Unavailable."""
    current = await service.get(newest, campaign, opened=False)
    if current is None:
        raise Refusal(Refused("unknown-campaign", "There is no such campaign.", field="campaign", conflict=False))
    wanted = number or current["number"]
    sold = await tariff(service, campaign, wanted)
    account, account_number = await _settings(service)
    return Catalog(sold, wanted, account, account_number, current["retired"], await _gateways(service, sold), await _affiliates(service))


async def circumstances(service: Running, catalog: Catalog, order_id: str, about: About, now: datetime) -> Circumstances:
    """Raises Refusal, Unavailable."""
    day, sold = today(catalog.settings, now), catalog.tariff
    tables: Tables = service.state["tables"]
    rows = (await tables.rates(day)).of(about.country, about.region, about.postal) if about.country else []
    codes = sold.considered(about.codes)
    coupons: Coupons = service.state["coupons"]
    providers: Providers = service.state["providers"]
    return Circumstances(
        day,
        tax_exempt=await _exempt(service, about.customer_id),
        used_codes=await used_codes(service, sold.campaign.id, order_id, about.phone, about.email) if codes & sold.once else (),
        uses=await coupons.uses(sold.campaign.id, codes & sold.limited, order_id),
        rows=rows,
        answers=providers.before,
    )


async def _exempt(service: Running, customer_id: str) -> bool:
    """Under any of their numbers."""
    rows = [await service.get(customers, each, opened=False) for each in (await family(service, customer_id) if customer_id else ())]
    return any(row["exempt"] for row in rows if row)


def today(account: Settings, now: datetime) -> str:
    """The calendar date in the account's time zone. Raises Refusal."""
    try:
        zone = ZoneInfo(account.time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise Refusal(Refused("time-zone", f"The account's time zone {account.time_zone} is not known here.", conflict=False)) from error
    return now.astimezone(zone).date().isoformat()


async def check_customer(service: Running, customer_id: str | None) -> None:
    """Raises Refusal."""
    if customer_id and await service.get(customers, customer_id, opened=False) is None:
        raise Refusal(Refused("unknown-customer", "There is no such customer.", field="customer_id", conflict=False))


async def tariff(service: Running, campaign: str, number: int) -> Tariff:
    """Versions never change, so that each is read once. Raises Unavailable."""
    known: dict[tuple[str, int], Tariff] = service.state.setdefault("tariffs", {})
    if (campaign, number) not in known:
        row = await service.get(versions, f"{campaign}@{number}", opened=False)
        if row is None:
            raise Unavailable("The catalog has not arrived here yet. Try again.")
        known[campaign, number] = Tariff(Campaign(**row["campaign"]))
    return known[campaign, number]


async def _settings(service: Running) -> tuple[Settings, int]:
    account = await service.get(settings, "account", opened=False)
    if account is None:
        return Settings(), 0
    known: dict[int, Settings] = service.state.setdefault("settings", {})
    if account["number"] not in known:
        known.clear()
        known[account["number"]] = Settings(**account["settings"])
    return known[account["number"]], account["number"]


async def _gateways(service: Running, sold: Tariff) -> Mapping[str, Gateway]:
    """Without those that nobody has configured yet."""
    names = sorted({offer.gateway for offer in sold.campaign.offers})
    rows = {name: await service.get(gateways, name, opened=False) for name in names}
    return {name: Gateway(row["on"], frozenset(row["capabilities"])) for name, row in rows.items() if row}


async def _affiliates(service: Running) -> frozenset[str]:
    row = await service.get(directory, "directory", opened=False)
    return frozenset(row["affiliates"]) if row else frozenset()
