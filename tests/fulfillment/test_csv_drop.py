"""The CSV drop passes the kit; its columns are whatever is asked for, and no spreadsheet runs any of it."""

import csv
import io
import os

import pytest

from services.fulfillment.plugins.conformance import Conformance, outgoing
from services.fulfillment.plugins.csv_columns import MOST, NAMES, Misread, columns, sheet
from services.fulfillment.plugins.csv_drop import KIND, CsvDrop
from services.fulfillment.plugins.protocol import Item, NoAnswer, Refused, Taken
from shared.sheets import safe
from tests.house.shop import GOOD, Shop

RENAMED = "Order No = {order_id}\n\nSKU={sku}\nQty = {quantity}\nShip To = {first_name} {last_name}\nTotal = {currency} {total}\nNote = {{x}}"


class TestCsvDrop(Conformance):
    kind, compares = KIND, True
    options = {
        "columns": "Id = {export_id}\nSKU = {sku}\nTo = {first_name} {last_name}\nStreet = {street}, {city}\nNotes = {notes}",
        "delimiter": "tab",
    }

    def stand_in(self):
        return None

    def plugin(self, url, timeout):
        return CsvDrop(self.folder / "exports")

    async def to_ship(self, line):
        """What is being sheet still is nothing that anybody fetches."""
        return [path.stem for path in (self.folder / "exports").glob("*.csv")]


def rows(wanted, typed="", delimiter=","):
    return list(csv.reader(io.StringIO(sheet(wanted, columns(typed), delimiter), newline=""), delimiter=delimiter))


def test_columns_are_whatever_is_asked_for():
    wanted = outgoing(items=(Item(1, "P-1", "Pillow", 2, 4995), Item(2, "T-1", "Topper", 1, 19900)))
    assert rows(wanted, RENAMED) == [
        ["Order No", "SKU", "Qty", "Ship To", "Total", "Note"],
        [wanted.order_id, "P-1", "2", f"Customer {wanted.last_name}", "USD 321.45", "{x}"],
        [wanted.order_id, "T-1", "1", f"Customer {wanted.last_name}", "USD 321.45", "{x}"],
    ]
    assert rows(wanted, "billing_city\nprice", ";")[1] == [wanted.bill_to.city, "49.95"]


def test_every_name_can_be_a_column_and_what_is_typed_survives():
    wanted = outgoing(notes='one, "two"\r\nthree; four\tfive')
    heads, first, _ = rows(wanted, "\n".join(NAMES))
    assert heads == list(NAMES)
    assert dict(zip(heads, first, strict=True))["notes"] == wanted.notes


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("sku\nskew", "Line 2: there is nothing named skew"),
        ("= {sku}", "Line 1: a heading comes first"),
        ("A = {sku", "Line 1: a brace is not closed"),
        ("A = {}", "Line 1: there is nothing named without a name"),
        ("A = {sku.__class__}", "Line 1: there is nothing named sku.__class__"),
        ("A = {sku!r}", "Line 1: there is nothing named sku"),
        ("A = {quantity:>9999999999}", "Line 1: there is nothing named quantity"),
        ("A = {sku}\nA = {name}", "Two columns are named A."),
        ("\n".join(f"{n} = x" for n in range(MOST + 1)), "At most 100 columns."),
        ("x" * 4_001, "At most 4,000 characters."),
    ],
)
async def test_columns_that_cannot_be_read_are_refused_by_their_line(typed, says, tmp_path):
    with pytest.raises(Misread) as misread:
        columns(typed)
    assert str(misread.value).startswith(says)
    assert KIND.check({"columns": typed})["columns"].startswith(says)
    drop = CsvDrop(tmp_path)
    assert isinstance(await drop.deliver(outgoing(), {"columns": typed}, {}), Refused)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("typed", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1+1", "＠x"])  # noqa: RUF001
def test_no_spreadsheet_runs_a_cell(typed):
    assert safe(typed) == f"'{typed}"
    _, first, _ = rows(outgoing(notes=typed, first_name=""), "Notes = {notes}\nSKU = {sku}\nBoth = {first_name}{notes}")
    assert [first[0], first[2]] == [f"'{typed}"] * 2


def test_what_is_no_formula_is_left_alone():
    assert [safe(cell) for cell in ("", "a=b", "1-2", "'x", "Customer A", "12.50")] == ["", "a=b", "1-2", "'x", "Customer A", "12.50"]


async def test_a_full_disk_refuses_and_leaves_nothing_half(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    drop, wanted = CsvDrop(tmp_path), outgoing()
    monkeypatch.setattr(os, "fsync", full)
    said = await drop.deliver(wanted, {}, {})
    assert said == Refused("The file could not be written: No space left on device.")
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    assert isinstance(await drop.deliver(wanted, {}, {}), Taken)


async def test_a_file_that_is_damaged_is_not_taken_for_the_order(tmp_path):
    drop, wanted = CsvDrop(tmp_path), outgoing()
    await drop.deliver(wanted, {}, {})
    drop.path(wanted.export_id).write_bytes(b"\xff\xfe")
    assert isinstance(await drop.reconcile(wanted, {}, {}), NoAnswer)
    drop.path(wanted.export_id).write_text("export_id\n")
    known = await drop.reconcile(wanted, {}, {})
    assert isinstance(known, Taken)
    assert not known.same


async def test_an_order_is_written_by_the_columns_that_somebody_typed_in(settings):
    shop = await (await Shop(settings).open()).furnish()
    try:
        body = {"kind": "csv", "options": {"columns": "Order No = {order_id}\nQty = {quantty}", "delimiter": "semicolon"}}
        status, refused = await shop.ask("fulfillment", "PUT", "/plugins/csv", body, actor="agent:admin1")
        assert (status, refused["field"]) == (422, "options.columns")
        assert refused["detail"].startswith("Line 2: there is nothing named quantty.")
        body["options"]["columns"] = "Order No = {order_id}\nQty = {quantity}\nPhone = {phone}"
        assert (await shop.ask("fulfillment", "PUT", "/plugins/csv", body, actor="agent:admin1"))[0] == 200
        await shop.charge(order := (await shop.started())["order_id"], GOOD)
        await shop.exported(order)
        with shop.export(order).open(newline="") as file:
            assert list(csv.reader(file, delimiter=";")) == [["Order No", "Qty", "Phone"], [order, "2", "'+15125550142"]]
    finally:
        await shop.close()
