"""The worked examples, each with its variants. docs/prices.md tells them to merchants; a test checks that it has these figures."""

from dataclasses import dataclass, field

from tests.cart.standard1.snapshots import BERLIN, DALLAS, LA, US_CA, coupon, line, on, profile, rule, snapshot


@dataclass(frozen=True)
class Example:
    """``totals``: price, discount, shipping, shipping discount, tax and total in major units. The rest is by line or by coupon, in order."""

    name: str
    given: dict
    totals: str
    lines: dict[str, list] = field(default_factory=dict)
    coupons: list = field(default_factory=list)
    decimals: int = 2


PILLOWS = line(1, 4995, 2, ship_price=695)
E3 = (on("A", "A5", 500), on("A", "A10", "10"), coupon("O11", 1110), coupon("O15", "15"))
E7 = profile(
    rule("us-a", 495, "product", of="A", country="US"), rule("ca", 200, mode="add", **US_CA), rule("any", 995), default=True
)  # fmt: skip
SIX = [line(1, 5), line(2, 5), line(3, 5)]
E8 = (line(1, 2000, ship_price=500), line(2, 1000, 2, ship_price=250), line(3, 1500, ship_price=300, kind="upsell"))
E9 = (line(1, 3000), line(2, 1000, 2, tax_class="exempt"), line(3, 4000, ship_override=0))
E11 = (
    coupon("sleep10", "10"),
    coupon("SPRING", "20", ends="2025-06-14"),
    coupon("ONCE", "20", once_per_customer=True),
    coupon("BIG", "20", min_subtotal=5000),
    coupon("SUMMER", "20", starts="2025-06-16"),
    coupon("FIVE", 500),
    coupon("LAST", "20", ends="2025-06-15"),
    coupon("AUTO5", 500, default=True),
)
TYPED = (" sleep10 ", "NOPE", "SPRING", "ONCE", "BIG", "SUMMER", "FIVE", "LAST", "SLEEP10")
E11_VERDICTS = [
    ("SLEEP10", "applied", None, False, 350),
    ("NOPE", "unknown", "unknown-code", False, 0),
    ("SPRING", "expired", "ended", False, 0),
    ("ONCE", "exhausted", "used-by-customer", False, 0),
    ("BIG", "not-applicable", "minimum-subtotal", False, 0),
    ("SUMMER", "not-applicable", "not-started", False, 0),
    ("FIVE", "applied", None, False, 500),
    ("LAST", "too-many", "maximum", False, 0),
    ("AUTO5", "too-many", "maximum", True, 0),
]


def e10(**other):
    return snapshot(line(1, 5000, ship_price=695), catalog=[coupon("FIVE", 500)], profiles=[profile(free_from=5000, **other)])


EXAMPLES = (
    Example(
        "E1", snapshot(PILLOWS, catalog=[coupon("TEN", "10")], address=LA), "99.90 / 9.99 / 13.90 / 0.00 / 7.42 / 111.23", {"taxable": [8991]}
    ),
    Example(
        "E2",
        snapshot(line(1, 800, 3), line(2, 2000), catalog=[on("A", "TEN", 1000)]),
        "44.00 / 24.00 / 0.00 / 0.00 / 0.00 / 20.00",
        {"discount": [2400, 0]},
    ),
    Example(
        "E3",
        snapshot(line(1, 5000, 2), line(2, 3000), catalog=E3),
        "130.00 / 45.09 / 0.00 / 0.00 / 0.00 / 84.91",
        {"discounts": [[("A10", 900), ("A5", 1000), ("O11", 810), ("O15", 1094)], [("O11", 300), ("O15", 405)]]},
        [("A5", 1000), ("A10", 900), ("O11", 1110), ("O15", 1499)],
    ),
    Example(
        "E4",
        snapshot(line(1, 12345), line(2, 7501), catalog=[on("A", "P60", "60"), on("A", "P70", "70"), coupon("HALF", "50")], currency="KWD"),
        "19.846 / 16.096 / 0.000 / 0.000 / 0.000 / 3.750",
        {"discounts": [[("P60", 5698), ("P70", 6647)], [("HALF", 3751)]]},
        decimals=3,
    ),
    Example(
        "E5",
        snapshot(line(1, 1000), line(2, 1000), line(3, 1000, tax_class="exempt"), catalog=[coupon("TEN", 1000)], address=DALLAS),
        "30.00 / 10.00 / 0.00 / 0.00 / 1.10 / 21.10",
        {"discount": [334, 333, 333], "taxable": [666, 667, 0], "tax": [55, 55, 0], "tax_rule": ["rate", "rate", "class-exempt"]},
    ),
    Example(
        "E6", snapshot(*SIX, catalog=[coupon("TEN", "10")], currency="JPY"), "15 / 2 / 0 / 0 / 0 / 13", {"discount": [1, 1, 0]}, decimals=0
    ),
    Example(
        "E6, on the products",
        snapshot(*SIX, catalog=[coupon("TEN", "10", target="products", products=["A", "B", "C"])], currency="JPY"),
        "15 / 3 / 0 / 0 / 0 / 12",
        {"discount": [1, 1, 1]},
        decimals=0,
    ),
    Example(
        "E7",
        snapshot(PILLOWS, profiles=[E7], address=DALLAS),
        "99.90 / 0.00 / 9.90 / 0.00 / 9.06 / 118.86",
        {"shipping_rule": ["rule"], "shipping_rule_id": ["us-a"], "tax_row": ["dallas"]},
    ),
    Example(
        "E7, Los Angeles",
        snapshot(PILLOWS, profiles=[E7], address=LA),
        "99.90 / 0.00 / 17.90 / 0.00 / 8.24 / 126.04",
        {"shipping_rule_id": ["ca"], "tax_row": ["la"]},
    ),
    Example(
        "E7, Germany",
        snapshot(PILLOWS, profiles=[E7], address=BERLIN),
        "99.90 / 0.00 / 19.90 / 0.00 / 0.00 / 119.80",
        {"shipping_rule_id": ["any"], "tax_rule": ["no-nexus"]},
    ),
    Example(
        "E8",
        snapshot(
            *E8,
            catalog=[on("C", "ONE", 100, on="shipping")],
            profiles=[profile(dearest_only=True, exclude_upsells=True)],
        ),
        "55.00 / 0.00 / 8.00 / 1.00 / 0.00 / 62.00",
        {"shipping": [500, 0, 300], "shipping_rule": ["own", "not-dearest", "upsell-excluded"], "shipping_discount": [0, 0, 100]},
    ),
    Example(
        "E9",
        snapshot(*E9, profiles=[profile(rule("us", 995, country="US"), entire_order=True)], address=DALLAS),
        "90.00 / 0.00 / 9.95 / 0.00 / 6.27 / 106.22",
        {"shipping": [597, 398, 0], "shipping_rule": ["entire-order", "entire-order", "override"], "taxable": [3597, 0, 4000]},
    ),
    Example("E10", e10(), "50.00 / 5.00 / 0.00 / 0.00 / 0.00 / 45.00", {"shipping_rule": ["free"]}),
    Example(
        "E10, after coupons", e10(free_after_coupons=True), "50.00 / 5.00 / 6.95 / 0.00 / 0.00 / 51.95", {"shipping_rule": ["own"]}
    ),
    Example(
        "E11",
        snapshot(line(1, 4000), catalog=E11, entered=TYPED, max=2, used=["ONCE"]),
        "40.00 / 8.50 / 0.00 / 0.00 / 0.00 / 31.50",
        {"discounts": [[("FIVE", 500), ("SLEEP10", 350)]]},
        E11_VERDICTS,
    ),
    Example(
        "E12",
        snapshot(
            line(1, 1995),
            line(2, 1000, tax_class="food", ship_price=400),
            line(3, 1995, tax_class="clothing", ship_price=400),
            address=DALLAS,
        ),
        "49.90 / 0.00 / 8.00 / 0.00 / 3.62 / 61.52",
        {"tax": [165, 0, 197], "taxable": [1995, 1400, 2395], "tax_row": ["dallas", "tx-food", "dallas"]},
    ),
)  # fmt: skip
