"""What is parked is worked again: at a start, when it falls due, when somebody asks; or left out for good."""

import pytest

from shared.app import service_app
from shared.asgi import AsgiClient
from shared.kernel.views import view
from tests.house.shop import until
from tests.ops.notes import NOTES, Notes, by_customer

ID = "customers.views%7Ccustomer-1"
MENDED = view("notes", 1, by_customer, lambda row, fact: {"notes": (row or {"notes": 0})["notes"] + 1})


@pytest.fixture
async def notes(settings):
    """A stream with poison in the middle."""
    notes = await Notes(settings, NOTES).open()
    for order in ("fine", "poison", "behind", "further behind"):
        await notes.note("1", order)
    await notes.note("2")
    await notes.read()
    yield notes
    await notes.close()


async def counted(notes, id):
    documents = await notes.documents("notes@1")
    return documents[id]["notes"]


async def ask(notes, method, path, json=None):
    answer = await AsgiClient(service_app(notes.running)).request(method, path, json=json)
    return answer.status, answer.json()


async def test_a_new_version_works_what_the_one_before_could_not(notes, settings):
    assert (await counted(notes, "1"), await counted(notes, "2")) == (1, 1)
    await notes.close()
    again = await Notes(settings, MENDED).open()

    async def worked():
        return not await again.running.parking.rows()

    await until(worked)
    assert await counted(again, "1") == 4
    await again.note("1")
    await again.read()
    assert await counted(again, "1") == 5
    await again.close()
    await notes.open()


async def test_a_retry_that_fails_again_is_counted_and_due_later(notes):
    (before,) = await notes.running.parking.rows()
    status, row = await ask(notes, "POST", f"/-/parked/{ID}/retry")
    assert (status, row["attempts"], len(row["positions"])) == (200, before["attempts"] + 1, 3)
    assert row["due_at"] > before["due_at"]
    assert await counted(notes, "1") == 1


async def test_a_discarded_event_is_left_out_and_those_behind_go_on(notes):
    (row,) = await notes.running.parking.rows()
    topic, position = row["positions"][0]
    assert (await ask(notes, "POST", f"/-/parked/{ID}/discard", {"position": position + 1}))[0] == 409
    status, left = await ask(notes, "POST", f"/-/parked/{ID}/discard", {"position": position})
    assert (status, left["positions"]) == (200, [])
    assert await counted(notes, "1") == 3
    assert not await notes.running.parking.rows()
    assert await notes.running.parking.left_out("customers.views") == {(topic, position)}


async def test_a_rebuild_leaves_out_what_was_discarded(notes):
    (row,) = await notes.running.parking.rows()
    await ask(notes, "POST", f"/-/parked/{ID}/discard", {"position": row["positions"][0][1]})
    status, build = await ask(notes, "POST", "/-/views/notes/builds", {})
    assert status == 202

    async def compared():
        row = await notes.running.rebuilds.row(build["id"])
        return row if row["state"] == "compared" else None

    assert (await until(compared))["equal"]


async def test_what_is_not_parked_cannot_be_retried(notes):
    assert (await ask(notes, "POST", "/-/parked/customers.views%7Ccustomer-2/retry"))[0] == 404
