"""Campaigns as JSON and YAML: what goes out comes in again, and nothing of a hostile text gets through."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from services.catalog.files.documents import MOST_CHARACTERS, from_text, to_text
from shared.text import without_cards
from tests.catalog.samples import PILLOW, WHOLE

WORDS = st.text(st.characters(exclude_categories=("Cc", "Cs", "Co", "Cn", "Zl", "Zp")), max_size=30).map(str.strip)
WORDS = WORDS.filter(lambda text: without_cards(text) == text)
TRICKY = st.sampled_from(
    ["", "no", "on", "NO", "null", "~", "1e3", "0x1f", "12:30", "2030-01-01", "=1+1", "- a", "a: b", "#", "'", '"', "{agent}", "é", "\u0085x"]
)


def one_of(words):
    return st.one_of(words, TRICKY.map(str.strip).filter(lambda text: "\u0085" not in text))


@given(one_of(WORDS), one_of(WORDS), st.integers(0, 10**9), st.sampled_from(["json", "yaml"]))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_was_exported_is_imported_as_it_was(name, words, price, format):
    offer = PILLOW.model_copy(update={"name": name, "description": words, "price": price, "tags": (words,) if words else ()})
    campaign = WHOLE.model_copy(update={"name": name, "script_main": words, "terms": words, "offers": (offer, *WHOLE.offers[1:])})
    assert from_text(to_text(campaign, format), format).campaign.campaign("restful") == campaign


@pytest.mark.parametrize(
    ("format", "text", "says"),
    [
        ("json", "{", "This is no JSON"),
        ("json", '{"ringup_campaign": 1, "ringup_campaign": 1}', "there twice"),
        ("json", '{"ringup_campaign": NaN}', "NaN is no number"),
        ("json", "[" * 100_000, "nested too deeply"),
        ("json", " " * (MOST_CHARACTERS + 1), "at most"),
        ("yaml", "a: [", "This is no YAML"),
        ("yaml", "a: 1\na: 2", "there twice, in line 2"),
        ("yaml", "a: &x [1]\nb: *x", "Aliases are not read, and there is one in line 2"),
        ("yaml", "[" * 100, "nested too deeply"),
        ("yaml", "[" * 100_000, "This is no YAML"),
        ("yaml", "a: !!python/object/apply:os.system ['true']", "This is no YAML"),
        ("yaml", "? [1]\n: 2", "is no word"),
        ("yaml", "a: \x07", "no text has"),
    ],
)
def test_what_is_no_document_is_refused_with_a_sentence(format, text, says):
    with pytest.raises(ValueError, match=says.replace("[", r"\[")) as refused:
        from_text(text, format)
    assert not isinstance(refused.value, ValidationError)


def test_an_alias_bomb_is_refused_before_it_goes_off():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    with pytest.raises(ValueError, match="Aliases are not read"):
        from_text("\n".join(lines), "yaml")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"colour": "red"}, "campaign.colour"),
        ({"kind": "radio"}, "campaign.kind"),
        ({"offers": [{"name": "x"}]}, "campaign.offers.0.price"),
        ({"offers": [{"price": 49.95}]}, "campaign.offers.0.price"),
        ({"name": "4242 4242 4242 4242"}, "campaign.name"),
    ],
)
@pytest.mark.parametrize("format", ["json", "yaml"])
def test_what_does_not_fit_is_named(format, wrong, field):
    text = json.dumps({"ringup_campaign": 1, "campaign": {"name": "Nights", **wrong}})
    with pytest.raises(ValidationError) as refused:
        from_text(text, format)
    assert ".".join(map(str, refused.value.errors()[0]["loc"])) == field


def test_words_of_yaml_stay_words():
    coupon = "{code: X, on: shipping, starts: 2030-06-30, default: true}"
    text = f"ringup_campaign: 1\ncampaign:\n  name: yes\n  countries: [NO, US]\n  coupons:\n  - {coupon}\n"
    campaign = from_text(text, "yaml").campaign.campaign("1")
    assert (campaign.name, campaign.countries) == ("yes", ("NO", "US"))
    assert (campaign.coupons[0].on, campaign.coupons[0].starts, campaign.coupons[0].default) == ("shipping", "2030-06-30", True)
