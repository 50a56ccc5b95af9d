"""What somebody may do about each operation, by what payments says of it."""

import pytest

from services.gateway import paid

ID = "7Q2M4K9XTB"
AT = "2026-03-01T12:00:00.000000+00:00"


def operation(kind="capture", status="declined", reference=f"{ID}-1-1-capture", **more):
    placed = {"reference": reference, "kind": kind, "attempt": 1, "part": 1, "number": 0, "of": f"{ID}-1-1", "gateway": "simulator"}
    said = {"status": status, "reason": "", "gateway_reference": "", "at": AT, "unknown_since": None, "contradicted": None, "avs": "", "cvv": ""}
    return {**placed, **said, "amount": 100, "expires_at": None, **more}


def row(*operations, status="capture-failed", trouble="", stopped="", refunds=(), returned=()):
    attempt = {"attempt": 1, "status": status, "trouble": trouble, "amount": 100, "currency": "USD", "parts": []}
    sums = {"captured": 0, "refunded": 0, "refundable": 0, "currency": "USD", "attention": "", "alarm_at": None, "look_at": []}
    return {
        "id": ID,
        "attempts": [attempt],
        "operations": list(operations),
        "refunds": list(refunds),
        "returned": list(returned),
        "stopped": stopped,
        **sums,
    }


def acts(told):
    """By reference: asked, tried again, and what may be recorded."""
    return {each["reference"]: (each["asks"], each["tries"], [value for value, _ in each["records"]]) for each in told["operations"]}


FIRST, SECOND = f"{ID}-1-1-capture", f"{ID}-1-1-capture-2"
REFUND = {"kind": "refund", "number": 1, "of": FIRST, "reference": f"{ID}-refund-1-1-1"}
BACK = {"reference": FIRST, "code": "R01", "reason": "", "amount": 100, "at": AT}


@pytest.mark.parametrize(
    ("payment", "expected"),
    [
        (row(operation(status="approved")), {FIRST: (False, False, [])}),
        (row(operation()), {FIRST: (False, True, ["charged"])}),
        (row(operation(), status="captured"), {FIRST: (False, False, [])}),
        (row(operation(), stopped="cancelled"), {FIRST: (False, False, [])}),
        (row(operation(), operation(reference=SECOND)), {FIRST: (False, False, []), SECOND: (False, True, ["charged"])}),
        (row(operation(status="unknown")), {FIRST: (True, False, ["charged", "not-charged"])}),
        (row(operation(status="approved", contradicted=AT)), {FIRST: (False, False, ["charged", "not-charged"])}),
        (row(operation(status="approved"), returned=[{**BACK, "seen": False}]), {FIRST: (False, False, ["not-charged"])}),
        (row(operation(status="approved"), returned=[{**BACK, "seen": True}]), {FIRST: (False, False, [])}),
        (row(operation(**REFUND), refunds=[{"number": 1, "status": "failed"}]), {REFUND["reference"]: (False, True, ["charged"])}),
        (row(operation(**REFUND), refunds=[{"number": 1, "status": "refunded"}]), {REFUND["reference"]: (False, False, [])}),
        (row(operation("void", reference=f"{ID}-1-1-void"), trouble="void-failed"), {f"{ID}-1-1-void": (False, True, ["charged"])}),
        (row(operation("authorise", reference=f"{ID}-1-1"), status="declined"), {f"{ID}-1-1": (False, False, [])}),
        (row(operation("renew", reference=f"{ID}-1-1-r1")), {f"{ID}-1-1-r1": (False, True, [])}),
    ],
)
def test_what_may_be_done_about_an_operation(payment, expected):
    assert acts(paid.told(payment)) == expected


def test_where_nothing_was_asked_nothing_is_told():
    told = paid.told(None)
    assert (told["payment"], told["attempts"], told["operations"], told["attention"]) == (None, [], [], None)


def test_what_a_bank_says_of_address_and_code_is_put_in_words_as_far_as_they_are_known():
    told = paid.told(row(operation("authorise", "approved", f"{ID}-1-1", avs="Z", cvv="?")))
    assert told["operations"][0]["checks"] == ["AVS Z: the postal code matches, the street does not", "CVV ?"]


def test_each_reason_to_look_has_words():
    waits = {"outcome-unknown", "answer-does-not-fit", "answer-contradicts", "capture-failed", "void-failed", "authorisation-expired", "refund-due"}
    assert waits | {"refund-failed", "payment-returned"} == set(paid.WHY)
    assert paid.why("something-new")[0] == "Something new"


def test_an_order_that_waits_names_the_operations_that_it_waits_for():
    payment = {**row(operation(), operation("authorise", "approved", f"{ID}-1-1")), "attention": "capture-failed", "alarm_at": AT, "look_at": [FIRST]}
    told = paid.waiting(payment)
    assert ([each["reference"] for each in told["operations"]], told["since"]) == ([FIRST], AT)
    assert told["why"] == paid.WHY["capture-failed"]
