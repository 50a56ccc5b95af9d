"""Rebuilds through the API of ops."""

from tests.house.shop import until

ACTOR = "agent:ops1"


async def replayed(shop, view):
    """The job, once it has ended."""
    status, job = await shop.ask("ops", "POST", f"/views/{view.replace('.', '/')}/replay", actor=ACTOR)
    assert status == 202, job

    async def ended():
        _, now = await shop.ask("ops", "GET", f"/jobs/{job['id']}")
        return now if now["state"] != "reading" else None

    return await until(ended)


async def switched(shop, view, **body):
    return await shop.ask("ops", "POST", f"/views/{view.replace('.', '/')}/switch", body, actor=ACTOR)


async def audited(shop):
    """(what, actor, data), oldest first."""
    _, page = await shop.ask("ops", "GET", "/audit")
    return [(row["type"].rpartition(".")[2], row["actor"], row["data"]) for row in reversed(page["rows"])]
