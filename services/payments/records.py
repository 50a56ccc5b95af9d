"""Records that nobody may read, each encrypted under a key of the vault whose number it carries."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.kernel.errors import Unavailable
from shared.kernel.ports import Blobs, Keyring

log = structlog.get_logger()

KINDS = ("tokens", "vault", "credentials")
_MARK = b"rgup"
_HEAD = len(_MARK) + 4
_NONCE = 12


def key_name(number: int) -> str:
    """Of a key in the keyring."""
    return f"vault-key-{number}"


class Records:
    """``current`` is the number of the key to write under. ``before`` are the keys by kind from before keys had numbers: they open, and no more.

    Raises Unavailable, also where a key is missing: never mistaken for a record that is not there.
    """

    def __init__(self, blobs: Blobs, keyring: Keyring, current: Callable[[], Awaitable[int]], before: Mapping[str, bytes]) -> None:
        self._blobs = blobs
        self._keyring = keyring
        self._current = current
        self._before = {kind: AESGCM(key) for kind, key in before.items()}

    async def put(self, kind: str, id: str, text: bytes) -> None:
        """Once more where the key was changed meanwhile: the rotation may have passed by already."""
        key = 0
        while key != (current := await self._current()):
            key = current
            await self._blobs.put(kind, id, await self._sealed(key, kind, id, text))

    async def get(self, kind: str, id: str) -> bytes | None:
        """Bound to its kind and id: moved to another one it does not open. None for what is not kept, or is damaged."""
        data = await self._blobs.get(kind, id)
        return None if data is None else await self._opened(kind, id, data)

    async def delete(self, kind: str, id: str) -> None:
        await self._blobs.delete(kind, id)

    async def ids(self, kind: str) -> Sequence[str]:
        return await self._blobs.ids(kind)

    async def renew(self, kind: str, id: str) -> bool:
        """Put under the current key, unless it is, is gone, or opens no more; False where it was changed meanwhile."""
        data, key = await self._blobs.get(kind, id), await self._current()
        if data is None or _key_of(data) == key:
            return True
        text = await self._opened(kind, id, data)
        return text is None or await self._blobs.replace(kind, id, data, await self._sealed(key, kind, id, text))

    async def under(self, key: int, kind: str, id: str) -> bool:
        """As far as it opens at all."""
        data = await self._blobs.get(kind, id)
        return data is None or _key_of(data) == key or await self._opened(kind, id, data) is None

    async def check(self) -> None:
        """Raises Unavailable where nothing could be kept."""
        await self._sealed(await self._current(), "vault", "", b"")

    async def _secret(self, key: int) -> bytes | None:
        """None for one that was dropped."""
        return (await self._keyring.find([key_name(key)]))[key_name(key)]

    async def _sealed(self, key: int, kind: str, id: str, text: bytes) -> bytes:
        head, nonce = _MARK + key.to_bytes(4), os.urandom(_NONCE)
        secret = await self._secret(key)
        if secret is None:
            raise Unavailable(f"Key {key} of the vault was destroyed, and nothing can be kept under it.")
        return head + nonce + AESGCM(secret).encrypt(nonce, text, _bound(head, kind, id))

    async def _opened(self, kind: str, id: str, data: bytes) -> bytes | None:
        try:
            if not data.startswith(_MARK):
                return self._before[kind].decrypt(data[:_NONCE], data[_NONCE:], id.encode())
            secret = await self._secret(_key_of(data))
            if secret is None:
                raise InvalidTag
            head, rest = data[:_HEAD], data[_HEAD:]
            return AESGCM(secret).decrypt(rest[:_NONCE], rest[_NONCE:], _bound(head, kind, id))
        except (InvalidTag, ValueError):
            log.error("vault.damaged", kind=kind)
            return None


def _key_of(data: bytes) -> int:
    return int.from_bytes(data[len(_MARK) : _HEAD]) if data.startswith(_MARK) else 0


def _bound(head: bytes, kind: str, id: str) -> bytes:
    return head + f"{kind}/{id}".encode()
