"""Options and settings that commands share."""

from __future__ import annotations

from typing import Annotated

import typer
from pydantic import ValidationError

from shared.settings import Settings, SettingsError

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]


def settings() -> Settings:
    """Raises SettingsError."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        raise SettingsError(f"RINGUP_{str(first['loc'][0]).upper()} is not right: {first['msg']}.") from error
