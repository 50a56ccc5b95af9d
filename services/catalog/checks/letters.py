"""Whether a campaign's letters can be sent. Pure."""

from __future__ import annotations

from services.catalog.checks.problem import Problem, Problems
from shared.contracts.catalog import Campaign
from shared.letters import LETTERS, wrong_subject, wrong_text


def letters(campaign: Campaign) -> Problems:
    for n, letter in enumerate(campaign.letters):
        for name, wrong in (("subject", wrong_subject(letter.template, letter.subject)), ("text", wrong_text(letter.template, letter.text))):
            if wrong:
                yield Problem(f"letters.{n}.{name}", "merge-field", wrong)
        if LETTERS[letter.template].by_hand and not letter.on:
            yield Problem(f"letters.{n}.on", "by-hand", "Whoever sends a link by e-mail sends this letter, so it cannot be off.")
