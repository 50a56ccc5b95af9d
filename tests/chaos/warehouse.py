"""Whoever ships, in a process of its own: writes down each webhook before it is answered. ``python -m tests.chaos.warehouse --port … --data …``."""

import argparse
import json
import os
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route


def warehouse(folder):
    """``inbox.jsonl`` in the folder: the id under which each came, and what it said."""
    folder.mkdir(parents=True, exist_ok=True)
    inbox = (folder / "inbox.jsonl").open("ab", buffering=0)

    async def hook(request):
        body = await request.body()
        inbox.write(json.dumps({"id": request.headers["webhook-id"], "said": body.decode()}).encode() + b"\n")
        os.fsync(inbox.fileno())
        return Response()

    return Starlette(routes=[Route("/hooks", hook, methods=["POST"])])


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int)
    parser.add_argument("--data", type=Path)
    given = parser.parse_args()
    uvicorn.run(warehouse(given.data), host="127.0.0.1", port=given.port, log_level="warning", access_log=False)
