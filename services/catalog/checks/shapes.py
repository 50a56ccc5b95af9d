"""What no field of a campaign may hold, in a draft either. Pure."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from services.catalog.bodies import MOST_COUPONS, MOST_OFFERS
from services.catalog.checks.problem import Problem, Problems, amount, between, distinct
from services.catalog.numbering import Sections, local, numbered
from services.catalog.places import CONTINENTS, place_problem
from shared.contracts.catalog import Coupon, CustomField, Offer, ShippingProfile, ShippingRule
from shared.letters import LETTERS
from shared.money import currencies

_PERCENT = re.compile(r"[0-9]{1,3}(\.[0-9]{1,6})?")
_TAX_CLASS = re.compile(r"[a-z][a-z0-9-]{0,39}")
_IMAGE = re.compile(r"[0-9a-f]{64}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CODE = re.compile(r"[\w.%+&-]{1,40}")
_MOST_UNITS = 1_000_000


def is_percent(text: str) -> bool:
    """A decimal string above 0 and up to 100, with at most six decimals."""
    return bool(_PERCENT.fullmatch(text)) and 0 < Decimal(text) <= 100


def is_date(text: str) -> bool:
    try:
        return bool(_DATE.fullmatch(text) and date.fromisoformat(text))
    except ValueError:
        return False


def is_tax_class(text: str) -> bool:
    return bool(_TAX_CLASS.fullmatch(text))


def shapes(sections: Sections, currency: str) -> Problems:
    """Of the sections that are there. ``currency`` is the campaign's, for amounts in sentences."""
    yield from _main(sections)
    yield from _ids(sections)
    for n, offer in enumerate(sections.offers or ()):
        yield from _offer(f"offers.{n}", offer, currency)
    for n, coupon in enumerate(sections.coupons or ()):
        yield from _coupon(f"coupons.{n}", coupon, currency)
    for n, profile in enumerate(sections.profiles or ()):
        yield from _profile(f"profiles.{n}", profile, currency)
    for n, field in enumerate(sections.fields or ()):
        yield from _field(f"fields.{n}", field)
    templates = ((f"letters.{n}.template", LETTERS[letter.template].title) for n, letter in enumerate(sections.letters or ()))
    yield from distinct(templates, "twice", "The letter “{}” is there twice.")


def _main(sections: Sections) -> Problems:
    if sections.currency is not None and sections.currency not in currencies():
        detail = f"{sections.currency!r} is no currency. Use its code of three letters, such as USD."
        yield Problem("currency", "unknown-currency", detail)
    for n, country in enumerate(sections.countries or ()):
        wrong = place_problem(country, "")
        if wrong:
            yield Problem(f"countries.{n}", "unknown-country", wrong)
    yield from distinct(((f"countries.{n}", country) for n, country in enumerate(sections.countries or ())), "twice", "{} is listed twice.")
    yield from distinct(((f"methods.{n}", method) for n, method in enumerate(sections.methods or ())), "twice", "The method {} is listed twice.")
    yield from between("qa_share", sections.qa_share, 0, 100, "The QA share in percent")
    yield from between("target_call_seconds", sections.target_call_seconds, 1, 86_400, "The target time of a call in seconds")
    for name, most in (("offers", MOST_OFFERS), ("coupons", MOST_COUPONS)):
        if len(getattr(sections, name) or ()) > most:
            yield Problem(name, "too-many", f"A campaign has at most {most:,} {name}.")
    yield from between("max_coupons", sections.max_coupons, 0, 20, "The number of coupons of one order")
    yield from between("reorder_days", sections.reorder_days, 0, 3_650, "The number of days until a re-order")


def _ids(sections: Sections) -> Problems:
    for numbers in (numbered(sections), local(sections)):
        ids = list(numbers)
        detail = "Two rows have the number {}. Leave it out to get a new one."
        yield from distinct(((field, id) for field, id in ids if id and not field.startswith("fields")), "twice", detail)
    yield from distinct(
        ((f"fields.{n}.id", field.id) for n, field in enumerate(sections.fields or ()) if field.id), "twice", "Two fields have the number {}."
    )


def _offer(at: str, offer: Offer, currency: str) -> Problems:
    for name in ("price", "shipping_price", "min_price", "max_price", "min_shipping_price", "max_shipping_price"):
        yield from amount(f"{at}.{name}", getattr(offer, name), currency)
    yield from between(f"{at}.min_quantity", offer.min_quantity, 1, _MOST_UNITS, "The least quantity")
    yield from between(f"{at}.max_quantity", offer.max_quantity, 1, _MOST_UNITS, "The most that can be bought")
    yield from between(f"{at}.trial_days", offer.trial_days, 0, 365, "The number of trial days")
    if not is_tax_class(offer.tax_class):
        detail = "A tax class is a word of small letters, such as standard, food or exempt."
        yield Problem(f"{at}.tax_class", "not-a-word", detail)
    if offer.image and not _IMAGE.fullmatch(offer.image):
        yield Problem(f"{at}.image", "unknown-image", "There is no such image. Upload it again.")
    for name in ("categories", "tags"):
        values = ((f"{at}.{name}.{n}", value) for n, value in enumerate(getattr(offer, name)))
        yield from distinct(values, "twice", "“{}” is there twice.")
    yield from _options(at, offer)
    for n, variant in enumerate(offer.variants):
        yield from amount(f"{at}.variants.{n}.price", variant.price, currency)
        yield from amount(f"{at}.variants.{n}.shipping_price", variant.shipping_price, currency)


def _options(at: str, offer: Offer) -> Problems:
    names = ((f"{at}.options.{n}.name", option.name.casefold()) for n, option in enumerate(offer.options))
    yield from distinct(names, "twice", "Two options are called “{}”. Rename one of them.")
    for n, option in enumerate(offer.options):
        if not option.name:
            yield Problem(f"{at}.options.{n}.name", "missing", "An option needs a name, such as Size.")
        values = ((f"{at}.options.{n}.values.{m}", value.casefold()) for m, value in enumerate(option.values))
        yield from distinct(values, "twice", "“{}” is there twice.")


def _coupon(at: str, coupon: Coupon, currency: str) -> Problems:
    yield from amount(f"{at}.amount", coupon.amount, currency)
    yield from amount(f"{at}.min_subtotal", coupon.min_subtotal, currency)
    if coupon.code.strip() and not _CODE.fullmatch(coupon.code.strip()):
        yield Problem(f"{at}.code", "not-a-code", "A code has letters, digits and . % + & - _ only, at most 40: customers read it out.")
    if coupon.percent and not is_percent(coupon.percent):
        detail = "A percentage is above 0 and at most 100, with at most six decimals, such as 12.5."
        yield Problem(f"{at}.percent", "not-a-percentage", detail)
    for name in ("starts", "ends"):
        if getattr(coupon, name) and not is_date(getattr(coupon, name)):
            yield Problem(f"{at}.{name}", "not-a-date", "A date is written as 2030-06-30.")
    yield from between(f"{at}.min_quantity", coupon.min_quantity, 1, _MOST_UNITS, "The least quantity")
    yield from between(f"{at}.max_uses", coupon.max_uses, 1, 1_000_000_000, "The number of uses")
    yield from distinct(((f"{at}.products.{n}", id) for n, id in enumerate(coupon.products)), "twice", "Offer {} is there twice.")


def _profile(at: str, profile: ShippingProfile, currency: str) -> Problems:
    yield from amount(f"{at}.free_from", profile.free_from, currency)
    for n, rule in enumerate(profile.rules):
        yield from _rule(f"{at}.rules.{n}", rule, currency)


def _rule(at: str, rule: ShippingRule, currency: str) -> Problems:
    yield from amount(f"{at}.price", rule.price, currency)
    if rule.continent and rule.continent not in CONTINENTS:
        yield Problem(f"{at}.continent", "unknown-continent", f"{rule.continent!r} is no continent. They are {', '.join(CONTINENTS)}.")
    if rule.country:
        wrong = place_problem(rule.country, "")
        if wrong:
            yield Problem(f"{at}.country", "unknown-country", wrong)
        elif place_problem(rule.country, rule.region):
            yield Problem(f"{at}.region", "unknown-region", place_problem(rule.country, rule.region))


def _field(at: str, field: CustomField) -> Problems:
    values = ((f"{at}.choices.{n}", value.casefold()) for n, value in enumerate(field.choices))
    yield from distinct(values, "twice", "“{}” is there twice.")
    for n, value in enumerate(field.choices):
        if not value:
            yield Problem(f"{at}.choices.{n}", "missing", "A choice needs a text.")
