"""A damaged view is found by its digest, and replaced by force alone."""

import re
from dataclasses import replace

import pytest_asyncio

from shared.kernel.ports import Stored
from tests.house.shop import until

NAME = "settings@1"


async def test_a_damaged_view_differs_from_its_events_and_is_switched_by_force_alone(ringup):
    documents = ringup.all.house.running["qa"].documents
    right = await documents.get(NAME, "account")
    await documents.write({NAME: [replace(right, data={**right.data, "undo_seconds": 99})]})
    ops = await ringup.sign_in("ops1")
    assert "events</strong>" in await ops.page("/ops/views/qa/settings/rebuild")
    await ops.form("/ops/views/qa/settings/rebuild", key="rebuild-0001")

    async def compared():
        return re.search(r'hx-get="(/ops/jobs/qa\.settings@1\.b\d+/switch)"', await ops.page("/ops/jobs"))

    switch = (await until(compared))[1]
    assert "Different" in await ops.page("/ops/jobs")
    dialog = await ops.page(switch)
    assert "They differ." in dialog
    assert '<input type="hidden" name="force" value="true">' in dialog
    refused = await ops.form(switch, key="switch-0001")
    assert (refused.status_code, refused.json()["code"]) == (409, "different")
    assert (await documents.get(NAME, "account")).data["undo_seconds"] == 99
    assert "by force" in (await ops.form(switch, key="switch-0002", force="true")).text
    assert (await documents.get(NAME, "account")).data == right.data
    assert "By force, though different" in await ops.page("/ops/audit")


async def test_what_is_not_there_cannot_be_rebuilt_or_switched(ringup):
    ops = await ringup.sign_in("ops1")
    for path in (
        "/ops/views/qa/nothing/rebuild",
        "/ops/views/nobody/queue/rebuild",
        "/ops/jobs/qa.queue@1.b77/switch",
        "/ops/streams/order-0000000000",
    ):
        answer = await ops.get(path)
        assert (answer.status_code, answer.json()["code"]) in ((404, "notfound"), (404, "not-found"))


@pytest_asyncio.fixture(loop_scope="package")
async def parked(ringup, request):
    """An event that nobody can read, on qa's topic."""
    ports, stream = ringup.all.engine.ports("qa"), f"review-{len(request.node.name):010}"
    data = b'{"order_id": 7, "by": "4242424242424242", "submitted": {"order": {"customer": {"first_name": "Customer A"}}}}'
    headers = {"ce_type": "ringup.qa.OrderApproved", "ce_subject": stream, "streamversion": "1", "ce_time": "never"}
    await ports.streams.append("qa", [Stored(stream, 1, tuple(headers.items()), data)])
    ops = await ringup.sign_in("ops1")

    async def waits():
        return "5 parked" in await ops.page("/ops/health")

    await until(waits)
    yield ops
    for each in set(re.findall(r'hx-post="(/ops/parked/[^"]*/discard)"', await ops.page("/ops"))):
        position = re.findall(r'name="position" value="(\d+)"', await ops.page("/ops"))[0]
        await ops.form(each, position=position)
    assert "parked" not in await ops.page("/ops/health")


async def test_a_parked_stream_is_shown_with_its_error_and_its_event_redacted(parked):
    page = await parked.page("/ops")
    (row,) = re.findall(r"<tr><th[^>]*><a[^>]*>review-\d+</a></th><td class=\"id\">qa.views.*?</tr>", page)
    assert "cannot be read" in row
    assert "Each one delays only its own order" in page
    shown = await parked.page(re.search(r'href="(/ops/parked/qa/[^"]*)"', row)[1])
    assert "cannot be worked" in shown
    assert "sealed" in shown
    assert "4242424242424242" not in shown
    assert "Customer A" not in shown


async def test_all_are_tried_again_and_one_is_left_out_with_a_record_of_who_did_it(parked):
    assert "5 parked" in (await parked.form("/ops/parked/retry")).text
    one = re.search(r'hx-post="(/ops/parked/qa/[^"]*)/discard"', await parked.page("/ops"))[1]
    position = re.search(r'name="position" value="(\d+)"', await parked.page(one))[1]
    assert "cannot be worked" in (await parked.form(f"{one}/retry", page_of="true")).text
    left_out = await parked.form(f"{one}/discard", position=position, page_of="true")
    assert left_out.headers["HX-Redirect"] == "/ops"
    audit = await parked.page("/ops/audit")
    assert ("Retried" in audit, "Discarded" in audit, "ops1" in audit) == (True, True, True)
    assert (await parked.get(one)).status_code == 404
