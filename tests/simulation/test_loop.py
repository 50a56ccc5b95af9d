import asyncio
import random

import pytest

from tests.simulation.loop import Loop, Process


def run(main, seed=0):
    loop = Loop(random.Random(seed))  # noqa: S311 - chance, not a secret
    try:
        return loop.run_until_complete(main())
    finally:
        loop.close()


async def order():
    seen = []

    async def one(n):
        for _ in range(3):
            await asyncio.sleep(0)
        seen.append(n)

    await asyncio.gather(*map(one, range(10)))
    return tuple(seen)


def test_a_seed_gives_one_order_and_other_seeds_give_others():
    assert len({run(order, seed=7) for _ in range(5)}) == 1
    assert len({run(order, seed) for seed in range(20)}) > 10


def test_hours_pass_at_once_and_timers_come_in_order():
    async def main():
        loop, seen = asyncio.get_running_loop(), []

        async def wake(seconds):
            await asyncio.sleep(seconds)
            seen.append((seconds, loop.time()))

        await asyncio.gather(*map(wake, (7200, 5, 60)))
        return seen

    assert run(main) == [(5, 5), (60, 60), (7200, 7200)]


def test_a_timeout_ends_what_takes_too_long():
    async def main():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(30):
                await asyncio.Event().wait()
        return asyncio.get_running_loop().time()

    assert run(main) == 30


def test_the_dead_do_nothing_more():
    async def main():
        process, done = Process("cart"), []

        async def work():
            try:
                await asyncio.sleep(1)
                done.append("work")
            finally:
                done.append("finally")

        process.spawn(work())
        await asyncio.sleep(0.5)
        process.kill()
        await process.death
        await asyncio.sleep(10)
        return list(done)

    assert run(main) == []


def test_what_the_dead_started_is_dead_too():
    async def main():
        process, done = Process("cart"), []

        async def child():
            await asyncio.sleep(1)
            done.append("child")

        async def parent():
            asyncio.get_running_loop().call_later(1, done.append, "timer")
            await asyncio.create_task(child())

        process.spawn(parent())
        await asyncio.sleep(0.5)
        process.kill()
        await asyncio.sleep(10)
        return done

    assert run(main) == []


def test_who_stalls_goes_on_later():
    async def main():
        process, loop = Process("cart"), asyncio.get_running_loop()

        async def work():
            await asyncio.sleep(1)
            return loop.time()

        task = process.spawn(work())
        await asyncio.sleep(0.5)
        process.stall(100)
        return await task

    assert run(main) == 100.5


def test_nobody_waits_for_ever_unnoticed():
    with pytest.raises(AssertionError, match="never comes"):
        run(lambda: asyncio.Event().wait())


def test_there_are_no_threads():
    with pytest.raises(AssertionError, match="thread"):
        run(lambda: asyncio.to_thread(print))
