"""What somebody asks for too late is refused in the same words on every page, and what was typed wrong is not."""

import re

import pytest

from services.gateway.overtaken import CHANGED, NEWER, worded
from tests.house.shop import until


def version(page):
    return re.search(r'name="version" value="([0-9]+)"', page)[1]


async def refused(person, path, **data):
    answer = await person.form(path, key=f"late-{path.replace('/', '-')}", **data)
    assert answer.status_code == 409, answer.text
    return answer.json()["detail"]


async def test_a_review_a_shipment_and_a_letter_that_went_on_say_so_alike(ringup, place):
    reviewer, supervisor, order_id = await ringup.sign_in("reviewer1"), await ringup.sign_in("supervisor1"), await place()
    assert await refused(supervisor, f"/orders/{order_id}/release", reason="All is well.") == f"{CHANGED} Nothing of this order is held."
    decided = {"order": order_id, "verdict": "deny", "reason": "No"}
    assert (await reviewer.form("/quality/decide", **decided, key="late-first-01")).status_code == 200
    assert await refused(supervisor, "/quality/decide", **decided) == f"{CHANGED} reviewer1 has denied this order already."
    told = await supervisor.send("POST", f"/api/v1/orders/{order_id}/review", json={"verdict": "approve"}, key="late-by-program")
    assert told.json()["detail"] == "reviewer1 has denied this order already."

    async def sent():
        return re.search(r'href="/outbox/([0-9a-f]{32})"', await supervisor.page("/outbox?status=Sent"))

    letter = (await until(sent))[1]
    assert await refused(supervisor, f"/outbox/{letter}/stop") == f"{CHANGED} This message does not wait to be sent."


@pytest.mark.parametrize(
    ("path", "typed"),
    [
        ("/quality/rules", {"target_minutes": "30"}),
        ("/plugins/csv", {"title": "CSV drop", "on": "true"}),
        ("/gateways/simulator", {"title": "Simulator", "on": "true"}),
        ("/directory", {}),
    ],
)
async def test_a_form_that_somebody_else_has_saved_first_says_so_alike(ringup, path, typed):
    admin = await ringup.sign_in("admin1")
    before = str(int(version(await admin.page(path))) + 7)
    answer = await admin.form(path, **typed, version=before, key=f"late-form{path.replace('/', '-')}")
    assert answer.status_code == 409
    assert NEWER in answer.text


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        ({"code": "stale", "detail": "Somebody has changed this meanwhile."}, NEWER),
        ({"code": "parted", "detail": "They were parted."}, f"{CHANGED} They were parted."),
        ({"code": "merged", "detail": "It belongs to 1 by now.", "field": "alias"}, "It belongs to 1 by now."),
        ({"code": "own-order", "detail": "Someone else has to."}, "Someone else has to."),
    ],
)
def test_only_what_came_too_late_is_said_to(problem, said):
    assert worded(problem) == said
