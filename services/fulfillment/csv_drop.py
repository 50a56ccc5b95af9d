"""The CSV drop: one file an export id, complete or not there."""

from __future__ import annotations

import asyncio
import csv
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PLUGIN = "csv"
"""The one there is."""

COLUMNS = ("export_id", "order_id", "sku", "quantity", "name", "first_name", "last_name", "street", "unit", "city", "region", "postal", "country")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class CsvDrop:
    """Writing the same export again replaces the file by an equal one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, export_id: str) -> Path:
        return self._folder / f"{export_id}.csv"

    async def deliver(self, export_id: str, submitted: Mapping[str, Any]) -> str:
        """``submitted`` is a SubmittedOrder as JSON with its personal fields opened. Returns the file's name. Raises OSError."""
        await asyncio.to_thread(self._write, self.path(export_id), _csv(export_id, submitted))
        return self.path(export_id).name

    async def reconcile(self, export_id: str, submitted: Mapping[str, Any]) -> tuple[str, bool] | None:
        """The file's name where it went out already, and whether it says what would be delivered now. Raises OSError."""
        path = self.path(export_id)
        there = await asyncio.to_thread(_read, path)
        return None if there is None else (path.name, there == _csv(export_id, submitted))

    async def erase(self, export_id: str) -> None:
        """Also what a crash left unfinished. Raises OSError."""
        await asyncio.to_thread(self._erase, self.path(export_id))

    def _erase(self, path: Path) -> None:
        if self._folder.exists():
            for written in (path, path.with_suffix(".part")):
                written.unlink(missing_ok=True)
            self._sync_folder()

    def _write(self, path: Path, text: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        with unfinished.open("w", newline="", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
        self._sync_folder()

    def _sync_folder(self) -> None:
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _read(path: Path) -> str | None:
    if not path.exists():
        return None
    with path.open(newline="", encoding="utf-8") as file:
        return file.read()


def _csv(export_id: str, submitted: Mapping[str, Any]) -> str:
    order = submitted["order"]
    who = {name: order["customer"][name] for name in ("first_name", "last_name")}
    where = {name: order["shipping"][name] for name in ("street", "unit", "city", "region", "postal", "country")}
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    for line in order["quote"]["lines"]:
        row = {"export_id": export_id, "order_id": submitted["order_id"], "sku": line["sku"], "quantity": line["quantity"], "name": line["name"]}
        writer.writerow({name: _safe(value) for name, value in {**row, **who, **where}.items()})
    return out.getvalue()


def _safe(value: Any) -> Any:
    """A cell that a spreadsheet would run as a formula gets an apostrophe before it."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
