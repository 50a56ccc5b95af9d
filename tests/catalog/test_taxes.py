"""Tax tables: CSV and Streamlined Sales Tax files, and how a table of any size is published whole."""

import base64
from datetime import date

import pytest

from services.catalog.files import sst, taxes
from services.catalog.taxtable import ROWS, Append, pieces, taxtable
from services.catalog.views import tax_tables
from shared.contracts.catalog import TaxRow, TaxTablePublished
from shared.sheets import Unreadable
from tests.customers.facts import fact, row
from tests.given import given
from tests.house.shop import until

TODAY = date(2026, 3, 1)
HEADER = "country,region,postal_from,postal_to,class,rate,from,until\n"


def csv(*lines):
    return taxes.from_csv((HEADER + "\n".join(lines)).encode())


def wrong(*lines):
    found = csv(*lines)[1]
    return [(problem.field, problem.code) for problem in found]


def published(number, part, parts, count):
    rows = tuple(TaxRow(country="US", postal=f"{n:05}", rate="1") for n in range(count))
    return TaxTablePublished(table="us", number=number, part=part, parts=parts, rows=rows)


# Publishing


def test_a_table_is_published_piece_by_piece():
    rows = tuple(TaxRow(country="US", postal=f"{n:05}", rate="1") for n in range(ROWS + 1))
    made = pieces(rows)
    assert [len(piece) for piece in made] == [ROWS, 1]
    first = given(taxtable).when(Append("us", 1, 2, made[:1])).then_types(TaxTablePublished)[0]
    second = given(taxtable, first).when(Append("us", 2, 2, made[1:], number=1)).then_types(TaxTablePublished)[0]
    assert [(event.number, event.part, event.parts) for event in (first, second)] == [(1, 1, 2), (1, 2, 2)]
    given(taxtable, first).when(Append("us", 1, 1, ((rows[0],),))).then(TaxTablePublished(table="us", number=3, part=1, parts=1, rows=rows[:1]))


def test_an_import_that_another_overtook_ends():
    other = published(2, 1, 2, 1)
    given(taxtable, published(1, 1, 2, 1), other).when(Append("us", 2, 2, ((),), number=1)).then_refused("overtaken")
    given(taxtable, published(1, 1, 3, 1)).when(Append("us", 3, 3, ((TaxRow(country="US", rate="1"),),), number=1)).then_refused("overtaken")


@pytest.mark.parametrize(("cut_off", "number"), [((), 2), ((2,), 4), ((2, 4), 6)])
def test_what_was_cut_off_never_takes_the_place_of_what_is_in_use(cut_off, number):
    past = [published(1, 1, 1, 1), *(published(each, 1, 2, 1) for each in cut_off)]
    (next,) = given(taxtable, *past).when(Append("us", 1, 1, ((TaxRow(country="US", rate="1"),),))).then_types(TaxTablePublished)
    assert next.number == number


def test_a_table_is_deleted_once():
    gone = TaxTablePublished(table="us", number=2, part=1, parts=1)
    given(taxtable).when(Append("us", 1, 1, pieces(()))).then_nothing()
    given(taxtable, published(1, 1, 1, 1)).when(Append("us", 1, 1, pieces(()))).then(gone)
    given(taxtable, published(1, 1, 1, 1), gone).when(Append("us", 1, 1, pieces(()))).then_nothing()


def test_the_list_shows_what_is_whole():
    events = [published(1, 1, 1, 3), published(2, 1, 3, 5), published(3, 1, 2, 5), published(3, 2, 2, 2)]
    facts = [fact(event, "taxtable-us", version) for version, event in enumerate(events, 1)]
    cut_off = row(tax_tables, facts[:2], id="us")
    assert (cut_off["number"], cut_off["rows"], cut_off["from_version"], cut_off["coming"]["done"]) == (1, 3, 1, 1)
    whole = row(tax_tables, facts, id="us")
    assert (whole["number"], whole["rows"], whole["from_version"], whole["coming"]) == (3, 7, 3, None)


# CSV


def test_rows_are_read_as_prices_compare_them():
    rows, found = csv(
        "us,tx,78701,,,8.250,,", "US,TX,,,food,0,2026-01-01,2026-12-31", "US,NY,10001-1234,10099,standard,8.875 %,,", "GB,,sw1a 1aa,,standard,20,,"
    )
    assert found == []
    assert rows == [
        TaxRow(country="GB", postal="SW1A1AA", rate="20"),
        TaxRow(country="US", region="NY", postal="10001", postal_to="10099", rate="8.875"),
        TaxRow(country="US", region="TX", tax_class="food", rate="0", since="2026-01-01", until="2026-12-31"),
        TaxRow(country="US", region="TX", postal="78701", rate="8.25"),
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("ZZ,,,,,1,,", ("row 2, country", "unknown-country")),
        ("US,ZZ,,,,1,,", ("row 2, region", "unknown-region")),
        ("DE,BY,,,,1,,", ("row 2, region", "unknown-region")),
        ("US,TX,2139,,,1,,", ("row 2, postal_from", "not-a-code")),
        ("US,TX,7870A,,,1,,", ("row 2, postal_from", "not-a-code")),
        ("GB,,SW1_A,,,1,,", ("row 2, postal_from", "not-a-code")),
        ("US,TX,,78799,,1,,", ("row 2, postal_from", "missing")),
        ("US,TX,78799,78701,,1,,", ("row 2, postal_to", "not-a-range")),
        ("CA,,K1A0B1,K1A,,1,,", ("row 2, postal_to", "not-a-range")),
        ("US,TX,,,Food!,1,,", ("row 2, class", "not-readable")),
        ("US,TX,,,,,,", ("row 2, rate", "not-readable")),
        ("US,TX,,,,101,,", ("row 2, rate", "not-readable")),
        ("US,TX,,,,-1,,", ("row 2, rate", "not-readable")),
        ("US,TX,,,,1.0000001,,", ("row 2, rate", "not-readable")),
        ("US,TX,,,,1,01/02/2026,", ("row 2, from", "not-readable")),
        ("US,TX,,,,1,2026-02-30,", ("row 2, from", "not-readable")),
        ("US,TX,,,,1,2026-02-02,2026-02-01", ("row 2, until", "not-readable")),
    ],
)
def test_a_bad_row_is_named(line, problem):
    assert wrong(line) == [problem]


def test_every_bad_row_is_named_up_to_a_thousand():
    assert wrong("ZZ,,,,,1,,", "US,TX,,,,8,,", "US,TX,,,,x,,") == [("row 2, country", "unknown-country"), ("row 4, rate", "not-readable")]
    found = wrong(*["US,TX,,,,x,,"] * 1_500)
    assert (len(found), found[-1]) == (1_001, ("file", "more"))


@pytest.mark.parametrize(
    ("lines", "bad"),
    [
        (("US,TX,,,,8,,", "US,TX,,,,9,,"), ["row 3"]),
        (("US,TX,78701,78799,,8,2026-01-01,", "US,TX,78701,78799,standard,9,2026-01-01,"), ["row 3"]),
        (("US,TX,78701,78799,,8,,", "US,TX,78701,78799,,9,2026-07-01,"), []),
        (("US,TX,78701,78799,,8,,", "US,TX,78701,78799,food,0,,"), []),
        (("US,TX,78701,78799,,8,,", "US,TX,78710,78720,,9,,", "US,TX,78715,,,7,,"), []),
        (("US,TX,78701,78750,,8,,", "US,TX,78740,78799,,9,,"), ["row 3"]),
        (("US,TX,78740,78799,,8,,", "US,TX,78701,78750,,9,,"), ["row 2"]),
        (("US,TX,78701,78750,,8,,2026-06-30", "US,TX,78740,78799,,9,2026-07-01,"), []),
        (("US,TX,78701,78750,,8,,", "US,OK,78740,78799,,9,,"), []),
        (("US,TX,70000,79999,,8,,", "US,TX,70000,72000,,8,,", "US,TX,71000,73000,,8,,", "US,TX,74000,75000,,8,,"), ["row 4"]),
    ],
)
def test_rows_that_overlap_are_named(lines, bad):
    found = csv(*lines)[1]
    assert [problem.field for problem in found] == bad
    assert all(problem.code == "overlap" for problem in found)


# Streamlined Sales Tax


def rate(kind, code, general, food="", since="20200101", until="99991231", state="20", inside=None):
    return f"{state},{kind},{code},{inside or general},{general},{food or inside or general},{food or general},{since},{until}"


def boundary(low, high="", county="091", place="53775", kind="Z", since="20200101", until="99991231", districts="", state="20"):
    cells = [kind, since, until, *[""] * 14, low, "", high or low, "", "", state, state, county, place, "C1", "", ""]
    return ",".join(cells) + districts


def files(rates, zips=None, **more):
    found = sst.from_files("\n".join(rates).encode(), "\n".join(zips).encode() if zips is not None else None, TODAY, intrastate=False, **more)
    told = [(each.region, each.postal, each.postal_to, each.tax_class, each.rate, each.since, each.until) for each in found.rows]
    return told, [(problem.field, problem.code) for problem in found.wrong], found.skipped


RATES = (rate("45", "20", "0.065"), rate("00", "091", "0.01475"), rate("01", "53775", "0.0135"), rate("63", "ABC", "0.01"))


def test_the_rate_file_alone_gives_the_state_s_rates():
    assert files(RATES)[0] == [("KS", "", "", "standard", "6.5", "2020-01-01", "")]
    dated = (
        rate("45", "20", "0.065", "0.04", until="20260630"),
        rate("45", "20", "0.065", "0.02", since="20260701"),
        rate("45", "20", "0.05", since="20100101", until="20191231"),
    )
    assert files(dated)[0] == [
        ("KS", "", "", "food", "4", "2020-01-01", "2026-06-30"),
        ("KS", "", "", "food", "2", "2026-07-01", ""),
        ("KS", "", "", "standard", "6.5", "2020-01-01", "2026-06-30"),
        ("KS", "", "", "standard", "6.5", "2026-07-01", ""),
    ]  # fmt: skip


def test_a_zip_code_has_the_sum_of_its_jurisdictions():
    rows, found, skipped = files(
        RATES,
        [
            boundary("66202"),
            boundary("66210", "66219", districts=",S,ABC,63,,0,"),
            boundary("66299", place="00000", county="999"),
            boundary("66202", kind="4"),
            boundary("66202", kind="A"),
            boundary("66203", until="20251231"),
        ],
    )
    assert found == []
    assert rows[1:] == [
        ("KS", "66202", "", "standard", "9.325", "2020-01-01", ""),
        ("KS", "66210", "66219", "standard", "10.325", "2020-01-01", ""),
        ("KS", "66299", "", "standard", "6.5", "2020-01-01", ""),
    ]
    assert skipped == {"4": 1, "A": 1}


def test_a_rate_that_changes_parts_the_days_of_a_zip_code():
    rates = (RATES[0], rate("00", "091", "0.01", until="20260630"), rate("00", "091", "0.02", since="20260701"), RATES[2])
    rows = files(rates, [boundary("66202", until="20261231")])[0]
    assert rows[1:] == [
        ("KS", "66202", "", "standard", "8.85", "2020-01-01", "2026-06-30"),
        ("KS", "66202", "", "standard", "9.85", "2026-07-01", "2026-12-31"),
    ]


def test_the_same_record_twice_is_one_row_and_another_rate_for_it_is_named():
    assert files(RATES, [boundary("66202"), boundary("66202")])[1] == []
    assert files(RATES, [boundary("66202"), boundary("66202", place="")])[1] == [("boundary file, row 2", "overlap")]


def test_who_sells_from_within_the_state_pays_its_own_rate():
    rates = rate("45", "20", "0.065", inside="0.07").encode()
    assert [each.rate for intrastate in (True, False) for each in sst.from_files(rates, None, TODAY, intrastate=intrastate).rows] == ["7", "6.5"]


@pytest.mark.parametrize(
    ("rates", "zips", "field"),
    [
        (["99,45,99,0.05,0.05,,,20200101,99991231"], None, "rate file, row 1"),
        (["20,45,20,x,x,,,20200101,99991231"], None, "rate file, row 1"),
        (["20,45,20,6.5,6.5,,,20200101,99991231"], None, "rate file, row 1"),
        (["20,45,20,NaN,NaN,,,20200101,99991231"], None, "rate file, row 1"),
        (["20,45,20,0.065,0.065,,,2020-01-01,99991231"], None, "rate file, row 1"),
        (["20,45,20,0.065,0.065,,,20200101,20190101"], None, "rate file, row 1"),
        (RATES, [boundary("6620")], "boundary file, row 1"),
        (RATES, [boundary("66219", "66210")], "boundary file, row 1"),
        (RATES, [boundary("66202", since="soon")], "boundary file, row 1"),
        (RATES, [boundary("66202", state="31")], "boundary file, row 1"),
        (RATES, [boundary("66202", districts=",S,XYZ,63")], "boundary file, row 1"),
        (RATES, [boundary("66202"), boundary("66203", districts=",S,XYZ,63"), boundary("1")], "boundary file, row 2"),
    ],
)
def test_a_bad_record_is_named(rates, zips, field):
    found = files(rates, zips)[1]
    assert found[0] == (field, "not-readable")


@pytest.mark.parametrize(
    ("rates", "zips", "says"),
    [
        (["20,45"], None, "the rate file has 9 at least"),
        ([rate("00", "091", "0.01")], None, "no row of a state"),
        (RATES, RATES, "the boundary file has 29 at least"),
        (['"20'], None, "is no table"),
    ],
)
def test_another_file_is_refused_whole(rates, zips, says):
    with pytest.raises(Unreadable, match=says):
        files(rates, zips)


# Over HTTP


def body(text, **more):
    return {"kind": "csv", "text": base64.b64encode(text.encode()).decode(), **more}


def large(count, rate="8.25"):
    return "country,region,postal,rate\n" + "".join(f"US,TX,{n:05},{rate}\n" for n in range(count))


async def test_a_large_table_is_published_whole_and_found_by_its_codes(catalog):
    status, dry = await catalog("PUT", "/tax-tables/us", body(large(25_001), dry_run=True))
    assert (status, dry["rows"], dry["added"], dry["number"]) == (200, 25_001, 25_001, 0)
    assert (await catalog("GET", "/tax-tables"))[1]["rows"] == []
    status, made = await catalog("PUT", "/tax-tables/us", body(large(25_001)), idempotency_key="import-1")
    assert (status, made["number"], made["rows"], made["added"], made["removed"]) == (200, 1, 25_001, 25_001, 0)

    async def whole():
        rows = (await catalog("GET", "/tax-tables"))[1]["rows"]
        return rows if rows and rows[0]["complete"] else None

    shown = (await until(whole))[0]
    assert (shown["table"], shown["number"], shown["rows"], shown["complete"], shown["by"]) == ("us", 1, 25_001, True, "agent:supervisor1")
    _, page = await catalog("GET", "/tax-tables/us/rows?country=us&region=TX")
    assert (len(page["rows"]), page["next"], page["total"]) == (100, "100", 25_001)
    _, found = await catalog("GET", "/tax-tables/us/rows?postal=24999-1234")
    assert [each["postal"] for each in found["rows"]] == ["24999"]
    again = await catalog("PUT", "/tax-tables/us", body(large(25_001)), idempotency_key="import-1")
    assert again[1]["number"] == 1
    changed = large(25_000) + "US,TX,99999,5\n"
    assert {**(await catalog("PUT", "/tax-tables/us", body(changed)))[1], "skipped": {}}["number"] == 2


async def test_a_bad_file_changes_nothing(catalog):
    assert (await catalog("PUT", "/tax-tables/us", body(large(3))))[0] == 200
    status, refused = await catalog("PUT", "/tax-tables/us", body(large(3) + "US,TX,00001,9\nUS,TX,x,9\n"))
    assert (status, [error["field"] for error in refused["errors"]]) == (422, ["row 6, postal", "row 5"])
    for wrong_body, field in (
        (body(""), "file"), (body("country,rate\n"), "file"), ({"kind": "csv", "text": "?"}, "text"), (body("x", kind="sst"), "rate file, row 1"),
        ({**body("\n".join(RATES), kind="sst"), "boundary": "?"}, "boundary"), (body("a\x00b"), "file"),
    ):  # fmt: skip
        status, refused = await catalog("PUT", "/tax-tables/us", wrong_body)
        assert (status, refused["field"]) == (422, field)
    assert (await catalog("PUT", "/tax-tables/US!", body(large(1))))[0] == 422
    assert (await catalog("GET", "/tax-tables/none/rows"))[0] == 404
    assert (await catalog("DELETE", "/tax-tables/none"))[0] == 404


async def test_a_table_is_gone_once_it_is_deleted(catalog):
    assert (await catalog("PUT", "/tax-tables/ks", body("\n".join(RATES), kind="sst")))[1]["rows"] == 1

    async def count(wanted):
        return len((await catalog("GET", "/tax-tables"))[1]["rows"]) == wanted

    await until(lambda: count(1))
    assert await catalog("DELETE", "/tax-tables/ks") == (200, {"table": "ks", "number": 2, "rows": 0})
    await until(lambda: count(0))
    assert await catalog("DELETE", "/tax-tables/ks") == (200, {"table": "ks", "number": 2, "rows": 0})
    assert (await catalog("PUT", "/tax-tables/ks", body("\n".join(RATES), kind="sst")))[1]["number"] == 3
