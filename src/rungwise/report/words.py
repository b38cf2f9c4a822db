"""What a study found, in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rungwise.evaluate.study_statistics import ENOUGH
from rungwise.report.accuracies import MEAN

NAMES = {
    "cold_start": "cold start",
    "sft": "SFT",
    "dpo": "DPO",
    "kto": "KTO",
    "ppo": "PPO",
    "grpo": "GRPO",
}
"""Method -> its name in texts."""
SHORTCUTS = ("constant", "unadjusted", "graph-blind", "lookup")


def percent(share: float) -> str:
    """A share as a number of per cent."""
    return f"{100 * share:.1f}"


def ends(interval: Sequence[float]) -> str:
    """An interval of shares, in per cent."""
    return f"{100 * interval[0]:.1f} to {100 * interval[1]:.1f}"


def points(difference: float) -> str:
    """A difference of shares in points, with its sign."""
    return f"{100 * difference:+.1f}"


def p_text(p: float | None) -> str:
    """A p-value."""
    return "" if p is None else f"{p:.4f}" if p >= 0.0001 else "< 0.0001"


def summary(results: Mapping[str, Any]) -> list[str]:
    """The study's outcome, most important first: the best method, the differences that are real, what did not help."""
    suite, seeds = results["suites"][0], len(results["seeds"])
    rows = results["accuracy"][suite]
    means = {name: rows[name]["value"][MEAN] for name in ("cold_start", *results["methods"])}
    best = best_methods(results, suite)
    found = [
        f"On {suite}, {_listed(best)} {'has' if len(best) == 1 else 'share'} the highest value accuracy of the trained"
        f" methods: {_value(means[best[0]])}, the"
        f" mean over tasks and {_count(seeds, 'seed')} of {results['items']} items each. The cold start that all"
        f" methods began from has {_value(means['cold_start'])}.",
        *_gains(results["comparisons"][suite]),
        _between(results["comparisons"][suite]),
        _elsewhere(results),
        _shortcuts(rows, suite),
    ]
    if seeds < ENOUGH:
        found.append(
            f"With {_count(seeds, 'seed')} the intervals and tests are over items only: they say how sure the numbers"
            " of these trained models are, not what another training run would give."
        )
    if results["health"]:
        runs = len({warning["run"] for warning in results["health"]})
        found.append(
            f"{_count(len(results['health']), 'training warning')} in {_count(runs, 'run')}: see Training health."
        )
    return [sentence for sentence in found if sentence]


def best_methods(results: Mapping[str, Any], suite: str) -> list[str]:
    """The methods with the highest mean value accuracy on a suite, several where they share it."""
    means = {name: results["accuracy"][suite][name]["value"][MEAN]["mean"] for name in results["methods"]}
    return [name for name, mean in means.items() if mean > max(means.values()) - 1e-9]


def times(results: Mapping[str, Any]) -> str:
    """Whether every method had the same training time, naming those that had not."""
    limits = {method: results["cost"][method]["limit"] for method in results["methods"]}
    usual = max(set(limits.values()), key=list(limits.values()).count)
    other = [f"{NAMES[method]} {limit:g} s" for method, limit in limits.items() if limit != usual]
    same = f"Training time at most {usual:g} s a run, the same for every method"
    text = f"{same}." if not other else f"{same} but {', '.join(other)}: these are not compared at equal cost."
    cold = results["cost"]["cold_start"]
    text += f" The cold start had at most {cold['limit']:g} s."
    short = [
        f"{NAMES[method]} {results['cost'][method]['seconds']:.0f} s"
        for method, limit in limits.items()
        if results["cost"][method]["seconds"] < 0.9 * limit
    ]
    return text + (f" Ended earlier, by their steps: {', '.join(short)}." if short else "")


def _listed(methods: Sequence[str]) -> str:
    return ", ".join(NAMES[method] for method in methods)


def _gains(comparisons: Sequence[Mapping[str, Any]]) -> list[str]:
    gains = [c for c in comparisons if c["question"] == "gain"]
    groups = {
        "Really better than the cold start": [c for c in gains if c["real"] and c["difference"] > 0],
        "Really worse than the cold start": [c for c in gains if c["real"] and c["difference"] < 0],
        "No difference to the cold start could be shown for": [c for c in gains if not c["real"]],
    }
    told = {words: "; ".join(f"{NAMES[c['a']]} {_difference(c)}" for c in group) for words, group in groups.items()}
    return [f"{words}: {sentence}." for words, sentence in told.items() if sentence]


def _between(comparisons: Sequence[Mapping[str, Any]]) -> str:
    pairs = [c for c in comparisons if c["question"] == "between"]
    if not pairs:
        return ""
    real = [
        f"{NAMES[c['a'] if c['difference'] > 0 else c['b']]} is better than"
        f" {NAMES[c['b'] if c['difference'] > 0 else c['a']]} ({abs(100 * c['difference']):.1f} points)"
        for c in pairs
        if c["real"]
    ]
    left = len(pairs) - len(real)
    text = (
        f"Between methods, real differences: {'; '.join(real)}." if real else "Between methods no difference is real."
    )
    return text + (f" {left} of {len(pairs)} pairs can't be told apart." if real and left else "")


def _elsewhere(results: Mapping[str, Any]) -> str:
    found = []
    for suite in results["suites"][1:]:
        rows = results["accuracy"][suite]
        best = best_methods(results, suite)
        gain = next(c for c in results["comparisons"][suite] if c["a"] == best[0] and c["question"] == "gain")
        told = "a real" if gain["real"] else "no certain"
        change = f"{told} difference to the cold start, {points(gain['difference'])}"
        found.append(f"{suite}: {_listed(best)} {_value(rows[best[0]]['value'][MEAN])}, {change}")
    return f"Highest mean on the other suites: {'; '.join(found)}." if found else ""


def _shortcuts(rows: Mapping[str, Any], suite: str) -> str:
    best = max(SHORTCUTS, key=lambda name: float(rows[name]["value"][MEAN]["mean"]))
    return f"The best shortcut without causal reasoning on {suite} is {best}: {_value(rows[best]['value'][MEAN])}."


def _value(estimate: Mapping[str, Any]) -> str:
    return f"{percent(estimate['mean'])} % ({ends(estimate['interval'])})"


def _difference(comparison: Mapping[str, Any]) -> str:
    p = p_text(comparison["p_holm"])
    return f"{points(comparison['difference'])} points ({ends(comparison['interval'])}; p {p})"


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
