"""Hold rules: which card and eCheck orders wait for a review, and how long one should wait at most. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.contracts.qa import HoldRule, HoldRulesChanged
from shared.kernel.decider import Aggregate, Refused

TARGET_MINUTES = 30
"""Until somebody says otherwise."""
MOST_MINUTES = 60 * 24 * 30
MOST_HOURS = 24 * 90


@dataclass(frozen=True, slots=True)
class ChangeRules:
    rules: tuple[HoldRule, ...]
    target_minutes: int
    by: str


@dataclass(frozen=True, slots=True)
class Rules:
    rules: tuple[HoldRule, ...] = ()
    target_minutes: int = TARGET_MINUTES


def decide(command: ChangeRules, known: Rules) -> Sequence[HoldRulesChanged] | Refused:
    wrong = [found for n, rule in enumerate(command.rules) if rule.on for found in wrong_in(rule, f"rules.{n}.")]
    if wrong:
        return refusal(wrong)
    if (command.rules, command.target_minutes) == (known.rules, known.target_minutes):
        return []
    return [HoldRulesChanged(rules=command.rules, by=command.by, target_minutes=command.target_minutes)]


def refusal(wrong: Sequence[tuple[str, str]]) -> Refused:
    errors = [{"field": field, "code": "invalid", "detail": detail} for field, detail in wrong]
    return Refused("invalid", errors[0]["detail"], field=errors[0]["field"], conflict=False, data={"errors": errors})


def wrong_in(rule: HoldRule, before: str = "") -> list[tuple[str, str]]:
    """Field, with ``before`` in front of it, and what its kind asks for and is not there."""
    found = []
    if rule.kind == "new-customer-express" and not rule.profiles:
        found.append(("profiles", "Choose the shipping profiles that are express."))
    if rule.kind == "velocity":
        found += [(name, "At least 1.") for name in ("orders", "hours") if getattr(rule, name) < 1]
    return [(before + field, detail) for field, detail in found]


def evolve(known: Rules, event: HoldRulesChanged) -> Rules:
    return Rules(event.rules, event.target_minutes)


holdrules = Aggregate("holdrules", Rules(), decide, evolve, (ChangeRules,), singleton=True)
