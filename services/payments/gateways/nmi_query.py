"""What NMI's Query API tells of transactions: XML, one element a transaction, in it one an action."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from services.payments.gateways.nmi_answers import minor

ACTIONS = frozenset(("auth", "sale", "capture", "void", "refund"))
"""Others, such as settle, move nothing that we asked for."""
_NO_CUSTOMER = re.compile("(invalid|no such|unknown) customer|customer.*(not found|invalid)", re.IGNORECASE)
_TIME = "%Y%m%d%H%M%S"


class Refused(Exception):
    """They say that they do not tell, and why."""


@dataclass(frozen=True, slots=True)
class Action:
    kind: str
    amount: int
    approved: bool
    at: datetime
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Transaction:
    id: str
    order: str
    currency: str
    condition: str
    account: bool
    avs: str
    cvv: str
    actions: tuple[Action, ...]

    def did(self, kind: str) -> Action | None:
        """The one that was approved, else the last one."""
        found = [action for action in self.actions if action.kind == kind]
        return next((action for action in found if action.approved), found[-1] if found else None)


def transactions(body: bytes) -> Sequence[Transaction]:
    """Raises Refused, ValueError."""
    return [_transaction(element) for element in _told(body).findall("transaction")]


def kept(body: bytes, id: str) -> bool:
    """There is this customer in the vault; of one that is not they say nothing, or that there is none. Raises Refused, ValueError."""
    try:
        customers = _told(body).findall("customer_vault/customer")
    except Refused as refusal:
        if _NO_CUSTOMER.search(str(refusal)):
            return False
        raise
    return any(id in (customer.get("id"), customer.findtext("customer_vault_id")) for customer in customers)


def _told(body: bytes) -> Element:
    try:
        root: Element = fromstring(body)
    except (ParseError, DefusedXmlException) as error:
        raise ValueError("no XML that can be read") from error
    if root.tag != "nm_response":
        raise ValueError(f"no answer of NMI: {root.tag[:40]}")
    refusal = root.findtext("error_response")
    if refusal:
        raise Refused(refusal.strip())
    return root


def _transaction(element: Element) -> Transaction:
    def text(name: str) -> str:
        return (element.findtext(name) or "").strip()

    if not text("transaction_id"):
        raise ValueError("a transaction without its id")
    return Transaction(
        id=text("transaction_id"),
        order=text("order_id"),
        currency=text("currency"),
        condition=text("condition"),
        account=text("transaction_type") == "ck",
        avs=text("avs_response"),
        cvv=text("csc_response"),
        actions=tuple(_action(each) for each in element.findall("action") if (each.findtext("action_type") or "").strip() in ACTIONS),
    )


def _action(element: Element) -> Action:
    def text(name: str) -> str:
        return (element.findtext(name) or "").strip()

    return Action(
        kind=text("action_type"),
        amount=minor(text("amount")) if text("amount") else 0,
        approved=text("success") == "1",
        at=datetime.strptime(text("date"), _TIME).replace(tzinfo=UTC),
        code=text("response_code"),
        text=text("response_text"),
    )


def stamped(at: datetime) -> str:
    return at.astimezone(UTC).strftime(_TIME)
