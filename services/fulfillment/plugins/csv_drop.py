"""The CSV drop: one file an export id, complete or not there. Whoever fetches it knows a shipment again by its export id."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Mapping
from pathlib import Path

from services.fulfillment.plugins.csv_columns import STANDARD, Misread, columns, sheet
from services.fulfillment.plugins.kinds import Field, Kind
from services.fulfillment.plugins.protocol import Known, NoAnswer, Options, Outgoing, Refused, Secrets, Stopped, Taken
from shared.kernel.errors import Unavailable

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t"}


class CsvDrop:
    """Writing the same export again replaces the file by an equal one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, export_id: str) -> Path:
        return self._folder / f"{export_id}.csv"

    async def deliver(self, outgoing: Outgoing, options: Options, secrets: Secrets) -> Taken | Refused | NoAnswer:
        path = self.path(outgoing.export_id)
        try:
            await asyncio.to_thread(self._write, path, written(outgoing, options))
        except Misread as misread:
            return Refused(f"The columns cannot be read: {misread}")
        except OSError as error:
            return Refused(f"The file could not be written: {error.strerror}.")
        return Taken(path.name)

    async def reconcile(self, outgoing: Outgoing, options: Options, secrets: Secrets) -> Known:
        path = self.path(outgoing.export_id)
        try:
            there = await asyncio.to_thread(_read, path)
            return None if there is None else Taken(path.name, same=there == written(outgoing, options))
        except Misread as misread:
            return NoAnswer(f"The columns cannot be read: {misread}")
        except (OSError, UnicodeDecodeError) as error:
            return NoAnswer(f"The file could not be read: {getattr(error, 'strerror', 'it is no text')}.")

    async def cancel(self, outgoing: Outgoing, their_id: str, options: Options, secrets: Secrets) -> Stopped | Refused | NoAnswer:
        try:
            there = await asyncio.to_thread(self.path(outgoing.export_id).exists)
        except OSError as error:
            return NoAnswer(f"The file could not be read: {error.strerror}.")
        if not there:
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
            for file in (path, path.with_suffix(".part"), *self._folder.glob(f"{path.stem}.*.part")):  # the second is what earlier versions left
                file.unlink(missing_ok=True)
            self._sync_folder()

    def _write(self, path: Path, text: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(f".{uuid.uuid4().hex}.part")
        try:
            with unfinished.open("x", newline="", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
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


def written(outgoing: Outgoing, options: Options) -> str:
    """Raises Misread."""
    return sheet(outgoing, columns(options.get("columns", "")), DELIMITERS[options.get("delimiter", "comma")])


def _check(options: Options) -> Mapping[str, str]:
    problems = {}
    try:
        columns(options.get("columns", ""))
    except Misread as misread:
        problems["columns"] = str(misread)
    if options.get("delimiter", "comma") not in DELIMITERS:
        problems["delimiter"] = "This is none of the choices."
    return problems


KIND = Kind(
    "CSV drop",
    lambda around: CsvDrop(around.settings.data / "exports"),
    options=(
        Field("columns", "Columns", f"One a line, such as Ship to = {{first_name}} {{last_name}}; empty: {', '.join(STANDARD.split())}", long=True),
        Field("delimiter", "Between columns", choices={"comma": "Comma", "semicolon": "Semicolon", "tab": "Tab"}),
    ),
    check=_check,
)
