"""The tables of docs/declines.md, as the code has them. ``python -m tests.payments.declines_page`` writes them anew."""

from pathlib import Path

from services.payments.declines import ACCOUNTS, CARDS, NOT_ACCEPTED, UNTOLD
from services.payments.nacha import RETURNS

PAGE = Path(__file__).parents[2] / "docs" / "declines.md"
AGAIN = {"now": "yes", "corrected": "with the right details", "later": "another time", "never": "never"}


def table(head, rows):
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))


def reasons(said):
    head = ("reason", "the agent says", "then tries", "the same once more", "another gateway")
    return table(head, [(f"*{e.reason}*", e.say, e.try_next, AGAIN[e.again], "asked" if e.soft else "") for e in said.values()])


def returns():
    head = ("code", "what it means", "reason", "may be sent once more")
    return table(head, [(e.code, e.means, f"*{e.reason}*", "yes" if e.again else "") for e in RETURNS.values()])


def untold():
    return f"{', '.join(f'*{reason}*' for reason in sorted(UNTOLD))} → *{NOT_ACCEPTED}*"


TABLES = {"cards": lambda: reasons(CARDS), "accounts": lambda: reasons(ACCOUNTS), "untold": untold, "returns": returns}


def written(text):
    for name, made in TABLES.items():
        start, end = f"<!-- {name} -->\n", f"\n<!-- /{name} -->"
        before, _, rest = text.partition(start)
        text = before + start + made() + end + rest.partition(end)[2]
    return text


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
