"""What Stripe documents of PaymentIntents, refunds, events, idempotency and errors, with a memory: an ASGI app for what stripe-mock cannot give."""

import base64
import copy
import hmac
import itertools
import json
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse

KEY, HOOK = "sk_test_canary51Hx9", "whsec_canary77qP"
GOOD = "4242424242424242"
DECLINES = {
    "4000000000000002": ("card_declined", "generic_decline"),
    "4000000000009995": ("card_declined", "insufficient_funds"),
    "4000000000009987": ("card_declined", "lost_card"),
    "4000000000009979": ("card_declined", "stolen_card"),
    "4000000000000069": ("expired_card", "expired_card"),
    "4000000000000127": ("incorrect_cvc", "incorrect_cvc"),
    "4000000000000119": ("processing_error", "processing_error"),
    "4000000000006975": ("card_declined", "card_velocity_exceeded"),
    "4100000000000019": ("card_declined", "fraudulent"),
}
"""Numbers of docs.stripe.com/testing: what they answer as ``code`` and ``decline_code``."""
BLOCKED = "4000000000004954"
"""By a rule of the account's own, which the answer does not say."""
NEVER = "4000000000000341"
WANTS_3DS = "4000002760003184"
WRONG_NUMBER = "4242424242424241"
CHECKS = {"4000000000000010": ("fail", "fail", "pass"), "4000000000000028": ("fail", "pass", "pass"), "4000000000000101": (None, None, "fail")}
"""Street, postal code and security code, as the bank compares them."""
LIFE = 7 * 24 * 3600
SMALLEST = 50


class No(Exception):
    def __init__(self, status, type, code=None, **more):
        self.status, self.error = status, {"type": type, "code": code, "message": f"canary message: {code}", **more}


class Stripe:
    """``stumbles``: at such a path the next answer is 500, of what was done nonetheless; ``confirms_itself``: error_on_requires_action is ignored."""

    def __init__(self, clock, moto=True, key=KEY):
        self.clock, self.moto, self.key = clock, moto, key
        self.methods, self.intents, self.charges, self.refunds = {}, {}, {}, {}
        self.events, self.answers, self.asked = [], {}, []
        self.stumbles, self.confirms_itself = set(), False
        self._numbers = itertools.count(1)

    async def __call__(self, scope, receive, send):
        request = Request(scope, receive)
        body = (await request.body()).decode()
        try:
            answer = self._answered(request, parse_qsl(body, keep_blank_values=True), parse_qsl(scope["query_string"].decode()))
        except No as no:
            answer = no.status, {"error": no.error}
        await JSONResponse(answer[1], answer[0], headers={"request-id": f"req_{next(self._numbers)}"})(scope, receive, send)

    def _answered(self, request, form, query):
        self._let_in(request)
        path, key = request.url.path.removeprefix("/v1/").split("/"), request.headers.get("idempotency-key", "")
        self.asked.append((request.method, request.url.path, dict(form or query), key))
        if request.method == "GET":
            return 200, self._got(path, query)
        if key in self.answers:
            before, status, body = self.answers[key]
            if before != (path, form):
                raise No(400, "idempotency_error", None)
            return status, body
        status, body = self._once(path, dict(form), key)
        self.answers[key] = (path, form), status, body
        return status, body

    def _let_in(self, request):
        _, _, sent = request.headers.get("authorization", "").partition(" ")
        key = base64.b64decode(sent).decode().removesuffix(":")
        if key != self.key:
            raise No(401, "invalid_request_error", None)
        if not request.headers.get("stripe-version"):
            raise No(400, "invalid_request_error", None)

    def _once(self, path, form, key):
        """As saved under the key: also 402 and 500."""
        try:
            status, body = 200, self._posted(path, form, key)
        except No as no:
            status, body = no.status, {"error": no.error}
        if "/".join(path[:1] + path[2:]) in self.stumbles:
            self.stumbles.clear()
            status, body = 500, {"error": {"type": "api_error", "message": "canary: internal"}}
        return status, copy.deepcopy(body)

    def _posted(self, path, form, key):
        match path:
            case ["payment_methods"]:
                return self._method(form)
            case ["payment_intents"]:
                return self._shown(self._charged(form, key), "expand[]" in form)
            case ["payment_intents", intent, "capture"]:
                return self._shown(self._captured(self._intent(intent), form, key), "expand[]" in form)
            case ["payment_intents", intent, "cancel"]:
                return self._shown(self._cancelled(self._intent(intent), key), "expand[]" in form)
            case ["refunds"]:
                return self._refunded(form, key)
        raise No(404, "invalid_request_error", None)

    def _id(self, prefix):
        return f"{prefix}_{next(self._numbers):06}"

    def _now(self):
        return int(self.clock().timestamp())

    # Cards

    def _method(self, form):
        number = form["card[number]"]
        if number == WRONG_NUMBER:
            raise No(402, "card_error", "incorrect_number", param="number")
        if not (form["type"] == "card" and form["card[exp_month]"] and len(form["card[exp_year]"]) == 4):
            raise No(400, "invalid_request_error", "parameter_missing", param="card[exp_month]")
        method = {"id": self._id("pm"), "object": "payment_method", "type": "card", "card": {"last4": number[-4:]}}
        self.methods[method["id"]] = number, form
        return method

    # PaymentIntents

    def _intent(self, id):
        if id not in self.intents:
            raise No(404, "invalid_request_error", "resource_missing", param="intent")
        return self.intents[id]

    def _charged(self, form, key):
        number, card = self.methods[form["payment_method"]]
        amount = int(form["amount"])
        if form.get("payment_method_options[card][moto]") and not self.moto:
            raise No(400, "invalid_request_error", "parameter_unknown", param="payment_method_options[card][moto]")
        if amount < SMALLEST:
            raise No(400, "invalid_request_error", "amount_too_small", param="amount")
        intent = {
            "id": self._id("pi"), "object": "payment_intent", "amount": amount, "amount_capturable": 0, "amount_received": 0, "canceled_at": None,
            "cancellation_reason": None, "capture_method": form["capture_method"], "client_secret": "pi_secret_canary", "created": self._now(),
            "currency": form["currency"], "last_payment_error": None, "latest_charge": None, "livemode": False,
            "metadata": {"reference": form["metadata[reference]"], "order": form["metadata[order]"]}, "next_action": None,
            "payment_method": form["payment_method"], "status": "requires_confirmation",
        }  # fmt: skip
        self.intents[intent["id"]] = intent
        if number == WANTS_3DS and self.confirms_itself:
            self._becomes(intent, status="requires_action", next_action={"type": "redirect_to_url"})
            return intent
        if number == WANTS_3DS:
            return self._fails(intent, None, "authentication_required", "authentication_required", key)
        charge = self._charge(intent, number, card)
        if number in DECLINES:
            charge["status"] = "failed"
            return self._fails(intent, charge["id"], *DECLINES[number], key)
        if number in (BLOCKED, NEVER):
            charge |= {"status": "failed", "outcome": {"type": "blocked" if number == BLOCKED else "issuer_declined", "reason": "rule"}}
            return self._fails(intent, charge["id"], "card_declined", "generic_decline", key, "do_not_try_again" if number == NEVER else None)
        self._becomes(intent, status="requires_capture", amount_capturable=amount, latest_charge=charge["id"])
        self._tell("payment_intent.amount_capturable_updated", intent, key)
        return intent

    def _charge(self, intent, number, card):
        asked = card.get("card[cvc]") and "pass"
        told = [card.get(f"billing_details[address][{name}]") and "pass" for name in ("line1", "postal_code")]
        street, postal, code = CHECKS.get(number, (*told, asked))
        checks = {"address_line1_check": street, "address_postal_code_check": postal, "cvc_check": code if asked else None}
        details = {"type": "card", "card": {"last4": number[-4:], "checks": checks, "capture_before": self._now() + LIFE}}
        charge = {"id": self._id("ch"), "object": "charge", "status": "succeeded", "amount": intent["amount"], "payment_method_details": details}
        self.charges[charge["id"]] = charge
        return charge

    def _fails(self, intent, charge, code, decline_code, key, advice_code=None):
        error = {
            "type": "card_error",
            "code": code,
            "decline_code": decline_code,
            "advice_code": advice_code,
            "message": "canary: your card was declined",
            "charge": charge,
        }
        self._becomes(intent, status="requires_payment_method", last_payment_error=error, latest_charge=charge)
        self._tell("payment_intent.payment_failed", intent, key)
        raise No(402, **{**error, "payment_intent": self._shown(intent, False)})

    def _captured(self, intent, form, key):
        if intent["status"] != "requires_capture":
            raise No(400, "invalid_request_error", "payment_intent_unexpected_state", payment_intent=self._shown(intent, False))
        amount = int(form["amount_to_capture"])
        if amount > intent["amount_capturable"]:
            raise No(400, "invalid_request_error", "amount_too_large", param="amount_to_capture")
        intent["metadata"]["capture"] = form["metadata[capture]"]
        self._becomes(intent, status="succeeded", amount_received=amount, amount_capturable=0)
        self._tell("payment_intent.succeeded", intent, key)
        return intent

    def _cancelled(self, intent, key, reason=None):
        if intent["status"] in ("succeeded", "canceled"):
            raise No(400, "invalid_request_error", "payment_intent_unexpected_state", payment_intent=self._shown(intent, False))
        self._becomes(intent, status="canceled", amount_capturable=0, canceled_at=self._now(), cancellation_reason=reason)
        self._tell("payment_intent.canceled", intent, key)
        return intent

    def expire(self, intent):
        """As they do by themselves once the bank does not hold the money any more."""
        self._cancelled(self._intent(intent), None, "automatic")

    def by_hand(self, intent, what, amount=None):
        """In the dashboard, where nobody knows our references."""
        if what == "refund":
            return self._refunded({"payment_intent": intent, "amount": str(amount)}, None)
        if what == "cancel":
            return self._cancelled(self._intent(intent), "dashboard-key", "requested_by_customer")
        found = self._intent(intent)
        self._becomes(found, status="succeeded", amount_received=amount or found["amount"], amount_capturable=0)
        self._tell("payment_intent.succeeded", found, "dashboard-key")
        return found

    def by_others(self, amount=700):
        """What another program made in the same account, which has no reference of ours."""
        made = {"id": self._id("pi"), "object": "payment_intent", "amount": amount, "amount_received": amount, "created": self._now(),
                "currency": "usd", "metadata": {}, "latest_charge": None, "last_payment_error": None, "status": "succeeded"}  # fmt: skip
        self.intents[made["id"]] = made
        self._tell("payment_intent.succeeded", made, None)
        return made

    def _becomes(self, intent, **news):
        intent.update(news)

    def _shown(self, intent, whole):
        charge = self.charges.get(intent["latest_charge"])
        return copy.deepcopy({**intent, "latest_charge": charge if charge and whole else intent["latest_charge"]})

    # Refunds

    def _refunded(self, form, key):
        intent, amount = self._intent(form["payment_intent"]), int(form["amount"])
        if intent["status"] != "succeeded":
            raise No(400, "invalid_request_error", "payment_intent_unexpected_state")
        back = sum(each["amount"] for each in self.refunds.values() if each["payment_intent"] == intent["id"] and each["status"] != "failed")
        if back == intent["amount_received"]:
            raise No(400, "invalid_request_error", "charge_already_refunded")
        if back + amount > intent["amount_received"]:
            raise No(400, "invalid_request_error", None, param="amount")
        metadata = {"reference": form["metadata[reference]"]} if "metadata[reference]" in form else {}
        refund = {"id": self._id("re"), "object": "refund", "amount": amount, "charge": intent["latest_charge"], "created": self._now(),
                  "currency": intent["currency"], "metadata": metadata, "payment_intent": intent["id"], "status": "succeeded"}  # fmt: skip
        self.refunds[refund["id"]] = refund
        self._tell("refund.created", refund, key)
        return refund

    def refund_fails(self, refund):
        """Days later: the bank does not take it."""
        self.refunds[refund] |= {"status": "failed", "failure_reason": "lost_or_stolen_card"}
        self._tell("refund.failed", self.refunds[refund], None)

    # Reading

    def _got(self, path, query):
        match path:
            case ["payment_intents", id]:
                return self._shown(self._intent(id), ("expand[]", "latest_charge") in query)
            case ["payment_intents"]:
                return self._page([self._shown(each, False) for each in self.intents.values()], query)
            case ["refunds"]:
                of = dict(query)["payment_intent"]
                return self._page([each for each in self.refunds.values() if each["payment_intent"] == of], query)
            case ["events"]:
                kinds = {value for name, value in query if name == "types[]"}
                return self._page([each for each in self.events if each["type"] in kinds], query)
        raise No(404, "invalid_request_error", None)

    def _page(self, rows, query):
        asked = dict(query)
        limit = int(asked.get("limit", "10"))
        if not 1 <= limit <= 100:
            raise No(400, "invalid_request_error", "parameter_invalid_integer", param="limit")
        rows = [row for row in rows if int(asked.get("created[gte]", "0")) <= row["created"] < int(asked.get("created[lt]", "99999999999"))]
        rows.reverse()
        if after := asked.get("starting_after"):
            rows = rows[[row["id"] for row in rows].index(after) + 1 :]
        return copy.deepcopy({"object": "list", "url": "/v1", "has_more": len(rows) > limit, "data": rows[:limit]})

    def _tell(self, type, object, key):
        request = {"id": None if key is None else self._id("req"), "idempotency_key": key}
        data = {"object": self._shown(object, False) if object["object"] == "payment_intent" else copy.deepcopy(object)}
        event = {"id": self._id("evt"), "object": "event", "api_version": "2025-01-27.acacia", "created": self._now(), "livemode": False}
        self.events.append({**event, "type": type, "request": request, "data": data})


def call(event, at, secret=HOOK, **header):
    """(headers, body) of a call with this event, signed at this moment."""
    body = json.dumps(event).encode()
    return {"stripe-signature": f"t={int(at.timestamp())},v1={signature(body, at, secret)}", **header}, body


def signature(body, at, secret=HOOK):
    return hmac.digest(secret.encode(), f"{int(at.timestamp())}.".encode() + body, "sha256").hex()
