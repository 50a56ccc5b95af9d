"""A campaign's coupons as CSV, a row each. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from pydantic import ValidationError

from services.catalog.bodies import CouponBody
from services.catalog.checks.problem import Problem
from services.catalog.checks.shapes import shapes
from services.catalog.files.merged import Merged, Seen, body_problems, matched, money, said
from services.catalog.files.rows import joined, split, taken, whole, yes
from shared.contracts.catalog import Campaign, CampaignChanges, Coupon
from shared.sheets import Row, read, written

_AMOUNTS = ("amount", "min_subtotal")
_WHOLE = ("min_quantity", "max_uses")
_LISTS = ("products", "tags")
_YES = ("first_only", "once_per_customer", "default")
_CHOICES = {"on": "price", "kind": "percent", "target": "order"}
"""With what an empty cell means."""
COLUMNS = (
    "number", "code", "on", "kind", "amount", "percent", "target", "products", "tags", "first_only", "starts", "ends", "min_subtotal",
    "min_quantity", "max_uses", "once_per_customer", "default",
)  # fmt: skip
MOST = 1_000


def to_csv(campaign: Campaign) -> str:
    return written(COLUMNS, _lines(campaign))


def _lines(campaign: Campaign) -> Iterator[Mapping[str, str]]:
    for coupon in campaign.coupons:
        row = {name: str(getattr(coupon, name)) for name in COLUMNS if name != "number"}
        row |= {name: said(getattr(coupon, name), campaign.currency) for name in _AMOUNTS} | {name: joined(getattr(coupon, name)) for name in _LISTS}
        row |= {name: "yes" if getattr(coupon, name) else "no" for name in _YES}
        row |= {name: "" if getattr(coupon, name) is None else str(getattr(coupon, name)) for name in _WHOLE}
        yield {**row, "number": coupon.id, "amount": row["amount"] if coupon.kind == "flat" else ""}


def from_csv(data: bytes, campaign: Campaign) -> Merged[Coupon]:
    """The campaign's coupons with those of the file changed and added. Raises Unreadable."""
    rows = read(data, COLUMNS, ("code",), MOST)
    wrong: list[Problem] = []
    coupons, seen, changed = list(campaign.coupons), Seen("code"), dict[int, Row]()
    for row in rows:
        at = matched(row, coupons, "code", seen, wrong)
        seen.add(row)
        coupon = _coupon(row, coupons[at] if at is not None else None, campaign, wrong)
        if coupon is None:
            continue
        if at is None:
            at = len(coupons)
            coupons.append(coupon)
        coupons[at] = coupon
        changed[at] = row
    if not wrong:
        wrong += [_placed(each, changed) for each in shapes(CampaignChanges(coupons=tuple(coupons)), campaign.currency)]
    return Merged(tuple(coupons), campaign.coupons, tuple(changed), len(rows), tuple(wrong))


def _coupon(row: Row, before: Coupon | None, campaign: Campaign, wrong: list[Problem]) -> Coupon | None:
    found = len(wrong)
    cells: dict[str, Any] = before.model_dump() if before else {}
    readers: dict[str, Callable[[str], object]] = {
        **dict.fromkeys(_AMOUNTS, partial(money, currency=campaign.currency)), **dict.fromkeys(_WHOLE, whole), **dict.fromkeys(_YES, yes),
        "products": partial(_products, campaign=campaign), "tags": split,
    }  # fmt: skip
    for name in row.cells:
        if name != "number":
            cells[name] = taken(row, name, readers.get(name, partial(_choice, name)), wrong)
    cells["amount"] = cells.get("amount") or 0
    if not cells["code"]:
        wrong.append(Problem(row.at("code"), "missing", "A coupon needs a code."))
    if len(wrong) > found:
        return None
    try:
        return Coupon(**CouponBody(**cells).model_dump())
    except ValidationError as error:
        wrong += body_problems(error, row)
        return None


def _choice(name: str, cell: str) -> str:
    return (cell.casefold() or _CHOICES[name]) if name in _CHOICES else cell


def _products(cell: str, campaign: Campaign) -> tuple[str, ...]:
    """Numbers or SKUs of offers. Raises ValueError with a sentence."""
    by_sku = {offer.sku: offer.id for offer in campaign.offers if offer.sku}
    known = {offer.id for offer in campaign.offers}
    found = []
    for each in split(cell):
        if each not in known and each not in by_sku:
            raise ValueError(f"No offer of this campaign has the number or SKU {each}.")
        found.append(each if each in known else by_sku[each])
    return tuple(dict.fromkeys(found))


def _placed(problem: Problem, places: Mapping[int, Row]) -> Problem:
    """A field of the campaign as the cell that it came from."""
    _, *place = problem.field.split(".")
    row = places.get(int(place[0])) if len(place) > 1 else None
    return Problem(row.at(place[1]), problem.code, problem.detail) if row else problem
