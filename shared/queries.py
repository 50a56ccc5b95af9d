"""What readers ask of a service's views."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

from shared.kernel.codec import open_sealed, sealed_under
from shared.kernel.commands import Refusal
from shared.kernel.decider import Refused
from shared.kernel.errors import Unavailable
from shared.kernel.ports import Documents, Keyring, Where
from shared.kernel.projector import Build
from shared.kernel.views import Document, Row, View

if TYPE_CHECKING:
    from shared.rebuild import Rebuilds
    from shared.service import Service
    from shared.working import Working

_WAIT_FOR_VERSION = 2.0
_LOOK_AGAIN = 0.03
"""Seconds; another process may have projected what this one waits for."""


class Queries:
    service: Service
    documents: Documents
    keyring: Keyring
    rebuilds: Rebuilds
    working: Working
    hurry: Callable[[str], None]
    shared: bool
    builds: dict[str, Build]
    """The live build of each view, by the view's name; a view that is being built for the first time has none yet."""

    def live(self, view: View) -> str:
        """The collection that readers see. Raises Unavailable while the view is built for the first time."""
        build = self.builds.get(view.name)
        if build is None:
            raise Unavailable(f"The view {self.service.name}.{view.name} is being built, {self.rebuilds.percent(view)} %. Try again later.")
        return build.collection

    async def get(self, view: View, id: str, min_version: str | None = None, *, opened: bool = True) -> Row | None:
        """``min_version`` is ``<stream>@<version>``: waits up to 2 s until the row has seen it, then answers with what is there.

        Raises Refusal for a version that is none.
        """
        return await self._row(await self._document(view, id, min_version), opened)

    async def caught_up(self, view: View, min_version: str | None) -> None:
        """Waits up to 2 s until the rows have seen each of ``<kind>-<row id>@<version>``, commas between them. Raises Refusal as ``get``."""
        wanted = min_version.split(",") if min_version else ()
        await asyncio.gather(*(self.get(view, each.partition("-")[2].rpartition("@")[0], each, opened=False) for each in wanted))

    async def get_since(self, view: View, id: str, min_version: str, *, opened: bool = True) -> Row | None:
        """As ``get``, and never one that has not seen that version. Raises Unavailable after 2 s."""
        document = await self._document(view, id, min_version)
        if document is None or not _has_seen(document, min_version):
            raise Unavailable(f"The view {self.service.name}.{view.name} has not come to {min_version} yet.")
        return await self._row(document, opened)

    async def _row(self, document: Document | None, opened: bool) -> Row | None:
        if document is None or document.data is None:
            return None
        row = {**document.data, "id": document.id}
        return cast(Row, await self.opened(row)) if opened else row

    async def _document(self, view: View, id: str, min_version: str | None) -> Document | None:
        live = self.live(view)
        document = await self.documents.get(live, id)
        if min_version:
            if not min_version.rpartition("@")[2].isdigit():
                raise Refusal(Refused("bad-version", "A version is <stream>@<number>.", field="min_version", conflict=False))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_WAIT_FOR_VERSION):
                    while document is None or not _has_seen(document, min_version):
                        projected = self.working.projected
                        self.hurry(self.service.views_group)
                        await self._again(projected)
                        document = await self.documents.get(live, id)
        return document

    async def many(self, view: View, ids: Sequence[str], *, opened: bool = True) -> dict[str, Row]:
        """Those that are there, by id, in one reading."""
        documents = await self.documents.get_many(self.live(view), ids)
        rows = {id: {**document.data, "id": id} for id, document in documents.items() if document.data is not None}
        return cast(dict[str, Row], await self.opened(rows)) if opened else rows

    async def _again(self, projected: asyncio.Event) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_AGAIN if self.shared else None):
                await projected.wait()

    async def find(
        self, view: View, where: Where | None = None, *, sort: str = "", descending: bool = False, limit: int = 50, cursor: str | None = None,
        open_fields: bool = True,
    ) -> tuple[list[Row], str | None]:  # fmt: skip
        """Raises Refusal for a cursor that is none."""
        try:
            page = await self.documents.find(self.live(view), where, sort=sort, descending=descending, limit=limit, cursor=cursor)
        except ValueError as error:
            raise Refusal(Refused("bad-cursor", "This page does not exist. Start with the first one.", field="cursor", conflict=False)) from error
        rows = [{**(document.data or {}), "id": document.id} for document in page.documents]
        return (await self.opened(rows) if open_fields else rows), page.next

    async def count(self, view: View, where: Where | None = None, *, most: int | None = None) -> int:
        return await self.documents.count(self.live(view), where, most=most)

    async def opened(self, value: Any) -> Any:
        """A copy of a JSON-like value with its sealed texts opened."""
        streams = sorted(set(sealed_under(value)))
        return open_sealed(value, await self.keyring.find(streams)) if streams else value


def _has_seen(document: Document, min_version: str) -> bool:
    stream, _, version = min_version.rpartition("@")
    return document.versions.get(stream, 0) >= int(version)
