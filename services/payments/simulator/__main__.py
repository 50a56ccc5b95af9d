"""The simulator as a process of its own: ``python -m services.payments.simulator --port 8100 --data DIR``.

With RINGUP_SIMULATOR_CREDENTIALS it answers only to who sends them. With RINGUP_SIMULATOR_HOOK, an address such as
http://127.0.0.1:8000/hooks/gateways/simulator, it calls there when a debit comes back, signed with RINGUP_SIMULATOR_HOOK_SECRET.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from services.payments.simulator.app import simulator
from services.payments.simulator.calling import Calls
from shared.kernel.errors import Corrupt
from shared.webhooks import secret_of


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m services.payments.simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8100)
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder of the ledger, simulator.jsonl")
    given = parser.parse_args()
    try:
        app = simulator(given.data / "simulator.jsonl", os.environ.get("RINGUP_SIMULATOR_CREDENTIALS", ""))
        calls = _calls(app)
    except (OSError, Corrupt, ValueError) as error:
        print(f"The simulator cannot start: {error}", file=sys.stderr)
        return 1
    asyncio.run(_serve(uvicorn.Config(app, host=given.host, port=given.port, log_level="warning", access_log=False), calls))
    return 0


def _calls(app: FastAPI) -> Calls | None:
    """Raises ValueError."""
    url = os.environ.get("RINGUP_SIMULATOR_HOOK", "")
    if not url:
        return None
    try:
        secret = secret_of(os.environ.get("RINGUP_SIMULATOR_HOOK_SECRET", ""))
    except ValueError:
        secret = b""
    if not secret:
        raise ValueError("RINGUP_SIMULATOR_HOOK_SECRET must be whsec_ and base64.")
    return Calls(url, secret, app.state.books)


async def _serve(config: uvicorn.Config, calls: Calls | None) -> None:
    telling = asyncio.create_task(calls.watch()) if calls else None
    await uvicorn.Server(config).serve()
    if telling:
        telling.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await telling


if __name__ == "__main__":
    sys.exit(main())
