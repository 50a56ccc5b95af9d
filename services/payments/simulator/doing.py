"""What the simulator does when it is asked, as an entry of its ledger; and the answer that comes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from fastapi import Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Receive, Scope, Send

from services.payments.simulator.ledger import Entry, Ledger
from services.payments.simulator.magic import EXPIRES_SECONDS, RETURNS_SECONDS, Magic
from shared.kernel.codec import stamp

FollowUp = Literal["capture", "void", "refund"]


@dataclass(frozen=True)
class Books:
    ledger: Ledger
    clock: Callable[[], datetime]

    def authorized(self, asked: Any, magic: Magic | None, said: Entry) -> Entry:
        """``said`` is what else is written down of it, which says nothing that must not be known."""
        now, reason = self.clock(), magic.reason if magic and magic.does == "decline" else ""
        more = {"does": magic.does, "why": magic.reason} if magic and not reason else {}
        if magic and magic.does == "expires":
            more["expires_at"] = stamp(now + timedelta(seconds=EXPIRES_SECONDS))
        return {
            "kind": "authorize",
            "reference": asked.reference,
            "status": "declined" if reason else "approved",
            "reason": reason,
            "amount": asked.amount + (1 if magic and magic.does == "other-amount" else 0),
            "currency": asked.currency,
            "id": f"sim-{asked.reference}",
            "at": stamp(now),
            **said,
            **more,
        }

    def follow_up(self, kind: FollowUp, reference: str, authorization: str, amount: int = 0) -> Entry:
        """Refused: the capture of what was voided, has expired or is more than is left of the authorisation, the void of what was captured, and the
        refund of more than was captured and has not gone back yet."""
        authorized = self.ledger.entries.get(authorization, {})
        earlier = [e for e in self.ledger.of(authorization) if e["status"] == "approved" and e["reference"] != reference]
        done = {each: sum(e["amount"] for e in earlier if e["kind"] == each) for each in ("capture", "refund", "return")}
        left = authorized.get("amount", 0) - done["capture"]
        held = authorized.get("kind") == "authorize" and authorized["status"] == "approved"
        undone = any(e["kind"] == "void" or (kind == "void" and e["kind"] == "capture") for e in earlier)
        most = done["capture"] - done["refund"] - done["return"] if kind == "refund" else left
        reason = "not-possible" if not held or undone or amount > most else self._refuses(kind, authorized)
        return {
            "kind": kind,
            "reference": reference,
            "authorization": authorization,
            "status": "declined" if reason else "approved",
            "reason": reason,
            "amount": left if kind == "void" else amount,
            "currency": authorized.get("currency", ""),
            "id": f"sim-{reference}",
            "at": stamp(self.clock()),
        }

    def _refuses(self, kind: FollowUp, authorized: Entry) -> str:
        """Once there was one magic number of this sort, and its entries say ``bounces``."""
        if kind == "capture" and authorized.get("bounces"):
            return "insufficient-funds"
        if kind == "capture" and stamp(self.clock()) >= authorized.get("expires_at", "~"):
            return "authorisation-expired"
        return str(authorized["why"]) if authorized.get("does") == f"{kind}-declined" else ""

    def returned(self, reference: str, code: str) -> Entry | None:
        """Of a captured debit, when it is asked for; None where there is none."""
        captured = self.ledger.entries.get(reference, {})
        if captured.get("kind") != "capture" or captured["status"] != "approved":
            return None
        entry = {name: captured[name] for name in ("authorization", "amount", "currency")}
        return {"kind": "return", "reference": f"{reference}-return", "status": "approved", "code": code, "at": stamp(self.clock()), **entry}

    def returns(self, since: str) -> Iterator[Entry]:
        """What has come back after then and until now: of magic accounts a while after the capture, of others when it was asked for."""
        now = stamp(self.clock())
        for entry in list(self.ledger.entries.values()):
            back = entry if entry["kind"] == "return" else self._due(entry)
            if back and since < back["at"] <= now:
                captured = back["reference"].removesuffix("-return")
                yield {"reference": captured, "code": back["code"], "amount": back["amount"], "at": back["at"]}

    def _due(self, entry: Entry) -> Entry | None:
        authorized = self.ledger.entries.get(entry.get("authorization", ""), {})
        if entry["kind"] != "capture" or entry["status"] != "approved" or authorized.get("does") != "returned":
            return None
        at = datetime.fromisoformat(entry["at"]) + timedelta(seconds=RETURNS_SECONDS)
        return {**entry, "code": authorized["why"], "at": stamp(at)}

    def of_day(self, day: str) -> list[Entry]:
        """In UTC. What was done before it was written down when is in no list."""
        return [entry for entry in self.ledger.entries.values() if entry.get("at", "").startswith(day)]


class Broken(Response):
    """Breaks the connection off in the middle."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"1000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"reference": ', "more_body": True})
        raise ConnectionResetError


async def answer(does: str, entry: Entry, request: Request) -> Response:
    match does:
        case "lost-after":
            return Response(status_code=504)
        case "fail-after":
            return JSONResponse({"status": "failed"}, 500)
        case "reset":
            return Broken()
        case "hang":
            await _gone(request)
        case "malformed":
            return Response("?")
        case "page":
            return HTMLResponse("<!doctype html><title>Welcome</title><h1>It works!</h1>")
        case "twice":
            return Response(JSONResponse(entry).body * 2, media_type="application/json")  # type: ignore[operator]
        case "other-reference":
            return JSONResponse({**entry, "reference": f"{entry['reference']}9"})
    return JSONResponse(entry)


async def _gone(request: Request) -> None:
    """Until who asked has hung up."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
