"""Kinds of fulfilment plugins: what each wants to be told, and how it is made. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from services.fulfillment.plugins.protocol import Options, Plugin, Secrets
from shared.settings import Settings


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to type in; ``hint`` says what it looks like. ``choices``: one of these, by what each is called."""

    name: str
    label: str
    hint: str = ""
    required: bool = False
    choices: Mapping[str, str] | None = None
    long: bool = False


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a plugin works."""

    settings: Settings
    clock: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Kind:
    """What an entry point of the group ``ringup.fulfillment`` is; its name is the kind's.

    ``check(options)`` gives the problems of what was typed in, by field, in words for people; ``check_secrets`` likewise, which repeats none.
    """

    title: str
    make: Callable[[Surroundings], Plugin]
    options: tuple[Field, ...] = ()
    secrets: tuple[Field, ...] = ()
    check: Callable[[Options], Mapping[str, str]] = lambda options: {}
    check_secrets: Callable[[Secrets], Mapping[str, str]] = lambda secrets: {}
