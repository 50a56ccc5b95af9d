"""A fulfilment plugin as it is configured: what kind it is, whether it is on, and where its secrets lie; never those themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from services.fulfillment.plugins.kinds import Field, Kind
from shared.contracts.fulfillment import PluginConfigured
from shared.kernel.decider import Aggregate, Refused
from shared.kernel.events import Event


@dataclass(frozen=True, slots=True)
class Introduce:
    """Where nobody has configured it yet."""

    name: str
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class Configure:
    """``secrets`` says where they lie; None leaves them as they are. ``secret`` are the names of those that there are then;
    ``unfit`` says by field what is wrong with some of them."""

    name: str
    kind: str
    title: str
    on: bool
    options: Mapping[str, str]
    by: str
    kinds: Mapping[str, Kind] = field(repr=False)
    secrets: str | None = None
    secret: frozenset[str] = frozenset()
    unfit: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SwitchOff:
    """It has failed for too long; ``why`` says so."""

    why: str


def decide(command: Introduce | Configure | SwitchOff, known: PluginConfigured | None) -> Sequence[Event] | Refused:
    match command:
        case Introduce(name, kind, title):
            return [] if known else [PluginConfigured(name=name, kind=kind, title=title, on=True, by="ringup")]
        case SwitchOff(why):
            return [known.model_copy(update={"on": False, "by": "ringup", "why": why})] if known and known.on else []
    refused = _refusal(command, known)
    if refused:
        return refused
    kept = known.secrets if known else ""
    wanted = PluginConfigured(
        name=command.name, kind=command.kind, title=command.title or command.kinds[command.kind].title, on=command.on, by=command.by,
        options={name: value for name, value in command.options.items() if value},
        secrets=kept if command.secrets is None else command.secrets, why=known.why if known and not command.on else "",
    )  # fmt: skip
    return [] if known and wanted == known.model_copy(update={"by": command.by}) else [wanted]


def _refusal(command: Configure, known: PluginConfigured | None) -> Refused | None:
    kind = command.kinds.get(command.kind)
    if kind is None:
        return _invalid({"kind": f"A plugin is of one of these kinds: {', '.join(command.kinds)}."})
    if known and known.kind != command.kind:
        return _invalid({"kind": f"This plugin is a {known.kind}, and what it has sent is known there alone. Configure another plugin."})
    wrong = {f"options.{name}": f"A {kind.title} has no such option." for name in command.options.keys() - {each.name for each in kind.options}}
    for option in kind.options:
        wrong.update(_option(option, command.options.get(option.name, "")))
    wrong.update(command.unfit)
    if command.on:
        missing = (secret for secret in kind.secrets if secret.required and secret.name not in command.secret)
        wrong.update({f"secrets.{secret.name}": f"{secret.label} is needed." for secret in missing})
    wrong = wrong or checked(kind, "options", {name: value for name, value in command.options.items() if value})
    return _invalid(wrong) if wrong else None


def checked(kind: Kind, what: Literal["options", "secrets"], typed: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with them, by field. A kind is somebody else's program."""
    try:
        found = kind.check(typed) if what == "options" else kind.check_secrets(typed)
        return {f"{what}.{name}": detail for name, detail in found.items()}
    except (Exception, SystemExit) as error:
        return {"kind": f"{kind.title} could not check its {what} ({type(error).__name__}). Mend it, or update it."}


def _option(option: Field, value: str) -> Iterable[tuple[str, str]]:
    name = f"options.{option.name}"
    if option.required and not value:
        yield name, f"{option.label} is needed."
    elif value and option.choices is not None and value not in option.choices:
        yield name, f"{option.label} is one of: {', '.join(option.choices)}."


def _invalid(wrong: Mapping[str, str]) -> Refused:
    errors = [{"field": field, "code": "plugin-invalid", "detail": detail} for field, detail in wrong.items()]
    return Refused("plugin-invalid", errors[0]["detail"], field=errors[0]["field"], conflict=False, data={"errors": errors})


def evolve(known: PluginConfigured | None, event: PluginConfigured) -> PluginConfigured | None:
    return event


plugin: Aggregate[PluginConfigured | None] = Aggregate("plugin", None, decide, evolve, (Introduce, Configure, SwitchOff))
