"""A campaign's offers as CSV: a row for each offer, and below it one for each of its variants. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from pydantic import ValidationError

from services.catalog.bodies import MOST_OFFERS, MOST_VARIANTS, OfferBody, VariantBody
from services.catalog.checks.problem import Problem
from services.catalog.checks.shapes import shapes
from services.catalog.files.merged import Merged, Seen, body_problems, matched, money, said
from services.catalog.files.rows import joined, split, taken, whole
from shared.contracts.catalog import Campaign, CampaignChanges, Offer, Option, Variant
from shared.sheets import Row, Unreadable, read, written

_AMOUNTS = ("price", "shipping_price", "min_price", "max_price", "min_shipping_price", "max_shipping_price")
_WHOLE = ("min_quantity", "max_quantity", "trial_days")
_LISTS = ("categories", "tags")
_TEXTS = ("name", "sku", "description", "gateway", "base_product", "tax_class", "image", "plugin")
COLUMNS = (
    "number", "type", "name", "sku", "options", "price", "shipping_price", "description", "gateway", "min_quantity", "max_quantity", "min_price",
    "max_price", "min_shipping_price", "max_shipping_price", "base_product", "categories", "tags", "trial_days", "tax_class", "image", "plugin",
)  # fmt: skip
_OF_VARIANT = ("number", "type", "sku", "options", "price", "shipping_price")
MOST = 20_000
_DEFAULTS = {"shipping_price": 0, "gateway": "simulator", "min_quantity": 1, "max_quantity": 99, "trial_days": 0, "tax_class": "standard"}
"""Of empty cells."""
_PAIR = re.compile(r"([^:]+):(.*)", re.DOTALL)


def to_csv(campaign: Campaign) -> str:
    return written(COLUMNS, _lines(campaign))


def _lines(campaign: Campaign) -> Iterator[Mapping[str, str]]:
    amount = partial(said, currency=campaign.currency)
    for offer in campaign.offers:
        row = {"number": offer.id, "type": offer.kind}
        row |= {name: getattr(offer, name) for name in _TEXTS} | {name: str(getattr(offer, name)) for name in _WHOLE}
        row |= {name: joined(getattr(offer, name)) for name in _LISTS} | {name: amount(getattr(offer, name)) for name in _AMOUNTS}
        yield row
        names = [option.name for option in offer.options]
        for each in offer.variants:
            options = joined(f"{name}: {value}" for name, value in zip(names, each.values, strict=False))
            prices = {"price": amount(each.price), "shipping_price": amount(each.shipping_price)}
            yield {"number": each.id, "type": "variant", "sku": each.sku, "options": options, **prices}


def from_csv(data: bytes, campaign: Campaign) -> Merged[Offer]:
    """The campaign's offers with those of the file changed and added. Raises Unreadable."""
    rows = read(data, COLUMNS, ("type",), MOST)
    wrong: list[Problem] = []
    offers: list[Offer] = list(campaign.offers)
    places: dict[str, Row] = {}
    seen, changed = Seen("sku"), set[int]()
    groups = list(_grouped(rows, wrong))
    _not_too_many(groups)
    for row, variants in groups:
        at = matched(row, offers, "sku", seen, wrong)
        before = offers[at] if at is not None else None
        offer = _offer(row, variants, before, campaign.currency, wrong)
        if offer and at is not None:
            offers[at] = offer
        elif offer:
            at = len(offers)
            offers.append(offer)
        if offer and at is not None:
            changed.add(at)
            for field, each in _places(at, row, variants, offer).items():
                places[field] = each
                seen.add(each)
    wrong += [_placed(each, places) for each in shapes(CampaignChanges(offers=tuple(offers)), campaign.currency)] if not wrong else []
    return Merged(tuple(offers), campaign.offers, tuple(sorted(changed)), len(rows), tuple(wrong))


def _not_too_many(groups: Sequence[tuple[Row, Sequence[Row]]]) -> None:
    """Before each is held against what is there already. Raises Unreadable."""
    if len(groups) > MOST_OFFERS:
        raise Unreadable(f"The file has {len(groups):,} offers, and a campaign has at most {MOST_OFFERS:,}.")
    for row, variants in groups:
        if len(variants) > MOST_VARIANTS:
            raise Unreadable(f"This offer has {len(variants):,} variants, and at most {MOST_VARIANTS:,} are taken.", f"row {row.number}")


def _grouped(rows: Sequence[Row], wrong: list[Problem]) -> Iterator[tuple[Row, list[Row]]]:
    """Each offer with the variants below it."""
    group: tuple[Row, list[Row]] | None = None
    for row in rows:
        kind = row.cells["type"].casefold()
        if kind in ("offer", "upsell", ""):
            if group:
                yield group
            group = (row, [])
        elif kind != "variant":
            wrong.append(Problem(row.at("type"), "unknown-type", "The type is offer, upsell or variant."))
        elif group is None:
            wrong.append(Problem(row.at("type"), "no-offer", "A variant stands below its offer, and there is none above this row."))
        else:
            group[1].append(row)
    if group:
        yield group


def _offer(row: Row, variants: Sequence[Row], before: Offer | None, currency: str, wrong: list[Problem]) -> Offer | None:
    found = len(wrong)
    cells: dict[str, Any] = before.model_dump() if before else {}
    readers: dict[str, Callable[[str], object]] = {
        **dict.fromkeys(_AMOUNTS, partial(money, currency=currency)),
        **dict.fromkeys(_WHOLE, whole),
        **dict.fromkeys(_LISTS, split),
    }
    for name in row.cells:
        if name not in ("number", "type", "options"):
            value = taken(row, name, readers.get(name, str), wrong)
            cells[name] = _DEFAULTS.get(name, value) if value in (None, "") else value
    if row.cells["type"]:
        cells["kind"] = row.cells["type"].casefold()
    if cells.get("price") is None and len(wrong) == found:
        wrong.append(Problem(row.at("price"), "missing", "An offer needs a price."))
    if row.cells.get("options"):
        wrong.append(Problem(row.at("options"), "not-asked", "Options stand in the rows of the variants, such as Size: Queen."))
    if variants and len(wrong) == found:
        cells |= _variants(variants, before, currency, wrong)
    if len(wrong) > found:
        return None
    try:
        return Offer(**OfferBody(**cells).model_dump())
    except ValidationError as error:
        wrong += body_problems(error, row, variants)
        return None


def _variants(rows: Sequence[Row], before: Offer | None, currency: str, wrong: list[Problem]) -> dict[str, Any]:
    """Options are those of the offer, with what the variants name besides."""
    options = {option.name: list(option.values) for option in before.options} if before else {}
    chosen = [_options(row, wrong) for row in rows]
    for each in chosen:
        for name, value in each.items():
            values = options.setdefault(name, [])
            values += [value] if value not in values else []
    made = list(before.variants) if before else []
    seen = Seen("sku")
    for row, choice in zip(rows, chosen, strict=True):
        asked = [name for name in row.cells if name not in _OF_VARIANT and row.cells[name]]
        wrong += [Problem(row.at(name), "not-asked", "A variant has only a SKU, options and prices of its own.") for name in asked]
        at = matched(row, made, "sku", seen, wrong)
        seen.add(row)
        variant = _variant(row, choice, list(options), currency, made[at] if at is not None else None, wrong)
        if variant and at is not None:
            made[at] = variant
        elif variant:
            made.append(variant)
    told = tuple(Option(name=name, values=tuple(values)) for name, values in options.items())
    return {"options": [option.model_dump() for option in told], "variants": [variant.model_dump() for variant in made]}


def _options(row: Row, wrong: list[Problem]) -> dict[str, str]:
    pairs = [_PAIR.fullmatch(part) for part in split(row.cells.get("options", ""))]
    if not pairs or not all(pairs):
        wrong.append(Problem(row.at("options"), "not-readable", "Say which one this is, such as Size: Queen; Colour: Blue."))
        return {}
    return {pair[1].strip(): pair[2].strip() for pair in pairs if pair}


def _variant(
    row: Row, choice: Mapping[str, str], names: Sequence[str], currency: str, before: Variant | None, wrong: list[Problem]
) -> Variant | None:
    found = len(wrong)
    cells: dict[str, Any] = before.model_dump() if before else {}
    if any(name not in choice for name in names):
        missing = next(name for name in names if name not in choice)
        wrong.append(Problem(row.at("options"), "incomplete", f"A variant has a value of each option, and {missing} is missing."))
        return None
    for name in ("price", "shipping_price"):
        if name in row.cells:
            cells[name] = taken(row, name, partial(money, currency=currency), wrong)
    if "sku" in row.cells:
        cells["sku"] = row.cells["sku"]
    cells["values"] = tuple(choice[name] for name in names)
    if len(wrong) > found:
        return None
    try:
        return Variant(**VariantBody(**cells).model_dump())
    except ValidationError as error:
        wrong += body_problems(error, row)
        return None


def _places(at: int, row: Row, variants: Sequence[Row], offer: Offer) -> dict[str, Row]:
    """Which row a field is from."""
    by_sku = {each.cells.get("sku", ""): each for each in variants}
    of_variants = {f"offers.{at}.variants.{n}": by_sku[variant.sku] for n, variant in enumerate(offer.variants) if variant.sku in by_sku}
    return {f"offers.{at}": row, **of_variants}


def _placed(problem: Problem, places: Mapping[str, Row]) -> Problem:
    """A field of the campaign as the cell that it came from."""
    for depth in (4, 2):
        parts = problem.field.split(".")
        row = places.get(".".join(parts[:depth]))
        if row and len(parts) > depth:
            return Problem(row.at(parts[depth]), problem.code, problem.detail)
    return problem
