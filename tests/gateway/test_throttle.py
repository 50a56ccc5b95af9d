"""What strangers may do how often."""

import pytest

from services.gateway.throttle import ADDRESS, ORDER, Throttle, network


async def spent(throttle, act, times, address="192.0.2.1", order=""):
    return [await throttle.wait(act, address, order) for _ in range(times)]


async def test_twenty_second_facts_an_hour_an_address():
    throttle = Throttle()
    assert ADDRESS["fact"] == 20
    assert not any(await spent(throttle, "fact", 20))
    assert 0 < (await spent(throttle, "fact", 1))[0] <= 3600
    assert not any(await spent(throttle, "fact", 1, "192.0.2.2"))
    assert not any(await spent(throttle, "view", 1))


async def test_an_order_is_counted_whoever_asks():
    throttle = Throttle()
    several = [await throttle.wait("token", f"192.0.2.{n}", "7K2M9QX4TB") for n in range(ORDER["token"])]
    assert not any(several)
    assert await throttle.wait("token", "192.0.2.200", "7K2M9QX4TB")
    assert not await throttle.wait("token", "192.0.2.200", "7K2M9QX4TC")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("", "", True),
        ("not an address", "not an address", True),
    ],
)
def test_what_a_caller_can_choose_of_its_address_does_not_count(one, other, same):
    assert (network(one) == network(other)) == same
