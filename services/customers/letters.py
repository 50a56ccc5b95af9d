"""Letters to customers: words with merge fields become a mail. Nothing of it is kept: it is written again whenever somebody wants to see it. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from shared.letters import MERGE

_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
"""What changes the direction of the words around it."""

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "letter_templates"),
    autoescape=select_autoescape(("html",)),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


@dataclass(frozen=True, slots=True)
class Words:
    """What a letter says, before anything is merged into it."""

    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """Alone in a paragraph it is a button with this label."""

    address: str
    label: str


@dataclass(frozen=True, slots=True)
class Block:
    """Alone in a paragraph it is lines, each of them what stands at the left and an amount or nothing; the last ``sums`` of them add up the others.
    In a sentence it is what stands at the left of those that are no sums."""

    rows: Sequence[tuple[str, str]]
    sums: int = 0


Value = str | Link | Block
Segment = tuple[str, str]
"""Words, and where they lead."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """``lines`` of a text, ``rows`` of a table, or a link's ``address`` and ``label``."""

    kind: Literal["text", "link", "rows"]
    lines: Sequence[Sequence[Segment]] = ()
    rows: Sequence[tuple[str, str]] = ()
    sums: int = 0
    address: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail. ``paragraphs`` are what both of its parts are made of."""

    subject: str
    text: str
    html: str
    paragraphs: Sequence[Paragraph]


def letter(words: Words, values: Mapping[str, Value], shop: str) -> Letter:
    """A paragraph that is nothing but a merge field for which there is nothing to say is left out."""
    subject = one_line("".join(said for said, _ in _merged(words.subject, values)))
    texts = [part.strip() for part in words.text.replace("\r\n", "\n").split("\n\n")]
    paragraphs = [found for text in texts if text and (found := _paragraph(text, values))]
    html = _templates.get_template("letter.html").render(shop=one_line(shop), subject=subject, paragraphs=paragraphs)
    return Letter(subject, "\n\n".join(map(_plain, paragraphs)) + "\n", html, paragraphs)


def _paragraph(text: str, values: Mapping[str, Value]) -> Paragraph | None:
    alone = MERGE.fullmatch(text)
    value = values.get(alone[1]) if alone else None
    match value:
        case "":
            return None
        case Link():
            return Paragraph("link", address=value.address, label=value.label) if value.address else None
        case Block():
            return Paragraph("rows", rows=value.rows, sums=value.sums) if value.rows else None
    return Paragraph("text", [list(_merged(line.strip(), values)) for line in text.split("\n")])


def _merged(text: str, values: Mapping[str, Value]) -> Iterator[Segment]:
    """Once: what is merged in may hold braces. What there is nothing to say of goes with the space before it."""
    parts = MERGE.split(text)
    for n, part in enumerate(parts):
        if n % 2:
            yield _said(values[part]) if part in values else (f"{{{part}}}", "")
        elif part:
            nothing = n + 1 < len(parts) and parts[n + 1] in values and not _said(values[parts[n + 1]])[0]
            yield (part.removesuffix(" ") if nothing else part), ""


def _said(value: Value) -> Segment:
    match value:
        case Link(address=address):
            return address, address
        case Block(rows=rows, sums=sums):
            return ", ".join(left for left, _ in rows[: len(rows) - sums]), ""
    return value, ""


def _plain(paragraph: Paragraph) -> str:
    match paragraph.kind:
        case "link":
            return paragraph.address
        case "rows":
            return "\n".join(_columns(paragraph.rows))
    return "\n".join("".join(said for said, _ in line) for line in paragraph.lines)


def _columns(rows: Sequence[tuple[str, str]]) -> Iterator[str]:
    left, right = (max(len(row[n]) for row in rows) for n in (0, 1))
    for what, amount in rows:
        yield f"{what:<{left}}  {amount:>{right}}" if amount else what


def one_line(text: str) -> str:
    """As it may stand in a header or a sentence: no control characters, nothing that turns what follows around."""
    kept = (" " if unicodedata.category(each) in ("Cc", "Zl", "Zp") else each for each in text if each not in _TURNS)
    return " ".join("".join(kept).split())
