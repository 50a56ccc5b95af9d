"""Whether it lives, whether it works and why not, and what it counts."""

import re

from services.gateway.pages.health import merged
from shared.kernel.errors import Unavailable


class Away:
    async def request(self, method, path, *, json=None, headers=None):
        raise ConnectionRefusedError


async def test_it_lives_and_all_services_work(ringup):
    nobody = await ringup.nobody("192.0.2.7")
    assert (await nobody.get("/health/live")).json() == {"status": "ok"}
    answer = await nobody.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    assert set(answer.json()["services"]) == {"catalog", "cart", "payments", "qa", "fulfillment", "customers", "ops"}


async def test_it_is_not_ready_while_a_service_is_away_and_says_which(ringup):
    beside = ringup.beside(clients={**ringup.gateway.door.clients, "qa": Away()})
    answer = await (await beside.nobody()).get("/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (503, "failing")
    failing = {name: each["reasons"] for name, each in answer.json()["services"].items() if each["reasons"]}
    assert failing == {"qa": ["qa does not answer. Try again."]}
    for own in ("/health/live", "/health/door"):
        assert (await (await beside.nobody()).get(own)).status_code == 200


async def test_it_lets_nobody_in_while_accounts_cannot_be_read_and_says_why(ringup, monkeypatch):
    async def locked(kind, id):
        raise Unavailable("access.db is locked.")

    monkeypatch.setattr(ringup.gateway.door.users._blobs, "get", locked)
    answer = await (await ringup.nobody()).get("/health/door")
    assert (answer.status_code, answer.json()["reasons"]) == (503, ["access.db is locked."])


async def test_it_is_not_ready_while_a_consumer_waits_and_says_why(ringup):
    problems = ringup.all.house.running["qa"].problems
    problems["qa.views"] = "The key of order-1 is not in the keyring."
    try:
        answer = await (await ringup.nobody()).get("/health/ready")
    finally:
        problems.pop("qa.views")
    assert answer.status_code == 503
    assert answer.json()["services"]["qa"]["reasons"] == ["qa.views waits: The key of order-1 is not in the keyring."]


async def test_a_page_says_that_a_service_is_away(ringup):
    beside = ringup.beside(clients={**ringup.gateway.door.clients, "qa": Away()})
    reviewer = await beside.sign_in("reviewer1")
    answer = await reviewer.get("/quality", headers={"accept": "text/html"})
    assert answer.status_code == 503
    assert "qa does not answer. Try again." in answer.text


async def test_the_queue_works_while_the_history_is_away(ringup, place):
    order_id = await place()
    beside = ringup.beside(clients={**ringup.gateway.door.clients, "customers": Away(), "payments": Away()})
    page = await (await beside.sign_in("reviewer1")).page(f"/quality?order={order_id}")
    assert "The history is not available right now." in page
    assert "Approve" in page


async def test_metrics_tell_of_each_service_once(ringup):
    answer = await (await ringup.nobody()).get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=1.0.0")
    lines = answer.text.splitlines()
    assert {re.search(r'service="(\w+)"', line)[1] for line in lines if line.startswith("ringup_lag_events")} == {
        "cart", "payments", "qa", "fulfillment", "customers", "catalog",
    }  # fmt: skip
    assert len(lines) == len(set(lines))
    for line in lines:
        assert re.fullmatch(r"# (HELP|TYPE) \w+ .+|\w+(\{.+\})? [0-9.e+-]+", line), line


def test_what_services_say_is_merged_by_family():
    help = "# HELP a Things.\n# TYPE a gauge\n"
    texts = [("qa", f'{help}a{{service="qa"}} 1.0\na{{service="cart"}} 0.0\n'), ("cart", f'{help}a{{service="qa"}} 0.0\na{{service="cart"}} 2.0\n')]
    assert merged(texts) == f'{help}a{{service="qa"}} 1.0\na{{service="cart"}} 2.0\n'
