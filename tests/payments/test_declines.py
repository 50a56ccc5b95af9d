"""One table says what follows from a no, for cards and for accounts, and the page about it says the same."""

import re
from importlib.metadata import entry_points
from typing import get_args

import pytest

from services.payments.declines import ACCOUNTS, CARDS, NOT_ACCEPTED, UNTOLD, Again, explain, known
from services.payments.gateways.installed import GROUP
from services.payments.nacha import RETURNS, why_returned
from tests.payments import declines_page

ALL = [*CARDS.values(), *ACCOUNTS.values()]


@pytest.mark.parametrize("said", ALL, ids=lambda said: said.reason)
def test_there_are_words_to_say_and_something_to_try(said):
    assert re.fullmatch(r"[A-Z].+[.?]", said.say)
    assert re.fullmatch(r"(?!.*[.?]$)[a-z].+", said.try_next)
    assert said.again in get_args(Again)


@pytest.mark.parametrize("said", ALL, ids=lambda said: said.reason)
def test_what_is_never_tried_again_is_not_told_to_be(said):
    same = re.search(r"the same (card|account)|try (it|once|again|the)", f"{said.say} {said.try_next}")
    assert not (said.again == "never" and same)
    assert not (said.again == "never" and said.soft)


def test_an_account_has_no_code_on_its_back_and_a_card_no_check():
    assert not [said for said in ACCOUNTS.values() if re.search(r"security code|expiry|on the back", said.say)]
    assert not [said for said in CARDS.values() if re.search(r"check\b|routing", said.say)]


@pytest.mark.parametrize("method", ["card", "echeck"])
@pytest.mark.parametrize("reason", sorted(UNTOLD))
def test_whoever_holds_a_stolen_card_hears_nothing_of_it(reason, method):
    said = explain(reason, method)
    assert (said.reason, said.again, known(reason, method), said.soft) == (NOT_ACCEPTED, "never", True, False)
    assert not re.search(r"lost|stolen|fraud|pick|suspect|bank", said.say + said.try_next)


def test_a_reason_that_nobody_knows_is_a_plain_refusal_that_no_other_gateway_is_asked_about():
    assert (explain("42").reason, explain("42", "echeck").reason) == ("do-not-honour", "do-not-honour")
    assert not known("42")
    assert not explain("42").soft
    assert not explain("42", "echeck").soft


def test_what_a_bank_says_for_good_no_other_gateway_is_asked():
    assert not any(
        explain(reason).soft for reason in ("insufficient-funds", "expired-card", "wrong-cvv", "stolen-card", "duplicate", "amount-mismatch")
    )
    assert all(explain(reason).soft for reason in ("do-not-honour", "processor-trouble", "issuer-unavailable", "card-not-supported", "gateway-off"))


@pytest.mark.parametrize("each", RETURNS.values(), ids=RETURNS)
def test_a_return_has_a_reason_of_accounts(each):
    assert re.fullmatch(r"R\d\d", each.code)
    assert known(each.reason, "echeck")
    assert each.again == (explain(each.reason, "echeck").reason == "insufficient-funds")


def test_a_return_that_nobody_knows_is_one_nevertheless():
    assert why_returned("R99").code == "R99"
    assert why_returned("R01").reason == "insufficient-funds"


@pytest.mark.parametrize("entry", entry_points(group=GROUP), ids=lambda entry: entry.name)
def test_each_kind_of_gateway_means_reasons_of_ours(entry):
    assert [reason for reason in entry.load().declines.values() if not (known(reason) or known(reason, "echeck"))] == []


@pytest.mark.parametrize("page", [declines_page.PAGE, declines_page.NMI], ids=lambda page: page.name)
def test_the_pages_have_the_tables_of_the_code(page):
    assert page.read_text() == declines_page.written(page.read_text())


def test_the_page_about_declines_leaves_none_out():
    text = declines_page.PAGE.read_text()
    assert all(f"*{reason}*" in text for reason in (*CARDS, *ACCOUNTS, *UNTOLD))
