"""What was asked for too late, because somebody else was first or things went on by themselves, is said on every page in the same words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CHANGED = "This has changed meanwhile."
NEWER = f"{CHANGED} See what it is now before you go on."

_GENERAL = frozenset({"stale", "changed"})
"""What it is now is not said."""
_SAID = frozenset({
    "not-waiting", "not-decided", "too-late",
    "nothing-to-hold", "not-held", "already-shipped", "cancelled", "unsettled", "not-exported", "returned", "not-unknown",
    "sent", "not-sent",
    "erased", "merged", "parted",
})  # fmt: skip
"""Refusals of what a page offers only while it can be done: reviews, shipments, letters, customers."""


def worded(problem: Mapping[str, Any]) -> str:
    """Its sentence for people. What is wrong with a field was typed so, and is no such thing."""
    detail: str = problem.get("detail", "")
    if problem.get("code") in _GENERAL:
        return NEWER
    return f"{CHANGED} {detail}" if problem.get("code") in _SAID and not problem.get("field") else detail
