"""Pictures of offers, kept under the SHA-256 of their bytes."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.catalog.editing import IMAGES
from services.catalog.images import image_type, read
from shared.http import RunningService
from shared.kernel.commands import Refusal
from shared.kernel.decider import Refused
from shared.kernel.errors import NotFound

router = APIRouter()

_SHA256 = re.compile(r"[0-9a-f]{64}")


@router.post("/images", status_code=201)
async def keep(request: Request, service: RunningService) -> dict[str, Any]:
    """The body is the image. ``{"sha256", "type", "width", "height"}``; the same image again is the same one."""
    data = await request.body()
    try:
        image = read(data)
    except ValueError as error:
        raise Refusal(Refused("image-invalid", str(error), field="image", conflict=False)) from error
    if await service.blobs.get(IMAGES, image.sha256) is None:
        await service.blobs.put(IMAGES, image.sha256, data)
    return asdict(image)


@router.get("/images/{sha256}")
async def one(sha256: str, service: RunningService) -> Response:
    data = await service.blobs.get(IMAGES, sha256) if _SHA256.fullmatch(sha256) else None
    if data is None:
        raise NotFound("There is no such image.")
    return Response(data, media_type=image_type(data), headers={"etag": f'"{sha256}"', "cache-control": "private, max-age=31536000, immutable"})
