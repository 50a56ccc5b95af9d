"""CSV as spreadsheets write and read it: any of their separators and encodings, and no cell that is run as a formula. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

_RUN = r"\s*[=+\-@\t\r\n＝＋－＠]"  # noqa: RUF001 - some spreadsheets take the wide ones for the others
"""How a cell begins that is run as a formula: OWASP, CSV injection."""
_FORMULA = re.compile(f"'*{_RUN}")
_WRITTEN = re.compile(f"'+{_RUN}")
_SEPARATORS = (",", ";", "\t")
_BYTE_ORDER = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))


class Unreadable(ValueError):
    """Not a table: nothing of it can be told apart into rows. ``field`` names where."""

    def __init__(self, detail: str, field: str = "file") -> None:
        super().__init__(detail)
        self.field = field


@dataclass(frozen=True, slots=True)
class Row:
    """``number`` is the line that a spreadsheet shows; ``cells`` has a text for every column that the file has."""

    number: int
    cells: Mapping[str, str]

    def at(self, column: str) -> str:
        return f"row {self.number}, {column}"


def text_of(data: bytes) -> str:
    """UTF-8 or UTF-16 by its mark, UTF-8 without one, else Windows-1252. Raises Unreadable."""
    encoding = next((encoding for mark, encoding in _BYTE_ORDER if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        try:
            text = data.decode("cp1252")
        except UnicodeDecodeError as error:
            raise Unreadable("The file is neither UTF-8 nor Windows-1252. Save it as CSV, UTF-8.") from error
    if "\0" in text:
        raise Unreadable("The file holds bytes that no text has. Save it as CSV, UTF-8.")
    return text


def read(data: bytes, columns: Sequence[str], needed: Sequence[str], most: int) -> list[Row]:
    """``columns`` may stand in any order and case; those of ``needed`` must be there. Raises Unreadable."""
    found = lines(data, most)
    return list(_rows(_header(found[0], columns, needed), found[1:]))


def lines(data: bytes, most: int) -> list[tuple[int, list[str]]]:
    """Each with its number, of which the first has the headings and up to ``most`` may follow; blank ones are left out. Raises Unreadable."""
    text = text_of(data)
    separator, text, above = _separator(text)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        found = [(number, cells) for number, cells in enumerate(rows, above + 1) if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise Unreadable(f"The file is no table: {error}. Save it as CSV again.") from error
    if not found:
        raise Unreadable("The file is empty.")
    if len(found) - 1 > most:
        raise Unreadable(f"The file has {len(found) - 1:,} rows, and at most {most:,} are taken at once. Split it.")
    return found


def _separator(text: str) -> tuple[str, str, int]:
    """What parts cells; a line that only says so is taken off. Raises Unreadable."""
    first, _, rest = text.partition("\n")
    if first.lower().startswith("sep=") and len(first.strip("\r")) == 5:
        if first[4] == '"':
            raise Unreadable("The first line says that quotes part its cells, and those stand around them. Save it as CSV again.", "row 1")
        return first[4], rest, 1
    bare = re.sub(r'"[^"]*"', "", first)
    return max(_SEPARATORS, key=bare.count), text, 0


def _header(line: tuple[int, list[str]], columns: Sequence[str], needed: Sequence[str]) -> list[str]:
    number, cells = line
    names = ["_".join(cell.strip().casefold().split()) for cell in cells]
    while names and not names[-1]:
        names.pop()
    for n, name in enumerate(names):
        if name not in columns:
            raise Unreadable(f"There is no column {name!r}. The columns are {', '.join(columns)}.", f"row {number}")
        if name in names[:n]:
            raise Unreadable(f"The column {name} is there twice.", f"row {number}")
    missing = [name for name in needed if name not in names]
    if missing:
        raise Unreadable(f"The column {missing[0]} is missing. The first row names the columns.", f"row {number}")
    return names


def _rows(names: Sequence[str], lines: Iterable[tuple[int, list[str]]]) -> Iterator[Row]:
    for number, cells in lines:
        if any(cell.strip() for cell in cells[len(names) :]):
            raise Unreadable(f"This row has {len(cells)} cells, and there are {len(names)} columns.", f"row {number}")
        padded = [*cells, *[""] * (len(names) - len(cells))]
        yield Row(number, {name: plain(cell) for name, cell in zip(names, padded, strict=False)})


def plain(cell: str) -> str:
    """The apostrophe of a cell that was written as text is taken off; what reads as a formula is a text here."""
    cell = cell.strip(" ")
    return cell[1:] if _WRITTEN.match(cell) else cell


def written(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
    """With a mark by which spreadsheets know UTF-8, and an apostrophe before what they would run."""
    return "\ufeff" + table([columns, *([row.get(name, "") for name in columns] for row in rows)])


def table(rows: Iterable[Iterable[str | int]], separator: str = ",") -> str:
    """Without a mark. Texts are safe, numbers stay numbers."""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator).writerows([safe(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return out.getvalue()


def safe(cell: str) -> str:
    """With an apostrophe before what a spreadsheet would run."""
    return f"'{cell}" if _FORMULA.match(cell) else cell
