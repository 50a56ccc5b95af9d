"""Two numbers for one person, decided by two streams and told by a view."""

from services.customers.customer import Agree, Erase, HandOut, Merge, Note, Unmerge, customer
from services.customers.merging import aliases_of, main_of
from services.customers.policies import hand_over_said, settle_merge
from services.customers.profiles import profiles
from shared.aliases import aliases, family, standing
from shared.contracts.customers import ConsentChanged, CustomerErased, CustomerExported, CustomerNoted, CustomersMerged, CustomersUnmerged
from shared.contracts.order import CustomerAnswers, Particulars
from tests.customers.facts import CUSTOMER, fact, folded
from tests.customers.test_customer import ERASED, LATER, order, updated
from tests.given import given
from tests.samples import NOON, ORDER

B, C = "4000000002", "4000000003"
BY = "agent:supervisor1"


def together(customer_id=CUSTOMER, alias=B, number=1):
    return CustomersMerged(customer_id=customer_id, alias=alias, by=BY, number=number)


def apart(customer_id=CUSTOMER, alias=B, number=2):
    return CustomersUnmerged(customer_id=customer_id, alias=alias, by=BY, number=number)


def test_the_customer_s_own_stream_counts_merges_and_their_reverses():
    given(customer, updated(order())).when(Merge(CUSTOMER, B, BY)).then(together())
    given(customer, together()).when(Merge(CUSTOMER, B, BY)).then_nothing()
    given(customer, together()).when(Unmerge(CUSTOMER, B, BY)).then(apart())
    given(customer, together(), apart()).when(Merge(CUSTOMER, B, BY)).then(together(number=3))
    given(customer).when(Unmerge(CUSTOMER, B, BY)).then_nothing()


def test_the_alias_hears_of_it_and_a_late_word_changes_nothing():
    given(customer).when(Merge(CUSTOMER, B, BY, 1)).then(together())
    given(customer, together()).when(Merge(CUSTOMER, B, BY, 1)).then_nothing()
    given(customer, apart()).when(Merge(CUSTOMER, B, BY, 1)).then_nothing()
    given(customer, together()).when(Unmerge(CUSTOMER, B, BY, 2)).then(apart())


def test_nobody_is_the_alias_of_two_or_of_themselves():
    refused = given(customer, together()).when(Merge(C, B, BY, 1)).then_refused("merged")
    assert refused.data == {"customer_id": CUSTOMER}
    given(customer, together()).when(Merge(B, C, BY)).then_refused("merged")
    given(customer).when(Merge(B, B, BY)).then_refused("same-customer")
    given(customer, together(), apart()).when(Merge(C, B, BY, 1)).then(together(C))


def test_whoever_takes_somebody_in_is_nobody_s_alias_until_that_is_settled():
    begun = given(customer, together(B, C))
    assert begun.when(Merge(CUSTOMER, B, BY, 1)).then_refused("merging").data == {"customer_id": B, "alias": C}
    begun.when(Merge(CUSTOMER, B, BY, 1, frozenset([(C, 1)]))).then(together())
    begun.when(Merge(CUSTOMER, B, BY, 1, frozenset([(C, 3)]))).then_refused("merging")
    given(customer, together(B, C), apart(B, C)).when(Merge(CUSTOMER, B, BY, 1)).then(together())


def test_of_two_that_are_merged_into_each_other_neither_becomes_the_alias_of_its_own():
    refused = given(customer, together(B, CUSTOMER)).when(Merge(CUSTOMER, B, BY, 1)).then_refused("merging")
    assert (refused.field, refused.data) == ("alias", {"customer_id": B, "alias": CUSTOMER})
    given(customer, together(B, CUSTOMER)).when(Unmerge(CUSTOMER, B, BY, 2)).then(apart())


def test_one_stream_tells_aliases_from_the_one_whose_alias_it_is():
    pairs = given(customer, together(), together(alias=C)).state.pairs
    assert (aliases_of(CUSTOMER, pairs), main_of(B, pairs), main_of(CUSTOMER, pairs)) == ((B, C), CUSTOMER, "")


def test_whoever_was_erased_is_merged_with_nobody():
    given(customer, updated(order()), ERASED).when(Merge(CUSTOMER, B, BY)).then_refused("erased")
    given(customer, together()).when(Erase(CUSTOMER, (ORDER,), aliases=(B,))).then(
        CustomerErased(customer_id=CUSTOMER, order_ids=(ORDER,), aliases=(B,))
    )


def test_what_the_customer_s_stream_says_is_told_to_the_alias_s_once():
    def told(event, stream):
        return list(settle_merge.react(fact(event, f"customer-{stream}", 3)))

    assert told(together(), CUSTOMER) == [(B, Merge(CUSTOMER, B, BY, 1))]
    assert told(apart(), CUSTOMER) == [(B, Unmerge(CUSTOMER, B, BY, 2))]
    assert told(together(), B) == []
    assert told(apart(), B) == [(CUSTOMER, Unmerge(CUSTOMER, B, BY, 2))]
    given(customer, together(), apart()).when(Unmerge(CUSTOMER, B, BY, 2)).then_nothing()
    given(customer, together()).when(Unmerge(CUSTOMER, B, BY, 2)).then(apart())


class Known:
    """The view as it is after these facts."""

    def __init__(self, *facts):
        self.documents = folded(aliases, facts)

    async def get(self, view, id, *, opened):
        return self.documents[id].data if id in self.documents else None


async def test_every_number_of_somebody_is_found_by_each_of_them():
    facts = [fact(together(), f"customer-{B}", 1), fact(together(B, C), f"customer-{C}", 1)]
    for id in (CUSTOMER, B, C):
        assert await standing(Known(*facts), id) == CUSTOMER
        assert await family(Known(*facts), id) == (CUSTOMER, B, C)
    back = [*facts, fact(apart(), f"customer-{B}", 2)]
    assert (await family(Known(*back), C), await family(Known(*back), CUSTOMER)) == ((B, C), (CUSTOMER,))
    assert await family(Known(fact(together(), f"customer-{CUSTOMER}", 1)), B) == (B,)


async def test_whoever_never_took_somebody_in_lets_nobody_go():
    facts = [fact(together(), f"customer-{B}", 1), fact(apart(C, B), f"customer-{B}", 2)]
    assert await family(Known(*facts), B) == (CUSTOMER, B)
    assert folded(profiles, facts)[B].data["alias"]["of"] == CUSTOMER


async def test_a_ring_in_the_log_is_one_person():
    facts = [fact(together(), f"customer-{B}", 1), fact(together(B, CUSTOMER), f"customer-{CUSTOMER}", 1)]
    assert await family(Known(*facts), B) == await family(Known(*facts), CUSTOMER) == (CUSTOMER, B)
    three = [fact(together(one, two), f"customer-{two}", 1) for one, two in ((CUSTOMER, C), (C, B), (B, CUSTOMER))]
    assert [set(await family(Known(*three), id)) for id in (CUSTOMER, B, C)] == [{CUSTOMER, B, C}] * 3
    assert await standing(Known(*three, fact(together(C, "4000000004"), "customer-4000000004", 1)), "4000000004") == CUSTOMER


def test_a_note_by_hand_says_something():
    noted = CustomerNoted(customer_id=CUSTOMER, by=BY, note="Asks for Ms A.", as_of=LATER)
    given(customer, updated(order())).when(Note(CUSTOMER, " Asks for Ms A.\n", BY, LATER)).then(noted)
    assert given(customer).when(Note(CUSTOMER, " \n", BY, LATER)).then_refused("missing").field == "note"
    assert given(customer, noted).state.orders == frozenset()


def test_who_was_handed_everything_is_recorded_each_time():
    out = CustomerExported(customer_id=CUSTOMER, by=BY)
    given(customer, updated(order()), out).when(HandOut(CUSTOMER, BY)).then(out)
    given(customer, updated(order()), ERASED).when(HandOut(CUSTOMER, BY)).then_refused("erased")


def agree(given=True, consent="sms_consent", phone="+15125550142", at=LATER, known=False):
    return Agree(CUSTOMER, consent, given, BY, at, phone, known)


def agreed(given=True, consent="sms_consent", phone="+15125550142", at=LATER):
    return ConsentChanged(customer_id=CUSTOMER, consent=consent, given=given, by=BY, at=at, phone=phone)


def test_a_consent_by_hand_is_recorded_once_a_number():
    given(customer, updated(order())).when(agree()).then(agreed())
    given(customer, agreed()).when(agree(known=True)).then_nothing()
    given(customer, agreed()).when(agree(phone="+15125550143")).then(agreed(phone="+15125550143"))
    given(customer, agreed()).when(agree(False)).then(agreed(False, phone=""))
    given(customer).when(agree(False)).then_nothing()
    given(customer).when(agree(consent="do_not_sell")).then(agreed(consent="do_not_sell", phone=""))
    assert given(customer).when(agree(phone="")).then_refused("missing").field == "phone"


def test_what_was_taken_back_is_not_given_by_an_order_of_before():
    said = CustomerAnswers(particulars=Particulars(sms_consent=True))
    before = given(customer, agreed(False), updated(order(at=NOON, particulars=said.particulars)))
    before.when(agree(False, at=LATER)).then_nothing()
    since = given(customer, agreed(False, at=NOON), updated(order(at=LATER, particulars=said.particulars)))
    since.when(agree(known=True)).then_nothing()


def test_a_consent_by_hand_is_handed_over_and_its_reverse_is_not():
    ((id, request),) = hand_over_said.react(fact(agreed(), f"customer-{CUSTOMER}", 4))
    assert (request.wanted.message_id, request.wanted.order_id, request.wanted.customer_id, request.wanted.to) == (id, "", CUSTOMER, "+15125550142")
    assert list(hand_over_said.react(fact(agreed(False), f"customer-{CUSTOMER}", 5))) == []
    assert list(hand_over_said.react(fact(agreed(consent="do_not_sell"), f"customer-{CUSTOMER}", 5))) == []
