"""How the code is cut: short functions, short files."""

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent
FILES = [path for folder in ("services", "shared") for path in (ROOT / folder).rglob("*.py")]


def lengths():
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node.end_lineno - node.lineno + 1, f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"


def test_nine_in_ten_functions_are_under_25_lines_and_none_over_60():
    found = sorted(lengths())
    assert len(found) > 500
    assert found[len(found) * 9 // 10][0] < 25
    assert not [name for length, name in found if length > 60]


def test_styles_are_under_40_kilobytes():
    static = ROOT / "services" / "gateway" / "static"
    shared = {static / name for name in ("tokens.css", "ringup.css", "parts.css")}
    everywhere = sum(path.stat().st_size for path in shared)
    assert all(everywhere + path.stat().st_size < 40_000 for path in static.glob("*.css") if path not in shared)
    assert everywhere < 40_000


def test_no_file_is_over_400_lines():
    written = [path for end in ("py", "js", "css", "html") for path in (ROOT / "services").rglob(f"*.{end}") if path.parent.name != "vendor"]
    assert not [path.name for path in [*FILES, *written] if path.read_text().count("\n") > 400]
