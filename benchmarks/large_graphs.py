"""Time of an ATE by variable elimination on graphs too large to enumerate; the models have up to three causes a node
among the four nodes before it.

    python benchmarks/large_graphs.py --nodes 30 --values 3
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np

from rungwise.causal.graph import DAG
from rungwise.causal.scm import SCM, random_scm
from rungwise.problems.ate import true_value
from rungwise.problems.problem import Query


def model(n: int, values: int, rng: np.random.Generator) -> SCM:
    """A random model of that kind."""
    edges = [(int(u), v) for v in range(1, n) for u in rng.permutation(range(max(0, v - 4), v))[: rng.integers(1, 4)]]
    return random_scm(DAG.from_edges(n, edges), rng, [values] * n, dirichlet=1.0)


def main() -> None:
    """Print median and slowest milliseconds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=30)
    parser.add_argument("--values", type=int, default=3)
    parser.add_argument("--models", type=int, default=20)
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    took = []
    for _ in range(args.models):
        scm = model(args.nodes, args.values, rng)
        start = time.perf_counter()
        true_value(scm, Query("ATE", args.nodes // 3, args.nodes - 1, 1, 0, 1))
        took.append(1000 * (time.perf_counter() - start))
    print(
        f"ATE on {args.nodes} nodes of {args.values} values: median {statistics.median(took):.1f} ms, "
        f"slowest {max(took):.1f} ms of {args.models}"
    )


if __name__ == "__main__":
    main()
