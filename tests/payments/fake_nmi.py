"""NMI as its documentation describes it: Direct Post (/api/transact.php) and the Query API (/api/query.php), a small part of both.

A full number or a security code is kept nowhere.
"""

import hmac
import itertools
import json
import re
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode
from xml.sax.saxutils import escape

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

KEY, SIGNING_KEY = "key-of-the-fake", "signing-key-of-the-fake"
APPROVED = "4111111111111111"
DECLINES = {  # by card number
    "4000000000000002": ("200", "DECLINE"),
    "4000000000009995": ("202", "Insufficient funds"),
    "4000000000000069": ("223", "Expired card"),
    "4000000000000127": ("225", "Invalid card security code"),
    "4000000000009979": ("250", "Pick up card"),
    "4000000000009987": ("251", "Lost card"),
    "5105105105105100": ("461", "Unsupported card type"),
}
ERRORS = {  # by card number: response 3
    "4000000000000119": ("300", "Duplicate transaction REFID:3187654321"),
    "4000000000000341": ("420", "Communication error"),
    "4000000000000259": ("421", "Communication error with issuer"),
    "4000000000000309": ("430", "Duplicate transaction at processor"),
    "4000000000000077": ("410", "Invalid merchant configuration"),
    "4242424242424242": ("999", "Something new"),
}
BAD_ROUTING, NO_MONEY = "111000025", "1000000004"
"""The first is refused when the account is given, the second when it is sold to."""
_TIME = "%Y%m%d%H%M%S"


class Refusal(Exception):
    """With 300, before anything is asked of a processor."""


class FakeNmi:
    """``requests`` are the forms that came, without what nobody may keep; ``names_refunds``: a refund carries the order id that it was sent with.
    ``first``: the number of the first page.
    """

    def __init__(self, names_refunds=True, first=0):
        self.transactions, self.vault, self.requests = {}, {}, []
        self.names_refunds, self.first = names_refunds, first
        self._ids = itertools.count(10_000_000_001)
        routes = [Route("/api/transact.php", self._transact, methods=["POST"]), Route("/api/query.php", self._query, methods=["POST"])]
        self.app = Starlette(routes=routes)

    # Direct Post

    async def _transact(self, request):
        form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        kept = {name: value for name, value in form.items() if name not in ("security_key", "ccnumber", "cvv", "checkaccount")}
        self.requests.append(kept)
        answer = dict.fromkeys(("authcode", "transactionid", "avsresponse", "cvvresponse"), "")
        answer |= {"orderid": form.get("orderid", ""), "type": form.get("type", "")}
        try:
            if form.get("security_key") != KEY:
                raise Refusal("Authentication Failed")
            answer |= self._done(form)
        except Refusal as refusal:
            answer |= {"response": "3", "responsetext": f"{refusal} REFID:3187654399", "response_code": "300", "orderid": ""}
        return PlainTextResponse(urlencode({"response": "", "responsetext": "", **answer}))

    def _done(self, form):
        if form.get("customer_vault"):
            return self._vaulted(form)
        ways = {"auth": self._auth, "sale": self._sale, "capture": self._capture, "void": self._void, "refund": self._refund}
        if form.get("type") not in ways:
            raise Refusal("Invalid Transaction Type")
        if form["type"] != "void" and not re.fullmatch(r"[0-9]+\.[0-9]{2}", form.get("amount", "")):
            raise Refusal("Invalid amount")
        return ways[form["type"]](form)

    def _auth(self, form):
        number = form.get("ccnumber", "")
        if not re.fullmatch(r"(0[1-9]|1[0-2])[0-9]{2}", form.get("ccexp", "")):
            raise Refusal("Invalid expiration date")
        if number in ERRORS:
            code, text = ERRORS[number]
            return {"response": "3", "responsetext": text, "response_code": code}
        code, text = DECLINES.get(number, ("100", "SUCCESS"))
        made = self._made(form, "auth", "cc", code, text, "pending")
        avs, cvv = "Y", ("M" if form.get("cvv") else "")
        made |= {"avs_response": avs, "csc_response": cvv}
        return {**_said(made, code, text), "avsresponse": avs, "cvvresponse": cvv, "amount_authorized": form["amount"] if code == "100" else ""}

    def _sale(self, form):
        account = self.vault.get(form.get("customer_vault_id"))
        if form.get("payment") != "check" or account is None:
            raise Refusal("Invalid Customer Vault Id")
        code, text = ("202", "Insufficient funds") if account["no_money"] else ("100", "SUCCESS")
        return _said(self._made(form, "sale", "ck", code, text, "pendingsettlement"), code, text)

    def _capture(self, form):
        found = self._of(form)
        if found["condition"] != "pending":
            raise Refusal("Only transactions with a condition of pending can be captured")
        if float(form["amount"]) > float(found["actions"][0]["amount"]):
            raise Refusal("The specified amount exceeds the authorization amount")
        found["condition"] = "pendingsettlement"
        found["actions"].append(_action("capture", form["amount"], "100", "SUCCESS"))
        return {**_said(found, "100", "SUCCESS"), "amount_authorized": form["amount"]}

    def _void(self, form):
        found = self._of(form)
        if found["condition"] not in ("pending", "pendingsettlement"):
            raise Refusal("Only transactions pending settlement can be voided")
        found["condition"] = "canceled"
        found["actions"].append(_action("void", found["actions"][0]["amount"], "100", "Transaction Void Successful"))
        return _said(found, "100", "Transaction Void Successful")

    def _refund(self, form):
        found = self._of(form)
        if found["condition"] not in ("pendingsettlement", "complete"):
            raise Refusal("Only settled transactions can be refunded")
        taken = next(action for action in reversed(found["actions"]) if action["type"] in ("capture", "sale"))
        if found["refunded"] + _cents(form["amount"]) > _cents(taken["amount"]):
            raise Refusal("Refund amount may not exceed the transaction balance")
        found["refunded"] += _cents(form["amount"])
        named = form if self.names_refunds else {**form, "orderid": ""}
        made = self._made({"currency": found["currency"], **named}, "refund", found["transaction_type"], "100", "SUCCESS", "pendingsettlement")
        made["actions"][0]["amount"] = f"-{form['amount']}"
        return _said(made, "100", "SUCCESS")

    def _vaulted(self, form):
        name = form["customer_vault_id"]
        if form["customer_vault"] == "delete_customer":
            if self.vault.pop(name, None) is None:
                raise Refusal("Invalid Customer Vault Id")
            return {"response": "1", "responsetext": "Customer Deleted", "response_code": "100"}
        if name in self.vault:
            raise Refusal("Duplicate Customer Vault Id")
        if form["checkaba"] == BAD_ROUTING:
            raise Refusal("Invalid ABA number")
        self.vault[name] = {"no_money": form["checkaccount"] == NO_MONEY, "sec_code": form["sec_code"]}
        return {"response": "1", "responsetext": "Customer Added", "response_code": "100", "customer_vault_id": name}

    def _of(self, form):
        found = self.transactions.get(form.get("transactionid"))
        if found is None:
            raise Refusal("Transaction not found")
        return found

    def _made(self, form, kind, type, code, text, condition):
        made = {
            "transaction_id": str(next(self._ids)),
            "transaction_type": type,
            "condition": condition if code == "100" else "failed",
            "order_id": form.get("orderid", ""),
            "currency": form.get("currency", "USD"),
            "actions": [_action(kind, form["amount"], code, text)],
            "refunded": 0,
        }
        self.transactions[made["transaction_id"]] = made
        return made

    # Query API

    async def _query(self, request):
        form = dict(parse_qsl((await request.body()).decode()))
        if form.get("security_key") != KEY:
            return _xml("<error_response>Authentication Failed REFID:201239399</error_response>")
        if form.get("report_type") == "customer_vault":
            name = form["customer_vault_id"]
            there = f'<customer_vault><customer id="{name}"><customer_vault_id>{name}</customer_vault_id></customer></customer_vault>'
            return _xml(there if name in self.vault else "")
        found = [each for each in self.transactions.values() if _matches(each, form)]
        size, number = int(form.get("result_limit", "100")), max(int(form.get("page_number", "0")) - self.first, 0)
        return _xml("".join(_transaction(each) for each in found[number * size : (number + 1) * size]))

    # Webhooks

    def told(self, kind, transaction, **action):
        """(headers, body) of a call about this transaction, signed."""
        last = transaction["actions"][-1]
        said = {"amount": last["amount"], "action_type": last["type"], "response_text": last["text"], "response_code": last["code"], **action}
        about = {name: transaction[name] for name in ("transaction_id", "transaction_type", "condition", "order_id", "currency")}
        event = {"event_id": "9b312dfd-3174-4748-9447-d63c8744305a", "event_type": kind, "event_body": {**about, "action": said}}
        return signed(json.dumps(event).encode())


def signed(body, key=SIGNING_KEY):
    return {"webhook-signature": f"t=f3c1e9a2b7d84c15,s={hmac.new(key.encode(), b'f3c1e9a2b7d84c15.' + body, 'sha256').hexdigest()}"}, body


def _action(kind, amount, code, text):
    now = datetime.now(UTC).strftime(_TIME)
    return {"type": kind, "amount": amount, "code": code, "text": text, "success": "1" if code == "100" else "0", "date": now}


def _said(made, code, text):
    response = "1" if code == "100" else "2" if code.startswith("2") else "3"
    return {"response": response, "responsetext": text, "response_code": code, "transactionid": made["transaction_id"]}


def _cents(amount):
    return round(float(amount) * 100)


def _matches(each, form):
    dates = [action["date"] for action in each["actions"]]
    kinds = {action["type"] for action in each["actions"]}
    return (
        form.get("transaction_id", each["transaction_id"]) == each["transaction_id"]
        and form.get("order_id", each["order_id"]) == each["order_id"]
        and ("action_type" not in form or form["action_type"] in kinds)
        and any(form.get("start_date", "0") <= date <= form.get("end_date", "9") for date in dates)
    )


def _xml(inside):
    return Response(f'<?xml version="1.0" encoding="UTF-8"?>\n<nm_response>{inside}</nm_response>', media_type="text/xml")


def _transaction(each):
    names = ("transaction_id", "transaction_type", "condition", "order_id", "currency", "avs_response", "csc_response")
    fields = "".join(f"<{name}>{escape(each.get(name, ''))}</{name}>" for name in names)
    actions = "".join(
        f"<action><amount>{a['amount']}</amount><action_type>{a['type']}</action_type><date>{a['date']}</date><success>{a['success']}</success>"
        f"<response_text>{escape(a['text'])}</response_text><response_code>{a['code']}</response_code></action>"
        for a in each["actions"]
    )
    return f"<transaction>{fields}{actions}</transaction>"
