"""Pictures of offers, known by what they are, not by what they are called. Pure."""

from __future__ import annotations

import hashlib
import io
import struct
from dataclasses import dataclass

import imagesize

MOST_BYTES = 2 * 1024 * 1024
MOST_PIXELS = 8_000
"""Of each side: what is larger costs a browser more memory than an agent's machine has."""
_SIGNATURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF87a": "image/gif", b"GIF89a": "image/gif"}
_KINDS = "Use a PNG, JPEG, WebP or GIF."


@dataclass(frozen=True, slots=True)
class Image:
    sha256: str
    type: str
    width: int
    height: int


def image_type(data: bytes) -> str:
    """By its first bytes; empty for what is none of the four."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((type for signature, type in _SIGNATURES.items() if data.startswith(signature)), "")


def read(data: bytes) -> Image:
    """Raises ValueError with a sentence."""
    if not data:
        raise ValueError(f"The file is empty. {_KINDS}")
    if len(data) > MOST_BYTES:
        raise ValueError(f"The image has {len(data) / 1024 / 1024:,.1f} MB, and at most 2 MB are kept. Make it smaller.")
    type = image_type(data)
    if not type:
        raise ValueError(f"This file is no image that browsers show safely. {_KINDS}")
    width, height = _size(data)
    if width < 1 or height < 1:
        raise ValueError("This image is damaged: its size cannot be read. Save it anew.")
    if max(width, height) > MOST_PIXELS:
        raise ValueError(f"The image is {width:,} by {height:,} pixels, and each side may have {MOST_PIXELS:,}. Make it smaller.")
    return Image(hashlib.sha256(data).hexdigest(), type, width, height)


def _size(data: bytes) -> tuple[int, int]:
    try:
        found = imagesize.get_info(io.BytesIO(data))
    except (ValueError, struct.error, IndexError, OverflowError):
        return 0, 0
    return int(found.width), int(found.height)
