"""What a screen reader would trip over, in each theme and width."""

from axe_playwright_python.async_playwright import Axe

LOOKS = [(theme, width) for theme in ("light", "dark") for width in (1440, 360)]


async def violations(page):
    """Rule, and where; empty is right."""
    found = await Axe().run(page)
    return [(rule["id"], node["target"]) for rule in found.response["violations"] for node in rule["nodes"]]


async def in_every_look(page):
    """Violations by theme and width, and widths at which the page scrolls sideways."""
    wrong = {}
    for theme, width in LOOKS:
        await page.emulate_media(color_scheme=theme)
        await page.set_viewport_size({"width": width, "height": 900})
        found = await violations(page)
        if found:
            wrong[theme, width] = found
        if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wrong[theme, width, "scrolls"] = True
    await page.set_viewport_size({"width": 1440, "height": 900})
    return wrong
