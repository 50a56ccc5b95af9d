"""Copies third-party assets out of installed packages into the gateway's static folder, with their licences."""

from __future__ import annotations

import shutil
from importlib.metadata import files
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = "django-htmx"
WANTED = {"htmx-2.min.js": "htmx.min.js", "LICENSE": "htmx.LICENSE"}


class Assets(BuildHookInterface):  # type: ignore[type-arg]
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        vendor = Path(self.root) / "services" / "gateway" / "static" / "vendor"
        vendor.mkdir(parents=True, exist_ok=True)
        found = {file.name: file.locate() for file in files(PACKAGE) or () if file.name in WANTED}
        missing = WANTED.keys() - found.keys()
        if missing:
            raise FileNotFoundError(f"{PACKAGE} brings no {', '.join(sorted(missing))}.")
        for name, target in WANTED.items():
            shutil.copyfile(str(found[name]), vendor / target)
