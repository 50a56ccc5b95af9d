"""All settings, read once from the environment (prefix RINGUP_) into one frozen object."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class SettingsError(Exception):
    """A setting, file or folder is not as it must be; the message says what to do."""


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="RINGUP_", frozen=True, extra="ignore")

    engine: Literal["embedded", "cluster"] = "embedded"
    """Everything in one process on SQLite, or any number of processes on Kafka and MongoDB."""
    data: Path = Path("data")
    """Folder of everything that is kept; with the cluster engine of what is not kept in MongoDB."""
    key_file: Path | None = None
    """Master key; by default in the user's configuration folder, named after the data folder."""
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    trusted_proxies: str = "127.0.0.1,::1"
    """Addresses and networks of the proxies before Ringup, separated by commas: whom they call a client by X-Forwarded-For is one, and whether it
    came by https; empty: nobody's word counts."""
    public_url: str = ""
    """Where customers reach Ringup, as in their links: such as https://orders.example.com; empty: host and port."""
    smtp_url: str = ""
    """Mail server: smtp://user:password@host:587 (STARTTLS where it is offered) or smtps://…; empty: mails lie in the outbox alone."""
    mail_from: str = "Ringup <ringup@localhost>"
    """Sender of mails to customers."""
    sms_url: str = ""
    """Where SMS are handed to as signed webhooks: https://…; empty: to the SMS plugin that is installed, if any."""
    sms_secret: str = Field(default="", repr=False)
    """What those are signed with: whsec_ and at least 24 bytes as base64."""
    webhook_private: str = ""
    """Addresses and networks of your own that fulfilment may call by webhook, separated by commas; empty: public addresses alone."""
    demo: bool = True
    """Demonstration accounts and orders on an empty installation."""
    simulator_url: str = ""
    """Address of a simulator gateway that runs as a process of its own; empty: in process."""
    stripe_url: str = "https://api.stripe.com"
    """Where gateways of Stripe's are reached; another one for tests alone."""
    nmi_url: str = "https://secure.nmi.com"
    """Where NMI is reached; its resellers have addresses of their own."""
    kafka: str = "127.0.0.1:9092"
    """Cluster engine: bootstrap servers."""
    mongo: str = "mongodb://127.0.0.1:27017/?replicaSet=rs0"
    """Cluster engine: a replica set."""
    installation: str = Field(default="ringup", pattern="^[a-z][a-z0-9-]{0,30}$")
    """Cluster engine: what the names of its topics, groups and databases begin with."""
    partitions: int = Field(default=12, ge=1, le=1000)
    """Cluster engine: of every topic, for good."""
    instance: str = ""
    """Cluster engine: the name of this process among those of its service, the same after a restart; empty: none is kept."""
    catalog_url: str = "http://127.0.0.1:8001"
    cart_url: str = "http://127.0.0.1:8002"
    payments_url: str = "http://127.0.0.1:8003"
    qa_url: str = "http://127.0.0.1:8004"
    fulfillment_url: str = "http://127.0.0.1:8005"
    customers_url: str = "http://127.0.0.1:8006"
    ops_url: str = "http://127.0.0.1:8007"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("trusted_proxies", "webhook_private")
    @classmethod
    def _networks(cls, text: str) -> str:
        for part in filter(None, map(str.strip, text.split(","))):
            try:
                ipaddress.ip_network(part)
            except ValueError:
                raise ValueError("Addresses and networks separated by commas, such as 127.0.0.1,10.0.0.0/8.") from None
        return text

    @property
    def public_address(self) -> str:
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"

    @cached_property
    def master_file(self) -> Path:
        if self.key_file:
            return self.key_file
        name = hashlib.sha256(str(self.data.resolve()).encode()).hexdigest()[:12]
        return Path.home() / ".config" / "ringup" / f"master-{name}.key"

    @property
    def key_dir(self) -> Path:
        return self.master_file.parent

    @property
    def master_keys(self) -> tuple[bytes, ...]:
        """Of 32 bytes each, the newest first: one a line, more than one while they are rotated. Raises SettingsError."""
        try:
            keys = tuple(bytes.fromhex(line) for line in self.master_file.read_text().split())
        except (OSError, ValueError) as error:
            raise SettingsError(f"The master key {self.master_file} cannot be read ({error}). Point RINGUP_KEY_FILE to the right file.") from error
        if not keys or any(len(key) != 32 for key in keys):
            raise SettingsError(f"The master key {self.master_file} must hold 64 hexadecimal digits.")
        return keys

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """Name the master keys, and tell nothing of them. Raises SettingsError."""
        return tuple(hmac.digest(key, b"fingerprint", "sha256").hex()[:12] for key in self.master_keys)
