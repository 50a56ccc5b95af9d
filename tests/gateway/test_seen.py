"""What a page has heard of is waited for at the service that tells of it."""

import re

from services.gateway.pages.limits import _tripped
from services.gateway.pages.lists import Seen, caught_up


class Services:
    def __init__(self):
        self.asked = set()

    async def ask(self, service, method, path, *, query):
        self.asked.add((service, path, query["min_version"]))

    async def get(self, service, path, **query):
        self.asked.add((service, path, query["min_version"]))
        return {"rows": []}


async def test_each_stream_is_waited_for_where_it_is_told_of():
    services = Services()
    await caught_up(services, "payment-7K2M9QX4TB@3,order-7K2M9QX4TB@9,message-0a@1,customer-1234567890@2,limit-checkout-bin-424242@1,rules@3")
    assert services.asked == {
        ("customers", "/orders/7K2M9QX4TB", "payment-7K2M9QX4TB@3"),
        ("customers", "/orders/7K2M9QX4TB", "order-7K2M9QX4TB@9"),
        ("customers", "/messages/0a", "message-0a@1"),
        ("customers", "/customers/1234567890", "customer-1234567890@2"),
    }


async def test_a_limit_that_was_heard_of_is_among_those_that_are_shown():
    services = Services()
    await _tripped(services, "limit-pre-auth-fingerprint-0f3c@1,payment-7K2M9QX4TB@3,limit-pre-auth-bin-424242@2")
    assert services.asked == {("payments", "/limits", "limit-pre-auth-fingerprint-0f3c@1,limit-pre-auth-bin-424242@2")}


def test_up_to_ten_streams_are_heard_of():
    (query,) = Seen.__metadata__
    (pattern,) = (each.pattern for each in query.metadata if hasattr(each, "pattern"))
    for good in ("", "rules@1", "order-7K2M9QX4TB@9", "limit-pre-auth-bin-424242@2", ",".join(["order-A@1"] * 10)):
        assert re.fullmatch(pattern, good)
    for bad in ("order-A", "order-A@1,", ",".join(["order-A@1"] * 11), "order-../x@1", "order-A@1@2"):
        assert not re.fullmatch(pattern, bad)
