"""Snapshots of every kind: small amounts and few names, so that coupons match, rules compete and halves occur."""

from hypothesis import strategies as st

from tests.cart.standard1.snapshots import coupon, line, profile, row, rule, snapshot, tax

PRODUCTS, TAGS, CATEGORIES = "ABCD", ("soft", "new"), ("bedding", "food")
CLASSES = st.sampled_from(["standard", "standard", "food", "exempt", "clothing"])
AMOUNTS = st.one_of(st.integers(0, 30), st.sampled_from([333, 995, 1000, 4995]), st.integers(0, 10**7))
PERCENTS = st.sampled_from(["5", "10", "33.3", "0.000001", "50", "8.25", "100", "66.666667"])
RATES = st.sampled_from(["0", "8.25", "6.25", "7.5", "0.333333", "10"])
DAYS = st.sampled_from(["2025-06-14", "2025-06-15", "2025-06-16"])
PLACES = [("NA", "US", "TX"), ("NA", "US", "CA"), ("NA", "US", None), ("EU", "DE", None), (None, "DE", "BE"), ("EU", None, None), (None, None, None)]
POSTALS = st.sampled_from([None, "75201", "75201", "75201-1234", "90012", "10115"])
CODES = ("alpha", "Bravo ", "CHARLIE", "DELTA", "ECHO", "FOXTROT")


def seldom(strategy, otherwise=None):
    """Once in eight; what is refused or switched off most of the time is never seen at work."""
    return st.sampled_from([False] * 7 + [True]).flatmap(lambda now: strategy if now else st.just(otherwise))


def some(values, most=2):
    return st.lists(st.sampled_from(values), max_size=most, unique=True)


@st.composite
def lines(draw, least=0):
    numbers = draw(st.lists(st.integers(1, 9), min_size=least, max_size=4, unique=True))
    return [
        line(
            number,
            draw(AMOUNTS),
            draw(st.integers(0, 4)),
            product=draw(st.sampled_from(PRODUCTS)),
            kind=draw(st.sampled_from(["offer", "offer", "upsell"])),
            categories=draw(some(CATEGORIES)),
            tags=draw(some(TAGS)),
            price_override=draw(seldom(AMOUNTS)),
            ship_price=draw(st.sampled_from([0, 5, 5, 5, 10, 333])),
            ship_override=draw(seldom(AMOUNTS)),
            tax_class=draw(CLASSES),
        )
        for number in numbers
    ]


@st.composite
def coupons(draw, minimums=True):
    return [
        coupon(
            code,
            draw(AMOUNTS | PERCENTS),
            on=draw(st.sampled_from(["price", "price", "shipping"])),
            target=draw(st.sampled_from(["order", "products"])),
            products=draw(some(PRODUCTS, 3)),
            tags=draw(some(TAGS, 1)),
            first_only=draw(st.booleans()),
            starts=draw(seldom(DAYS)),
            ends=draw(seldom(DAYS)),
            min_subtotal=draw(seldom(AMOUNTS)) if minimums else None,
            min_quantity=draw(seldom(st.integers(0, 5))) if minimums else None,
            max_uses=draw(seldom(st.integers(0, 2))),
            uses=draw(st.integers(0, 2)),
            once_per_customer=draw(seldom(st.just(True), False)),
            default=draw(seldom(st.just(True), False)),
        )
        for code in draw(st.lists(st.sampled_from(CODES), min_size=1, max_size=5, unique=True))
    ]


@st.composite
def rules(draw):
    found = []
    for n in range(draw(st.sampled_from([0, 3, 4, 5]))):
        continent, country, region = draw(st.sampled_from([*PLACES, PLACES[0], PLACES[2], PLACES[-1]]))
        scope = draw(st.sampled_from(["product", "category", "offers", "upsells", "any", "any"]))
        of = draw(st.sampled_from(PRODUCTS if scope == "product" else CATEGORIES)) if scope in ("product", "category") else None
        place = {"continent": draw(st.sampled_from([None, continent])), "country": country, "region": region}
        found.append(rule(f"r{n}", draw(AMOUNTS), scope, of=of, mode=draw(st.sampled_from(["replace", "add"])), **place))
    return found


@st.composite
def profiles(draw, free=True):
    return [
        profile(
            *draw(rules()),
            id=id,
            default=draw(st.sampled_from([True, True, True, False])),
            entire_order=draw(st.sampled_from([False, False, True])),
            dearest_only=draw(st.sampled_from([False, False, True])),
            exclude_upsells=draw(st.sampled_from([False, False, True])),
            free_from=draw(seldom(AMOUNTS)) if free else None,
            free_after_coupons=draw(st.booleans()),
        )
        for id in draw(st.sampled_from(["PQ", "QP", "P", ""]))
    ]


ROWS = st.lists(
    st.builds(
        lambda place, **other: row("?", country=place[1], region=place[2], **other),
        st.sampled_from([("NA", "US", "TX"), ("NA", "US", "TX"), ("NA", "US", "CA"), ("NA", "US", None), ("EU", "DE", None)]),
        rate=RATES,
        postal=st.sampled_from([None, "75201", "75201", "90012"]),
        tax_class=st.sampled_from(["standard", "standard", "food"]),
        since=st.sampled_from(["2025-01-01", "2025-06-15", "2025-06-16"]),
        until=seldom(DAYS),
    ),
    min_size=3,
    max_size=8,
    unique_by=lambda each: tuple(each[name] for name in ("country", "region", "postal", "class", "from")),
)


def addresses():
    here = st.builds(
        lambda place, postal: {"continent": place[0], "country": place[1], "region": place[2], "postal": postal},
        st.sampled_from([PLACES[0]] * 5 + PLACES[:5]),
        POSTALS,
    )
    nowhere = st.sampled_from([None, {"continent": "EU", "country": None, "region": None, "postal": None}])
    return st.sampled_from([here] * 6 + [nowhere]).flatmap(lambda strategy: strategy)


@st.composite
def snapshots(draw, *, least=0, minimums=True, free=True, override=True, exempt=True):
    rows = [{**each, "id": f"t{n}"} for n, each in enumerate(draw(ROWS))]
    known, catalog = draw(profiles(free)), draw(coupons(minimums))
    codes = [each["code"] for each in catalog]
    entered = draw(st.permutations([*codes, *draw(seldom(st.sampled_from([["NOPE"], [" "], codes]), []))]))
    nexus = st.sampled_from([["US", "DE"], ["US", "DE"], ["US-TX"], ["US-TX", "US-CA", "DE"], []])
    taxable = st.dictionaries(st.sampled_from(["US", "US-TX", "DE"]), st.booleans(), max_size=3)
    bought = draw(lines(least))
    if free and draw(seldom(st.just(True), False)):
        for each in known:
            each["free_from"] = sum(
                (line["list_price"] if line["price_override"] is None else line["price_override"]) * line["quantity"] for line in bought
            )
    return snapshot(
        *bought,
        catalog=catalog,
        entered=entered[: draw(st.sampled_from([9, 9, 9, 1]))],
        max=draw(st.sampled_from([9, 9, 9, 0, 1, 2])),
        profiles=known,
        chosen=draw(st.sampled_from([None, *[each["id"] for each in known]])),
        address=draw(addresses()),
        exempt=exempt and draw(seldom(st.just(True), False)),
        used=draw(some(CODES)),
        tax={
            **tax(*rows, nexus=draw(nexus), override=draw(seldom(AMOUNTS)) if override else None),
            "shipping_taxable": draw(taxable),
        },
    )
