"""Mail goes to a real server, which may refuse it."""

import socket
import ssl
from email.headerregistry import Address

import pytest

from services.customers.letters import Letter
from services.customers.mail import NotSent, Outbox, Server, deliver, greet, server, written
from tests.customers.mailserver import PASSWORD, USER, certificate, mail_server
from tests.samples import NOON, ORDER

LETTER = Letter("Your order — ready", "Hello Žofie", "<p>Hello Žofie</p>", ())


def mail(to="customer.a@example.com"):
    return written(LETTER, "Søren's shop", Address("", "orders", "example.com"), to, "m1", NOON)


@pytest.fixture(scope="module")
def pem(tmp_path_factory):
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def trusted(pem):
    return ssl.create_default_context(cafile=pem)


async def refused(at, words, *, again=True, to="customer.a@example.com", trusted=None):
    with pytest.raises(NotSent) as error:
        await deliver(at, mail(to), trusted)
    assert str(error.value) == words
    assert error.value.again is again


async def test_a_mail_arrives_as_it_was_written():
    async with mail_server() as kept:
        await deliver(server(f"smtp://127.0.0.1:{kept.port}"), mail())
    ((recipients, found),) = kept.mails
    assert recipients == ["customer.a@example.com"]
    assert (found["subject"], found["from"].addresses[0].display_name) == ("Your order — ready", "Søren's shop")
    assert found.get_body(("plain",)).get_content().strip() == "Hello Žofie"


async def test_starttls_is_taken_where_it_is_offered(pem, trusted):
    async with mail_server(pem, require_starttls=True) as kept:
        await deliver(server(f"smtp://localhost:{kept.port}"), mail(), trusted)
    assert len(kept.mails) == 1


async def test_tls_from_the_first_byte_with_a_password(pem, trusted):
    async with mail_server(pem, tls=True, auth_required=True, auth_require_tls=False) as kept:
        await deliver(server(f"smtps://{USER}:p%2Fw%401@localhost:{kept.port}"), mail(), trusted)
    assert (len(kept.mails), kept.signed_in) == (1, 1)


async def test_a_password_goes_over_starttls(pem, trusted):
    async with mail_server(pem, auth_required=True) as kept:
        await deliver(Server("localhost", kept.port, False, USER, PASSWORD), mail(), trusted)
    assert (len(kept.mails), kept.signed_in) == (1, 1)


async def test_a_certificate_that_nobody_vouches_for_is_refused(pem):
    for tls, scheme in ((False, "smtp"), (True, "smtps")):
        async with mail_server(pem, tls=tls) as kept:
            await refused(server(f"{scheme}://localhost:{kept.port}"), "The mail server's certificate is not to be trusted.")
        assert kept.mails == []


async def test_a_password_is_not_said_in_the_clear_where_it_must_not():
    async with mail_server(auth_require_tls=False) as kept:
        words = "The mail server does not offer what is asked of it: STARTTLS, or a way to sign in."
        await refused(Server("127.0.0.1", kept.port, False, USER, PASSWORD, starts_tls=True), words)
    assert (kept.signed_in, kept.mails) == (0, [])


async def test_a_wrong_password_is_said_without_it():
    async with mail_server(auth_required=True, auth_require_tls=False) as kept:
        words = "The mail server does not take the user name and password (535)."
        await refused(Server("127.0.0.1", kept.port, False, USER, "s3cret"), words)


@pytest.mark.parametrize(
    ("command", "answer", "words", "again"),
    [
        ("RCPT", "550 customer.a@example.com is unknown", "The mail server refuses the address (550).", False),
        ("RCPT", "451 Greylisted", "The mail server refuses the address (451).", True),
        ("DATA", "554 Spam", "The mail server refuses the mail (554).", False),
        ("DATA", "452 Full", "The mail server refuses the mail (452).", True),
    ],
)
async def test_a_refusal_is_told_by_its_number_and_by_nothing_personal(command, answer, words, again):
    async with mail_server() as kept:
        kept.refuse[command] = answer
        await refused(server(f"smtp://127.0.0.1:{kept.port}"), words, again=again)


async def test_an_address_that_the_server_cannot_write_is_refused_for_good():
    async with mail_server(enable_SMTPUTF8=False) as kept:
        words = "The mail server cannot do what is asked of it: SMTPUTF8 for such an address."
        await refused(server(f"smtp://127.0.0.1:{kept.port}"), words, again=False, to="jürgen@example.com")
    async with mail_server(enable_SMTPUTF8=True) as kept:
        await deliver(server(f"smtp://127.0.0.1:{kept.port}"), mail("jürgen@example.com"))
    assert kept.mails[0][0] == ["jürgen@example.com"]


async def test_nobody_at_that_address_is_said():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = server(f"smtp://127.0.0.1:{taken.getsockname()[1]}")
        await refused(nobody, "The mail server cannot be reached, or did not answer in time.")
        with pytest.raises(NotSent):
            await greet(nobody, "example.com")


async def test_a_server_that_answers_is_known_to():
    async with mail_server() as kept:
        await greet(server(f"smtp://127.0.0.1:{kept.port}"), "example.com")
    assert kept.mails == []


async def test_the_outbox_keeps_whole_mails_for_its_owner_alone(tmp_path):
    outbox = Outbox(tmp_path / "outbox")
    await outbox.erase([ORDER])
    assert not await outbox.has(ORDER, "m1")
    await outbox.put(ORDER, "m1", mail())
    await outbox.put(ORDER, "m1", mail())
    assert await outbox.has(ORDER, "m1")
    assert outbox.path(ORDER, "m1").stat().st_mode & 0o777 == 0o600
    assert outbox.folder.stat().st_mode & 0o777 == 0o700
    assert b"customer.a@example.com" in outbox.path(ORDER, "m1").read_bytes()


async def test_the_outbox_forgets_the_orders_of_a_customer(tmp_path):
    outbox = Outbox(tmp_path)
    for order_id, id in ((ORDER, "m1"), (ORDER, "m2"), ("7K2M9QX4TC", "m3")):
        await outbox.put(order_id, id, mail())
    (tmp_path / f"{ORDER}-m4.part").write_text("half")
    await outbox.erase([ORDER])
    assert [path.name for path in tmp_path.iterdir()] == ["7K2M9QX4TC-m3.eml"]
