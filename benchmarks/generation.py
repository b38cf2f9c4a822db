"""How fast items are made: problems a second and core by suite, and where the time goes.

python benchmarks/generation.py [--n 3584] [--repeat 5] [SUITE ...]

Everything that ``rungwise generate --format parquet`` does for an item is timed in one process: structure and question,
model and numbers, worked steps and certificate, natural text, Parquet. Of the repeats, each with its own seed, the
fastest, the middle and the slowest are printed: a shared machine is rarely idle.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import tempfile
import time
from pathlib import Path

from rungwise.suites.shards import Request, make_shard

STAGES = {
    "search.py:search": "structures",
    "sampler.py:_with_models": "models, numbers, truth by two roads",
    "finish.py:tell": "facts, names, steps, records",
    "items.py:to_text": "natural text",
    "shards.py:row_of": "certificate and columns",
    "shards.py:_write_parquet": "(all, with Parquet)",
}


def seconds(suite: str, n: int, seed: int, folder: Path) -> float:
    """CPU seconds for one shard of n items."""
    request = Request((suite,), n, seed=seed, format="parquet", shard_size=n)
    start = time.process_time()
    make_shard(request, request.shards()[0], "canary", folder / str(seed))
    return time.process_time() - start


def profile(suite: str, n: int, folder: Path) -> dict[str, float]:
    """Share of the profiled time in each stage."""
    profiler = cProfile.Profile()
    profiler.enable()
    seconds(suite, n, 99, folder)
    profiler.disable()
    found = {}
    for (file, _, name), entry in pstats.Stats(profiler).stats.items():  # type: ignore[attr-defined]
        key = f"{Path(file).name}:{name}"
        if key in STAGES:
            found[STAGES[key]] = entry[3]
    total = found["(all, with Parquet)"]
    return {stage: found[stage] / total for stage in STAGES.values() if stage in found}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("suites", nargs="*", default=["base", "hard"])
    parser.add_argument("--n", type=int, default=3584)
    parser.add_argument("--repeat", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for suite in given.suites:
            seconds(suite, 700, 0, Path(folder))
            rates = sorted(given.n / seconds(suite, given.n, 1 + k, Path(folder)) for k in range(given.repeat))
            low, middle, high = rates[0], rates[len(rates) // 2], rates[-1]
            print(f"{suite}: {high:.0f} items/s at best, {middle:.0f} in the middle, {low:.0f} at worst", flush=True)
            for stage, share in profile(suite, given.n, Path(folder)).items():
                print(f"  {100 * share:5.1f} %  {stage}")


if __name__ == "__main__":
    main()
