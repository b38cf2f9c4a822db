"""The sentences of a study's report: what they claim follows from the numbers."""

from __future__ import annotations

from typing import Any

from rungwise.report.words import p_text, summary, times


def row(mean: float) -> dict[str, Any]:
    return {"value": {"mean": {"mean": mean, "interval": (mean - 0.02, mean + 0.02)}}}


def pair(question: str, a: str, b: str, difference: float, p: float) -> dict[str, Any]:
    interval = (difference - 0.01, difference + 0.01)
    return {
        "question": question, "a": a, "b": b, "difference": difference, "interval": interval,
        "p_holm": p, "real": p < 0.05,
    }  # fmt: skip


def results(seeds: int = 5, **changed: Any) -> dict[str, Any]:
    shortcuts = {"constant": row(0.1), "unadjusted": row(0.3), "graph-blind": row(0.43), "lookup": row(0.2)}
    rows = {"cold_start": row(0.9), "sft": row(0.91), "dpo": row(0.8), "grpo": row(0.95), **shortcuts}
    pairs = [
        pair("gain", "sft", "cold_start", 0.01, 0.4),
        pair("gain", "dpo", "cold_start", -0.1, 0.001),
        pair("gain", "grpo", "cold_start", 0.05, 0.01),
        pair("between", "sft", "dpo", 0.11, 0.002),
        pair("between", "sft", "grpo", -0.04, 0.2),
        pair("between", "dpo", "grpo", -0.15, 0.00001),
    ]
    cost = {name: {"limit": 200.0, "seconds": 201.0} for name in ("cold_start", "sft", "dpo", "grpo")}
    found = {
        "methods": ["sft", "dpo", "grpo"], "suites": ["base", "hard"], "seeds": list(range(seeds)), "items": 210,
        "accuracy": {"base": rows, "hard": {**rows, "sft": row(0.96)}},
        "comparisons": {"base": pairs, "hard": pairs}, "cost": cost, "health": [],
    }  # fmt: skip
    return {**found, **changed}


def test_the_summary_names_best_real_and_useless() -> None:
    told = summary(results())
    assert told[0].startswith(
        "On base, GRPO has the highest value accuracy of the trained methods: 95.0 % (93.0 to 97.0)"
    )
    assert "cold start that all methods began from has 90.0 %" in told[0]
    assert "Really better than the cold start: GRPO +5.0 points (4.0 to 6.0; p 0.0100)." in told
    assert "Really worse than the cold start: DPO -10.0 points (-11.0 to -9.0; p 0.0010)." in told
    assert "No difference to the cold start could be shown for: SFT +1.0 points (0.0 to 2.0; p 0.4000)." in told
    between = next(sentence for sentence in told if sentence.startswith("Between"))
    assert "SFT is better than DPO (11.0 points); GRPO is better than DPO (15.0 points)" in between
    assert "1 of 3 pairs can't be told apart" in between
    assert any("hard: SFT 96.0 % (94.0 to 98.0), no certain difference to the cold start, +1.0" in s for s in told)
    assert any("The best shortcut without causal reasoning on base is graph-blind: 43.0 %" in s for s in told)
    assert not any("over items only" in sentence or "warning" in sentence for sentence in told)


def test_few_seeds_and_warnings_are_said() -> None:
    warned = [{"run": "seed-0/dpo", "name": "chosen collapse", "step": 5, "sentence": "..."}] * 2
    told = summary(results(seeds=1, health=warned))
    assert any(sentence.startswith("With 1 seed the intervals and tests are over items only") for sentence in told)
    assert any("2 training warnings in 1 run" in sentence for sentence in told)


def test_unequal_times_are_named() -> None:
    assert "Training time at most 200 s a run, the same for every method." in times(results())
    cost = results()["cost"]
    cost["grpo"] = {"limit": 400.0, "seconds": 401.0}
    cost["sft"]["seconds"] = 20.0
    told = times(results(cost=cost))
    assert "the same for every method but GRPO 400 s: these are not compared at equal cost" in told
    assert "Ended earlier, by their steps: SFT 20 s." in told


def test_p_values_are_never_zero() -> None:
    assert (p_text(0.0), p_text(0.00004), p_text(0.04321), p_text(None)) == ("< 0.0001", "< 0.0001", "0.0432", "")
