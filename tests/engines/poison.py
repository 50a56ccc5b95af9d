"""What nobody can have meant, put straight on a topic: it delays its own order alone, and says why.

An engine's own file gives the fixture ``put``: an async function that puts records on the topic of customers, as they are, while no
engine is open.
"""

from dataclasses import replace

from tests.engines.consuming import start
from tests.house.shop import until
from tests.kernel.test_poison import UNREADABLE, sealed, stored, watching, with_data, with_headers

__all__ = ["start", "test_every_kind_of_poison_stays_with_its_own_order", "test_what_is_of_an_unknown_type_parks_policies_alone"]

ALSO = {
    "larger than any event": with_data("1", b'{"customer_id": "1", "note": "' + b"x" * 5_000_000 + b'"}'),
    "a text that ends early": with_data("1", b'{"customer_id": "1", "note": "a\x00b"}'),
    "a header without a name": replace(stored("1"), headers=(("", ""), ("ce_type", "ringup.customers.CustomerNoted"))),
}


def of(id, record):
    """The same on a stream of its own."""
    headers = tuple((name, f"customer-{id}" if name == "ce_subject" else value) for name, value in record.headers)
    return replace(record, stream=f"customer-{id}", headers=headers)


async def test_every_kind_of_poison_stays_with_its_own_order(reopen, start, put, settings):
    kinds = {f"p{n}": record for n, record in enumerate([*UNREADABLE.values(), *ALSO.values()])}
    for id, record in kinds.items():
        await put(of(id, record), stored(id, 2))
    await put(stored("sound"), stored("sound", 2), stored("sound", 3))
    engine = await reopen()
    running, *_ = await start(engine, watching)

    async def sound():
        row = await running.get(sealed, "sound", opened=False)
        return row and len(row["texts"]) == 3 and len(await engine.ports("qa").streams.load("review-sound")) == 3

    async def parked():
        rows = await running.parking.rows()
        return rows if len(rows) == 2 * len(kinds) else None

    await until(sound)
    rows = await until(parked)
    assert all(row["error"] for row in rows)
    assert not running.problems
    named = {row["stream"] for row in rows}
    assert {f"customer-{id}" for id, record in kinds.items() if dict(record.headers).get("ce_subject")} <= named
    for id in kinds:
        assert await running.get(sealed, id, opened=False) is None or f"customer-{id}" not in named


async def test_what_is_of_an_unknown_type_parks_policies_alone(reopen, start, put, settings):
    await put(with_headers("1", ce_type="ringup.customers.NeverPublished"), stored("1", 2))
    engine = await reopen()
    running, *_ = await start(engine, watching)

    async def seen():
        row = await running.get(sealed, "1", opened=False)
        return row and len(row["texts"]) == 1

    async def parked():
        return [(row["group"], row["stream"]) for row in await running.parking.rows()]

    await until(seen)
    assert await until(parked) == [("qa.policies", "customer-1")]
