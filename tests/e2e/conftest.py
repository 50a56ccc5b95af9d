import pytest_asyncio
from playwright.async_api import expect

from services.gateway.accounts import PASSWORD
from tests.browser import chromium
from tests.site import site

expect.set_options(timeout=30_000)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(tmp_path_factory):
    """The real server, furnished as a demo, for the tests of a module."""
    async with site(tmp_path_factory.mktemp("shop")) as there:
        yield there


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser():
    async with chromium() as found:
        yield found


@pytest_asyncio.fixture(loop_scope="module")
async def window(browser):
    """Opens a window of its own at an address, until the test ends; whatever goes wrong in the page fails the test."""
    wrong, contexts = [], []

    async def opened(address, **options):
        context = await browser.new_context(**{"base_url": address, "viewport": {"width": 1440, "height": 900}, **options})
        contexts.append(context)
        page = await context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: "Content Security Policy" in message.text and wrong.append(message.text))
        page.on("response", lambda answer: answer.status >= 500 and wrong.append(f"{answer.status} {answer.url}"))
        return page

    yield opened
    for context in contexts:
        await context.close()
    assert not wrong


@pytest_asyncio.fixture(loop_scope="module")
async def sign_in(shop, window):
    """Opens a window of its own, signed in, at the page that is first for this user. How somebody signs in by hand is in test_access.py."""

    async def opened(user, **options):
        page = await window(shop.address, **options)
        answer = await page.context.request.post("/sign-in", form={"user": user, "password": PASSWORD})
        assert answer.ok, answer.status
        await page.goto("/")
        await page.get_by_role("button", name=user, exact=True).wait_for()
        return page

    return opened
