"""The published benchmarks: read, solved, scored and audited as they are."""

from __future__ import annotations

from importlib import import_module

from rungwise.suites.published.item import Benchmark

BENCHMARKS = ("caugym", "calm", "cladder", "prontoqa", "rlcausal")


def benchmark(name: str) -> Benchmark:
    """The benchmark of that name, one of BENCHMARKS; its module is imported only now."""
    found: Benchmark = import_module(f"rungwise.suites.published.{name}").BENCHMARK
    return found
