"""Snapshots as plain values; what a test does not name is the plainest there is."""

US_CA, US_TX = {"country": "US", "region": "CA"}, {"country": "US", "region": "TX"}


def line(number, list_price=0, quantity=1, **other):
    plain = {"product": "ABCDEFGHIJ"[number - 1], "kind": "offer", "categories": [], "tags": [], "ship_price": 0, "tax_class": "standard"}
    return {**plain, "line": number, "list_price": list_price, "quantity": quantity, "price_override": None, "ship_override": None, **other}


def coupon(code, value, **other):
    """A flat one for an amount, a percent one for a text."""
    kind = "percent" if isinstance(value, str) else "flat"
    return {
        "code": code, "on": "price", "kind": kind, "value": value, "target": "order", "products": [], "tags": [], "first_only": False,
        "starts": None, "ends": None, "min_subtotal": None, "min_quantity": None, "max_uses": None, "uses": 0, "once_per_customer": False,
        "default": False, **other,
    }  # fmt: skip


def on(product, code, value, **other):
    return coupon(code, value, target="products", products=[product], **other)


def rule(id, price, scope="any", **other):
    return {"id": id, "continent": None, "country": None, "region": None, "scope": scope, "of": None, "mode": "replace", "price": price, **other}


def profile(*rules, id="P", **other):
    plain = {"default": True, "entire_order": False, "dearest_only": False, "exclude_upsells": False, "free_from": None, "free_after_coupons": False}
    return {**plain, "id": id, "rules": list(rules), **other}


def address(country="US", region=None, postal=None, continent="NA"):
    return {"continent": continent, "country": country, "region": region, "postal": postal}


def row(id, rate, country="US", region=None, postal=None, tax_class="standard", since="2025-01-01", until=None):
    return {"id": id, "country": country, "region": region, "postal": postal, "class": tax_class, "rate": rate, "from": since, "until": until}


LA, DALLAS, BERLIN = address(region="CA", postal="90012"), address(region="TX", postal="75201"), address("DE", "BE", "10115", "EU")
ROWS = (
    row("ca", "7.25", region="CA"),
    row("la", "8.25", region="CA", postal="90012"),
    row("tx", "6.25", region="TX"),
    row("dallas", "8.25", region="TX", postal="75201"),
    row("tx-food", "0", region="TX", tax_class="food"),
)


def tax(*rows, nexus=("US-CA", "US-TX"), override=None, **shipping_taxable):
    taxable = {place.replace("_", "-"): value for place, value in (shipping_taxable or {"US_TX": True}).items()}
    return {"nexus": list(nexus), "shipping_taxable": taxable, "override": override, "rows": list(rows)}


def snapshot(*lines, catalog=(), entered=None, max=9, profiles=(), chosen=None, address=None, exempt=False, used=(), currency="USD", **other):
    """Every coupon is entered, unless it is said which."""
    return {
        "currency": currency,
        "today": "2025-06-15",
        "lines": list(lines),
        "shipping": {"chosen": chosen, "profiles": list(profiles)},
        "coupons": {"max": max, "entered": [each["code"] for each in catalog] if entered is None else list(entered), "catalog": list(catalog)},
        "address": address,
        "customer": {"tax_exempt": exempt, "used_codes": list(used)},
        "tax": tax(*ROWS),
        **other,
    }
