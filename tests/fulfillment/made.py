"""A project as ``ringup plugin new`` makes it, and its modules."""

import importlib
import sys
from contextlib import contextmanager

from services.cli.plugin import project


def written(folder, name):
    for path, text in project(name).items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


@contextmanager
def modules(folder, name):
    """Of the plugin, and of its tests."""
    written(folder, name)
    paths = [str(folder), str(folder / "tests")]
    names = [f"ringup_{name.replace('-', '_')}", "warehouse", "test_conformance"]
    sys.path[:0] = paths
    try:
        yield importlib.import_module(names[0]), importlib.import_module(names[2])
    finally:
        for path in paths:
            sys.path.remove(path)
        for each in names:
            sys.modules.pop(each, None)
