"""``ringup plugin``: a project for a fulfilment plugin of one's own, which installs, runs and passes the conformance kit as it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.metadata import entry_points
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Annotated

import typer

from services.cli import show
from services.cli.connect import Failed
from services.cli.options import DryRun, Json

plugin = typer.Typer(help="Plugins for fulfilment.", no_args_is_help=True)

_GROUP = "ringup.fulfillment"
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_LONGEST = 30
_TEMPLATES = files("services.cli") / "plugin_project"


@plugin.callback()
def _plugin() -> None: ...


def _kind(name: str) -> str:
    if len(name) > _LONGEST or not _NAME.fullmatch(name):
        raise typer.BadParameter(f"A plugin is named like acme or acme-west: small letters, digits and single hyphens, at most {_LONGEST}.")
    if name in entry_points(group=_GROUP).names:
        raise typer.BadParameter(f"There is a kind of plugin named {name} already.")
    return name


@plugin.command()
def new(
    name: Annotated[str, typer.Argument(callback=_kind, metavar="NAME", help="Such as acme: what the kind of plugin is called in Ringup.")],
    folder: Annotated[Path | None, typer.Option(help="Where to; by default ringup-NAME, here.")] = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """A project that ships by HTTP, to be changed to what your warehouse speaks, with its tests."""
    target = folder or Path(f"ringup-{name}")
    made = project(name)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise Failed(f"{target} is there already. Nothing was written.")
    if not dry_run:
        _write(target, made)
    if json:
        show.as_json({"folder": str(target), "files": sorted(made)})
        return
    would = "would be" if dry_run else "is"
    show.out.print(f"The plugin {name} {would} in {target}: {', '.join(sorted(made))}.", soft_wrap=True)
    if not dry_run:
        show.out.print(f"Test it with: cd {target} && pip install -e '.[dev]' && pytest", soft_wrap=True)


def project(name: str) -> Mapping[str, str]:
    """The files of the project by their path."""
    words = name.split("-")
    package = f"ringup_{'_'.join(words)}"
    class_name = "".join(word.capitalize() for word in words)
    values = {
        "kind": name,
        "project": f"ringup-{name}",
        "package": package,
        "title": " ".join(word.capitalize() for word in words),
        "name": class_name,
    }
    return {
        path: Template((_TEMPLATES / f"{template}.template").read_text(encoding="utf-8")).substitute(values)
        for path, template in (
            ("pyproject.toml", "pyproject.toml"),
            ("README.md", "README.md"),
            (f"{package}/__init__.py", "plugin.py"),
            ("tests/warehouse.py", "warehouse.py"),
            ("tests/test_conformance.py", "test_conformance.py"),
        )
    }


def _write(target: Path, made: Mapping[str, str]) -> None:
    """Raises Failed."""
    try:
        for path, text in made.items():
            file = target / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Failed(f"{target} could not be written: {error.strerror}.") from error
