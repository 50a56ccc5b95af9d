"""What carriers write is read, or named by its row; nothing of a file is lost, and nothing is told twice."""

import base64
import csv
import io
from datetime import UTC, datetime

import pytest

from services.fulfillment.moments import moment
from services.fulfillment.tracking import MOST, rejected, table
from shared.sheets import Unreadable
from tests.house.shop import GOOD, Shop, until

NOW = datetime(2026, 11, 26, 15, tzinfo=UTC)
FIRST, SECOND = "1A2B3C4D5E", "9Z8Y7X6W5V"


@pytest.mark.parametrize(
    ("text", "is_"),
    [
        ("2026-11-26", "2026-11-26T12:00"),
        ("2026/11/26 9:05", "2026-11-26T09:05"),
        ("20261126", "2026-11-26T12:00"),
        ("26.11.2026", "2026-11-26T12:00"),
        ("03.04.2026", "2026-04-03T12:00"),
        ("11/26/2026", "2026-11-26T12:00"),
        ("26/11/2026", "2026-11-26T12:00"),
        ("04/04/2026", "2026-04-04T12:00"),
        ("26-Nov-2026", "2026-11-26T12:00"),
        ("November 26th, 2026 2:05 PM", "2026-11-26T14:05"),
        ("11/26/2026 12:05 am", "2026-11-26T00:05"),
        ("Thu, 26 Nov 2026 14:05:00 GMT", "2026-11-26T14:05"),
        ("2026-11-26T14:05:00.123+02:00", "2026-11-26T12:05"),
        ("2026-11-26 23:30 -0500", "2026-11-27T04:30"),
        ("46352", "2026-11-26T12:00"),
        ("46352.75", "2026-11-26T18:00"),
    ],
)
def test_a_date_is_read_as_carriers_write_it(text, is_):
    assert moment(text) == datetime.fromisoformat(is_).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("03/04/2026", "4 March 2026 or 3 April 2026"),
        ("26/11/26", "no year of four digits"),
        ("31/02/2026", "is no date"),
        ("2026-13-01", "is no date"),
        ("0000-00-00", "is no date"),
        ("2026-11-26 25:00", "is no time"),
        ("11/26/2026 13:05 PM", "is no time"),
        ("1795701900", "is no date"),
        ("yesterday", "is no date"),
    ],
)
def test_a_date_that_nobody_can_be_sure_of_is_none(text, says):
    with pytest.raises(ValueError, match=says):
        moment(text)


def test_somebody_may_say_what_comes_first():
    assert moment("03/04/2026", "day-first").month == 4
    assert moment("03/04/2026", "month-first").month == 3
    with pytest.raises(ValueError, match="is no date"):
        moment("26/11/2026", "month-first")


def read(text, first=""):
    return table(text.encode(), first, NOW)


def test_headings_are_named_as_people_name_them_and_others_are_left_alone():
    found = read(f"Order #;Ship Date;Tracking-Number;Carrier Name;Weight\n#{FIRST.lower()};25.11.2026;1Z999;UPS;2,5\n")
    (told,) = found.told
    assert (told.order_id, told.plugin, told.became, told.at) == (FIRST, "", "shipped", datetime(2026, 11, 25, 12, tzinfo=UTC))
    assert (told.parcel.tracking, told.parcel.carrier) == ("1Z999", "UPS")
    (told,) = read(f"export_id,status\n{FIRST}-CSV,Return Received\n").told
    assert (told.order_id, told.plugin, told.became, told.at) == (FIRST, "csv", "returned", None)
    (told,) = read(f"rma,status\n{FIRST}-R2,returned\n").told
    assert (told.order_id, told.rma) == (FIRST, f"{FIRST}-R2")


@pytest.mark.parametrize(
    ("row", "field", "says"),
    [
        ("1A2B,,,2026-11-25,1Z,", "order", "no order number"),
        ("4.2E+09,,,2026-11-25,1Z,", "order", "no order number"),
        (",,,2026-11-25,1Z,", "order", "does not say which order"),
        (f"{FIRST},{SECOND}-csv,,2026-11-25,1Z,", "order", "names 2 orders"),
        (f"{FIRST},nothing,,2026-11-25,1Z,", "export_id", "no export id"),
        (f"{FIRST},,lost,2026-11-25,1Z,", "status", "none of shipped, delivered, returned"),
        (f"{FIRST},,,25/11/26,1Z,", "date", "no year of four digits"),
        (f"{FIRST},,,2026-12-25,1Z,", "date", "still to come"),
        (f"{FIRST},,,2026-11-25,9.4001E+21,", "tracking", "rounded"),
        (f"{FIRST},,,2026-11-25,,", "tracking", "no tracking number"),
        (f"{FIRST},,,2026-11-25,{'1' * 101},", "tracking", "At most 100"),
        (f"{FIRST},,,2026-11-25,1\x07Z,", "tracking", "characters"),
        (f"{FIRST},,,2026-11-25,1Z,R-7", "rma", "no RMA number"),
        (f"{FIRST},,,2026-11-25,1Z,,more", "", "This row has 7 cells"),
    ],
)
def test_a_bad_row_is_named_and_the_others_are_read(row, field, says):
    text = f"order,export_id,status,date,tracking,rma\n{SECOND},,,2026-11-25,1Y,\n{row}\n"
    found = read(text)
    assert [told.row for told in found.told] == [2]
    (problem,) = found.problems
    assert (problem.row, problem.field) == (3, field)
    assert says in problem.detail


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("name,weight\na,1\n", "No column says which order"),
        ("order,Order Number\na,b\n", "both say the order"),
        ('order,tracking\n"a', "no table"),
        ("order,tracking\n\n,\n", "nothing below the headings"),
        ('sep="\norder,tracking\n7K2M9QX4TB,1Z\n', "quotes"),
        ("order\n" + "x\n" * (MOST + 1), "at most"),
        ("order\n\0\n", "bytes that no text has"),
    ],
)
def test_what_is_no_table_is_refused_whole(text, says):
    with pytest.raises(Unreadable, match=says):
        read(text)


def test_rejected_rows_can_be_put_right_and_come_again():
    found = read(f'order,tracking,note\n{FIRST},,"=1+1, a"\n{SECOND},1Z,\n1,2,3,4\n')
    sheet = list(csv.reader(io.StringIO(rejected(found, found.problems).removeprefix("\ufeff"))))
    assert sheet[0] == ["order", "tracking", "note", "problem"]
    assert sheet[1][:3] == [FIRST, "", "'=1+1, a"]
    assert sheet[1][3].startswith("row 2: There is no tracking number.")
    assert sheet[2][:4] == ["1", "2", "3", "4"]
    again = read("order,tracking,note,problem\n" + f"{FIRST},1Z9,,was missing\n")
    assert (len(again.told), again.problems) == (1, [])


@pytest.fixture
async def shop(settings):
    shop = await (await Shop(settings).open()).furnish()
    yield shop
    await shop.close()


async def told(shop, text, **asked):
    body = {"text": base64.b64encode(text.encode()).decode(), **asked}
    status, said = await shop.ask("fulfillment", "POST", "/imports/tracking", body, actor="agent:supervisor1")
    assert status == 200, said
    return said["taken"], said["known"], [(row["row"], row["field"]) for row in said["bad"]], said["written"]


async def parcels(shop, order):
    _, body = await shop.ask("fulfillment", "GET", f"/shipments/{order}")
    (record,) = body["records"]
    return record["status"], [parcel["tracking"] for parcel in record.get("parcels", ())]


async def test_an_import_tells_each_shipment_once_and_names_what_it_cannot(shop):
    orders = [(await shop.started())["order_id"] for _ in range(2)]
    waiting = (await shop.started())["order_id"]
    for order in orders:
        await shop.charge(order, GOOD)
        await shop.exported(order)
    day = shop.clock().date().isoformat()
    rows = (
        f"{orders[0]},,{day},1Z1",
        f"{orders[0]},shipped,{day},1Z1",
        f"{SECOND},,{day},1Z2",
        f"{waiting},,{day},1Z3",
        f"{orders[1]},,2001-01-01,1Z4",
    )
    text = "\n".join(("order,status,date,tracking", *rows))
    bad = [(4, "order"), (5, "order"), (6, "date")]

    assert await told(shop, text, dry_run=True) == (1, 1, bad, False)
    assert await told(shop, text, whole=True) == (1, 1, bad, False)
    assert await parcels(shop, orders[0]) == ("Pending Shipment", [])
    assert await told(shop, text) == (1, 1, bad, True)
    assert await told(shop, text) == (0, 2, bad, False)

    async def shipped():
        return await parcels(shop, orders[0]) == ("Shipped", ["1Z1"])

    await until(shipped)
    rows = (f"{orders[0]}-csv,delivered,1Z1", f"{orders[1]}-csv,delivered,1Z4", f"{orders[1]}-csv,returned,", f"{orders[1]}-acme,shipped,1")
    assert await told(shop, "\n".join(("export_id,status,tracking", *rows))) == (3, 0, [(5, "export_id")], True)

    async def returned():
        return [await parcels(shop, order) for order in orders] == [("Delivered", ["1Z1"]), ("Returned", ["1Z4"])]

    await until(returned)


@pytest.mark.parametrize(("text", "says"), [("{", "damaged"), ("bmFtZQ==", "No column says")])
async def test_a_file_that_is_none_is_refused_with_words(shop, text, says):
    status, said = await shop.ask("fulfillment", "POST", "/imports/tracking", {"text": text})
    assert (status, said["code"]) == (422, "file-invalid")
    assert says in said["detail"]
