"""Events of ops: the audit of what operators did."""

from __future__ import annotations

from shared.kernel.events import Event


class ViewRebuilt(Event, type="ringup.ops.ViewRebuilt"):
    """A build was made beside the live one; ``equal`` says whether the digests were the same."""

    view: str
    build: str
    documents: int
    live_digest: str
    build_digest: str
    equal: bool


class ViewSwitched(Event, type="ringup.ops.ViewSwitched"):
    view: str
    build: str
