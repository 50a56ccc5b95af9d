"""A plugin is somebody else's program: whatever it raises ends here, and what it answers is looked at before it is believed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from services.fulfillment.plugins.protocol import TIMEOUT
from shared.kernel.errors import KernelError

Said = TypeVar("Said")


class Broken(Exception):
    """Says, for people, how the plugin failed; nothing of what it said."""


async def asked(ask: Callable[..., Awaitable[Said]], *about: Any) -> Said:
    """Raises Broken, also where it ends the program or cancels itself, and what it raises of the kernel's errors."""
    task = asyncio.current_task()
    ours = task.cancelling() if task else 0
    try:
        async with asyncio.timeout(TIMEOUT):
            return await ask(*about)
    except TimeoutError as error:
        raise Broken(f"No answer within {TIMEOUT:.0f} seconds.") from error
    except (KernelError, GeneratorExit):
        raise
    except BaseException as error:
        if task and task.cancelling() > ours:
            raise asyncio.CancelledError from error
        raise Broken(f"The plugin failed ({type(error).__name__}).") from error


def believed(said: Said, answers: tuple[type, ...]) -> Said:
    """One of these. Raises Broken."""
    if not isinstance(said, answers):
        raise Broken(f"The plugin answered nonsense ({type(said).__name__}).")
    return said
