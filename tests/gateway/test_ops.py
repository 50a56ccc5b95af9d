"""A damaged view is found by its digest, and replaced by force alone."""

import re
from dataclasses import replace

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


async def test_a_parked_stream_is_shown_with_its_error_and_what_waits_behind_it(ringup):
    parking, ops = ringup.all.house.running["qa"].parking, await ringup.sign_in("ops1")
    await parking.park("qa.views", "payment-7K2M9QX4TB", "payments", 4, "Amount 64.9 is not in minor units")
    await parking.queue("qa.views", "payment-7K2M9QX4TB", "payments", 9)
    try:
        page = await ops.page("/ops")
    finally:
        await parking.worked("qa.views", "payment-7K2M9QX4TB", "payments", 4)
        await parking.worked("qa.views", "payment-7K2M9QX4TB", "payments", 9)
    (row,) = re.findall(r"<tr><th[^>]*><a[^>]*>payment-7K2M9QX4TB.*?</tr>", page)
    assert re.findall(r"<td[^>]*>([^<]*)</td>", row) == ["qa.views", "Amount 64.9 is not in minor units", "1", "2"]
    assert "1 parked" in page
    assert "Each one delays only its own order" in page
    assert "1 parked" not in await ops.page("/ops")
