"""Lists: More, statuses, search, and that what is asked for stands in the address."""

import re

import pytest

from services.gateway.pages.lists import MOST_PAGES, more
from services.gateway.pages.settings import changes
from services.gateway.show import person, place, story, who
from tests.gateway.conftest import EXTERNAL

ROW = re.compile(r'<th scope="row"><a href="/orders/(\w+)">')


def test_more_leads_on_until_the_end():
    assert more("/orders", None, "", 1, q="a") == ""
    assert more("/orders", "x/y", "", 1, q="a b", status="") == "/orders?q=a+b&pages=2"
    assert more("/orders", "x/y", "", MOST_PAGES, q="") == "/orders?cursor=x%2Fy"


async def test_more_shows_the_next_fifty_and_the_newest_come_first(ringup):
    agent = await ringup.sign_in("agent1")
    customer = {**EXTERNAL["customer"], "last_name": "Pagewise", "email": "pagewise@example.com"}
    placed = []
    for n in range(55):
        answer = await agent.send("POST", "/api/v1/orders", json={**EXTERNAL, "customer": customer}, key=f"pagewise-{n:04}")
        placed.append(answer.json()["order_id"])
    await ringup.has(placed[-1], "Pending")
    first = await agent.page("/orders")
    shown = ROW.findall(first)
    assert shown == placed[:-51:-1]
    following = re.search(r'id="more" href="([^"]+)"', first)[1].replace("&amp;", "&")
    second = ROW.findall(await agent.page(following))
    assert second[:55] == placed[::-1]
    assert len(second) == len(set(second))
    part = await agent.get("/orders?status=Declined", headers={"hx-request": "true"})
    assert "<html" not in part.text
    assert "Declined" in part.text


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/orders?q=nobody-is-called-so", "Nothing is found for “nobody-is-called-so”"),
        ("/orders?status=Attention&customer=nobody", "No order needs anybody to look"),
        ("/customers?q=nobody-is-called-so", "Nobody is found for “nobody-is-called-so”"),
        ("/ops/streams?prefix=nothing-", "No stream begins with “nothing-”"),
    ],
)
async def test_an_empty_list_says_what_to_do_next(ringup, path, words):
    page = await (await ringup.sign_in("admin1")).page(path)
    assert words in page
    assert re.search(r'class="empty".*<a class="button"', page, re.DOTALL)


def test_what_was_erased_is_said_once():
    erased = dict.fromkeys(("first_name", "last_name", "street", "unit", "city", "postal"), "Erased") | {"region": "TX", "country": "US"}
    assert person(erased) == "Erased"
    assert place(erased) == "Erased, TX"
    assert person(None) == person({"first_name": "", "last_name": ""}) == "No name yet"


def test_an_address_is_one_line():
    berlin = {"street": "Musterweg 1", "unit": "", "city": "Berlin", "region": "", "postal": "10115", "country": "DE"}
    assert place(berlin) == "Musterweg 1, Berlin, 10115, Germany"


def test_who_did_it_is_a_name():
    assert [who(actor) for actor in ("agent:agent1", "policy:qa.settle", "customer", None)] == ["agent1", "qa.settle", "customer", ""]


def test_a_story_knows_what_came_later():
    rows = [{"type": "ringup.qa.OrderApproved", "time": "2026-03-01T12:00:00"}, {"type": "ringup.qa.Unheard", "time": "2026-03-01T12:00:01"}]
    assert [(row["icon"], row["tone"], row["later"]) for row in story(rows, "2026-03-01T12:00:00")] == [("check", "ok", False), ("circle", "", True)]


def test_changes_of_settings_are_told_newest_first():
    def changed(version, **settings):
        return {"version": version, "time": "t", "actor": "agent:admin1", "data": {"settings": settings}}

    events = [
        changed(1, prepaid_skip_qa=False, undo_seconds=10, tax_rates={"US-TX": "8"}),
        changed(2, prepaid_skip_qa=True, undo_seconds=0, tax_rates={"DE": "19"}, shipping_taxable={"DE": True}),
    ]
    told = changes(events)
    assert [each["version"] for each in told] == [2, 1]
    assert told[0]["what"] == [
        "Prepaid Skip QA: off → on",
        "Undo window: 10 → 0",
        "Tax in DE: none → 19 %",
        "Tax in US-TX: 8 % → none",
        "Shipping to DE: taxed",
    ]
    assert [each["version"] for each in changes(events[1:])] == []
    assert changes([]) == []
