"""What every answer says to browsers, and that no page needs an exception."""

import re

import pytest

POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
}
PAGES = [
    "/order-entry", "/orders", "/customers", "/quality", "/approvals", "/settings", "/taxes", "/campaigns", "/campaigns/1", "/campaigns/1/versions/1",
    "/customers?partial=true", "/outbox", "/campaigns/1/preview", "/users", "/users/new", "/users/agent1", "/keys", "/gateways", "/gateways/new",
    "/gateways/simulator", "/directory", "/account", "/ops", "/ops/streams", "/api/docs", "/api/events", "/sign-in", "/nowhere",
]  # fmt: skip


@pytest.mark.parametrize("path", [*PAGES, "/asyncapi", "/health/live", "/metrics", "/api/v1/orders", "/static/ringup.css", "/static/nothing.js"])
async def test_every_answer_carries_the_policy(ringup, path):
    answer = await (await ringup.sign_in("admin1")).get(path)
    assert {part.strip() for part in answer.headers["content-security-policy"].split(";")} == POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize("path", PAGES)
async def test_no_page_has_script_or_style_in_it(ringup, path):
    page = (await (await ringup.sign_in("admin1")).get(path, headers={"accept": "text/html"})).text
    scripts = re.findall(r"<script\b([^>]*)>(.*?)</script>", page, re.DOTALL)
    assert scripts
    assert all('src="/static/' in attributes and not body.strip() for attributes, body in scripts)
    assert not re.search(r"<style\b|\sstyle=|\son[a-z]+=|javascript:", page)


@pytest.mark.parametrize("path", [path for path in PAGES if path != "/order-entry"])
async def test_a_page_is_small(ringup, path):
    page = await (await ringup.sign_in("admin1")).get(path, headers={"accept": "text/html"})
    assert len(page.content) < 150_000


async def test_only_what_is_asked_for_by_its_content_is_kept(ringup):
    nobody = await ringup.nobody()
    page = await nobody.page("/sign-in")
    style = re.search(r'href="(/static/ringup\.css\?v=\w+)"', page)[1]
    assert "immutable" in (await nobody.get(style)).headers["cache-control"]
    assert (await nobody.get("/static/ringup.css")).headers["cache-control"] == "no-cache"
    assert (await nobody.get("/sign-in")).headers["cache-control"] == "no-store"
