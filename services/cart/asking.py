"""Tax and shipping providers at work: which are installed, and what they answered."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace
from importlib.metadata import EntryPoint
from typing import Any

import structlog

from services.cart.providers import Answers, Parcel, Prices, Question, Sale, ShippingProvider, TaxProvider
from shared.kernel.errors import Unavailable
from shared.settings import SettingsError

log = structlog.get_logger()

TAX, SHIPPING = "ringup.tax", "ringup.shipping"
"""Groups of entry points. Each names a class, or a function, that makes a provider of nothing."""
_PORTS: dict[str, tuple[type, str]] = {TAX: (TaxProvider, "tax(sale)"), SHIPPING: (ShippingProvider, "prices(parcel)")}
_PATIENCE = 2.0
"""Seconds."""
_REMEMBERED = 2_000
_MOST = 10**12


class Providers:
    """Each question is asked once, as long as its answer is among the last ones."""

    def __init__(self, tax: TaxProvider | None = None, shipping: ShippingProvider | None = None, patience: float = _PATIENCE) -> None:
        self._tax, self._shipping, self._patience = tax, shipping, patience
        self._known: OrderedDict[Question, Any] = OrderedDict()

    @property
    def present(self) -> bool:
        return self._tax is not None or self._shipping is not None

    @property
    def before(self) -> Answers:
        """Nothing has been asked yet."""
        return Answers(None if self._shipping is None else {}, None if self._tax is None else {})

    async def answer(self, answers: Answers, question: Question) -> Answers:
        """With that one too. Raises Unavailable."""
        if question not in self._known:
            self._known[question] = await self._asked(question)
        self._known.move_to_end(question)
        told = self._known[question]
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        if isinstance(question, Sale):
            return replace(answers, tax={**(answers.tax or {}), question: told})
        return replace(answers, prices={**(answers.prices or {}), question: told})

    async def _asked(self, question: Question) -> int | Prices:
        """The log names the kind of error alone: its text may repeat the address."""
        what = "tax" if isinstance(question, Sale) else "shipping"
        try:
            async with asyncio.timeout(self._patience):
                if isinstance(question, Sale) and self._tax:
                    return _amount(await self._tax.tax(question))
                if isinstance(question, Parcel) and self._shipping:
                    return _prices(question, await self._shipping.prices(question))
            raise LookupError(f"no provider of {what}")
        except Exception as error:
            log.warning("provider.failed", provider=what, error=type(error).__name__)
            raise Unavailable(f"The {what} could not be worked out. Try again.") from error


def _prices(parcel: Parcel, answer: Any) -> Prices:
    prices = {line: _amount(price) for line, price in dict(answer).items()}
    if not prices.keys() <= {each.line for each in parcel.lines}:
        raise ValueError("names a line that was not asked for")
    return prices


def _amount(answer: Any) -> int:
    if type(answer) is not int or not 0 <= answer <= _MOST:
        raise ValueError("is not an amount in minor units")
    return answer


def installed(entries: Iterable[EntryPoint]) -> Providers:
    """Those that other packages bring along. Raises SettingsError."""
    found = list(entries)
    return Providers(_made(TAX, found), _made(SHIPPING, found))


def _made(group: str, entries: Iterable[EntryPoint]) -> Any:
    of_group = [entry for entry in entries if entry.group == group]
    if len(of_group) > 1:
        names = ", ".join(sorted(entry.name for entry in of_group))
        raise SettingsError(f"Only one package can provide {group}, and {len(of_group)} do: {names}. Uninstall all but one.")
    if not of_group:
        return None
    entry, (port, call) = of_group[0], _PORTS[group]
    try:
        provider = entry.load()()
    except Exception as error:
        raise SettingsError(f"The provider {entry.name} of {group} ({entry.value}) cannot be made: {error!r}. Mend or uninstall it.") from error
    if not isinstance(provider, port):
        raise SettingsError(f"The provider {entry.name} of {group} ({entry.value}) has no {call}. Mend or uninstall it.")
    return provider
