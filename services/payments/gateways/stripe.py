"""Stripe: cards by PaymentIntents that are captured later (docs.stripe.com/api/payment_intents)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import quote

import httpx
import structlog

from services.payments.gateways import stripe_events
from services.payments.gateways.kinds import Kind, Secret, Surroundings
from services.payments.gateways.protocol import (
    SETTLES,
    TIMEOUT,
    UNKNOWN,
    Address,
    Card,
    Charge,
    FollowUp,
    Heard,
    Listed,
    NoList,
    NotTheirs,
    Operation,
    Question,
    Said,
    Secrets,
    fitting,
)
from services.payments.gateways.stripe_declines import DECLINES
from services.payments.gateways.stripe_money import to_stripe
from services.payments.gateways.stripe_said import NEVER_HEARD, NOT_POSSIBLE, PLAIN, authorised, captured, declined, refunded, refused, voided
from services.payments.gateways.stripe_wire import SECRET_KEY, Event, Intent, Made, Refund, Refused, Unanswered, Wire
from shared.settings import SettingsError

log = structlog.get_logger()

WEBHOOK_SECRET = "webhook_secret"  # noqa: S105 - the name of it
_PATIENCE = 10.0
"""Seconds that somebody who tests a gateway waits."""
_CLOCKS = timedelta(minutes=5)
"""So far theirs may be behind ours."""
_NEVER_MADE = "pi_ringup_test"
_INTENTS, _METHODS, _REFUNDS, _EVENTS = "/v1/payment_intents", "/v1/payment_methods", "/v1/refunds", "/v1/events"
_WHOLE = (("expand[]", "latest_charge"),)
_OTHERWISE = frozenset(("charge_already_captured", "charge_already_refunded", "payment_intent_unexpected_state"))
"""Refused for what the payment is by now: it may be just what was asked for."""
_NO_AMOUNT = declined("amount-not-accepted")


class StripeGateway:
    """What is asked carries our reference twice: as the idempotency key, which is known for 24 hours, and as ``metadata``, by which it is found.

    A request is sent again within minutes, and after a question. An answer of 500 is repeated to it too, so that nothing is done twice; then
    questions decide.
    """

    idempotent = True
    askable = True
    settles = SETTLES

    def __init__(self, wire: Wire, clock: Callable[[], datetime], timeout: float = TIMEOUT) -> None:
        self._wire, self._clock, self._timeout = wire, clock, timeout

    async def authorise(self, charge: Charge, secrets: Secrets) -> Said:
        amount, means = to_stripe(charge.amount, charge.currency), charge.means
        if not isinstance(means, Card):
            return declined("no-ach")
        if amount is None:
            return _NO_AMOUNT
        if not secrets.get(SECRET_KEY):
            return declined("gateway-refused")
        return await self._safely("authorise", charge.reference, self._authorise(charge, means, amount, secrets))

    async def _authorise(self, charge: Charge, card: Card, amount: int, secrets: Secrets) -> Said:
        """The card goes first and charges nothing: the documented way for its number to come in from a server."""
        method = await self._wire.post(Made, _METHODS, secrets, _card(card, charge.billing), f"{charge.reference}-card")
        try:
            intent = await self._wire.post(Intent, _INTENTS, secrets, _charge(charge, method.id, amount), charge.reference)
        except Refused as no:
            return await self._explained(_no("authorise", charge.reference, no), charge, secrets)
        said = authorised(intent, charge.reference, charge.currency)
        if intent.status == "requires_action" and intent.reference == charge.reference:
            await self._give_up(intent, charge.reference, secrets)
        return _fitting(said, charge.amount)

    async def _explained(self, said: Said, charge: Charge, secrets: Secrets) -> Said:
        """A plain no may have been meant by a rule against fraud, which the answer does not say: no other gateway is asked then."""
        if said.reason != PLAIN or not said.reference:
            return said
        question = Question(charge.reference, "authorise", charge.amount, charge.currency, theirs=said.reference)
        asked = await self.lookup(question, secrets)
        return asked if asked.answer == "declined" else said

    async def _give_up(self, intent: Intent, reference: str, secrets: Secrets) -> None:
        """Nobody could confirm it but a page that we do not show: nothing is reserved either way."""
        try:
            await self._wire.post(Intent, f"{_at(intent.id)}/cancel", secrets, (), f"{reference}-unconfirmed")
        except Exception as error:
            log.warning("stripe.left", reference=reference, error=type(error).__name__)

    async def capture(self, asked: FollowUp, secrets: Secrets) -> Said:
        amount = to_stripe(asked.amount, asked.currency)
        return await self._follow("capture", asked, secrets, self._capture(asked, amount, secrets)) if amount is not None else _NO_AMOUNT

    async def _capture(self, asked: FollowUp, amount: int, secrets: Secrets) -> Said:
        form = (("amount_to_capture", str(amount)), ("metadata[capture]", asked.reference), *_WHOLE)
        intent = await self._wire.post(Intent, f"{_at(await self._theirs(asked, secrets))}/capture", secrets, form, asked.reference)
        return _fitting(captured(intent, asked.authorisation, asked.reference, asked.currency), asked.amount)

    async def void(self, asked: FollowUp, secrets: Secrets) -> Said:
        return await self._follow("void", asked, secrets, self._void(asked, secrets))

    async def _void(self, asked: FollowUp, secrets: Secrets) -> Said:
        intent = await self._wire.post(Intent, f"{_at(await self._theirs(asked, secrets))}/cancel", secrets, _WHOLE, asked.reference)
        return voided(intent, asked.authorisation)

    async def refund(self, asked: FollowUp, secrets: Secrets) -> Said:
        amount = to_stripe(asked.amount, asked.currency)
        return await self._follow("refund", asked, secrets, self._refund(asked, amount, secrets)) if amount is not None else _NO_AMOUNT

    async def _refund(self, asked: FollowUp, amount: int, secrets: Secrets) -> Said:
        intent = await self._theirs(asked, secrets)
        form = (("payment_intent", intent), ("amount", str(amount)), ("metadata[reference]", asked.reference))
        refund = await self._wire.post(Refund, _REFUNDS, secrets, form, asked.reference)
        return _fitting(refunded(refund, asked.reference, asked.currency), asked.amount)

    async def lookup(self, question: Question, secrets: Secrets) -> Said:
        """By lists, which show at once what was done; Stripe's search shows it a minute later."""
        try:
            async with asyncio.timeout(self._timeout):
                return await self._found(question, secrets)
        except Exception as error:  # whatever went wrong over there, we don't know what they did
            return _unknown(question.operation, question.reference, error)

    async def _found(self, question: Question, secrets: Secrets) -> Said:
        if question.operation == "authorise":
            intent = await self._intent(question.theirs, question.reference, question.since, secrets)
            return authorised(intent, question.reference, question.currency) if intent else NEVER_HEARD
        intent = await self._intent(question.theirs, question.authorisation, None, secrets)
        if intent is None:
            return UNKNOWN
        if question.operation == "capture":
            return captured(intent, question.authorisation, question.reference, question.currency)
        if question.operation == "void":
            return voided(intent, question.authorisation)
        async for refund in self._wire.every(Refund, _REFUNDS, secrets, (("payment_intent", intent.id),)):
            if refund.reference == question.reference:
                return refunded(refund, question.reference, question.currency)
        return NEVER_HEARD

    async def _intent(self, theirs: str, reference: str, since: datetime | None, secrets: Secrets) -> Intent | None:
        """What they call ``theirs``; else the one of this reference, or None where there is none."""
        theirs = theirs or await self._named(reference, since, secrets)
        if not theirs:
            return None
        intent = await self._wire.get(Intent, _at(theirs), secrets, _WHOLE)
        if intent.id != theirs:
            raise Unanswered("another PaymentIntent")
        return intent

    async def _named(self, reference: str, since: datetime | None, secrets: Secrets) -> str:
        query = (("created[gte]", str(int((since - _CLOCKS).timestamp()))),) if since else ()
        async for intent in self._wire.every(Intent, _INTENTS, secrets, query):
            if intent.reference == reference:
                return intent.id
        return ""

    async def _theirs(self, asked: FollowUp, secrets: Secrets) -> str:
        theirs = asked.theirs or await self._named(asked.authorisation, None, secrets)
        if not theirs:
            raise Unanswered("no PaymentIntent of this reference")
        return theirs

    async def _follow(self, operation: Operation, asked: FollowUp, secrets: Secrets, doing: Awaitable[Said]) -> Said:
        """What they refuse because it is done already is looked at, and is a yes where it is what was asked for."""

        async def done_already() -> Said:
            try:
                return await doing
            except Refused as no:
                if no.error.code not in _OTHERWISE:
                    raise
                said = await self.lookup(_question(operation, asked), secrets)
                if said.answer == "never-heard":
                    raise
                return _fitting(said, asked.amount)

        return await self._safely(operation, asked.reference, done_already())

    async def _safely(self, operation: Operation, reference: str, doing: Awaitable[Said]) -> Said:
        try:
            async with asyncio.timeout(self._timeout):
                return await doing
        except Refused as no:
            return _no(operation, reference, no)
        except Exception as error:  # whatever went wrong over there, we don't know what they did
            return _unknown(operation, reference, error)

    async def trouble(self, secrets: Secrets) -> str:
        if not secrets.get(SECRET_KEY):
            return "It wants a secret key."
        try:
            async with asyncio.timeout(min(self._timeout, _PATIENCE)):
                await self._wire.get(Intent, _at(_NEVER_MADE), secrets)
        except Refused as no:
            return _trouble(no)
        except Unanswered as answer:
            return f"It answers {answer}, which is not what it should say."
        except ValueError:
            return "Its answer cannot be read."
        except TimeoutError:
            return "It does not answer in time."
        except Exception:  # whatever went wrong over there is what was asked about
            return "It cannot be reached."
        return "It knows of a payment that was never made."

    async def listed(self, day: date, secrets: Secrets) -> AsyncIterator[Listed]:
        start = datetime.combine(day, time(), UTC)
        if start < self._clock() - stripe_events.KEPT:
            raise NoList("Stripe tells what was done in the last 30 days, and no longer.")
        try:
            rows = await self._day(start, secrets)
        except Exception as error:  # whatever went wrong over there, there is no list
            raise NoList(f"Stripe did not give the list of this day ({type(error).__name__}).") from None
        for row in rows:
            yield row

    async def _day(self, start: datetime, secrets: Secrets) -> Sequence[Listed]:
        """The last word on each: a refund that was made and failed on one day has failed."""
        between = (("created[gte]", _seconds(start)), ("created[lt]", _seconds(start + timedelta(days=1))))
        query = (*between, *(("types[]", kind) for kind in stripe_events.TYPES))
        rows: dict[tuple[str, str], Listed] = {}
        async for event in self._wire.every(Event, _EVENTS, secrets, query):
            told = stripe_events.told(event)
            if told is None or (told.intent and not told.reference and not await self._is_ours(told.intent, secrets)):
                continue
            row = stripe_events.listed(told)
            rows.setdefault((row.operation, row.reference or row.theirs), row)
        return list(rows.values())

    async def _is_ours(self, intent: str, secrets: Secrets) -> bool:
        return bool((await self._wire.get(Intent, _at(intent), secrets)).reference)

    async def hear(self, headers: Mapping[str, str], body: bytes, secrets: Secrets) -> Sequence[Heard]:
        signature = next((value for name, value in headers.items() if name.lower() == "stripe-signature"), "")
        stripe_events.check(signature, body, secrets.get(WEBHOOK_SECRET, ""), self._clock())
        try:
            told = stripe_events.told(Event.model_validate_json(body))
        except ValueError:
            raise NotTheirs from None
        return [Heard("settled", told.reference, await self._by_now(told, secrets))] if told and told.reference else []

    async def _by_now(self, told: stripe_events.Told, secrets: Secrets) -> Said:
        """Calls come late and in any order, and say nothing of the charge: a refund may have failed since. A yes to an authorisation stays one
        when it is given back, and what cannot be asked about now was said all the same."""
        if told.operation in ("capture", "void") or (told.operation == "authorise" and told.said.answer != "approved"):
            return told.said
        theirs = told.said.reference if told.operation == "authorise" else told.intent
        fresh = await self.lookup(Question(told.reference, told.operation, told.amount, told.currency, theirs=theirs), secrets)
        return fresh if fresh.answer == "approved" or (fresh.answer == "declined" and told.operation == "refund") else told.said


def _card(card: Card, billing: Address) -> Sequence[tuple[str, str]]:
    month, _, year = card.expiry.partition("/")
    where = {"line1": billing.street, "line2": billing.unit, "city": billing.city, "state": billing.region, "postal_code": billing.postal}
    form = [("type", "card"), ("card[number]", card.number), ("card[exp_month]", month), ("card[exp_year]", f"20{year}"), ("card[cvc]", card.cvv)]
    form += [(f"billing_details[address][{name}]", value) for name, value in {**where, "country": billing.country}.items()]
    return [(name, value) for name, value in (*form, ("billing_details[name]", card.holder)) if value]


def _charge(charge: Charge, method: str, amount: int) -> Sequence[tuple[str, str]]:
    form = [("amount", str(amount)), ("currency", charge.currency.lower()), ("payment_method", method), ("payment_method_types[]", "card")]
    form += [("confirm", "true"), ("capture_method", "manual"), ("error_on_requires_action", "true")]
    form += [("metadata[reference]", charge.reference), ("metadata[order]", charge.order_id)]
    if charge.by_phone:
        form.append(("payment_method_options[card][moto]", "true"))
    elif charge.on_file:
        form.append(("off_session", "true"))
    return (*form, *_WHOLE)


def _question(operation: Operation, asked: FollowUp) -> Question:
    return Question(asked.reference, operation, asked.amount, asked.currency, asked.authorisation, asked.theirs)


def _fitting(said: Said, amount: int) -> Said:
    """What they never heard of they have just answered."""
    return UNKNOWN if said.answer == "never-heard" else fitting(said, amount)


def _no(operation: Operation, reference: str, no: Refused) -> Said:
    """A wrong key stops what is new at once. What is under way waits until it is right again."""
    if no.status in (401, 403) and operation != "authorise":
        return _unknown(operation, reference, no)
    said = refused(no)
    if said.reason == "gateway-refused":
        said = said if operation == "authorise" else declined(NOT_POSSIBLE, said.code)
        log.warning("stripe.refused", operation=operation, reference=reference, status=no.status, code=no.error.code, param=no.error.param)
    return said


def _unknown(operation: Operation, reference: str, error: Exception) -> Said:
    why = str(error) if isinstance(error, Refused | Unanswered) else type(error).__name__
    log.warning("stripe.unknown", operation=operation, reference=reference, error=why)
    return UNKNOWN


def _trouble(no: Refused) -> str:
    if no.status == 401:
        return "It does not accept this secret key."
    if no.status == 403:
        return "This key may not read payments: it is a restricted one that lacks rights."
    return "" if (no.status, no.error.code) == (404, "resource_missing") else f"It answers {no.status}, which is not what it should say."


def _at(intent: str) -> str:
    return f"{_INTENTS}/{quote(intent, safe='')}"


def _seconds(at: datetime) -> str:
    return str(int(at.timestamp()))


def _make(around: Surroundings) -> StripeGateway:
    url = httpx.URL(around.settings.stripe_url)
    if url.scheme != "https" and url.host not in ("127.0.0.1", "::1", "localhost"):
        raise SettingsError("RINGUP_STRIPE_URL has to begin with https://, or cards would travel in the open.")
    return StripeGateway(Wire(around.settings.stripe_url), around.clock)


KIND = Kind(
    "Stripe",
    frozenset(("authorise", "capture", "void", "refund")),
    secrets=(
        Secret(
            SECRET_KEY, "Secret key", "Begins with sk_live_ or rk_live_; with sk_test_ for trials. From Stripe's dashboard, Developers, API keys."
        ),
        Secret(
            WEBHOOK_SECRET, "Webhook secret", "Begins with whsec_. From the webhook endpoint in Stripe's dashboard; without it no calls are heard."
        ),
    ),
    declines=DECLINES,
    make=_make,
)
