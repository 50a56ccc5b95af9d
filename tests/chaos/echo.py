"""The simulator as a gateway that repeats what it was given: ``python -m tests.chaos.echo --port … --data …``."""

import argparse
import json
from pathlib import Path

import uvicorn

from services.payments.simulator.app import simulator
from shared.text import luhn


def numbered(digits):
    return next(number for number in (f"{digits}{last}" for last in range(10)) if luhn(number))


IN_A_REASON, IN_AN_ERROR, IN_A_PAGE = (numbered(f"40000009900000{n}") for n in (1, 2, 3))
"""Declines and names the number; charges and answers 500 with all that it was sent; the same as a page of HTML."""
ACCOUNT = "918273645546372"


def repeated(sent, answer):
    """Status, type and body in place of the answer."""
    number = sent.get("number") or sent.get("account")
    if number in (IN_A_REASON, ACCOUNT):
        told = {"reason": f"no {number}", "avs": number[:4] + " " + number[4:], "id": f"sim {number}", "status": "declined"}
        return 200, b"application/json", json.dumps({**json.loads(answer), **told}).encode()
    if number == IN_AN_ERROR:
        return 500, b"application/json", json.dumps(sent).encode()
    if number == IN_A_PAGE:
        return 200, b"text/html", f"<h1>{json.dumps(sent)}</h1>".encode()
    return None


class Echo:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http" or scope["path"] not in ("/authorize", "/echeck"):
            await self.app(scope, receive, send)
            return
        message = await receive()
        said = []

        async def again():
            return message

        async def heard(part):
            said.append(part)

        await self.app(scope, again, heard)
        answer = repeated(json.loads(message["body"]), b"".join(part.get("body", b"") for part in said))
        if answer:
            status, kind, body = answer
            said = [
                {"type": "http.response.start", "status": status, "headers": [(b"content-type", kind)]},
                {"type": "http.response.body", "body": body},
            ]
        for part in said:
            await send(part)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int)
    parser.add_argument("--data", type=Path)
    given = parser.parse_args()
    uvicorn.run(Echo(simulator(given.data / "simulator.jsonl")), host="127.0.0.1", port=given.port, log_level="warning", access_log=False)
