# ruff: noqa: RUF001 - quantities and amounts as people read them

import html
from datetime import timedelta
from email import message_from_bytes
from email.headerregistry import Address
from email.policy import default

import pytest

from services.customers.letters import Block, Link, Words, letter, one_line
from services.customers.mail import NotSent, sender, server, written
from services.customers.told import DraftLink, Sold, confirmed, linked, shipped, sms
from services.customers.writing import in_force
from shared.letters import LETTERS, wrong_subject, wrong_text
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


def mail(about):
    return letter(in_force("draft-link", "", ""), linked(about), about.shop)


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
    assert text.startswith("Hello,\n\nyou spoke with our shop, and your order is ready")
    for absent in ("0.00", "None", "until", "When we spoke"):
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


SOLD = Sold(
    "Restful Nights", ORDER, {"first_name": "Customer", "last_name": "A"},
    {"street": "100 Example Street", "unit": "Unit 3", "city": "Austin", "region": "TX", "postal": "78701", "country": "US"},
    ({"name": "Cloud pillow", "quantity": 2, "price": 9990}, {"name": "Silk sleep mask", "quantity": 1, "price": 1495}),
    {"total": 12140, "shipping": 695, "tax": 960, "discount": 1000, "shipping_discount": 0}, "USD",
)  # fmt: skip


def said(template, values, text="", subject=""):
    return letter(in_force(template, subject, text), values, "Restful Nights")


def test_a_confirmation_says_what_was_bought_and_where_it_goes():
    found = said("order-confirmation", confirmed(SOLD))
    assert found.subject == f"Your order {ORDER} at Restful Nights"
    assert found.text == (
        "Hello Customer,\n\nthank you for your order at Restful Nights. We are getting it ready:\n\n"
        "2 × Cloud pillow          99.90\n1 × Silk sleep mask       14.95\nShipping                   6.95\n"
        "Discount                 −10.00\nTax                        9.60\nTotal                121.40 USD\n\n"
        "It goes to:\n\nCustomer A\n100 Example Street\nUnit 3\nAUSTIN, TX 78701\nUnited States\n\n"
        f"Your order number is {ORDER}. Have it at hand when you call us.\n"
    )
    for words in ("Cloud pillow", "121.40 USD", "AUSTIN, TX 78701"):
        assert words in found.html


def test_a_letter_about_a_parcel_says_how_to_follow_it():
    known = said("shipped", shipped(SOLD, "UPS", "1Z 999&AA"))
    assert (
        "2 × Cloud pillow\n1 × Silk sleep mask\n\nUPS, tracking number 1Z 999&AA.\n\nhttps://www.ups.com/track?tracknum=1Z%20999%26AA\n" in known.text
    )
    assert 'href="https://www.ups.com/track?tracknum=1Z%20999%26AA"' in known.html
    assert "\n\nTracking number 42.\n\nYour order" in said("shipped", shipped(SOLD, "", "42")).text
    assert "\n\nSent with A van.\n\nYour order" in said("shipped", shipped(SOLD, "A van", "")).text
    assert "mask\n\nYour order number" in said("shipped", shipped(SOLD, "", "")).text


def test_a_campaign_says_it_in_its_own_words():
    own = "Dear {customer},\nwe got {order}: {lines}.\n\n{lines}\n\n{first_name} pays {total}."
    found = said("order-confirmation", confirmed(SOLD), own, "{shop}: {total}")
    assert found.subject == "Restful Nights: 121.40 USD"
    assert found.text.startswith(f"Dear Customer A,\nwe got {ORDER}: 2 × Cloud pillow, 1 × Silk sleep mask.\n\n2 × Cloud")
    assert [each.kind for each in found.paragraphs] == ["text", "rows", "text"]


def test_what_is_merged_in_is_not_merged_again_and_marks_nothing_up():
    values = {
        "customer": "{order}<b>\r\nBcc: x@example.com",
        "order": ORDER,
        "link": Link("https://example.com", "<i>"),
        "lines": Block([("<u>", "<s>")]),
    }
    found = letter(Words("{customer} {unknown}", "<h1>{customer}\n\n{link}\n\n{lines}"), values, "<em>")
    assert found.subject == "{order}<b> Bcc: x@example.com {unknown}"
    for tag in ("<b>", "<h1>", "<i>", "<u>", "<s>", "<em>"):
        assert (tag in found.html, html.escape(tag) in found.html) == (False, True)
    head = message_from_bytes(written(found, "<em>", FROM, "a@example.com", "m1", NOON).as_bytes(), policy=default)
    assert "bcc" not in head


@pytest.mark.parametrize("template", LETTERS)
def test_the_words_that_come_with_ringup_can_be_published(template):
    kind = LETTERS[template]
    assert (wrong_subject(template, kind.subject), wrong_text(template, kind.text)) == ("", "")
    values = {"draft-link": linked(link()), "shipped": shipped(SOLD, "UPS", "1")}.get(template) or confirmed(SOLD)
    assert set(values) == {field.name for field in kind.fields}


def test_one_line():
    assert one_line(" a\r\n b\t\u202ec ") == "a b c"


def test_a_merge_field_that_is_not_closed_is_refused():
    said = "{first_name is not closed. Write {first_name}, or take the brace out."
    for typed in ("Hello {first_name", "Hello {first_name {order_id}", "{first_name\nyou} there"):
        assert wrong_subject("order-confirmation", typed) == said
        assert wrong_text("order-confirmation", typed) == said
    assert wrong_subject("order-confirmation", "Hello {first_name}, a { b") == ""


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
