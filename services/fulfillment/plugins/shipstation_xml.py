"""The two documents of a ShipStation custom store: orders that they fetch, and their notice that one is on its way. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree import ElementTree

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from pydantic import TypeAdapter, ValidationError

from services.fulfillment.plugins.protocol import Item, Outgoing
from services.fulfillment.plugins.told import Number, Short
from shared.money import decimals
from shared.text import sentence

DATE = "%m/%d/%Y %H:%M"
"""UTC."""
_DAY = "%m/%d/%Y"
_STATUSES = {
    "Pending Shipment": "paid",
    "Shipped": "shipped",
    "Delivered": "shipped",
    "RMA Pending": "shipped",
    "Returned": "shipped",
    "Cancelling": "cancelled",
    "Cancelled": "cancelled",
}
"""By ours; what is not here waits with them, too."""
_WAITS = "on_hold"
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 (2.2) has no characters for."""
_SHORT, _NUMBER = TypeAdapter(Short), TypeAdapter(Number)


@dataclass(frozen=True, slots=True)
class Notice:
    """``at``: when its label was made, or the day that it ships; None where neither can be read."""

    export_id: str
    carrier: str
    service: str
    tracking: str
    at: datetime | None


def orders(rows: Iterable[tuple[Outgoing, str, datetime]], pages: int) -> bytes:
    root = ElementTree.Element("Orders", pages=str(pages))
    for outgoing, status, changed in rows:
        _order(ElementTree.SubElement(root, "Order"), outgoing, status, changed)
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode").encode()


def _order(order: ElementTree.Element, outgoing: Outgoing, status: str, changed: datetime) -> None:
    """What their schema allows, in its lengths: one that is longer would stop the whole page."""
    money = _Money(outgoing.currency)
    _put(order, "OrderID", outgoing.export_id, 50)
    _put(order, "OrderNumber", outgoing.order_id, 50)
    _put(order, "OrderDate", _dated(outgoing.approved_at))
    _put(order, "OrderStatus", _STATUSES.get(status, _WAITS))
    _put(order, "LastModified", _dated(changed))
    _put(order, "CurrencyCode", outgoing.currency)
    _put(order, "OrderTotal", money.of(outgoing.total))
    _put(order, "TaxAmount", money.of(outgoing.tax))
    _put(order, "ShippingAmount", money.of(outgoing.shipping))
    _put(order, "InternalNotes", outgoing.notes, 1000)
    _put(order, "Source", outgoing.campaign, 50)
    _customer(ElementTree.SubElement(order, "Customer"), outgoing)
    items = ElementTree.SubElement(order, "Items")
    for item in outgoing.items:
        _item(ElementTree.SubElement(items, "Item"), item, money)


def _customer(customer: ElementTree.Element, outgoing: Outgoing) -> None:
    name = f"{outgoing.first_name} {outgoing.last_name}".strip()
    _put(customer, "CustomerCode", outgoing.email or outgoing.phone or outgoing.order_id, 50)
    bill, ship = ElementTree.SubElement(customer, "BillTo"), ElementTree.SubElement(customer, "ShipTo")
    _put(bill, "Name", name, 100)
    _put(bill, "Phone", outgoing.phone, 50)
    _put(bill, "Email", outgoing.email, 100)
    _put(ship, "Name", name, 100)
    _put(ship, "Address1", outgoing.ship_to.street, 200)
    _put(ship, "Address2", outgoing.ship_to.unit, 200)
    _put(ship, "City", outgoing.ship_to.city, 100)
    _put(ship, "State", outgoing.ship_to.region, 100)
    _put(ship, "PostalCode", outgoing.ship_to.postal, 50)
    _put(ship, "Country", outgoing.ship_to.country)
    _put(ship, "Phone", outgoing.phone, 50)


def _item(element: ElementTree.Element, item: Item, money: _Money) -> None:
    _put(element, "LineItemID", str(item.line))
    _put(element, "SKU", item.sku, 100)
    _put(element, "Name", item.name, 200)
    _put(element, "Quantity", str(item.quantity))
    _put(element, "UnitPrice", money.of(item.price))


class _Money:
    def __init__(self, currency: str) -> None:
        self._places = decimals(currency)

    def of(self, amount: int) -> str:
        """In major units, without separators."""
        whole, rest = divmod(abs(amount), 10**self._places)
        return f"{'-' if amount < 0 else ''}{whole}" + (f".{rest:0{self._places}}" if self._places else "")


def _put(parent: ElementTree.Element, name: str, text: str, longest: int | None = None) -> None:
    clean = _NO_XML.sub("\ufffd", text)
    short = clean if longest is None or len(clean) <= longest else f"{clean[: longest - 1]}…"
    ElementTree.SubElement(parent, name).text = short


def _dated(at: datetime) -> str:
    return at.astimezone(UTC).strftime(DATE)


def notice(body: bytes, query: Mapping[str, str]) -> Notice:
    """The body counts, and the query where the body does not say. Raises ValueError, in words for people."""
    told = _texts(body)
    export_id = told.get("OrderID") or query.get("order_number", "").strip()
    if not export_id:
        raise ValueError("There is no OrderID.")
    said = [
        told.get(name) or query.get(other, "")
        for name, other in (("Carrier", "carrier"), ("Service", "service"), ("TrackingNumber", "tracking_number"))
    ]
    carrier, service = (_line(_SHORT, each) for each in said[:2])
    return Notice(
        _line(_NUMBER, export_id), carrier, service, _line(_NUMBER, said[2]), _at(told.get("LabelCreateDate", ""), told.get("ShipDate", ""))
    )


def _texts(body: bytes) -> Mapping[str, str]:
    """Of the elements right below the root; none of an empty body. Raises ValueError."""
    if not body.strip():
        return {}
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ElementTree.ParseError, DefusedXmlException, LookupError, ValueError) as error:
        raise ValueError("This is no XML that is read here.") from error
    if root.tag != "ShipNotice":
        raise ValueError("This is no ShipNotice.")
    return {each.tag: (each.text or "").strip() for each in root}


def _line(kind: TypeAdapter[str], text: str) -> str:
    try:
        return kind.validate_python(text)
    except ValidationError as error:
        raise ValueError(sentence(error.errors()[0])) from error


def _at(*texts: str) -> datetime | None:
    for text, format in zip(texts, (DATE, _DAY), strict=True):
        try:
            return datetime.strptime(text, format).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def moment(text: str) -> datetime:
    """Of their query. Raises ValueError."""
    return datetime.strptime(text.strip(), DATE).replace(tzinfo=UTC)
