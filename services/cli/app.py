"""``ringup``: what the people who run it type. Exit codes: 0 done, 1 failed, 2 not understood."""

from __future__ import annotations

import asyncio
import logging
import sys

import structlog
import typer
from rich.text import Text

from services.cli import doctor as examination
from services.cli import show
from services.cli.connect import Failed
from services.cli.options import Json, settings
from services.cli.streams import streams
from services.cli.views import views
from shared.kernel.errors import KernelError
from shared.settings import Settings, SettingsError

app = typer.Typer(help="Phone order entry for call centres.", no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
app.add_typer(streams, name="streams")
app.add_typer(views, name="views")


@app.command()
def doctor(json: Json = False) -> None:
    """Every setting, and whether everything is as it must be. Exits with 1 where it is not."""
    values = settings()
    with show.waiting("Looking"):
        found = asyncio.run(_checked(values))
    rows = list(examination.values(values))
    if json:
        show.as_json({"settings": rows, "checks": [{name: getattr(check, name) for name in check.__slots__} for check in found]})
    else:
        show.table({"name": "Setting", "value": "Value", "origin": "From"}, rows, empty="")
        show.out.print()
        for check in found:
            _print(check)
    if any(check.verdict == "fail" for check in found):
        raise typer.Exit(1)


async def _checked(values: Settings) -> list[examination.Check]:
    return [check async for check in examination.checks(values)]


def _print(check: examination.Check) -> None:
    style = {"ok": "green", "warn": "yellow", "fail": "bold red"}[check.verdict]
    advice = f" {check.advice}" if check.advice else ""
    show.out.print(Text.assemble((f"{check.verdict:<5}", style), f"{check.name}: {check.found}.".replace("..", "."), advice))


def main() -> None:
    structlog.configure(
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
    )
    try:
        app()
    except (SettingsError, KernelError, Failed) as error:
        show.err.print(str(error), soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
