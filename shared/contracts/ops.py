"""Events of ops: the audit of what operators did."""

from __future__ import annotations

from datetime import datetime

from shared.kernel.events import Event


class ViewRebuilt(Event, type="ringup.ops.ViewRebuilt"):
    """A build was made beside the live one, which had ``live_documents``; ``equal`` says whether the digests were the same."""

    view: str
    build: str
    started_at: datetime
    documents: int
    live_documents: int
    live_digest: str
    build_digest: str
    equal: bool


class ViewSwitched(Event, type="ringup.ops.ViewSwitched"):
    """A build took the live one's place; the digests are those of that moment."""

    view: str
    build: str
    started_at: datetime
    live_digest: str
    build_digest: str
    forced: bool
