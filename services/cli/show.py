"""What the command line prints: tables for people, JSON for scripts, progress on stderr."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table
from rich.text import Text

T = TypeVar("T")

_WIDE = 1_000
"""Columns where nobody looks: what a script reads is not wrapped."""

out = Console(markup=False, highlight=False, width=None if sys.stdout.isatty() else _WIDE)
err = Console(stderr=True, markup=False, highlight=False)


def as_json(value: Any) -> None:
    out.file.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def line(value: Any) -> None:
    """One line of JSON, at once."""
    out.file.write(compact(value) + "\n")
    out.file.flush()


def compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def table(columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]], *, empty: str) -> None:
    """``columns``: field -> heading; a heading that ends in ``>`` is right-aligned."""
    if not rows:
        out.print(empty)
        return
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for heading in columns.values():
        shown.add_column(heading.rstrip(">"), justify="right" if heading.endswith(">") else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(_text(row.get(name)) for name in columns))
    out.print(shown)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)


@contextlib.contextmanager
def waiting(what: str) -> Iterator[None]:
    with err.status(what) if err.is_terminal else contextlib.nullcontext():
        yield


@contextlib.contextmanager
def bytes_of(what: str) -> Iterator[Callable[[int, int], None]]:
    """Tell it how many are done, and of how many."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as shown:
        bar = shown.add_task(what, total=None)
        yield lambda done, total: shown.update(bar, completed=done, total=total)


def each(items: Sequence[T], what: str) -> Iterator[T]:
    """With a bar that moves on with them."""
    with progress() as shown:
        yield from shown.track(items, description=what)


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


def progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )
