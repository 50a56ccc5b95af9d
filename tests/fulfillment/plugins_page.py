"""The parts of docs/plugins.md that are code elsewhere. ``python -m tests.fulfillment.plugins_page`` writes them anew."""

from pathlib import Path

from services.cli.plugin import project
from services.fulfillment.plugins.csv_columns import NAMES

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "plugins.md"


def code(text):
    return f"```python\n{text.rstrip()}\n```"


PARTS = {
    "plugin": lambda: code(project("acme")["ringup_acme/__init__.py"]),
    "test": lambda: code(project("acme")["tests/test_conformance.py"]),
    "consumer": lambda: code((DOCS / "examples/outside_consumer.py").read_text()),
    "names": lambda: ", ".join(f"`{name}`" for name in NAMES),
}


def written(text):
    for name, made in PARTS.items():
        start, end = f"<!-- {name} -->\n", f"\n<!-- /{name} -->"
        before, there, rest = text.partition(start)
        assert there, name
        text = before + start + made() + end + rest.partition(end)[2]
    return text


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
