"""Where the next page of a list begins, as text that is handed out."""

from __future__ import annotations

import base64
import json
from typing import Any

from shared.kernel.views import canonical


def cursor(value: Any, id: str) -> str:
    return base64.urlsafe_b64encode(canonical([value, id])).decode()


def read_cursor(text: str) -> tuple[Any, str]:
    """The sort value and id of the last document seen. Raises ValueError."""
    try:
        value, id = json.loads(base64.urlsafe_b64decode(text))
    except (ValueError, TypeError) as error:
        raise ValueError("the cursor is not one of ours") from error
    small = isinstance(value, int) and abs(value) < 2**63
    if not isinstance(id, str) or not (small or isinstance(value, str | float | None)):
        raise ValueError("the cursor is not one of ours")
    return value, id
