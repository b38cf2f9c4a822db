"""The tests of two runs: known cases, the rate of false claims and the power over simulated evaluations."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from scipy.special import expit

from rungwise.evaluate.paired import ALL, corrected, paired, paired_by_task, pairs

TASKS = [task for task in ("ATE", "CDE", "ETT", "NDE", "NIE", "PN", "PS") for _ in range(100)]
SAMPLES, RUNS = 5, 200
TWINS = [i - i % 2 if i < 500 else i for i in range(700)]
"""Effects come with their polarity twins, PN and PS alone."""


def chances(rng: np.random.Generator, shift: float, own: float, twins: bool) -> NDArray[np.float64]:
    """How likely each of two models is right, by model and item.

    An item is as hard for both models: its log odds are normal with mean 1.5 and standard deviation 2.5 (69 % of the
    answers are right, of 28 % of the items above 95 % and of 4 % below 5 %). ``own`` is the standard deviation
    of what it has of its own for each model; ``shift`` what the second model's log odds are higher by. Twins share
    all of it.
    """
    items, place = (np.unique(TWINS, return_inverse=True)) if twins else (np.arange(700), np.arange(700))
    both = rng.normal(1.5, 2.5, len(items))
    logits = np.stack([both + rng.normal(0, own, len(items)), both + shift + rng.normal(0, own, len(items))])
    return np.asarray(expit(logits[:, place]))


def outcomes(rng: np.random.Generator, chance: NDArray[np.float64]) -> NDArray[np.float64]:
    return rng.binomial(SAMPLES, chance) / SAMPLES


def claims(rng: np.random.Generator, chance: NDArray[np.float64], clusters: list[int]) -> tuple[bool, bool, bool]:
    """Whether p over all tasks is below 5 %, whether it is after correction, and whether any of the eight is."""
    a, b = outcomes(rng, chance)
    found = paired_by_task(a.tolist(), b.tolist(), TASKS, clusters)
    real = corrected([found])[0]
    return found[ALL].p < 0.05, real[ALL] < 0.05, any(p < 0.05 for p in real.values())


@pytest.mark.parametrize("twins", [False, True])
def test_two_runs_of_one_model_are_called_different_at_the_stated_rate(twins: bool) -> None:
    rng = np.random.default_rng(11 + twins)
    found = []
    for _ in range(RUNS):
        chance = chances(rng, 0.0, 0.0, twins)
        found.append(claims(rng, chance, TWINS if twins else list(range(700))))
    single, _, any_of_eight = np.sum(found, axis=0)
    most = stats.binom.ppf(0.999, RUNS, 0.05)
    assert single <= most
    assert any_of_eight <= most
    assert single >= stats.binom.ppf(0.001, RUNS, 0.05)  # nor is the test blind


def shift_for(points: float, own: float) -> float:
    """The log odds that raise the accuracy by so much, by bisection over many items."""
    rng = np.random.default_rng(0)
    both = rng.normal(1.5, np.hypot(2.5, own), 200_000)
    before, low, high = expit(both).mean(), 0.0, 2.0
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if expit(both + middle).mean() - before < points else (low, middle)
    return low


@pytest.mark.parametrize(
    ("own", "least_single", "least_corrected"),
    [
        (0.0, 0.95, 0.9),
        pytest.param(0.5, 0.9, 0.85, marks=pytest.mark.slow),
        pytest.param(1.0, 0.75, 0.65, marks=pytest.mark.slow),
    ],
)
def test_a_planted_difference_of_three_points_is_found(own: float, least_single: float, least_corrected: float) -> None:
    """Models that find the same items hard (correlation of their items' chances 1, 0.95 and 0.83)."""
    rng = np.random.default_rng(21)
    shift = shift_for(0.03, own)
    found = [claims(rng, chances(rng, shift, own, False), list(range(700))) for _ in range(RUNS)]
    single, real, _ = np.mean(found, axis=0)
    print(f"own {own}: power {single:.3f}, corrected {real:.3f}")
    assert single >= least_single
    assert real >= least_corrected


def test_intervals_cover_the_difference() -> None:
    rng = np.random.default_rng(31)
    shift, covered = shift_for(0.03, 0.5), 0
    for _ in range(RUNS):
        a, b = outcomes(rng, chances(rng, shift, 0.5, True))
        lo, hi = paired(a.tolist(), b.tolist(), TASKS, TWINS).interval
        covered += lo <= 0.03 <= hi
    assert 0.9 <= covered / RUNS <= 0.99


def test_right_and_wrong_is_mcnemars_exact_test() -> None:
    a, b = [0.0] * 9 + [1.0] * 3 + [1.0] * 88, [1.0] * 9 + [0.0] * 3 + [1.0] * 88
    found = paired(a, b, ["ATE"] * 100, list(range(100)))
    assert found.p == pytest.approx(stats.binomtest(9, 12).pvalue, rel=1e-9)
    assert (found.gained, found.lost) == (9, 3)
    assert found.difference == pytest.approx(0.06)
    assert found.interval[0] < 0.06 < found.interval[1]


def test_twins_that_flip_together_count_once() -> None:
    a, b = [0.0] * 12 + [1.0] * 88, [1.0] * 100
    alone = paired(a, b, ["ATE"] * 100, list(range(100)))
    twins = paired(a, b, ["ATE"] * 100, [i // 2 for i in range(100)])
    assert twins.difference == alone.difference
    assert alone.p == pytest.approx(2 * 0.5**12)
    assert twins.p == pytest.approx(2 * 0.5**6)
    assert twins.interval[0] < alone.interval[0]


def test_each_task_weighs_the_same() -> None:
    tasks = ["ATE"] * 10 + ["PN"] * 90
    found = paired([0.0] * 100, [1.0] * 10 + [0.0] * 90, tasks, list(range(100)))
    assert found.difference == pytest.approx(0.5)
    by_task = paired_by_task([0.0] * 100, [1.0] * 10 + [0.0] * 90, tasks, list(range(100)))
    assert list(by_task) == [ALL, "ATE", "PN"]
    assert by_task["PN"].p == 1.0
    assert list(paired_by_task([0.0], [1.0], ["ATE"], [0])) == [ALL]


def test_the_same_runs_differ_in_nothing() -> None:
    values = [0.2, 0.8, 1.0, 0.0]
    found = paired(values, values, ["ATE"] * 4, list(range(4)))
    assert (found.difference, found.p, found.gained, found.lost) == (0, 1, 0, 0)
    assert found.interval[0] < 0 < found.interval[1]


def test_which_runs_are_compared() -> None:
    assert pairs(3, first_only=False) == [(0, 1), (0, 2), (1, 2)]
    assert pairs(3, first_only=True) == [(0, 1), (0, 2)]


def test_the_main_question_has_half_of_the_level() -> None:
    a = paired([0.0] * 8, [1.0] * 8, ["x"] * 8, list(range(8)))  # p = 2 / 2**8
    none = paired([0.0] * 8, [0.0] * 8, ["x"] * 8, list(range(8)))
    found = corrected([{ALL: a, "x": none, "y": none}])
    assert found[0][ALL] == pytest.approx(2 * a.p)
    assert found[0]["x"] == 1
