"""The CSV drop: one file an export id, complete or not there."""

from __future__ import annotations

import asyncio
import csv
import io
import os
from pathlib import Path
from typing import Any

from services.fulfillment.plugins.kinds import Kind
from services.fulfillment.plugins.protocol import Known, NoAnswer, Options, Outgoing, Refused, Secrets, Stopped, Taken
from shared.kernel.errors import Unavailable

COLUMNS = ("export_id", "order_id", "sku", "quantity", "name", "first_name", "last_name", "street", "unit", "city", "region", "postal", "country")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class CsvDrop:
    """Writing the same export again replaces the file by an equal one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, export_id: str) -> Path:
        return self._folder / f"{export_id}.csv"

    async def deliver(self, outgoing: Outgoing, options: Options, secrets: Secrets) -> Taken | Refused | NoAnswer:
        path = self.path(outgoing.export_id)
        try:
            await asyncio.to_thread(self._write, path, written(outgoing))
        except OSError as error:
            return Refused(f"The file could not be written: {error.strerror}.")
        return Taken(path.name)

    async def reconcile(self, outgoing: Outgoing, options: Options, secrets: Secrets) -> Known:
        path = self.path(outgoing.export_id)
        try:
            there = await asyncio.to_thread(_read, path)
        except OSError as error:
            return NoAnswer(f"The file could not be read: {error.strerror}.")
        return None if there is None else Taken(path.name, same=there == written(outgoing))

    async def cancel(self, outgoing: Outgoing, their_id: str, options: Options, secrets: Secrets) -> Stopped | Refused | NoAnswer:
        try:
            there = await asyncio.to_thread(_read, self.path(outgoing.export_id))
        except OSError as error:
            return NoAnswer(f"The file could not be read: {error.strerror}.")
        if there is None:
            return Stopped()
        return Refused("A file that was written may have been fetched. Tell whoever ships it, and ask the customer to send it back.", again=False)

    async def erase(self, export_id: str, options: Options) -> None:
        """Also what a crash left unfinished."""
        try:
            await asyncio.to_thread(self._erase, self.path(export_id))
        except OSError as error:
            raise Unavailable(f"The export {export_id} could not be erased: {error.strerror}.") from error

    async def trouble(self, options: Options, secrets: Secrets) -> str:
        try:
            await asyncio.to_thread(self._folder.mkdir, parents=True, exist_ok=True)
        except OSError as error:
            return f"The folder {self._folder} cannot be written to: {error.strerror}."
        return "" if os.access(self._folder, os.W_OK) else f"The folder {self._folder} cannot be written to."

    def _erase(self, path: Path) -> None:
        if self._folder.exists():
            for file in (path, path.with_suffix(".part")):
                file.unlink(missing_ok=True)
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


def written(outgoing: Outgoing) -> str:
    """What the file says."""
    where = outgoing.ship_to.model_dump(include=set(COLUMNS))
    who = {"first_name": outgoing.first_name, "last_name": outgoing.last_name}
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    for item in outgoing.items:
        row = {"export_id": outgoing.export_id, "order_id": outgoing.order_id, "sku": item.sku, "quantity": item.quantity, "name": item.name}
        writer.writerow({name: _safe(value) for name, value in {**row, **who, **where}.items()})
    return out.getvalue()


def _safe(value: Any) -> Any:
    """A cell that a spreadsheet would run as a formula gets an apostrophe before it."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


KIND = Kind("CSV drop", lambda around: CsvDrop(around.settings.data / "exports"))
