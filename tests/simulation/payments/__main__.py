"""``python -m tests.simulation.payments --attempts 50000``: as many attempts to pay as one likes; ``--seed 7`` for one run again, with its steps."""

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from rich.progress import Progress

from tests.simulation.payments.run import simulate


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.payments", description=__doc__)
    parser.add_argument("--attempts", type=int, default=50_000, help="how many, at least")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="this one alone, with all that happened")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes")
    given = parser.parse_args()
    return _one(given.seed) if given.seed is not None else _many(given.attempts, given.first, given.jobs)


def _one(seed):
    run = simulate(seed)
    print("\n".join(run.steps))
    print(run.report(last=0))
    return bool(run.findings)


def _many(wanted, first, jobs):
    """Seed after seed until there were so many."""
    attempts, failed, seeds, begun = 0, [], first, time.monotonic()
    with ProcessPoolExecutor(jobs) as pool, Progress() as shown:
        bar = shown.add_task(f"{wanted} attempts", total=wanted)
        while attempts < wanted:
            some = range(seeds, seeds + 4 * jobs)
            seeds = some.stop
            for run in pool.map(simulate, some):
                attempts += run.attempts
                shown.update(bar, completed=attempts)
                if run.findings:
                    failed.append(run.seed)
                    print(run.report())
    rate = f"{attempts} attempts in {seeds - first} runs, {attempts / (time.monotonic() - begun):.0f} a second"
    print(f"{rate}: {len(failed)} runs broke a promise: {failed}" if failed else f"{rate}: every promise kept.")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
