"""What an agent asks for of each product, within the limits of its offer and what the account allows (prices.md, G7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.cart.pricing import Catalog
from services.cart.tariff import Sold
from shared.contracts.order import Line
from shared.kernel.decider import Refused
from shared.money import formatted


@dataclass(frozen=True, slots=True)
class Wanted:
    """A price that is None is the campaign's."""

    quantity: int
    price: int | None = None
    shipping_price: int | None = None
    reason: str = ""


Errors = Iterator[tuple[str, str, str]]
"""Field, code and sentence."""


def refused(errors: Sequence[tuple[str, str, str]], code: str = "") -> Refused | None:
    """The first one at the top; ``code`` is that of all of them together."""
    if not errors:
        return None
    field, own, detail = errors[0]
    data = {"errors": [{"field": field, "code": code, "detail": detail} for field, code, detail in errors]}
    return Refused(code or own, detail, field=field, conflict=False, data=data)


def after(wanted: Mapping[str, Wanted], lines: Sequence[Line], catalog: Catalog, actor: str) -> tuple[Line, ...] | Refused:
    """A product keeps its line number; one that left stays with quantity 0, so that no number is used again."""
    plain = {product: _plain(each, catalog.tariff.products.get(product)) for product, each in wanted.items()}
    known = {line.product: line for line in lines}
    errors = [*_wrong_quantities(plain, known, catalog), *_wrong_prices(plain, known, catalog)]
    if errors:
        return refused(errors) or ()
    found = [_line(line.line, line.product, plain.get(line.product, Wanted(0)), line, actor) for line in lines]
    following = max((line.line for line in lines), default=0)
    for product, each in plain.items():
        if product not in known and each.quantity:
            following += 1
            found.append(_line(following, product, each, None, actor))
    return tuple(found)


def _plain(wanted: Wanted, sold: Sold | None) -> Wanted:
    """Without a price that is the campaign's anyway."""
    if sold is None:
        return wanted
    price = None if wanted.price == sold.price else wanted.price
    shipping_price = None if wanted.shipping_price == sold.shipping_price else wanted.shipping_price
    return Wanted(wanted.quantity, price, shipping_price, wanted.reason if (price, shipping_price) != (None, None) else "")


def _wrong_quantities(wanted: Mapping[str, Wanted], known: Mapping[str, Line], catalog: Catalog) -> Errors:
    """The limits are the offer's, whichever of its variants are taken."""
    products = catalog.tariff.products
    taken: dict[str, int] = {}
    for product, each in wanted.items():
        if product in products:
            offer = products[product].offer
            taken[offer.id] = taken.get(offer.id, 0) + each.quantity
    for product, each in wanted.items():
        field = f"lines.{product}"
        if product not in products:
            if each.quantity or product not in known:
                yield field, "unknown-product", "This product is not in the campaign."
            continue
        offer = products[product].offer
        least, most = offer.min_quantity, offer.max_quantity
        if each.quantity < 0 or (each.quantity and not least <= taken[offer.id] <= most):
            none = ", or none" if least > 1 else ""
            yield field, "quantity", f"Between {least if least > 1 else 0} and {most} of {offer.name} can be ordered{none}."


def _wrong_prices(wanted: Mapping[str, Wanted], known: Mapping[str, Line], catalog: Catalog) -> Errors:
    currency, settings = catalog.tariff.campaign.currency, catalog.settings
    for product, each in wanted.items():
        sold, line = catalog.tariff.products.get(product), known.get(product)
        if sold is None or not each.quantity:
            continue
        offer = sold.offer
        for name, what, allowed, least, most in (
            ("price", "price", settings.price_adjustment, offer.min_price, offer.max_price),
            ("shipping_price", "shipping price", settings.shipping_adjustment, offer.min_shipping_price, offer.max_shipping_price),
        ):
            amount = getattr(each, name)
            if amount is None or (line and amount == getattr(line, name)):
                continue
            field = f"lines.{product}.{name}"
            if not allowed:
                yield field, "not-allowed", f"The {what} of {sold.name} cannot be changed: the account settings do not allow it."
            elif amount < (least or 0) or (most is not None and amount > most):
                yield field, "price", f"The {what} of {offer.name} can be {_range(least or 0, most, currency)}."
        if (each.price, each.shipping_price) != (None, None) and not each.reason:
            yield f"lines.{product}.reason", "missing", f"Say why the price of {sold.name} is changed."


def _range(least: int, most: int | None, currency: str) -> str:
    if most is None:
        return f"{formatted(least, currency)} or more"
    return f"between {formatted(least, currency)} and {formatted(most, currency)}"


def _line(number: int, product: str, wanted: Wanted, line: Line | None, actor: str) -> Line:
    if line and wanted == Wanted(line.quantity, line.price, line.shipping_price, line.reason):
        return line
    if not wanted.quantity:
        return Line(line=number, product=product, quantity=0)
    changed = (wanted.price, wanted.shipping_price, wanted.reason)
    by = "" if changed[:2] == (None, None) else line.by if line and changed == (line.price, line.shipping_price, line.reason) else actor
    price, shipping_price, reason = changed
    return Line(line=number, product=product, quantity=wanted.quantity, price=price, shipping_price=shipping_price, reason=reason, by=by)
