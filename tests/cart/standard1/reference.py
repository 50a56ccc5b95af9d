"""The same price once more, slowly and plainly: fractions, plain values, each rule as it is written."""

from fractions import Fraction
from math import floor

VERDICTS = {
    "unknown-code": "unknown", "not-started": "not-applicable", "ended": "expired", "all-used": "exhausted", "used-by-customer": "exhausted",
    "no-line": "not-applicable", "minimum-subtotal": "not-applicable", "minimum-quantity": "not-applicable", "maximum": "too-many",
}  # fmt: skip


def half_up(amount):
    return floor(amount + Fraction(1, 2))


def share(amount, weights):
    if sum(weights) == 0:
        return [0 for _ in weights]
    exact = [Fraction(amount) * Fraction(weight) / Fraction(sum(weights)) for weight in weights]
    got = [floor(each) for each in exact]
    while sum(got) < amount:
        gaps = [each - had for each, had in zip(exact, got, strict=True)]
        got[gaps.index(max(gaps))] += 1
    return got


def price(given):
    """(totals, by line {line: (discount, shipping, shipping discount, tax)}, [(code, reason, amount)])."""
    live = [line for line in sorted(given["lines"], key=lambda line: line["line"]) if line["quantity"] > 0]
    for line in live:
        unit = line["list_price"] if line["price_override"] is None else line["price_override"]
        line_price = unit * line["quantity"]
        line.update(price=line_price, left=line_price, took={}, ship_took={})
    judged = verdicts(given, live)
    take(live, "left", "took", [coupon for coupon, why in judged if why is None and coupon["on"] == "price"])
    ship(given, live)
    for line in live:
        line["ship_left"] = line["ship"]
    take(live, "ship_left", "ship_took", [coupon for coupon, why in judged if why is None and coupon["on"] == "shipping"])
    tax(given, live)
    lines = {line["line"]: (sum(line["took"].values()), line["ship"], sum(line["ship_took"].values()), line["tax"]) for line in live}
    total = sum(line["left"] + line["ship_left"] + line["tax"] for line in live)
    amounts = [
        (coupon["CODE"], why, sum(line[took].get(coupon["CODE"], 0) for line in live for took in ("took", "ship_took"))) for coupon, why in judged
    ]
    return total, lines, amounts


def verdicts(given, live):
    catalog = {coupon["code"].strip().upper(): {**coupon, "CODE": coupon["code"].strip().upper()} for coupon in given["coupons"]["catalog"]}
    codes = []
    for text in given["coupons"]["entered"]:
        if text.strip().upper() not in ["", *codes]:
            codes.append(text.strip().upper())
    codes += sorted(code for code, coupon in catalog.items() if coupon["default"] and code not in codes)
    used = [code.strip().upper() for code in given["customer"]["used_codes"]]
    found = []
    for code in codes:
        coupon = catalog.get(code, {"CODE": code})
        applied = sum(why is None for _, why in found)
        found.append((coupon, reason(coupon, given, live, code in used, applied)))
    return found


def matched(coupon, live):
    if coupon["target"] == "order" or (coupon["products"] == [] and coupon["tags"] == []):
        return live
    return [line for line in live if line["product"] in coupon["products"] or set(line["tags"]) & set(coupon["tags"])]


def reason(coupon, given, live, used, applied):
    if "kind" not in coupon:
        return "unknown-code"
    mine = matched(coupon, live)
    checks = {
        "not-started": given["today"] < (coupon["starts"] or ""),
        "ended": given["today"] > (coupon["ends"] or "9999-99-99"),
        "all-used": coupon["max_uses"] is not None and coupon["uses"] >= coupon["max_uses"],
        "used-by-customer": coupon["once_per_customer"] and used,
        "no-line": not mine,
        "minimum-subtotal": sum(line["price"] for line in mine) < (coupon["min_subtotal"] or 0),
        "minimum-quantity": sum(line["quantity"] for line in mine) < (coupon["min_quantity"] or 0),
        "maximum": applied >= given["coupons"]["max"],
    }
    return next((why for why, holds in checks.items() if holds), None)


def take(live, left, took, coupons):
    def off(line, coupon, amount):
        line[left] -= amount
        line[took][coupon["CODE"]] = line[took].get(coupon["CODE"], 0) + amount

    def those(target, kind):
        return sorted((coupon for coupon in coupons if (coupon["target"], coupon["kind"]) == (target, kind)), key=lambda coupon: coupon["CODE"])

    def lines_of(coupon):
        return matched(coupon, live)[:1] if coupon["first_only"] and coupon["target"] == "products" else matched(coupon, live)

    for coupon in those("products", "flat"):
        for line in lines_of(coupon):
            off(line, coupon, min(line[left], coupon["value"] * line["quantity"]))
    for line in live:
        mine = [coupon for coupon in those("products", "percent") if line in lines_of(coupon)]
        percents = [Fraction(coupon["value"]) for coupon in mine]
        for coupon, amount in zip(mine, share(half_up(line[left] * min(Fraction(100), sum(percents)) / 100), percents), strict=True):
            off(line, coupon, amount)
    for coupon in those("order", "flat"):
        amount = min(coupon["value"], sum(line[left] for line in live))
        for line, part in zip(live, share(amount, [line[left] for line in live]), strict=True):
            off(line, coupon, part)
    percents = [Fraction(coupon["value"]) for coupon in those("order", "percent")]
    discount = half_up(sum(line[left] for line in live) * min(Fraction(100), sum(percents)) / 100)
    for coupon, amount in zip(those("order", "percent"), share(discount, percents), strict=True):
        for line, part in zip(live, share(amount, [line[left] for line in live]), strict=True):
            off(line, coupon, part)


def ship(given, live):
    profiles = given["shipping"]["profiles"]
    chosen = [profile for profile in profiles if profile["id"] == given["shipping"]["chosen"]]
    profile = (chosen or [profile for profile in profiles if profile["default"] and given["shipping"]["chosen"] is None] or [None])[0]
    for line in live:
        line["ship"] = (line["ship_price"] if line["ship_override"] is None else line["ship_override"]) * line["quantity"]
    if profile is None:
        return
    governed = [line for line in live if line["ship_override"] is None and not (profile["exclude_upsells"] and line["kind"] == "upsell")]
    if not profile["entire_order"]:
        for line in governed:
            rule = strongest(profile["rules"], given["address"], line)
            if rule:
                line["ship"] = (rule["price"] + (line["ship_price"] if rule["mode"] == "add" else 0)) * line["quantity"]
    if profile["dearest_only"] and governed:
        dearest = max(line["ship"] for line in governed)
        first = next(line for line in governed if line["ship"] == dearest)
        for line in governed:
            line["ship"] = dearest if line is first else 0
    rule = strongest([rule for rule in profile["rules"] if rule["scope"] == "any"], given["address"], None)
    if profile["entire_order"] and governed and rule:
        weights = [line["price"] for line in governed]
        for line, part in zip(governed, share(rule["price"], weights if sum(weights) else [line["quantity"] for line in governed]), strict=True):
            line["ship"] = part + (line["ship"] if rule["mode"] == "add" else 0)
    goods = sum(line["left"] if profile["free_after_coupons"] else line["price"] for line in live)
    if profile["free_from"] and goods >= profile["free_from"]:
        for line in governed:
            line["ship"] = 0


def strongest(rules, address, line):
    address = address or {"continent": None, "country": None, "region": None}
    ranked = []
    for position, rule in enumerate(rules):
        named = [name for name in ("continent", "country", "region") if rule[name] is not None]
        here = all(rule[name] == address[name] for name in named)
        covers = (
            line is None
            or {
                "product": rule["of"] == line["product"],
                "category": rule["of"] in line["categories"],
                "offers": line["kind"] == "offer",
                "upsells": line["kind"] == "upsell",
                "any": True,
            }[rule["scope"]]
        )
        if here and covers:
            place = {"region": 3, "country": 2, "continent": 1}[named[-1]] if named else 0
            ranked.append((-place, ["product", "category", "offers", "upsells", "any"].index(rule["scope"]), position, rule))
    return min(ranked, key=lambda each: each[:3])[3] if ranked else None


def tax(given, live):
    told, address = given["tax"], given["address"] or {"country": None}
    for line in live:
        line["tax"], line["taxable"], line["row"] = 0, line["left"] + line["ship_left"], None
    if told["override"] is not None:
        shares = share(told["override"], [line["taxable"] for line in live])
        for n, (line, part) in enumerate(zip(live, shares, strict=True)):
            line["tax"] = part if sum(shares) == told["override"] else (told["override"] if n == 0 else 0)
        return
    places = [f"{address['country']}-{address.get('region')}", address["country"]]
    if given["customer"]["tax_exempt"] or address["country"] is None or not set(places) & set(told["nexus"]):
        return
    with_shipping = [told["shipping_taxable"][place] for place in places if place in told["shipping_taxable"]][:1] == [True]
    for line in live:
        line["taxable"] = line["left"] + (line["ship_left"] if with_shipping else 0)
        for name in (line["tax_class"], "standard"):
            rows = [n for n, row in enumerate(told["rows"]) if row["class"] == name and applies(row, address, given["today"])]
            if rows and line["row"] is None and line["tax_class"] != "exempt":
                rank = lambda n: (told["rows"][n]["postal"] is not None, told["rows"][n]["region"] is not None, told["rows"][n]["from"])  # noqa: E731
                line["row"] = max(rows, key=rank)
    for n, row in enumerate(told["rows"]):
        mine = [line for line in live if line["row"] == n]
        whole = half_up(sum(line["taxable"] for line in mine) * Fraction(row["rate"]) / 100)
        for line, part in zip(mine, share(whole, [line["taxable"] for line in mine]), strict=True):
            line["tax"] = part


def applies(row, address, today):
    def plain(text):
        letters = "".join(letter for letter in text if letter not in " -").upper()
        return letters[:5] if row["country"] == "US" else letters

    where = row["country"] == address["country"] and row["region"] in (None, address["region"])
    near = row["postal"] is None or (address["postal"] is not None and plain(row["postal"]) == plain(address["postal"]))
    return where and near and row["from"] <= today <= (row["until"] or "9999-99-99")
