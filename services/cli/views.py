"""``ringup views``: lag, rebuilds and switches."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any
from urllib.parse import quote

import typer

from services.cli import show
from services.cli.connect import Failed, ask, ops
from services.cli.options import DryRun, Json, settings
from shared.asgi import Client

views = typer.Typer(help="The services' read models.", no_args_is_help=True)

_POLL = 0.1


def _named(text: str) -> str:
    if text.count(".") != 1 or not all(text.split(".")):
        raise typer.BadParameter("a view is named service.view, such as qa.queue")
    return text


View = Annotated[str, typer.Argument(metavar="SERVICE.VIEW", callback=_named)]


@views.command("list")
def list_(json: Json = False) -> None:
    """All views, and the builds beside them."""
    asyncio.run(_list(json))


async def _list(json: bool) -> None:
    async with ops(settings()) as client:
        rows, jobs = (await ask(client, "GET", "/views"))["rows"], (await ask(client, "GET", "/jobs"))["rows"]
    beside = [job for job in jobs if job["state"] not in ("switched", "filled", "dropped", "cancelled")]
    if json:
        show.as_json({"views": rows, "builds": beside})
        return
    columns = {"service": "Service", "view": "View", "number": "Number>", "state": "State", "documents": "Documents>"}
    show.table(columns, rows, empty="There are no views.")
    if beside:
        show.out.print()
        show.table({"service": "Service", "build": "Build", "state": "State", "started_at": "Started", "equal": "Equal"}, beside, empty="")


@views.command()
def lag(json: Json = False) -> None:
    """How far each view is behind, and why it waits."""
    asyncio.run(_lag(json))


async def _lag(json: bool) -> None:
    async with ops(settings()) as client:
        rows = (await ask(client, "GET", "/views"))["rows"]
    if json:
        show.as_json(rows)
        return
    flat = [{**row, "events": row["lag"]["events"], "seconds": row["lag"]["seconds"]} for row in rows]
    columns = {"service": "Service", "view": "View", "events": "Events behind>", "seconds": "Oldest, seconds>", "waits": "Waits because"}
    show.table(columns, flat, empty="There are no views.")


@views.command()
def replay(view: View, dry_run: DryRun = False, json: Json = False) -> None:
    """Build a view again from the first event, beside the live one, and compare. Exits with 1 where they differ."""
    if not asyncio.run(_replay(view, dry_run, json)):
        raise typer.Exit(1)


async def _replay(view: str, dry_run: bool, json: bool) -> bool:
    async with ops(settings()) as client:
        begun = await ask(client, "POST", f"/views/{_path(view)}/replay", dry_run="true" if dry_run else None)
        job = begun if dry_run else await _followed(client, view, begun)
    if json:
        show.as_json(job)
    elif dry_run:
        show.out.print(f"{job['events']} events would be read: {', '.join(f'{n} of {topic}' for topic, n in job['topics'].items())}.")
    elif job["state"] == "compared":
        _verdict(view, job)
    if not dry_run and job["state"] != "compared":
        raise Failed(f"The rebuild of {view} ended {job['state']}. {job.get('error', '')}".rstrip())
    return dry_run or bool(job["equal"])


def _verdict(view: str, job: Any) -> None:
    same = "is the same as the live one" if job["equal"] else f"differs from the live one, which has {job['live_documents']} documents"
    show.out.print(f"{job['build']} has {job['documents']} documents and {same}.")
    show.out.print(f"build {job['build_digest']}\nlive  {job['live_digest']}")
    if not job["equal"]:
        show.out.print(f"Mend the live view with: ringup views switch {view} --force")


async def _followed(client: Client, view: str, job: Any) -> Any:
    path = f"/jobs/{quote(job['id'])}"
    try:
        with show.progress() as progress:
            bar = progress.add_task(view, total=job["events"])
            while job["state"] == "reading":
                progress.update(bar, completed=job["done"], total=job["events"])
                await asyncio.sleep(_POLL)
                job = await ask(client, "GET", path)
    except asyncio.CancelledError:
        await ask(client, "POST", f"{path}/cancel")
        raise
    return job


@views.command()
def switch(
    view: View,
    build: Annotated[str | None, typer.Option(help="Which build; the newest compared one if not given.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Switch although the build and the live view differ.")] = False,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Put a compared build in the live view's place."""
    asyncio.run(_switch(view, build, force, dry_run, json))


async def _switch(view: str, build: str | None, force: bool, dry_run: bool, json: bool) -> None:
    async with ops(settings()) as client:
        if dry_run:
            job = await _chosen(client, view, build)
        else:
            with show.waiting("Comparing"):
                job = await ask(client, "POST", f"/views/{_path(view)}/switch", {"build": build, "force": force})
    if json:
        show.as_json(job)
    elif dry_run:
        same = "was the same as the live one" if job["equal"] else "differed from the live one"
        show.out.print(f"{job['build']} would become live; it {same} when it was compared.")
    else:
        show.out.print(f"{job['build']} is the live {view} now.")


async def _chosen(client: Client, view: str, build: str | None) -> Any:
    service, _, name = view.partition(".")
    for job in (await ask(client, "GET", "/jobs"))["rows"]:
        if (job["service"], job["view"], job["state"]) == (service, name, "compared") and build in (None, job["build"]):
            return job
    raise Failed(f"No build of {view} has been compared. Make one with: ringup views replay {view}")


@views.command()
def drop(view: View, build: str, dry_run: DryRun = False, json: Json = False) -> None:
    """Forget a build beside the live view."""
    asyncio.run(_drop(view, build, dry_run, json))


async def _drop(view: str, build: str, dry_run: bool, json: bool) -> None:
    async with ops(settings()) as client:
        if dry_run:
            job = await ask(client, "GET", f"/jobs/{quote(view.partition('.')[0])}.{quote(build)}")
        else:
            job = await ask(client, "DELETE", f"/views/{_path(view)}/builds/{quote(build)}")
    if json:
        show.as_json(job)
    else:
        show.out.print(f"{job['build']} would be dropped; it is {job['state']}." if dry_run else f"{job['build']} is dropped.")


def _path(view: str) -> str:
    return "/".join(quote(part) for part in view.split("."))
