import pytest

from services.customers.search import conditions, plain, same_phone, search, with_phone
from shared.contracts.customers import CustomerErased, CustomerUpdated
from shared.contracts.order import Address, Person
from shared.engines.embedded.documents import SqliteDocuments
from shared.kernel.events import ERASED
from shared.text import digits
from tests.customers.facts import CUSTOMER, folded, stream
from tests.samples import NOON, ORDER


def known(person):
    return CustomerUpdated(customer_id=CUSTOMER, order_id=ORDER, as_of=NOON, person=person, billing=Address(), shipping=Address())


def row(*events):
    return folded(search, stream(f"customer-{CUSTOMER}", *enumerate(events)))[CUSTOMER].data


@pytest.fixture
async def documents(tmp_path):
    documents = SqliteDocuments(tmp_path / "customers.views.db")
    await documents.prepare("search", search.indexes)
    yield documents
    documents.close()


async def finds(documents, asked, **person):
    facts = stream(f"customer-{CUSTOMER}", (0, known(Person(**person))))
    await documents.write({"search": list(folded(search, facts).values())})
    found = [await documents.find("search", where) for where in conditions(asked)]
    return any(page.documents for page in found)


@pytest.mark.parametrize("asked", ["customer", "CUST", "almeida", "Customer Alm", "almeida, cust", "  Almeida   Customer ", "álmeida"])
async def test_a_name_is_found_by_how_it_begins_first_or_last(documents, asked):
    assert await finds(documents, asked, first_name="Customer", last_name="Almeida")


@pytest.mark.parametrize("asked", ["omer", "customerx", "almeida b", " "])
async def test_a_name_is_not_found_by_anything_else(documents, asked):
    assert not await finds(documents, asked, first_name="Customer", last_name="Almeida")


async def test_accents_and_case_do_not_matter(documents):
    assert await finds(documents, "muller", first_name="Customer", last_name="MÜLLER")


@pytest.mark.parametrize(
    ("phone", "asked"),
    [
        ("+1 512 555 0142", "512-555-0142"),
        ("512-555-0142", "+1 512 555 0142"),
        ("+1 (512) 555.0142", "15125550142"),
        ("+1 512 555 0142", "512 555"),
        ("+1 512 555 0142", "0142"),
        ("+1 512 555 0142", "555-0142"),
        ("+49 30 1234567", "030 1234567"),
        ("030 1234567", "+49 30 1234567"),
        ("0049 30 1234567", "+49 30 1234567"),
    ],
)
async def test_a_phone_is_found_however_it_is_written(documents, phone, asked):
    assert await finds(documents, asked, first_name="Customer", phone=phone)


@pytest.mark.parametrize("asked", ["512-555-0143", "55", "+49 512 555 014"])
async def test_a_phone_is_not_found_by_another_one_or_too_little(documents, asked):
    assert not await finds(documents, asked, first_name="Customer", phone="+1 512 555 0142")


@pytest.mark.parametrize("asked", ["customer.a@example.com", "Customer.A@", "customer.a@example"])
async def test_an_e_mail_is_found_by_how_it_begins(documents, asked):
    assert await finds(documents, asked, first_name="X", email="Customer.A@Example.com")


def test_the_newest_profile_is_what_is_found():
    assert row(known(Person(first_name="Old")), known(Person(first_name="New")))["first"] == "new"


def test_an_erased_customer_is_dropped():
    assert row(known(Person(first_name="Customer")), CustomerErased(customer_id=CUSTOMER, order_ids=(ORDER,))) is None


def test_what_reads_erased_is_not_searchable():
    kept = row(known(Person(first_name=ERASED, last_name=ERASED, phone=ERASED, email=ERASED)))
    assert set(kept.values()) == {""}


def test_what_is_compared():
    assert plain(" Almeida,  JOSÉ ") == "almeida jose"
    assert digits("+1 (512) 555-0142") == digits("512.555.0142") == "5125550142"


@pytest.mark.parametrize(
    ("kept", "asked"),
    [
        ("+15125550100", "+15125550100"),
        ("+15125550100", "(512) 555-0100"),
        ("+15125550100", "1 512 555 0100"),
        ("512-555-0100", "+15125550100"),
        ("+49301234567", "030 1234567"),
        ("030 1234567", "+49301234567"),
        ("+49301234567", "0049 30 1234567"),
    ],
)
async def test_somebody_calls_from_a_known_number_however_it_is_written(documents, kept, asked):
    await documents.write({"search": list(folded(search, stream(f"customer-{CUSTOMER}", (0, known(Person(phone=kept))))).values())})
    found = [document for where in with_phone(asked) for document in (await documents.find("search", where)).documents]
    assert [document.id for document in found if same_phone(document.data["phone"], asked)][:1] == [CUSTOMER]


@pytest.mark.parametrize("asked", ["", "512", "555-0100", "5125550", "512 555 0101", "+441512555010"])
def test_a_part_of_a_number_or_another_one_is_no_match(asked):
    assert not with_phone(asked) or not same_phone(digits("+15125550100"), asked)
