"""Which columns a CSV drop has: one a line, ``Heading = text with {names}``, or a name alone. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from string import Formatter

from services.fulfillment.plugins.protocol import Address, Item, Outgoing
from shared.money import formatted
from shared.sheets import table

STANDARD = "export_id\norder_id\nsku\nquantity\nname\nfirst_name\nlast_name\nstreet\nunit\ncity\nregion\npostal\ncountry"
MOST = 100
_LONGEST = 4_000

Value = Callable[[Outgoing, Item], str]


def _of_address(address: Callable[[Outgoing], Address], name: str) -> Value:
    return lambda outgoing, item: str(getattr(address(outgoing), name))


_PLACE = ("street", "unit", "city", "region", "postal", "country")
NAMES: Mapping[str, Value] = {
    "export_id": lambda outgoing, item: outgoing.export_id,
    "order_id": lambda outgoing, item: outgoing.order_id,
    "campaign": lambda outgoing, item: outgoing.campaign,
    "approved_at": lambda outgoing, item: outgoing.approved_at.isoformat(),
    "line": lambda outgoing, item: str(item.line),
    "sku": lambda outgoing, item: item.sku,
    "name": lambda outgoing, item: item.name,
    "quantity": lambda outgoing, item: str(item.quantity),
    "price": lambda outgoing, item: formatted(item.price, outgoing.currency),
    "currency": lambda outgoing, item: outgoing.currency,
    "total": lambda outgoing, item: formatted(outgoing.total, outgoing.currency),
    "shipping": lambda outgoing, item: formatted(outgoing.shipping, outgoing.currency),
    "tax": lambda outgoing, item: formatted(outgoing.tax, outgoing.currency),
    "first_name": lambda outgoing, item: outgoing.first_name,
    "last_name": lambda outgoing, item: outgoing.last_name,
    "phone": lambda outgoing, item: outgoing.phone,
    "email": lambda outgoing, item: outgoing.email,
    "notes": lambda outgoing, item: outgoing.notes,
    **{name: _of_address(lambda outgoing: outgoing.ship_to, name) for name in _PLACE},
    **{f"billing_{name}": _of_address(lambda outgoing: outgoing.bill_to, name) for name in _PLACE},
}
"""What a column may say. Amounts are decimal, of the order's currency; ``price`` is of one unit, the others are of the whole order."""


class Misread(Exception):
    """Says, for people, what cannot be read, and in which line."""


@dataclass(frozen=True, slots=True)
class Column:
    """``parts``: text, and the name that follows it, if one does."""

    heading: str
    parts: Sequence[tuple[str, str | None]]

    def cell(self, outgoing: Outgoing, item: Item) -> str:
        return "".join(text + (NAMES[name](outgoing, item) if name else "") for text, name in self.parts)


def columns(typed: str) -> Sequence[Column]:
    """Empty: the standard ones. Raises Misread."""
    if len(typed) > _LONGEST:
        raise Misread(f"At most {_LONGEST:,} characters.")
    lines = [(number, line.strip()) for number, line in enumerate((typed.strip() or STANDARD).splitlines(), 1) if line.strip()]
    found = [_column(number, line) for number, line in lines]
    if len(found) > MOST:
        raise Misread(f"At most {MOST} columns.")
    headings = [column.heading for column in found]
    twice = next((heading for heading in headings if headings.count(heading) > 1), None)
    if twice is not None:
        raise Misread(f"Two columns are named {twice}.")
    return found


def _column(number: int, line: str) -> Column:
    heading, equals, text = (part.strip() for part in line.partition("="))
    if not equals:
        text = f"{{{heading}}}"
    if not heading:
        raise Misread(f"Line {number}: a heading comes first, such as Ship to = {{first_name}} {{last_name}}.")
    try:
        parsed = list(Formatter().parse(text))
    except ValueError as error:
        raise Misread(f"Line {number}: a brace is not closed. Braces of the text itself are sheet twice.") from error
    for _, name, form, conversion in parsed:
        if name is not None and (name not in NAMES or form or conversion):
            raise Misread(f"Line {number}: there is nothing named {name or 'without a name'}. There are {', '.join(NAMES)}.")
    return Column(heading, [(text, name) for text, name, _, _ in parsed])


def sheet(outgoing: Outgoing, found: Sequence[Column], delimiter: str) -> str:
    """One row an item, under one row of headings."""
    headings = [column.heading for column in found]
    return table([headings, *([column.cell(outgoing, item) for column in found] for item in outgoing.items)], delimiter)
