"""What an agent asks for of each product, within the limits of its offer and what the account allows (prices.md, G7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.cart.pricing import Catalog
from services.cart.state import Approved
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


def after(
    wanted: Mapping[str, Wanted], lines: Sequence[Line], catalog: Catalog, actor: str, approved: Sequence[Approved] = ()
) -> tuple[Line, ...] | Refused:
    """A product keeps its line number; one that left stays with quantity 0, so that no number is used again."""
    plain = {product: _plain(each, catalog.tariff.products.get(product)) for product, each in wanted.items()}
    known = {line.product: line for line in lines}
    agreed = {line.product: each for each in approved for line in lines if line.line == each.line}
    errors = [*_wrong_quantities(plain, known, catalog), *_wrong_prices(plain, known, agreed, catalog)]
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
    if sold is None or (wanted.price is None and wanted.shipping_price is None and not wanted.reason):
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


def _wrong_prices(wanted: Mapping[str, Wanted], known: Mapping[str, Line], agreed: Mapping[str, Approved], catalog: Catalog) -> Errors:
    for product, each in wanted.items():
        sold, line = catalog.tariff.products.get(product), known.get(product)
        if sold is None or not each.quantity:
            continue
        for name in PRICES:
            amount = getattr(each, name)
            if amount is None or _stands(name, each, line, agreed.get(product)):
                continue
            wrong = not_allowed(name, sold, catalog) or beyond(name, amount, sold, catalog.tariff.campaign.currency)
            if wrong:
                yield f"lines.{product}.{name}", *_for_so_many(wrong, name, each, line, agreed.get(product))
        if (each.price, each.shipping_price) != (None, None) and not each.reason:
            yield f"lines.{product}.reason", "missing", f"Say why the price of {sold.name} is changed."


PRICES = {"price": "price", "shipping_price": "shipping price"}
"""What can be changed of a line, and what it is called."""


def _stands(name: str, wanted: Wanted, line: Line | None, agreed: Approved | None) -> bool:
    """It has that price already, or a supervisor agreed to it; for so many of them."""
    amount = getattr(wanted, name)
    if agreed and amount == getattr(agreed, name):
        return agreed.quantity == wanted.quantity
    return line is not None and amount == getattr(line, name)


def not_allowed(name: str, sold: Sold, catalog: Catalog) -> tuple[str, str] | None:
    """Code and sentence."""
    settings = catalog.settings
    if settings.price_adjustment if name == "price" else settings.shipping_adjustment:
        return None
    return "not-allowed", f"The {PRICES[name]} of {sold.name} cannot be changed: the account settings do not allow it."


def beyond(name: str, amount: int, sold: Sold, currency: str) -> tuple[str, str] | None:
    """Code and sentence."""
    least, most = getattr(sold.offer, f"min_{name}") or 0, getattr(sold.offer, f"max_{name}")
    if least <= amount and (most is None or amount <= most):
        return None
    return "price", f"The {PRICES[name]} of {sold.offer.name} can be {limits(name, sold, currency)}."


def limits(name: str, sold: Sold, currency: str) -> str:
    return _range(getattr(sold.offer, f"min_{name}") or 0, getattr(sold.offer, f"max_{name}"), currency)


def _for_so_many(wrong: tuple[str, str], name: str, wanted: Wanted, line: Line | None, agreed: Approved | None) -> tuple[str, str]:
    if agreed is None or line is None or getattr(wanted, name) != getattr(agreed, name):
        return wrong
    return "approved-for", f"This {PRICES[name]} was approved for {agreed.quantity}. Take it back, or ask again for {wanted.quantity}."


def _range(least: int, most: int | None, currency: str) -> str:
    if most is None:
        return f"{formatted(least, currency)} or more"
    return f"between {formatted(least, currency)} and {formatted(most, currency)}"


def _line(number: int, product: str, wanted: Wanted, line: Line | None, actor: str) -> Line:
    if (
        line
        and line.quantity == wanted.quantity
        and (wanted.price, wanted.shipping_price, wanted.reason)
        == (
            line.price,
            line.shipping_price,
            line.reason,
        )
    ):
        return line
    if not wanted.quantity:
        return Line(line=number, product=product, quantity=0)
    changed = (wanted.price, wanted.shipping_price, wanted.reason)
    by = "" if changed[:2] == (None, None) else line.by if line and changed == (line.price, line.shipping_price, line.reason) else actor
    price, shipping_price, reason = changed
    return Line(line=number, product=product, quantity=wanted.quantity, price=price, shipping_price=shipping_price, reason=reason, by=by)
