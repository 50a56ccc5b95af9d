"""Customers as their own streams tell of them: profiles, notes, and the addresses that they ordered to."""

from __future__ import annotations

from typing import Any

from shared.contracts.customers import (
    ConsentChanged,
    CustomerErased,
    CustomerExported,
    CustomerNoted,
    CustomersMerged,
    CustomersUnmerged,
    CustomerUpdated,
    TaxExemptionChanged,
)
from shared.kernel.codec import stamp
from shared.kernel.events import Fact
from shared.kernel.views import Row, view

_Told = (
    CustomerUpdated | CustomerNoted | TaxExemptionChanged | ConsentChanged | CustomersMerged | CustomersUnmerged | CustomerExported | CustomerErased
)


def _key(event: _Told, fact: Fact) -> str:
    """Of two that are merged each has its own stream."""
    return fact.stream.partition("-")[2]


_TAXED = {"exempt": False, "certificate": ""}
_UNKNOWN: Row = {
    "person": None, "billing": None, "shipping": None, "erased_at": None, "answers": None, "tax": _TAXED, "particulars": None, "consents": {},
    "taken_back": {}, "alias": None, "exported": None, "as_of": None, "said_at": None,
}  # fmt: skip


def _profile(row: Row | None, fact: Fact, id: str) -> Row:
    event: Any = fact.event
    at = stamp(fact.time)
    row = {**(row or {"created_at": at, **_UNKNOWN}), "updated_at": at}
    match event:
        case CustomerUpdated():
            return _listed({**row, **_newest(row, event), "said_at": at})
        case TaxExemptionChanged():
            return {**row, "tax": event.model_dump(mode="json", include={"exempt", "certificate"})}
        case ConsentChanged():
            return {**row, **_agreed(row, event)}
        case CustomersMerged() | CustomersUnmerged() if event.alias == id:
            return _listed({**row, "alias": _alias(row, event, at)})
        case CustomerExported():
            return {**row, "exported": {"by": event.by, "at": at}}
        case CustomerErased():
            return _listed({**row, "erased_at": at})
    return row


def _alias(row: Row, event: CustomersMerged | CustomersUnmerged, at: str) -> Row | None:
    """Whom they are parted from may not be whom they belong to."""
    if isinstance(event, CustomersMerged):
        return {"of": event.customer_id, "by": event.by, "at": at}
    known: Row | None = row["alias"]
    return known if known and known["of"] != event.customer_id else None


def _listed(row: Row) -> Row:
    return {**row, "listed_at": None if row["alias"] or row["erased_at"] else row["said_at"]}


def _newest(row: Row, event: CustomerUpdated) -> Row:
    """What is not asked with every order stays as it was said before."""
    said = event.model_dump(mode="json", include={"order_id", "person", "billing", "shipping", "fields", "particulars"})
    kept = {name: row[name] for name in ("billing", "shipping") if row[name] and not says(said[name])}
    known = row["particulars"] or {}
    particulars = {name: said["particulars"][name] or known.get(name, "") for name in ("birth_date", "gender")}
    return {
        "person": said["person"],
        "billing": said["billing"],
        "shipping": said["shipping"],
        **kept,
        "as_of": stamp(event.as_of),
        "answers": {"order_id": event.order_id, "fields": said["fields"]} if event.fields else row["answers"],
        "particulars": particulars if any(particulars.values()) else None,
        "consents": {**row["consents"], **_given(row, event, said)},
    }


def _given(row: Row, event: CustomerUpdated, said: Row) -> Row:
    """With the order; one that is heard of late was submitted before what was said since."""
    at = stamp(event.as_of)
    given: Row = {}
    for name in ("do_not_sell", "sms_consent"):
        later = max((row[part][name]["at"] for part in ("consents", "taken_back") if name in row[part]), default="")
        if said["particulars"][name] and at > later:
            given[name] = {"order_id": event.order_id, "at": at}
    if "sms_consent" in given:
        given["sms_consent"]["phone"] = said["person"]["phone"]
    return given


def _agreed(row: Row, event: ConsentChanged) -> Row:
    """By hand."""
    said = {"order_id": "", "at": stamp(event.at), "by": event.by}
    others = {name: given for name, given in row["consents"].items() if name != event.consent}
    if not event.given:
        return {"consents": others, "taken_back": {**row["taken_back"], event.consent: said}}
    return {"consents": {**others, event.consent: {**said, **({"phone": event.phone} if event.phone else {})}}}


def says(address: Row) -> bool:
    return any(value for name, value in address.items() if name != "country")


profiles = view("profiles", 4, _key, _profile, ["listed_at"])
"""One row a customer, as their newest order has it. ``listed_at`` is when it changed, None once they are erased or somebody's alias.

``answers`` are those of the newest order that asked for any: ids of fields are their campaign's. ``consents`` are the newest, by name,
``taken_back`` when and by whom one was. ``as_of`` is when the newest order was submitted, or kept as a partial.
"""


def _note_key(event: CustomerNoted, fact: Fact) -> str:
    """An order may have been another customer's before, whose stream tells of it too."""
    return f"{event.customer_id}/{event.order_id}" if event.order_id else fact.id


def _note(row: Row | None, fact: Fact) -> Row:
    event: Any = fact.event
    return {"customer_id": event.customer_id, "order_id": event.order_id, "note": event.note, "by": event.by, "at": stamp(fact.time)}


notes = view("notes", 3, _note_key, _note, ["customer_id", "at"])
"""A customer's newest of each order, and those that were added by hand."""


def _address_key(event: CustomerUpdated) -> str:
    return f"{event.customer_id}/{event.order_id}"


def _address(row: Row | None, fact: Fact) -> Row:
    event: Any = fact.event
    said = event.model_dump(mode="json", include={"billing", "shipping"})
    return {"customer_id": event.customer_id, "order_id": event.order_id, **said, "at": stamp(event.as_of)}


addresses = view("addresses", 1, _address_key, _address, ["customer_id", "at"])
"""Those of each order that a customer's profile was told by."""
