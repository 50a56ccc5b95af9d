"""The tables of docs/declines.md and docs/nmi.md, as the code has them. ``python -m tests.payments.declines_page`` writes them anew."""

from pathlib import Path

from services.payments.declines import ACCOUNTS, CARDS, NOT_ACCEPTED, UNTOLD
from services.payments.gateways.nmi_answers import ACCOUNT_DECLINES, DECLINES
from services.payments.nacha import RETURNS

DOCS = Path(__file__).parents[2] / "docs"
PAGE, NMI = DOCS / "declines.md", DOCS / "nmi.md"
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


def codes():
    rows = [(code, f"*{reason}*", f"*{ACCOUNT_DECLINES[code]}*" if code in ACCOUNT_DECLINES else "") for code, reason in DECLINES.items()]
    return table(("code", "reason", "of an account"), rows)


TABLES = {"cards": lambda: reasons(CARDS), "accounts": lambda: reasons(ACCOUNTS), "untold": untold, "returns": returns, "codes": codes}


def written(text):
    for name, made in TABLES.items():
        start, end = f"<!-- {name} -->\n", f"\n<!-- /{name} -->"
        before, there, rest = text.partition(start)
        if there:
            text = before + start + made() + end + rest.partition(end)[2]
    return text


if __name__ == "__main__":
    for page in (PAGE, NMI):
        page.write_text(written(page.read_text()))
