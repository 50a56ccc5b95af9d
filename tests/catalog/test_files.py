"""Products and coupons as CSV: round trips, hostile files, every bad row named."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.catalog.files import codes, products
from services.catalog.files.rows import joined, split
from shared.sheets import Unreadable, read, text_of, written
from tests.catalog.samples import FIVE, PILLOW, SLEEP, TOPPER, WHOLE, changed

CELLS = st.text(st.characters(exclude_categories=("Cc", "Cs", "Co", "Cn")), max_size=20).map(str.strip)


def offers(text, campaign=WHOLE, encoding="utf-8"):
    return products.from_csv(text.encode(encoding), campaign)


def coupons(text, campaign=WHOLE):
    return codes.from_csv(text.encode(), campaign)


def wrong(merged):
    return [(problem.field, problem.code) for problem in merged.wrong]


def test_what_was_exported_changes_nothing_when_it_comes_back():
    again = products.from_csv(products.to_csv(WHOLE).encode(), WHOLE)
    assert (again.now, again.wrong) == (WHOLE.offers, ())
    assert again.counts() == {"added": 0, "changed": 0, "unchanged": 2, "removed": 0, "rows": 4}
    again = codes.from_csv(codes.to_csv(WHOLE).encode(), WHOLE)
    assert (again.now, again.wrong) == (WHOLE.coupons, ())


@given(st.lists(CELLS, min_size=2, max_size=4), st.sampled_from(["", "=", "+", "-", "@", "'=", "''-"]))
@settings(max_examples=200, deadline=None)
def test_any_text_comes_back_as_it_went_and_none_is_run_by_a_spreadsheet(cells, mark):
    columns = [f"c{n}" for n in range(len(cells))]
    row = {name: (mark + cell).strip() for name, cell in zip(columns, cells, strict=True)}
    text = written(columns, [row, dict.fromkeys(columns, "x")])
    assert [dict(each.cells) for each in read(text.encode(), columns, (), 10) if set(each.cells.values()) != {"x"}] in ([row], [])
    assert not any(line.startswith(("=", "+", "-", "@")) for line in text.splitlines())


@given(st.lists(CELLS.filter(bool), max_size=5))
def test_lists_in_a_cell_come_back_as_they_went(values):
    assert split(joined(values)) == tuple(values)


@given(CELLS, CELLS, st.integers(0, 10**9), st.lists(CELLS.filter(bool), max_size=3, unique_by=str.casefold))
@settings(max_examples=100, deadline=None)
def test_any_offer_comes_back_as_it_went(name, words, price, tags):
    offer = PILLOW.model_copy(update={"name": name, "description": words, "price": price, "tags": tuple(tags)})
    campaign = changed(offers=(offer, TOPPER))
    assert products.from_csv(products.to_csv(campaign).encode(), campaign).now == campaign.offers


@pytest.mark.parametrize("currency", ["USD", "JPY", "KWD"])
def test_amounts_have_the_decimals_of_the_currency(currency):
    campaign = changed(currency=currency)
    assert products.from_csv(products.to_csv(campaign).encode(), campaign).now == campaign.offers


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_what_spreadsheets_write_is_read(encoding, separator, end):
    lines = ["Type;Name;SKU;Price", "offer;Kopfkissen für Schläfer;K-1;49.95", ";;;"]
    merged = offers(end.join(lines).replace(";", separator), encoding=encoding)
    assert merged.wrong == ()
    assert (merged.now[-1].name, merged.now[-1].price, merged.now[-1].id) == ("Kopfkissen für Schläfer", 4995, "")
    assert merged.counts() == {"added": 1, "changed": 0, "unchanged": 0, "removed": 0, "rows": 1}


def test_a_line_that_names_the_separator_is_taken_off():
    assert offers("sep=;\ntype;sku;price\noffer;RN-PIL-01;1.00").now[0].price == 100


def test_rows_change_what_they_name_by_number_or_sku_and_leave_the_rest():
    merged = offers("type,number,sku,price\noffer,1,RN-PIL-02,10.00\n")
    assert merged.now == (PILLOW.model_copy(update={"sku": "RN-PIL-02", "price": 1000}), TOPPER)
    merged = offers("type,sku,price,shipping_price\nupsell,rn-pil-01,10.00,\n")
    assert merged.now[0] == PILLOW.model_copy(update={"sku": "rn-pil-01", "price": 1000, "shipping_price": 0, "kind": "upsell"})
    assert merged.counts() == {"added": 0, "changed": 1, "unchanged": 0, "removed": 0, "rows": 1}


def test_variants_stand_below_their_offer():
    variants = "variant,,BL-S,Size: Small; Colour: Red,\nvariant,,BL-L,Size: Large; Colour: Red,99.00\n"
    text = f"type,name,sku,options,price\noffer,Blanket,BL,,89.00\n{variants}"
    blanket = offers(text).now[-1]
    assert [(option.name, option.values) for option in blanket.options] == [("Size", ("Small", "Large")), ("Colour", ("Red",))]
    assert [(each.sku, each.values, each.price) for each in blanket.variants] == [("BL-S", ("Small", "Red"), None), ("BL-L", ("Large", "Red"), 9900)]
    text = "type,number,sku,options,price\noffer,2,RN-TOP,,119.00\nvariant,,RN-TOP-T,Size: Twin,99.00\nvariant,22,RN-TOP-K,Size: King,149.00\n"
    topper = offers(text).now[1]
    assert topper.options[0].values == ("Queen", "King", "Twin")
    assert [(each.id, each.price) for each in topper.variants] == [("21", None), ("22", 14900), ("", 9900)]


def test_a_formula_is_a_text_and_its_apostrophe_is_taken_off():
    assert offers('type,name,sku,price\noffer,"=HYPERLINK(""x"")",F-1,1.00\n').now[-1].name == '=HYPERLINK("x")'
    assert offers("type,name,sku,price\noffer,'+1 pillow,F-1,1.00\n").now[-1].name == "+1 pillow"
    assert ",'=cmd," in products.to_csv(changed(offers=(PILLOW.model_copy(update={"name": "=cmd"}),)))


@pytest.mark.parametrize(
    ("row", "field", "code"),
    [
        ("offer,,Pillow,P-1,x", "row 2, price", "not-readable"),
        ("offer,,Pillow,P-1,-1", "row 2, price", "not-readable"),
        ("offer,,Pillow,P-1,49.955", "row 2, price", "not-readable"),
        ("offer,,Pillow,P-1,'-5", "row 2, price", "not-readable"),
        ('offer,,Pillow,P-1,"1,064.00"', "row 2, price", "not-readable"),
        ("offer,,Pillow,P-1,99999999999", "row 2, price", "not-readable"),
        ("offer,,Pillow,P-1,", "row 2, price", "missing"),
        ("offer,999,Pillow,P-1,1", "row 2, number", "unknown-number"),
        ("thing,,Pillow,P-1,1", "row 2, type", "unknown-type"),
        ("variant,,,P-1,1", "row 2, type", "no-offer"),
        ("offer,,4242 4242 4242 4242,P-1,1", "row 2, name", "value_error"),
        ("offer,,Pil\x07low,P-1,1", "row 2, name", "value_error"),
        ("offer,,Pillow,P-1,1\noffer,,Other,p-1,1", "row 3, sku", "twice"),
        ("offer,1,Pillow,P-1,1\noffer,1,Other,P-2,1", "row 3, number", "twice"),
        ("offer,,Pillow,P-1,1\nvariant,,Named,P-2,1", "row 3, options", "not-readable"),
    ],
)
def test_a_bad_row_is_named_by_its_number_and_column(row, field, code):
    assert (field, code) in wrong(offers(f"type,number,name,sku,price\n{row}\n"))


def test_every_bad_row_is_named():
    merged = offers("type,sku,price,trial_days,tax_class\noffer,A,x,1,standard\noffer,B,1,soon,standard\noffer,C,1,1,standard\n")
    assert wrong(merged) == [("row 2, price", "not-readable"), ("row 3, trial_days", "not-readable")]
    merged = offers("type,sku,price,trial_days,tax_class\noffer,A,1,999,standard\noffer,B,1,1,Not a word\n")
    assert wrong(merged) == [("row 2, trial_days", "out-of-range"), ("row 3, tax_class", "not-a-word")]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"\n\n ,\n", "empty"),
        (b"type,price,colour\noffer,1,red", "no column 'colour'"),
        (b"type,price,price\noffer,1,1", "there twice"),
        (b"name,price\nPillow,1", "column type is missing"),
        (b"type,price\noffer,1,2,3", "4 cells"),
        (b'type,price\noffer,"1', "no table"),
        (b"type,price\x00\noffer,1", "bytes that no text has"),
        (b"type,price\noffer,\x81", "neither UTF-8 nor Windows-1252"),
        (b"PK\x03\x04\x14\x00\x06\x00", "bytes that no text has"),
        (b"type,price\n" + b"offer,1\n" * 20_001, "Split it"),
        (b"type,price\n" + b"offer,1\n" * 1_001, "1,001 offers, and a campaign has at most 1,000"),
        (b"type,price\noffer,1\n" + b"variant,1\n" * 251, "251 variants, and at most 250"),
    ],
)
def test_what_is_no_table_is_refused_with_a_sentence(data, says):
    with pytest.raises(Unreadable, match=says):
        products.from_csv(data, WHOLE)


def test_a_campaign_grows_no_larger_by_a_file_than_by_hand():
    more = offers("type,sku,price\n" + "".join(f"offer,A-{n},1\n" for n in range(1_000)))
    assert wrong(more) == [("offers", "too-many")]
    more = coupons("code,kind,percent\n" + "".join(f"A{n},percent,1\n" for n in range(1_000)))
    assert wrong(more) == [("coupons", "too-many")]


def test_windows_1252_is_known_by_what_utf_8_cannot_be():
    assert text_of("Schläfer €".encode("cp1252")) == "Schläfer €"


def test_coupons_are_changed_and_added():
    merged = coupons("code,kind,percent,amount,products,ends,default\nsleep10,percent,12.5,,RN-PIL-01; 2,2030-12-31,no\nNEW,flat,,4.50,,,yes\n")
    assert merged.wrong == ()
    assert (merged.now[0].id, merged.now[0].percent, merged.now[0].products, merged.now[0].ends) == ("31", "12.5", ("1", "2"), "2030-12-31")
    assert merged.now[1] == FIVE
    assert (merged.now[2].id, merged.now[2].amount, merged.now[2].default) == ("", 450, True)
    assert merged.now[0].tags == SLEEP.tags
    assert merged.counts() == {"added": 1, "changed": 1, "unchanged": 0, "removed": 0, "rows": 2}


@pytest.mark.parametrize(
    ("row", "field", "code"),
    [
        ("A,percent,101,,,,", "row 2, percent", "not-a-percentage"),
        ("A,percent,0,,,,", "row 2, percent", "not-a-percentage"),
        ("A,flat,,4.505,,,", "row 2, amount", "not-readable"),
        ("A,flat,,-4,,,", "row 2, amount", "not-readable"),
        ("A,free,,,,,", "row 2, kind", "literal_error"),
        ("A,percent,5,,NOPE,,", "row 2, products", "not-readable"),
        ("A,percent,5,,,30.06.2030,", "row 2, ends", "not-a-date"),
        ("A,percent,5,,,,maybe", "row 2, default", "not-readable"),
        (",percent,5,,,,", "row 2, code", "missing"),
        ("A,percent,5,,,,\na,percent,6,,,,", "row 3, code", "twice"),
    ],
)
def test_a_bad_coupon_is_named(row, field, code):
    assert (field, code) in wrong(coupons(f"code,kind,percent,amount,products,ends,default\n{row}\n"))
