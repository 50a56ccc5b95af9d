"""The simulator as a process of its own: ``python -m services.payments.simulator --port 8100 --data DIR``.

With RINGUP_SIMULATOR_CREDENTIALS it answers only to who sends them.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import uvicorn

from services.payments.simulator.app import simulator
from shared.kernel.errors import Corrupt


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m services.payments.simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8100)
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder of the ledger, simulator.jsonl")
    given = parser.parse_args()
    try:
        app = simulator(given.data / "simulator.jsonl", os.environ.get("RINGUP_SIMULATOR_CREDENTIALS", ""))
    except (OSError, Corrupt) as error:
        print(f"The simulator cannot start: {error}", file=sys.stderr)
        return 1
    uvicorn.run(app, host=given.host, port=given.port, log_level="warning", access_log=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
