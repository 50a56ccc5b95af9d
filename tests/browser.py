"""Chromium for tests: the one that is there, else Debian's where root can install it, else Playwright's own."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import warnings
from collections.abc import AsyncIterator
from functools import lru_cache

import pytest
from playwright.async_api import Browser, Error, async_playwright

from tests.debian import install

_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The shell, which Playwright would bring along, needs half the time for a window that the whole browser needs."""
_QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run")


@lru_cache(maxsize=1)
def _executable() -> str | None:
    """None: Playwright's own."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        install("chromium-headless-shell")
        found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False, stdout=subprocess.DEVNULL)
    return found


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Skips, and says so in one line, where no browser can be had."""
    async with async_playwright() as playwright:
        try:
            browser = await playwright.chromium.launch(executable_path=_executable(), args=list(_QUIET))
        except Error as error:
            missing = "No Chromium: install Debian's package chromium-headless-shell, or run 'playwright install chromium'."
            warnings.warn(f"BROWSER TESTS ARE SKIPPED. {missing}", stacklevel=2)
            pytest.skip(f"{missing} {error.message.splitlines()[0]}")
        yield browser
        await browser.close()
