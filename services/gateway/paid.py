"""An order's money, as people read it: operations in words, what may be done about each, and why somebody must look. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]

KINDS = {
    "authorise": "Authorization",
    "renew": "Renewed authorization",
    "capture": "Capture",
    "void": "Void",
    "refund": "Refund",
    "pre-auth": "Pre-authorization",
    "pre-auth-void": "Void of the pre-authorization",
}
STATES = {
    "open": ("live", "refresh", "Being asked"),
    "unknown": ("warn", "alert", "Unknown"),
    "approved": ("ok", "check", "Done"),
    "declined": ("bad", "x-circle", "Refused"),
    "never-heard": ("", "slash", "Not done"),
}
"""What an operation has come to: tone, icon, word."""
REFUNDS = {"open": ("live", "refresh", "Being refunded"), "refunded": ("ok", "check", "Refunded"), "failed": ("bad", "x-circle", "Failed")}
ATTEMPTS = {
    "open": ("live", "refresh", "Asking"),
    "unknown": ("warn", "alert", "Unknown"),
    "external": ("", "gift", "External"),
    "declined": ("bad", "x-circle", "Declined"),
    "authorized": ("ok", "check", "Authorised"),
    "captured": ("ok", "check", "Captured"),
    "capture-failed": ("bad", "alert", "Capture failed"),
    "voided": ("", "undo", "Voided"),
    "void-failed": ("bad", "alert", "Void failed"),
}
_NONE = ("", "circle", "Not charged")
_AVS = {
    "Y": "street and postal code match",
    "X": "street and postal code match",
    "A": "the street matches, the postal code does not",
    "Z": "the postal code matches, the street does not",
    "W": "the postal code matches, the street does not",
    "N": "neither matches",
    "U": "the bank cannot say",
    "S": "the bank does not check",
    "R": "the bank could not check just now",
    "G": "a bank abroad, which does not check",
}
_CVV = {"M": "matches", "N": "does not match", "P": "was not checked", "S": "should be on the card", "U": "the bank does not check"}
WHY: Mapping[str, tuple[str, str]] = {
    "outcome-unknown": (
        "A gateway has not said what became of it",
        "Look at the gateway's own pages for the reference, then record what you find there. Or ask once more.",
    ),
    "answer-does-not-fit": (
        "A gateway answers with something else than was asked",
        "Compare the reference, the amount and the currency on the gateway's own pages, and record what you find.",
    ),
    "capture-failed": ("The money is reserved and could not be taken", "Try again, or cancel the order: nothing is approved before it is taken."),
    "void-failed": ("What was reserved could not be given back", "Try again. Otherwise it ends by itself when the authorization does."),
    "refund-failed": ("A refund was refused", "Try again, or pay it back another way and write that down."),
    "refund-due": ("The order is stopped, and its money was taken", "Refund it on the order."),
    "payment-returned": (
        "The customer's bank took the payment back",
        "Reach the customer. A shipment that had not gone out is held until somebody releases it. What was refunded before has gone back twice.",
    ),
    "answer-contradicts": (
        "A gateway says something else now than before",
        "Look at the reference on the gateway's own pages, and record what stands there.",
    ),
    "authorisation-expired": ("What was reserved has ended before it was taken", "Try again, or cancel the order."),
}
"""Why somebody must look, in words, and what to do about it."""


_NOTHING: Row = {"captured": 0, "refunded": 0, "refundable": 0, "currency": "", "returned": ()}


def told(payment: Row | None, now: str) -> dict[str, Any]:
    """``attempts`` newest first, ``operations`` oldest first, ``refunds`` newest first; ``attention`` why somebody must look, and what to do.

    ``now`` as the row's times are written.
    """
    attempts = [{**each, "state": ATTEMPTS.get(each["status"], _NONE)} for each in (payment["attempts"][::-1] if payment else ())]
    return {
        "payment": {**_NOTHING, **payment} if payment else None,
        "attempts": attempts,
        "attempt_state": attempts[0]["state"] if attempts else _NONE,
        "operations": _operations(payment) if payment else [],
        "refunds": _refunds(payment) if payment else [],
        "attention": why(payment["attention"]) if payment and payment["alarm_at"] and payment["alarm_at"] <= now else None,
    }


def why(code: str) -> tuple[str, str]:
    return WHY.get(code) or (_plain(code), "Look at what happened on the order.")


def _plain(code: str) -> str:
    return code.replace("-", " ").capitalize()


def _operations(payment: Row) -> list[dict[str, Any]]:
    """Oldest first: each with its words, and what somebody may do about it."""
    rows: Sequence[Row] = payment.get("operations", ())
    newest = {_place(row): row["reference"] for row in rows}
    waits = {each["reference"] for each in payment.get("returned", ()) if not each["seen"]}
    return [_operation(payment, row, newest[_place(row)] == row["reference"], row["reference"] in waits) for row in rows]


def _place(row: Row) -> tuple[Any, ...]:
    """What those have in common that were tried again for one another."""
    return row["kind"], row["attempt"], row["part"], row["number"], row["of"]


def _operation(payment: Row, row: Row, newest: bool, returned: bool) -> dict[str, Any]:
    tone, image, word = STATES.get(row["status"], ("", "circle", _plain(row["status"])))
    failed = newest and _failed(payment, row)
    if row["status"] == "declined" and row["kind"] in ("authorise", "renew"):
        word = "Declined"
    return {
        **row,
        "what": KINDS.get(row["kind"], _plain(row["kind"])),
        "tone": tone,
        "image": image,
        "word": word,
        "checks": _checks(row),
        "asks": row["status"] == "unknown",
        "tries": failed,
        "returned": returned,
        "records": _outcomes(row, failed, returned),
    }


def _failed(payment: Row, row: Row) -> bool:
    """It was refused, and somebody waits for it."""
    if row["status"] not in ("declined", "never-heard"):
        return False
    attempt = next(each for each in payment["attempts"] if each["attempt"] == row["attempt"])
    match row["kind"]:
        case "renew" if any(each["kind"] == "capture" and each["attempt"] == row["attempt"] for each in payment["operations"]):
            return False
        case "capture" | "renew":
            return attempt["status"] == "capture-failed" and not payment["stopped"]
        case "void":
            return bool(attempt["trouble"] == "void-failed")
        case "refund":
            return any(each["number"] == row["number"] and each["status"] == "failed" for each in payment["refunds"])
    return False


def _outcomes(row: Row, failed: bool, returned: bool) -> list[tuple[str, str]]:
    """What may be recorded of it: the word that payments takes, and what people read."""
    gives = row["kind"] in ("void", "refund")
    yes, no = ("Done there", "Not done there") if gives else ("Charged", "Not charged")
    if row["status"] == "unknown" or row["contradicted"]:
        return [("charged", yes), ("not-charged", no)]
    if returned:
        return [("not-charged", "It came back, and is dealt with")]
    return [("charged", f"{yes} by hand")] if failed and row["kind"] != "renew" else []


def _checks(part: Row) -> list[str]:
    """What the bank said of the address and of the security code."""
    said = (("AVS", part.get("avs", ""), _AVS), ("CVV", part.get("cvv", ""), _CVV))
    return [f"{name} {code}" + (f": {words[code]}" if code in words else "") for name, code, words in said if code]


def _refunds(payment: Row) -> list[dict[str, Any]]:
    """Newest first."""
    rows: Sequence[Row] = payment.get("refunds", ())
    return [{**row, **dict(zip(("tone", "image", "word"), REFUNDS.get(row["status"], _NONE), strict=True))} for row in reversed(rows)]


def waiting(row: Row) -> dict[str, Any]:
    """An order that needs somebody: why, since when, what to do, which money of it, and the operations that are not as they should be."""
    order_id = row.get("order_id") or row["id"]
    newest = row["attempts"][-1] if row.get("attempts") else {}
    wrong = [each for each in _operations(row) if each["reference"] in row.get("look_at", ())]
    return {
        "order_id": order_id,
        "why": why(row["attention"]),
        "since": row["alarm_at"],
        "amount": newest.get("amount", 0),
        "currency": newest.get("currency", ""),
        "gateways": sorted({part["gateway"] for attempt in row.get("attempts", ()) for part in attempt.get("parts", ())}),
        "operations": wrong,
    }
