"""docs/gateways.md: its table is what the simulator does, and its worked example passes the kit."""

import importlib.util
import re
import sys
import tempfile
from pathlib import Path

import pytest

from services.payments.account import problems as account_problems
from services.payments.card import problems
from services.payments.declines import ACCOUNTS, CARDS, UNTOLD, known
from services.payments.nacha import RETURNS
from services.payments.simulator.magic import MAGIC, WORDS, find, table
from shared.service import utc_now

PAGE = (Path(__file__).parents[2] / "docs/gateways.md").read_text()
NEVER_BY_A_GATEWAY = {
    "amount-mismatch", "card-details-expired", "gateway-missing", "gateway-off", "no-ach", "not-accepted", "not-charged", "not-this-order",
    "refused-before",
}  # fmt: skip
"""Reasons that we give ourselves."""


def example(name):
    """A block of the page that begins with the name of its file, as the module that it would be."""
    code = re.search(rf"```python\n(# {re.escape(name)}\n.*?)```", PAGE, re.DOTALL)[1]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_text(code)
        spec = importlib.util.spec_from_file_location(path.stem, path)
        sys.modules[path.stem] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module


example("acme_pay.py")


class TestExample(example("test_acme_pay.py").TestAcme):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path):
        self.folder = tmp_path


def test_the_page_has_the_table():
    assert table() in PAGE


def test_every_magic_value_is_there_once_and_can_be_typed():
    assert len({(each.what, each.value) for each in MAGIC}) == len(MAGIC)
    assert {each.does for each in MAGIC} == WORDS.keys()
    for each in MAGIC:
        if each.what == "card":
            assert not list(problems(each.value, "12/39", "123", utc_now().date())), each
        if each.what == "account":
            assert not list(account_problems("011000015", each.value, "Customer A")), each


def test_every_reason_of_a_gateway_can_be_had_and_is_one_of_ours():
    declined = {what: {each.reason for each in MAGIC if (each.what, each.does) == (what, "decline")} for what in ("card", "account", "amount")}
    assert declined["card"] == ({*CARDS} | UNTOLD) - NEVER_BY_A_GATEWAY
    assert declined["account"] >= {"insufficient-funds", "account-closed", "account-not-found", "debits-blocked"}
    assert declined["account"] <= {*ACCOUNTS}
    assert all(known(reason) and known(reason, "echeck") for reason in declined["amount"])
    for each in MAGIC:
        if each.does == "returned":
            assert each.reason in RETURNS


def test_a_number_counts_before_an_amount():
    assert find("card", "4000000000000002", 900_02).reason == "do-not-honour"
    assert find("card", "4242424242424242", 900_02).reason == "insufficient-funds"
    assert find("card", "4242424242424242", 900_99) is None
    assert find("account", "4242424242424242", 5690) is None
