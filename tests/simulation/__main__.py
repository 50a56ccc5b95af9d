"""``python -m tests.simulation --seeds 5000``: as many runs as one likes; ``--seed 7`` for one of them again, with its steps."""

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor

from rich.progress import track

from tests.simulation.run import simulate


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--seed", type=int, help="this one alone, with all that happened")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes")
    given = parser.parse_args()
    return _one(given.seed) if given.seed is not None else _many(range(given.first, given.first + given.seeds), given.jobs)


def _one(seed):
    run = simulate(seed)
    print("\n".join(run.steps))
    print(run.report(last=0))
    return bool(run.findings)


def _many(seeds, jobs):
    failed = []
    with ProcessPoolExecutor(jobs) as pool:
        for run in track(pool.map(simulate, seeds, chunksize=5), f"{len(seeds)} runs", total=len(seeds)):
            if run.findings:
                failed.append(run.seed)
                print(run.report())
    print(f"{len(failed)} of {len(seeds)} runs broke a promise: {failed}" if failed else f"{len(seeds)} runs, every promise kept.")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
