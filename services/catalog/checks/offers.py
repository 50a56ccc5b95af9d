"""What keeps a campaign's offers from being published. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Container, Mapping

from services.catalog.checks.problem import Problem, Problems, distinct
from shared.contracts.catalog import Campaign, Offer
from shared.contracts.payments import GatewayConfigured
from shared.money import formatted

Gateways = Mapping[str, GatewayConfigured]

_WAY_OUT = "Choose another gateway for this offer, or take it out of Order Entry and send the customer the draft link."
_REFUSED = {
    "requires-3ds": "asks the cardholder for 3-D Secure, which cannot be done on the phone",
    "requires-form": "needs its own payment form, which Order Entry cannot show",
}


def offers(campaign: Campaign, gateways: Gateways, plugins: Container[str] = ()) -> Problems:
    yield from _skus(campaign)
    for n, offer in enumerate(campaign.offers):
        at = f"offers.{n}"
        if not offer.name:
            yield Problem(f"{at}.name", "missing", "An offer needs a name.")
        if not offer.sku and not offer.variants:
            yield Problem(f"{at}.sku", "missing", f"{_called(offer)} needs a SKU.")
        if offer.min_quantity > offer.max_quantity:
            yield Problem(f"{at}.min_quantity", "above-most", f"The least quantity is above the most, {offer.max_quantity}.")
        yield from _limits(at, offer, campaign.currency)
        yield from _variants(at, offer)
        yield from _gateway(at, offer, campaign, gateways)
        if offer.plugin and offer.plugin not in plugins:
            detail = f"There is no fulfilment plugin {offer.plugin!r}. Choose one of those that are set up, or none: the account's default."
            yield Problem(f"{at}.plugin", "unknown-plugin", detail)
    yield from _echeck(campaign, gateways)


def _called(offer: Offer) -> str:
    return f"“{offer.name}”" if offer.name else "The offer"


def _skus(campaign: Campaign) -> Problems:
    """What an offer with variants is called by is not ordered."""
    ordered = [(f"offers.{n}.sku", offer.sku) for n, offer in enumerate(campaign.offers) if not offer.variants]
    variants = [(f"offers.{n}.variants.{m}.sku", each.sku) for n, offer in enumerate(campaign.offers) for m, each in enumerate(offer.variants)]
    skus = ((field, sku) for field, sku in (*ordered, *variants) if sku)
    yield from distinct(skus, "sku-twice", "The SKU {} is there twice. Each product of a campaign has its own.")


def _limits(at: str, offer: Offer, currency: str) -> Problems:
    for what, least, most in (("price", offer.min_price, offer.max_price), ("shipping_price", offer.min_shipping_price, offer.max_shipping_price)):
        if least is not None and most is not None and least > most:
            yield Problem(f"{at}.min_{what}", "above-most", f"The lower limit is above the upper one, {formatted(most, currency)}.")
            continue
        listed = [(f"{at}.{what}", getattr(offer, what))]
        listed += [(f"{at}.variants.{n}.{what}", getattr(each, what)) for n, each in enumerate(offer.variants)]
        for field, value in listed:
            if value is not None and least is not None and value < least:
                yield Problem(field, "outside-limits", f"The list price is below the offer's own lower limit, {formatted(least, currency)}.")
            elif value is not None and most is not None and value > most:
                yield Problem(field, "outside-limits", f"The list price is above the offer's own upper limit, {formatted(most, currency)}.")


def _variants(at: str, offer: Offer) -> Problems:
    for n, option in enumerate(offer.options):
        if not option.values:
            yield Problem(f"{at}.options.{n}.values", "missing", f"The option {option.name} needs values to choose from.")
    if offer.options and not offer.variants:
        yield Problem(f"{at}.variants", "missing", f"{_called(offer)} has options. Add a variant for each combination that you sell.")
    if offer.variants and not offer.options:
        yield Problem(f"{at}.options", "missing", f"{_called(offer)} has variants. Say by which options they differ.")
        return
    for n, variant in enumerate(offer.variants):
        if not variant.sku:
            yield Problem(f"{at}.variants.{n}.sku", "missing", "A variant needs a SKU of its own.")
        if len(variant.values) != len(offer.options):
            yield Problem(f"{at}.variants.{n}.values", "incomplete", "A variant has one value of each option.")
            continue
        for m, (value, option) in enumerate(zip(variant.values, offer.options, strict=True)):
            if value not in option.values:
                yield Problem(f"{at}.variants.{n}.values.{m}", "unknown-value", f"“{value}” is no value of {option.name}.")
    combinations = ((f"{at}.variants.{n}.values", each.values) for n, each in enumerate(offer.variants))
    for problem in distinct(combinations, "twice", ""):
        yield Problem(problem.field, "twice", "Another variant has the same values. Remove one of them.")


def _gateway(at: str, offer: Offer, campaign: Campaign, gateways: Gateways) -> Problems:
    gateway = gateways.get(offer.gateway)
    field = f"{at}.gateway"
    if gateway is None:
        yield Problem(field, "unknown-gateway", f"There is no gateway {offer.gateway!r}. Choose one of those that are set up.")
    elif not campaign.listed:
        return
    elif not gateway.on:
        yield Problem(field, "gateway-off", f"The gateway {offer.gateway} is switched off. Switch it on, or choose another one for this offer.")
    else:
        unfit = itertools.islice((why for capability, why in _REFUSED.items() if capability in gateway.capabilities), 1)
        yield from (Problem(field, "gateway-unfit", f"The gateway {offer.gateway} {why}. {_WAY_OUT}") for why in unfit)


def _echeck(campaign: Campaign, gateways: Gateways) -> Problems:
    """Order Entry shows eCheck where the gateway of every chosen offer takes it: where none does, nobody ever sees it."""
    names = sorted({offer.gateway for offer in campaign.offers} & gateways.keys())
    if campaign.listed and "echeck" in campaign.methods and names and not any("ach" in gateways[name].capabilities for name in names):
        which = f"gateway {names[0]} does" if len(names) == 1 else f"gateways {', '.join(names)} do"
        yield Problem("methods", "no-ach", f"The {which} not take eChecks. Take eCheck away, or choose a gateway with ACH for an offer.")
