"""``ringup streams``: what was recorded."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from services.cli import show, transfer
from services.cli.connect import Failed, ask, ops, server
from services.cli.options import DryRun, Json, settings
from services.cli.transfer import Outcome, checked
from services.cli.verify import Walk, read
from shared.settings import Settings

streams = typer.Typer(help="The streams of events.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(metavar="FILE")]
_POLL = 0.3
Limit = Annotated[int, typer.Option(min=1, max=500, help="At most so many.")]


@streams.command("list")
def list_(
    prefix: Annotated[str, typer.Argument(help="Only names that begin so, such as order-")] = "",
    after: Annotated[str, typer.Option(help="Only names after this one.")] = "",
    limit: Limit = 100,
    json: Json = False,
) -> None:
    """Streams by name, with their newest version."""
    asyncio.run(_list(prefix, after, limit, json))


async def _list(prefix: str, after: str, limit: int, json: bool) -> None:
    async with ops(settings()) as client:
        page = await ask(client, "GET", "/streams", prefix=prefix, after=after, limit=limit)
    if json:
        show.as_json(page)
        return
    show.table({"stream": "Stream", "service": "Service", "version": "Version>"}, page["rows"], empty="There are no such streams.")
    if page["next"]:
        show.out.print(f"There are more: --after {page['next']}")


@streams.command("show")
def show_(
    name: str,
    after: Annotated[int, typer.Option(min=0, help="Only versions above this one.")] = 0,
    limit: Limit = 100,
    json: Json = False,
) -> None:
    """The events of one stream, oldest first. Personal fields stay sealed."""
    asyncio.run(_show(name, after, limit, json))


async def _show(name: str, after: int, limit: int, json: bool) -> None:
    async with ops(settings()) as client:
        page = await ask(client, "GET", f"/streams/{quote(name, safe='')}", after=after, limit=limit)
    if json:
        show.as_json(page)
        return
    columns = {"version": "Version>", "time": "Time (UTC)", "type": "Type", "actor": "Actor", "data": "Data"}
    rows = [{**row, "time": row["time"][:19], "type": row["type"].removeprefix("ringup.")} for row in page["rows"]]
    show.table(columns, rows, empty="There are no later events.")
    if page["next"]:
        show.out.print(f"There are more: --after {page['next']}")


@streams.command()
def verify(json: Json = False) -> None:
    """Read everything: versions without gaps, each topic the same as its streams, every event readable. Exits with 1 where it is not."""
    walk = asyncio.run(_verified())
    if json:
        show.as_json({"events": walk.events, "wrong": walk.wrong})
    elif walk.wrong:
        show.table({"where": "Where", "what": "What is wrong"}, walk.wrong, empty="")
    else:
        show.out.print(f"All is well: {walk.events:,} events.")
    if walk.wrong:
        raise typer.Exit(1)


async def _verified() -> Walk:
    async with ops(settings()) as client:
        total = sum(each["events"] for each in (await ask(client, "GET", "/ends")).values())
        with show.progress() as progress:
            bar = progress.add_task("Events", total=total)
            walk = Walk(client, lambda done: progress.update(bar, completed=done))
            await walk.run()
    return walk


@streams.command()
def tail(
    type: Annotated[str, typer.Option(help="Only types that begin so, such as ringup.payments or PaymentCaptured")] = "",
    prefix: Annotated[str, typer.Option(help="Only streams whose name begins so, such as order-")] = "",
    json: Json = False,
) -> None:
    """What is recorded from now on, until Ctrl-C. Personal fields stay sealed. With --json one event a line."""
    asyncio.run(_until_interrupted(_tail(type, prefix, json)))


async def _until_interrupted(work: Coroutine[Any, Any, None]) -> None:
    """Also where whoever started this has its children ignore Ctrl-C, as a shell does with what runs in the background."""
    task = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def _tail(type: str, prefix: str, json: bool) -> None:
    async with server(settings()) as client:
        following = {service: end["parts"] for service, end in (await ask(client, "GET", "/ends")).items()}
        show.err.print("Following what is recorded from now on. Ctrl-C ends it.")
        while True:
            found = [event for service, parts in following.items() async for event in read(client, service, parts, None, "shown")]
            for event in sorted(found, key=lambda event: str(event["time"])):
                if event["stream"].startswith(prefix) and (event["type"].startswith(type) or event["type"].rpartition(".")[2].startswith(type)):
                    _print(event, json)
            await asyncio.sleep(_POLL)


def _print(event: dict[str, Any], json: bool) -> None:
    if json:
        show.line(event)
        return
    type_name = event["type"].removeprefix("ringup.")
    data = show.compact(event["data"])
    show.out.print(f"{event['time'][11:23]}  {event['stream']}@{event['version']}  {type_name}  {event['actor']}  {data}", soft_wrap=True)


@streams.command()
def export(file: File, json: Json = False) -> None:
    """Write all events of all services into a new file, as they are recorded: personal fields stay sealed."""
    values = settings()
    try:
        outcome = asyncio.run(_exported(values, transfer.new(file)))
    except OSError as error:
        raise Failed(f"{file} cannot be written ({error.strerror}).") from error
    if json:
        show.as_json(outcome.as_row())
    else:
        show.out.print(f"{outcome.events:,} events of {outcome.streams:,} streams are in {file}.", soft_wrap=True)
        show.out.print(f"Its digest is {outcome.digest}. Personal fields open with the keyring and master key of this installation alone.")


async def _exported(values: Settings, file: Path) -> Outcome:
    async with ops(values) as client:
        with show.progress() as progress:
            bar = progress.add_task("Events", total=None)
            return await transfer.export(client, file, lambda done, total: progress.update(bar, completed=done, total=total))


@streams.command("import")
def import_(
    file: File,
    without_keys: Annotated[bool, typer.Option("--without-keys", help="Let personal fields read as erased, for good.")] = False,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Fill an installation that has no events yet from an export: all of it or nothing. The server must not run."""
    values = settings()
    transfer.must_be_empty(values)
    try:
        with show.progress() as progress:
            bar = progress.add_task("Checking", total=None)
            outcome = checked(file, lambda done, total: progress.update(bar, completed=done, total=total))
        if not dry_run:
            asyncio.run(_imported(values, file, outcome, without_keys))
    except OSError as error:
        raise Failed(f"{file} cannot be read ({error.strerror}).") from error
    if json:
        show.as_json(outcome.as_row())
    else:
        would = "would be" if dry_run else "are"
        show.out.print(f"{outcome.events:,} events of {outcome.streams:,} streams {would} there; the views fill with the next start.", soft_wrap=True)


async def _imported(values: Settings, file: Path, outcome: Outcome, without_keys: bool) -> None:
    with show.progress() as progress:
        bar = progress.add_task("Events", total=outcome.events)
        await transfer.into_empty(values, file, outcome, without_keys, lambda done, total: progress.update(bar, completed=done, total=total))
