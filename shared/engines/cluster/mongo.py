"""How MongoDB is reached, and how its errors become the kernel's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bson.codec_options import CodecOptions
from bson.errors import InvalidDocument
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConfigurationError,
    DocumentTooLarge,
    DuplicateKeyError,
    InvalidURI,
    OperationFailure,
    PyMongoError,
)

from shared.kernel.errors import Conflict, Unavailable, Unwritable
from shared.settings import SettingsError

Client = AsyncIOMotorClient[dict[str, Any]]
Database = AsyncIOMotorDatabase[dict[str, Any]]
AWARE: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True)

_PATIENCE = 5_000
"""Milliseconds until a server that is away counts as such; the caller waits and asks again."""
_DUPLICATE, _WRITE_CONFLICT = 11000, 112
_THIS_ONE = frozenset({2, 121, 10334, 17280, 17419})
"""Bad value, failed validation, too large: nothing is wrong with the server, but with what was to be written."""


def connect(uri: str, name: str) -> Client:
    """Nothing is sent yet. Raises SettingsError for an address that is none."""
    try:
        return AsyncIOMotorClient(
            uri, appname=name, w="majority", journal=True, readConcernLevel="majority", serverSelectionTimeoutMS=_PATIENCE,
            connectTimeoutMS=_PATIENCE, socketTimeoutMS=4 * _PATIENCE, tz_aware=True, maxPoolSize=64,
        )  # fmt: skip
    except (InvalidURI, ConfigurationError, ValueError) as error:
        raise SettingsError(f"RINGUP_MONGO is not an address of MongoDB: {error}") from error


@contextmanager
def translated(place: str) -> Iterator[None]:
    try:
        yield
    except DuplicateKeyError as error:
        raise Conflict(f"{place} has changed meanwhile.") from error
    except (DocumentTooLarge, InvalidDocument, OverflowError) as error:
        raise Unwritable(f"{place} does not take this: {_first_line(error)}") from error
    except BulkWriteError as error:
        raise _of_codes(place, {wrong["code"] for wrong in error.details.get("writeErrors", ())}, error) from error
    except OperationFailure as error:
        raise _of_codes(place, {error.code}, error) from error
    except AutoReconnect as error:
        raise Unavailable(f"MongoDB does not answer ({place}).") from error
    except PyMongoError as error:
        raise Unavailable(f"{place}: {_first_line(error)}") from error


def _of_codes(place: str, codes: set[Any], error: PyMongoError) -> Exception:
    if codes & {_DUPLICATE, _WRITE_CONFLICT}:
        return Conflict(f"{place} has changed meanwhile.")
    if codes & _THIS_ONE:
        return Unwritable(f"{place} does not take this: {_first_line(error)}")
    return Unavailable(f"{place}: {_first_line(error)}")


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].partition(", full error")[0][:300]
