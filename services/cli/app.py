"""``ringup``: what the people who run it type. Exit codes: 0 done, 1 failed, 2 not understood."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import AsyncIterator, MutableMapping
from typing import Annotated, Any

import structlog
import typer
from rich.text import Text

from services import demo, server
from services.cli import doctor as examination
from services.cli import show
from services.cli.backup import backup, restore
from services.cli.connect import Failed
from services.cli.keys import keys
from services.cli.options import DryRun, Json, settings
from services.cli.orders import orders
from services.cli.parked import parked
from services.cli.payments import payments
from services.cli.plugin import plugin
from services.cli.relay import relay
from services.cli.shipments import shipments
from services.cli.streams import streams
from services.cli.users import users
from services.cli.views import views
from services.demo_catalog import CAMPAIGN
from services.elsewhere import reached
from shared.clients import Clients
from shared.engine import derived
from shared.ids import INSTALLATION
from shared.kernel.errors import KernelError
from shared.settings import Settings, SettingsError
from shared.text import without_cards

app = typer.Typer(
    help="Phone order entry for call centres.", no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, rich_markup_mode=None
)
app.add_typer(streams, name="streams")
app.add_typer(orders, name="orders")
app.add_typer(views, name="views")
app.add_typer(parked, name="parked")
app.add_typer(relay, name="relay")
app.add_typer(keys, name="keys")
app.add_typer(payments, name="payments")
app.add_typer(plugin, name="plugin")
app.add_typer(shipments, name="shipments")
app.add_typer(users, name="users")
app.command()(backup)
app.command()(restore)


@app.command()
def run() -> None:
    """Everything in one process, until Ctrl-C or SIGTERM."""
    values = settings()
    _log(values.log_level)
    new_key = not values.master_file.exists()

    def ready(first_password: str | None) -> None:
        _told("Ringup", values, first_password)
        if new_key:
            show.out.print(f"A master key was made: {values.master_file}. Keep a copy where the data is not.", soft_wrap=True)

    raise typer.Exit(server.run(values, ready))


def _room(name: str) -> str:
    if name not in server.ROOMS:
        raise typer.BadParameter(f"{name} is none of {', '.join(server.ROOMS)}.")
    return name


@app.command()
def serve(name: Annotated[str, typer.Argument(callback=_room, metavar="NAME", help=", ".join(server.ROOMS))]) -> None:
    """One service alone, or the gateway, on the cluster engine, until Ctrl-C or SIGTERM."""
    values = settings()
    _log(values.log_level)
    raise typer.Exit(server.run_room(values, name, lambda first_password: _told(name, values, first_password)))


def _told(what: str, values: Settings, first_password: str | None) -> None:
    show.out.print(f"{what} is at http://{values.host}:{values.port}, its data in {values.data.resolve()}. Stop it with Ctrl-C.", soft_wrap=True)
    if first_password:
        show.out.print(f"An account was made: admin, with the password {first_password}. It is shown this once.", soft_wrap=True)


@app.command()
def seed(dry_run: DryRun = False, json: Json = False) -> None:
    """Demonstration campaign and orders. Repeating it changes nothing."""
    plan = {"campaign": CAMPAIGN.name, "products": len(CAMPAIGN.offers), "orders": len(demo.SAMPLES)}
    if not dry_run:
        asyncio.run(_seeded(settings()))
    if json:
        show.as_json(plan)
    else:
        would = "would be" if dry_run else "is"
        show.out.print(f"{plan['campaign']} with {plan['products']} products and {plan['orders']} orders {would} there.")


async def _seeded(values: Settings) -> None:
    with show.progress() as progress:
        bar = progress.add_task("Orders", total=len(demo.SAMPLES))
        async with _acting(values) as clients:
            await demo.seed(clients, await derived(values, INSTALLATION), lambda done, total: progress.update(bar, completed=done))


@contextlib.asynccontextmanager
async def _acting(values: Settings) -> AsyncIterator[Clients]:
    async with reached(values) as clients:
        if clients:
            yield clients
            return
    async with server.building(values) as all:
        yield all.house.clients


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


def _log(level: str) -> None:
    """One JSON object a line, on stderr; tracebacks without their variables, no card number. Of what libraries say, only what is wrong."""
    stamped = structlog.processors.TimeStamper(fmt="iso", utc=True)
    steps: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        stamped,
        structlog.processors.format_exc_info,
        _redacted,
        structlog.processors.JSONRenderer(),
    ]
    structlog.configure(
        processors=steps, wrapper_class=structlog.make_filtering_bound_logger(level), logger_factory=structlog.WriteLoggerFactory(sys.stderr)
    )
    others = logging.StreamHandler()
    others.setFormatter(structlog.stdlib.ProcessorFormatter(processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *steps]))
    logging.basicConfig(handlers=[others], level="WARNING" if level == "info" else level.upper(), force=True)
    for client in ("httpx", "httpcore"):  # they name what they ask for, and a customer's link is known by its address
        logging.getLogger(client).setLevel("WARNING")


def _redacted(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {name: without_cards(value) if isinstance(value, str) else value for name, value in event.items()}


def main() -> None:
    _log("critical")
    try:
        app()
    except (SettingsError, KernelError, Failed) as error:
        show.err.print(str(error), soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
