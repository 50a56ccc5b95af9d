"""Golden quotes: snapshots of every kind, each with what it was quoted at.

``python -m tests.cart.standard1.publish`` adds those that are not there yet. A published quote never changes.
"""

import json
import random
from dataclasses import asdict
from pathlib import Path

from services.cart.standard1.policy import price
from services.cart.standard1.snapshot import read
from tests.cart.standard1.examples import EXAMPLES
from tests.cart.standard1.snapshots import BERLIN, DALLAS, LA, ROWS, coupon, line, profile, row, rule, snapshot, tax

GOLDEN = Path(__file__).parent / "golden"
MIXED = 24


def told(quote):
    """As the rules name it: a tax line's class is ``class``."""
    plain = asdict(quote)
    plain["lines"] = [_plain(line) for line in quote.lines]
    plain["tax_lines"] = [{("class" if name == "tax_class" else name): value for name, value in each.items()} for each in plain["tax_lines"]]
    return plain


def _plain(line):
    taken = {name: [each._asdict() for each in getattr(line, name)] for name in ("discounts", "shipping_discounts")}
    return {**line._asdict(), **taken}


def golden(given):
    """The text of a golden file."""
    quote = price(read(json.dumps(given)))
    return json.dumps({"snapshot": given, "quote": told(quote)}, indent=1, ensure_ascii=False) + "\n"


def mixed(seed):
    """An order of some of everything, always the same for a seed."""
    chance = random.Random(seed)  # noqa: S311 - the same again is the point
    lines = [
        line(
            number, chance.choice([0, 333, 995, 4995, 11900]), chance.randint(0, 4), kind=chance.choice(["offer", "upsell"]),
            categories=chance.sample(["bedding", "food"], chance.randint(0, 2)), tags=chance.sample(["soft", "new"], chance.randint(0, 2)),
            ship_price=chance.choice([0, 395, 695]), tax_class=chance.choice(["standard", "standard", "food", "exempt"]),
            price_override=chance.choice([None, None, 900]), ship_override=chance.choice([None, None, None, 250]),
        )
        for number in range(1, chance.randint(2, 8))
    ]  # fmt: skip
    coupons = [
        coupon(
            f"CODE{n}", chance.choice([250, 1000, "10", "33.333333"]), on=chance.choice(["price", "price", "shipping"]),
            target=chance.choice(["order", "products"]), products=chance.sample("ABCDE", 2), tags=chance.sample(["soft", "new"], 1),
            first_only=chance.random() < 0.3, ends=chance.choice([None, None, "2025-06-14"]), min_subtotal=chance.choice([None, 5000]),
            max_uses=chance.choice([None, 2]), uses=chance.randint(0, 2), default=chance.random() < 0.2,
        )
        for n in range(6)
    ]  # fmt: skip
    rules = [
        rule("a", 495, "product", of="A", country="US"), rule("food", 150, "category", of="food", mode="add"),
        rule("tx", 100, country="US", region="TX", mode="add"), rule("eu", 1995, continent="EU"), rule("upsells", 0, "upsells"), rule("any", 795),
    ]  # fmt: skip
    shipping = profile(
        *chance.sample(rules, 4), entire_order=chance.random() < 0.3, dearest_only=chance.random() < 0.3,
        exclude_upsells=chance.random() < 0.3, free_from=chance.choice([None, 20000]), free_after_coupons=chance.random() < 0.5,
    )  # fmt: skip
    rows = (*ROWS, row("de", "19", "DE"), row("de-food", "7", "DE", tax_class="food"))
    taxes = tax(*rows, nexus=("US-TX", "US-CA", "DE"), override=chance.choice([None, None, None, 777]), US_TX=True, DE=True)
    known = [shipping] if chance.random() < 0.8 else []
    where = chance.choice([DALLAS, DALLAS, LA, BERLIN, None])
    return snapshot(*lines, catalog=coupons, profiles=known, address=where, max=4, exempt=chance.random() < 0.1, tax=taxes)


def sets():
    yield from ((example.name.lower().replace(",", "").replace(" ", "-"), example.given) for example in EXAMPLES)
    yield from ((f"mixed-{seed:02}", mixed(seed)) for seed in range(1, MIXED + 1))


def publish():
    for name, given in sets():
        path = GOLDEN / f"{name}.json"
        if not path.exists():
            path.write_text(golden(given))


if __name__ == "__main__":
    publish()
