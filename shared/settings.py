"""All settings, read once from the environment (prefix RINGUP_) into one frozen object."""

from __future__ import annotations

import hashlib
import hmac
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class SettingsError(Exception):
    """A setting, file or folder is not as it must be; the message says what to do."""


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="RINGUP_", frozen=True, extra="ignore")

    data: Path = Path("data")
    """Folder of everything that is kept."""
    key_file: Path | None = None
    """Master key; by default in the user's configuration folder, named after the data folder."""
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    demo: bool = True
    """Demonstration accounts and orders on an empty installation."""
    simulator_url: str = ""
    """Address of a simulator gateway that runs as a process of its own; empty: in process."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @cached_property
    def master_file(self) -> Path:
        if self.key_file:
            return self.key_file
        name = hashlib.sha256(str(self.data.resolve()).encode()).hexdigest()[:12]
        return Path.home() / ".config" / "ringup" / f"master-{name}.key"

    @property
    def key_dir(self) -> Path:
        return self.master_file.parent

    @cached_property
    def master_key(self) -> bytes:
        """32 bytes. Raises SettingsError."""
        try:
            text = self.master_file.read_text().strip()
            key = bytes.fromhex(text)
        except (OSError, ValueError) as error:
            raise SettingsError(f"The master key {self.master_file} cannot be read ({error}). Point RINGUP_KEY_FILE to the right file.") from error
        if len(key) != 32:
            raise SettingsError(f"The master key {self.master_file} must hold 64 hexadecimal digits.")
        return key

    def derived(self, purpose: str) -> bytes:
        """A key of its own for one purpose, from the master key."""
        return hmac.digest(self.master_key, purpose.encode(), "sha256")

    @cached_property
    def installation_key(self) -> bytes:
        return self.derived("installation")
