"""Forms that are refused come back with what was typed and what is wrong, each at its field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Form

from services.gateway.door import Failed
from services.gateway.overtaken import worded
from shared.kernel.commands import Refusal

Typed = Annotated[str, Form(max_length=1_000)]


def refusal(error: Refusal | Failed) -> dict[str, Any]:
    """``status``, ``code``, ``error``: a sentence for what is at no field; ``errors``: sentence by field."""
    if isinstance(error, Refusal):
        told: Mapping[str, Any] = {"code": error.refused.code, "detail": error.refused.detail, "field": error.refused.field, **error.refused.data}
        status = 409 if error.refused.conflict else 422
    else:
        told, status = error.problem, error.status
    errors = {each["field"]: each["detail"] for each in reversed(told.get("errors") or [])}
    if not errors and told.get("field"):
        errors = {told["field"]: told["detail"]}
    return {"status": status, "code": told.get("code", ""), "error": "" if errors else worded(told), "errors": errors}
