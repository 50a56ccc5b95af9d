"""NMI: cards and bank accounts by its Direct Post and Query APIs. ``docs/decisions/0047`` says what of them is documented and what is assumed."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode

import structlog

from services.payments.gateways.kinds import Kind, Secret, Surroundings
from services.payments.gateways.nmi_answers import DECLINES, Answered, answered, charged_in, judged, major, refused
from services.payments.gateways.nmi_hooks import heard
from services.payments.gateways.nmi_query import Refused, Transaction, kept, stamped, transactions
from services.payments.gateways.protocol import (
    MISFIT,
    SETTLES,
    TIMEOUT,
    UNKNOWN,
    Account,
    Card,
    Charge,
    FollowUp,
    Heard,
    Listed,
    NoList,
    Operation,
    Question,
    Said,
    Secrets,
)
from shared.asgi import Client, HttpClient

log = structlog.get_logger()

SECURITY_KEY = "security_key"
WEBHOOK_KEY = "webhook_key"
_TRANSACT = "/api/transact.php"
_QUERY = "/api/query.php"
_FORM = {"content-type": "application/x-www-form-urlencoded"}
_PATIENCE = 10.0
"""Seconds that somebody who tests a gateway waits."""
_NEVER_MADE = "ringup-test"
_PAGE = 500
_OPERATIONS: Mapping[str, Operation] = {"auth": "authorise", "capture": "capture", "sale": "capture", "void": "void", "refund": "refund"}
"""A sale is the capture of an eCheck."""
_ACTIONS: Mapping[Operation, str] = {"authorise": "auth", "capture": "capture", "void": "void", "refund": "refund"}
_NO_KEY = Said(answer="declined", reason="gateway-refused")
_OTHER_CURRENCY = Said(answer="declined", reason="currency-not-supported")
_NOT_POSSIBLE = "not-possible"
_SKEW = timedelta(minutes=5)
"""Their clock and ours."""


class NmiGateway:
    """A card is reserved and then captured in one transaction of theirs. NMI reserves nothing on a bank account: authorised, it lies in their
    Customer Vault under a name made of our reference, and the capture sells to it.

    An order id is no idempotency key there, so nothing is sent again before it was asked about.
    """

    idempotent = False
    askable = True
    settles = SETTLES

    def __init__(self, client: Client, timeout: float = TIMEOUT) -> None:
        self._client = client
        self._timeout = timeout

    async def authorise(self, charge: Charge, secrets: Secrets) -> Said:
        if not secrets.get(SECURITY_KEY):
            return _NO_KEY
        if not charged_in(charge.currency):
            return _OTHER_CURRENCY
        if isinstance(charge.means, Account):
            return await self._put_in_vault(charge, charge.means, secrets)
        answer = await self._transact({"type": "auth", **_charged(charge), **_card(charge.means, charge)}, secrets)
        return judged(answer, charge.reference, charge.amount) if answer else UNKNOWN

    async def capture(self, asked: FollowUp, secrets: Secrets) -> Said:
        if asked.account:
            return await self._sell(asked, secrets)
        return await self._follow({"type": "capture", "amount": major(asked.amount)}, asked, "capture", secrets)

    async def void(self, asked: FollowUp, secrets: Secrets) -> Said:
        if not asked.account:
            return await self._follow({"type": "void"}, asked, "void", secrets)
        answer = await self._forget(asked.authorisation, secrets)
        return Said(answer="approved", code=answer.code) if answer and answer.approved else await self._asked(asked, "void", secrets)

    async def refund(self, asked: FollowUp, secrets: Secrets) -> Said:
        form = {"type": "refund", "amount": major(asked.amount), "orderid": asked.reference}
        return await self._follow(form | ({"payment": "check"} if asked.account else {}), asked, "refund", secrets)

    async def lookup(self, question: Question, secrets: Secrets) -> Said:
        try:
            async with asyncio.timeout(self._timeout):
                return await self._looked_up(question, secrets)
        except Exception:  # whatever went wrong over there, we don't know what they did
            return UNKNOWN

    async def trouble(self, secrets: Secrets) -> str:
        if not secrets.get(SECURITY_KEY):
            return "It has no security key."
        try:
            async with asyncio.timeout(min(self._timeout, _PATIENCE)):
                found = await self._query({"order_id": _NEVER_MADE}, secrets)
        except TimeoutError:
            return "It does not answer in time."
        except Refused:
            return "It does not accept this security key."
        except ValueError:
            return "Its answer cannot be read."
        except Exception:  # whatever went wrong over there is what was asked about
            return "It cannot be reached."
        return "It knows a payment that was never made." if found else ""

    async def listed(self, day: date, secrets: Secrets) -> AsyncIterator[Listed]:
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        window = {"start_date": stamped(start), "end_date": stamped(start + timedelta(days=1, seconds=-1)), "result_limit": str(_PAGE)}
        seen: set[str] = set()
        number = 0
        while True:
            try:
                async with asyncio.timeout(self._timeout):
                    page = await self._query({**window, "page_number": str(number)}, secrets)
            except Refused as refusal:
                raise NoList(f"NMI did not give its list: {refusal}") from refusal
            except Exception as error:
                raise NoList("NMI did not give its list, or not so that it can be read.") from error
            fresh = [each for each in page if each.id not in seen]
            seen |= {each.id for each in fresh}
            for each in fresh:
                for row in _rows(each, day):
                    yield row
            if len(page) < _PAGE or (number > 1 and not fresh):
                return  # the first page may be 0 or 1
            number += 1

    async def hear(self, headers: Mapping[str, str], body: bytes, secrets: Secrets) -> Sequence[Heard]:
        return heard(headers, body, secrets.get(WEBHOOK_KEY, ""))

    # Bank accounts

    async def _put_in_vault(self, charge: Charge, account: Account, secrets: Secrets) -> Said:
        form = {"customer_vault": "add_customer", "customer_vault_id": _vault_id(charge.reference), **_account(account, charge.by_phone)}
        answer = await self._transact(form | {"currency": charge.currency}, secrets)
        if answer is None or answer.response == "1":
            named = _vault_id(charge.reference)
            return Said(answer="approved", code=answer.code, reference=named, amount=charge.amount) if answer and answer.approved else UNKNOWN
        no = refused(answer.code, answer.text, account=True)
        if no.reason != "duplicate":
            return no
        return await self.lookup(Question(charge.reference, "authorise", charge.amount, charge.currency, account=True), secrets)

    async def _sell(self, asked: FollowUp, secrets: Secrets) -> Said:
        form = {"type": "sale", "payment": "check", "customer_vault_id": _vault_id(asked.authorisation), "orderid": asked.reference}
        answer = await self._transact(form | {"amount": major(asked.amount), "currency": asked.currency}, secrets)
        if answer is None or answer.turned_away:
            return UNKNOWN
        said = judged(answer, asked.reference, asked.amount, account=True)
        if said.answer == "declined" and answer.code == "300":
            return await self._refused(said, asked, "capture", secrets)
        if said.answer == "approved":
            gone = await self._forget(asked.authorisation, secrets)
            if gone is None or not gone.approved:
                log.warning("nmi.account.kept", reference=asked.reference)
        return said

    async def _forget(self, authorisation: str, secrets: Secrets) -> Answered | None:
        return await self._transact({"customer_vault": "delete_customer", "customer_vault_id": _vault_id(authorisation)}, secrets)

    # What follows an authorisation

    async def _follow(self, form: Mapping[str, str], asked: FollowUp, operation: Operation, secrets: Secrets) -> Said:
        about = (asked.captured if operation == "refund" else "") or asked.theirs or await self._theirs(asked, secrets)
        answer = await self._transact({**form, "transactionid": about}, secrets) if about else None
        if answer is None or answer.turned_away:
            return UNKNOWN
        if answer.response != "1":
            said = refused(answer.code, answer.text, asked.account)
            return await self._refused(said, asked, operation, secrets) if said.answer == "declined" else said
        other = operation != "refund" and answer.transaction != about
        if not answer.approved or not answer.transaction or other:
            return UNKNOWN
        if operation != "void" and answer.authorised not in (None, asked.amount):
            return MISFIT
        amount = None if operation == "void" else asked.amount
        return Said(answer="approved", code=answer.code, reference=answer.transaction, amount=amount)

    async def _refused(self, said: Said, asked: FollowUp, operation: Operation, secrets: Secrets) -> Said:
        """What was done already is refused as well, such as by a repeat of a request whose answer was lost."""
        found = await self._asked(asked, operation, secrets)
        if found.answer != "never-heard":
            return found if found.answer == "approved" else UNKNOWN
        if said.reason == "duplicate":
            return UNKNOWN
        return said if said.code != "300" else said.model_copy(update={"reason": _NOT_POSSIBLE})

    async def _theirs(self, asked: FollowUp, secrets: Secrets) -> str:
        reserved = Question(asked.authorisation, "authorise", asked.amount, asked.currency)
        return (await self.lookup(reserved, secrets)).reference

    async def _asked(self, asked: FollowUp, operation: Operation, secrets: Secrets) -> Said:
        about = (asked.authorisation, asked.theirs, asked.captured, asked.account)
        return await self.lookup(Question(asked.reference, operation, asked.amount, asked.currency, *about), secrets)

    # What became of it

    async def _looked_up(self, question: Question, secrets: Secrets) -> Said:
        if question.operation == "refund":
            return await self._refunded(question, secrets)
        if not question.account:
            return await self._of_card(question, secrets)
        if question.operation == "capture":
            said = _found(await self._of_order(question.reference, secrets), question, "sale")
            if said.answer == "approved":
                await self._forget(question.authorisation, secrets)
            return said
        reference = question.reference if question.operation == "authorise" else question.authorisation
        report = {"report_type": "customer_vault", "customer_vault_id": _vault_id(reference)}
        there = kept(await self._told(_QUERY, report, secrets), _vault_id(reference))
        if there == (question.operation == "authorise"):
            return Said(answer="approved", reference=_vault_id(reference)) if there else Said(answer="approved")
        return Said(answer="never-heard")

    async def _of_card(self, question: Question, secrets: Secrets) -> Said:
        """Captures and voids are actions of the transaction that they are about, whose order id is the authorisation's reference."""
        reference = question.reference if question.operation == "authorise" else question.authorisation
        about = {"transaction_id": question.theirs}
        mine = await self._query(about, secrets) if question.theirs else await self._of_order(reference, secrets)
        return _found(mine, question, _ACTIONS[question.operation])

    async def _refunded(self, question: Question, secrets: Secrets) -> Said:
        """A refund is a transaction of its own there, and nothing documents that it carries our reference. Where one of the same amount since then
        cannot be told from ours, somebody must look: a refund too many is money lost."""
        said = _found(await self._of_order(question.reference, secrets), question, "refund")
        if said.answer != "never-heard":
            return said
        theirs = question.captured or question.theirs
        if theirs and any(_alike(each, question) for each in await self._query({"transaction_id": theirs}, secrets)):
            return MISFIT
        since = {"start_date": stamped(question.since - _SKEW)} if question.since else {}
        others = await self._query({"action_type": "refund", **since}, secrets)
        nameless = [each for each in others if not each.order or each.order == question.authorisation]
        return MISFIT if any(_alike(each, question) for each in nameless) else said

    # The two doors

    async def _transact(self, form: Mapping[str, str], secrets: Secrets) -> Answered | None:
        """None where nobody knows what they did."""
        try:
            async with asyncio.timeout(self._timeout):
                return answered(await self._told(_TRANSACT, form, secrets))
        except Exception:  # whatever went wrong over there, we don't know what they did
            return None

    async def _query(self, form: Mapping[str, str], secrets: Secrets) -> Sequence[Transaction]:
        return transactions(await self._told(_QUERY, form, secrets))

    async def _of_order(self, reference: str, secrets: Secrets) -> Sequence[Transaction]:
        return [each for each in await self._query({"order_id": reference}, secrets) if each.order == reference]

    async def _told(self, path: str, form: Mapping[str, str], secrets: Secrets) -> bytes:
        body = urlencode({"security_key": secrets.get(SECURITY_KEY, ""), **form}).encode()
        response = await self._client.request("POST", path, json=body, headers=_FORM)
        if response.status != 200:
            raise ValueError(f"NMI answered {response.status}")
        return response.body


def _charged(charge: Charge) -> dict[str, str]:
    return {"amount": major(charge.amount), "currency": charge.currency, "orderid": charge.reference}


def _card(card: Card, charge: Charge) -> dict[str, str]:
    """The customer asks for it either way; what was typed is kept, what was kept is used. The address is for AVS."""
    (first, _, last), billing = card.holder.strip().rpartition(" "), charge.billing
    said = {
        "payment": "creditcard",
        "ccnumber": card.number,
        "ccexp": card.expiry.replace("/", ""),
        "cvv": card.cvv,
        "first_name": first,
        "last_name": last,
        "address1": billing.street,
        "address2": billing.unit,
        "city": billing.city,
        "state": billing.region,
        "zip": billing.postal,
        "country": billing.country,
        "initiated_by": "customer",
        "stored_credential_indicator": "used" if charge.on_file else "stored",
    }
    return {name: value for name, value in said.items() if value}


def _account(account: Account, by_phone: bool) -> dict[str, str]:
    return {
        "payment": "check",
        "checkname": account.holder,
        "checkaba": account.routing,
        "checkaccount": account.number,
        "account_holder_type": "personal",
        "account_type": account.kind,
        "sec_code": "TEL" if by_phone else "WEB",
    }


def _vault_id(reference: str) -> str:
    """Theirs are letters and digits, 36 at the most."""
    return f"ringup{hashlib.sha256(reference.encode()).hexdigest()[:26]}"


def _found(mine: Sequence[Transaction], question: Question, kind: str) -> Said:
    did = [(each, action) for each in mine if (action := each.did(kind))]
    yes = [(each, action) for each, action in did if action.approved]
    if len(yes) > 1 or any(each.currency not in ("", question.currency) for each, _ in yes):
        return MISFIT
    for each, action in yes:
        amount = None if question.operation == "void" else action.amount
        return Said(answer="approved", code=action.code, reference=each.id, avs=each.avs, cvv=each.cvv, amount=amount)
    for each, action in did:
        if each.condition == "unknown":
            return UNKNOWN
        if question.since is None or action.at >= question.since - _SKEW:
            return refused(action.code, action.text, question.account)
    return UNKNOWN if any(each.condition in ("unknown", "in_progress") for each in mine) and not did else Said(answer="never-heard")


def _alike(each: Transaction, question: Question) -> bool:
    earliest = question.since - _SKEW if question.since else None
    given = [action for action in each.actions if action.kind == "refund" and action.approved and action.amount == question.amount]
    return any(earliest is None or action.at >= earliest for action in given)


def _rows(each: Transaction, day: date) -> Sequence[Listed]:
    named = ("auth", "sale", "refund")
    return [
        Listed(
            reference=each.order if action.kind in named else "",
            operation=_OPERATIONS[action.kind],
            amount=action.amount,
            currency=each.currency,
            approved=action.approved,
            at=action.at,
            theirs=each.id,
        )
        for action in each.actions
        if action.kind in _OPERATIONS and action.at.date() == day
    ]


def _make(around: Surroundings) -> NmiGateway:
    return NmiGateway(HttpClient(around.settings.nmi_url, TIMEOUT))


KIND = Kind(
    "NMI",
    frozenset(("authorise", "capture", "void", "refund")),
    frozenset(("ach", "requires-3ds", "requires-form")),
    (
        Secret(SECURITY_KEY, "Security key", "In NMI's merchant portal: Settings, Security Keys, one that may use the API and queries."),
        Secret(WEBHOOK_KEY, "Signing key of webhooks", "There too: Settings, Webhooks. Without it, NMI's calls are turned away."),
    ),
    DECLINES,
    _make,
)
