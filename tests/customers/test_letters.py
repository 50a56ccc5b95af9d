import html
from datetime import timedelta
from email import message_from_bytes
from email.headerregistry import Address
from email.policy import default

import pytest

from services.customers.letters import DraftLink, mail, one_line, sms
from services.customers.mail import NotSent, sender, server, written
from shared.settings import SettingsError
from tests.samples import NOON, ORDER

LINK = "https://orders.example.com/checkout/restful?link=token"
FROM = Address("Ringup", "orders", "example.com")


def link(**said):
    known = {"shop": "Restful Nights", "first_name": "Customer", "order_id": ORDER, "address": LINK, "total": 12319, "currency": "USD"}
    return DraftLink(**{**known, "price_lock": False, "expires_at": NOON + timedelta(hours=72), **said})


def as_read(about=None, to="customer.a@example.com", **said):
    """What arrives, parsed anew."""
    about = about or link(**said)
    return message_from_bytes(written(mail(about), about.shop, FROM, to, "m1", NOON).as_bytes(), policy=default)


def plain(found):
    return found.get_body(("plain",)).get_content().replace("\r\n", "\n")


def test_a_mail_says_what_it_is_about_in_text_and_html():
    text, markup = plain(as_read()), as_read().get_body(("html",)).get_content()
    for body in (text, html.unescape(markup)):
        assert LINK in body
        for said in ("Hello Customer", "Restful Nights", "12", "123.19 USD", "4 March 2026, 12:00 UTC", ORDER, "price of today"):
            assert said in body
    assert text.startswith("Hello Customer,\n\nyou spoke with Restful Nights, and your order is ready for you to finish:\n\nhttps://")
    assert "That price holds" in plain(as_read(price_lock=True))


def test_a_mail_is_from_the_shop_to_the_customer():
    found = as_read()
    assert (found["from"], found["to"], found["subject"]) == (
        "Restful Nights <orders@example.com>", "customer.a@example.com", "Finish your order at Restful Nights",
    )  # fmt: skip
    assert found["message-id"] == "<m1@example.com>"
    assert found["date"].datetime == NOON


def test_what_is_not_known_is_not_said():
    text = plain(as_read(first_name="", shop="", total=0, expires_at=None))
    assert text.startswith("Hello,\n\nyour order is ready")
    for absent in ("0.00", "None", "until", "spoke"):
        assert absent not in text
    assert as_read(shop="")["from"] == "Ringup <orders@example.com>"


@pytest.mark.parametrize("name", ["Søren 🛏", "محمد", "O'Brien <script>alert(1)</script>", "Žofie & co", '"Quoted"', "Zoë, of two"])
def test_names_arrive_as_they_are(name):
    found = as_read(first_name=name, shop=name)
    assert found["from"].addresses[0].display_name == name
    assert found["subject"] == f"Finish your order at {name}"
    assert f"Hello {name}," in plain(found)
    markup = found.get_body(("html",)).get_content()
    assert "<script" not in markup
    assert name in html.unescape(markup)


@pytest.mark.parametrize("evil", ["x\r\nBcc: other@example.com", "x\nSubject: y", "x\x00y", "x\u2028Bcc: other@example.com", "\u202ex"])
def test_no_name_adds_a_header_or_turns_a_line_around(evil):
    found = as_read(shop=evil, first_name=evil)
    assert set(found.keys()) == {"To", "From", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"}
    assert len(found.get_all("subject")) == 1
    assert [each.addr_spec for each in found["to"].addresses] == ["customer.a@example.com"]
    assert not set("\r\n\x00\u2028\u202e") & set(found["subject"] + str(found["from"].addresses[0].display_name))


@pytest.mark.parametrize("to", ["", "nobody", "a@b@c", "a@example.com, b@example.com", "a@example.com\r\nBcc: b@x.com", "a b@example.com", "@x"])
def test_no_mail_goes_to_what_is_no_address(to):
    with pytest.raises(NotSent) as refused:
        as_read(to=to)
    assert not refused.value.again
    assert not to or to not in str(refused.value)


def test_an_address_abroad_is_written_as_servers_know_it():
    assert as_read(to="customer@bücher.example.com")["to"] == "customer@xn--bcher-kva.example.com"
    assert "\r\nTo: jürgen@example.com\r\n".encode() in b"\r\n" + written(mail(link()), "", FROM, "jürgen@example.com", "m1", NOON).as_bytes()


def test_an_sms_says_shop_and_link():
    assert sms(link()) == f"Restful Nights: finish your order at {LINK} It works until 4 March 2026, 12:00 UTC."


def test_one_line():
    assert one_line(" a\r\n b\t\u202ec ") == "a b c"


def test_a_server_is_an_address():
    assert server("") is None
    plain = server("smtp://mail.example.com")
    assert (plain.host, plain.port, plain.tls, plain.starts_tls, plain.user) == ("mail.example.com", 25, False, None, "")
    secret = server("smtp://user%40example.com:p%2Fw@mail.example.com")
    assert (secret.port, secret.starts_tls, secret.user, secret.password) == (587, True, "user@example.com", "p/w")
    assert (server("smtps://mail.example.com").port, server("smtps://mail.example.com:2465").port) == (465, 2465)
    assert server("smtp://u:p@localhost:1025").starts_tls is None
    assert server("smtp://u:p@[::1]").starts_tls is None
    assert "p/w" not in repr(secret)


@pytest.mark.parametrize(
    "url", ["mail.example.com", "http://mail.example.com", "smtp://", "smtp://h:port", "smtp://h/path", "smtp://u:s3cret@h:99999"]
)
def test_what_is_no_server_is_refused_without_repeating_a_password(url):
    with pytest.raises(SettingsError) as refused:
        server(url)
    assert "RINGUP_SMTP_URL must be" in str(refused.value)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("wrong", ["", "nobody", "a@example.com, b@example.com", "@example.com"])
def test_a_sender_is_one_address(wrong):
    assert sender("Orders <orders@example.com>") == Address("Orders", "orders", "example.com")
    with pytest.raises(SettingsError):
        sender(wrong)
