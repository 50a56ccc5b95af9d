"""A plugin is somebody else's program: whatever it raises ends here, and what it answers is looked at before it is believed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar, cast

from services.fulfillment.plugins.protocol import TIMEOUT, NoAnswer, Refused, Taken
from shared.kernel.errors import KernelError

Said = TypeVar("Said")
_SHAPES: dict[type, dict[str, type | tuple[type, ...]]] = {
    Taken: {"their_id": str, "same": bool},
    Refused: {"reason": str, "again": bool, "after": (timedelta, type(None)), "gone": bool},
    NoAnswer: {"reason": str, "after": (timedelta, type(None))},
}
_UNSAID = "It does not say why."


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
    """One of these, whole, with words where it says no. Raises Broken."""
    if not isinstance(said, answers):
        raise Broken(f"The plugin answered nonsense ({type(said).__name__}).")
    for name, shape in _SHAPES.get(type(said), {}).items():
        if not isinstance(getattr(said, name), shape):
            raise Broken(f"The plugin answered nonsense ({type(said).__name__}, whose {name} is {type(getattr(said, name)).__name__}).")
    if isinstance(said, Refused | NoAnswer) and not said.reason.strip():
        return cast(Said, replace(said, reason=_UNSAID))
    return said
