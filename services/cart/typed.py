"""What is typed about a customer and a call: the form in which it is kept, and what of it cannot be right."""

from __future__ import annotations

import re
from datetime import date, datetime

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, ValidationResult

from services.cart.addresses import wrong as wrong_address
from services.cart.lines import Errors
from services.cart.pricing import Catalog
from services.cart.state import Order
from shared.contracts.cart import CartChanges, Channel
from shared.contracts.order import Person

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_LENGTHS = {
    ValidationResult.TOO_SHORT: "This phone number is too short.",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "This phone number needs its area code.",
    ValidationResult.TOO_LONG: "This phone number is too long.",
}


def kept(changes: CartChanges, order: Order, catalog: Catalog) -> CartChanges:
    """Phone numbers in E.164, e-mail addresses with their domain in small letters. What cannot be read stays as it was typed."""
    person = changes.customer
    if person is None or person == order.customer:
        return changes
    phone, email = _phone(person.phone, _country(changes, order, catalog)), _email(person.email)
    update = {}
    if person.phone != order.customer.phone and isinstance(phone, PhoneNumber) and not phone.extension:
        update["phone"] = phonenumbers.format_number(phone, PhoneNumberFormat.E164)
    if person.email != order.customer.email and isinstance(email, tuple):
        update["email"] = email[0]
    return changes.model_copy(update={"customer": person.model_copy(update=update)}) if update else changes


def wrong(changes: CartChanges, order: Order, catalog: Catalog, now: datetime) -> Errors:
    """Only of what is new: what an order has had for long stays as it is."""
    if changes.customer:
        yield from _wrong_person(changes.customer, order.customer, _country(changes, order, catalog))
    for place in ("billing", "shipping"):
        address = getattr(changes, place)
        if address and address != getattr(order, place):
            yield from wrong_address(address, place)
    if changes.particulars and changes.particulars.birth_date != order.particulars.birth_date:
        yield from _wrong_birth_date(changes.particulars.birth_date, now)
    affiliate = changes.attribution.affiliate if changes.attribution else ""
    if affiliate and affiliate != order.attribution.affiliate and affiliate not in catalog.affiliates:
        yield "attribution.affiliate", "unknown-affiliate", f"The directory has no affiliate {affiliate} that is on."


def reached(channel: Channel, text: str, country: str) -> tuple[str] | str:
    """Where a message can be sent, in the form that is kept; or what is wrong with it."""
    if channel == "email":
        return _email(text)
    phone = _phone(text, country or "US")
    if isinstance(phone, str):
        return phone
    return (phonenumbers.format_number(phone, PhoneNumberFormat.E164),)


def _country(changes: CartChanges, order: Order, catalog: Catalog) -> str:
    """Where a phone number without a country code is from."""
    billing, sold = changes.billing or order.billing, catalog.tariff.campaign.countries
    return billing.country or (sold[0] if sold else "US")


def _wrong_person(person: Person, before: Person, country: str) -> Errors:
    if person.phone and person.phone != before.phone:
        phone = _phone(person.phone, country)
        if isinstance(phone, str):
            yield "customer.phone", "phone", phone
        elif phone.extension:
            yield "customer.phone", "phone", "Leave the extension out, and keep it in the notes."
    if person.email and person.email != before.email and isinstance(email := _email(person.email), str):
        yield "customer.email", "email", email


def _phone(text: str, country: str) -> PhoneNumber | str:
    """Or what is wrong with it. By its length alone: the library cannot know of every new area code."""
    try:
        phone = phonenumbers.parse(text, country)
    except NumberParseException:
        return "This is not a phone number. One of another country begins with + and its country code."
    why = phonenumbers.is_possible_number_with_reason(phone)
    if why == ValidationResult.IS_POSSIBLE:
        return phone
    return _LENGTHS.get(why, "This is not a phone number. One of another country begins with + and its country code.")


def _email(text: str) -> tuple[str] | str:
    """Or what is wrong with it. Whether its domain takes mail nobody is asked."""
    try:
        return (validate_email(text, check_deliverability=False).normalized,)
    except EmailNotValidError as error:
        return f"This is not an e-mail address. {error}"


def _wrong_birth_date(text: str, now: datetime) -> Errors:
    try:
        day = date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        day = None
    if text and (day is None or day.year < 1880):
        yield "particulars.birth_date", "date", "This is no date of birth. Write it as 1970-12-31."
    elif day and day > now.date():
        yield "particulars.birth_date", "date", "This day is yet to come."
