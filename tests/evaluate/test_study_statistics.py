"""Student's distribution, tests and corrections against scipy and by hand; coverage and false claims by simulation."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from rungwise.evaluate.statistics import wilson
from rungwise.evaluate.study_statistics import (
    compare,
    estimate,
    holm,
    matched_interval,
    sign_flip_p,
    student_interval,
    student_p,
    student_quantile,
    student_tails,
    task_weights,
)


@pytest.mark.parametrize("df", [1, 2, 3, 4, 5, 9, 20, 31])
def test_student_is_scipys(df: int) -> None:
    assert student_quantile(df) == pytest.approx(stats.t.ppf(0.975, df), abs=1e-9)
    for t in (0.0, 0.3, 1.0, 2.776, 7.5):
        assert student_tails(t, df) == pytest.approx(2 * stats.t.sf(t, df), abs=1e-12)


def test_students_interval_and_test_are_scipys() -> None:
    values = [0.021, 0.034, -0.01, 0.05, 0.012]
    known = stats.ttest_1samp(values, 0.0)
    interval = known.confidence_interval(0.95)
    assert student_interval(values) == pytest.approx((np.mean(values), interval.low, interval.high), abs=1e-9)
    assert student_p(values) == pytest.approx(known.pvalue, abs=1e-12)
    assert student_p([-v for v in values]) == student_p(values)


def test_student_at_the_edges() -> None:
    assert student_interval([0.5]) is None
    assert student_p([0.5]) is None
    assert student_interval([0.3, 0.3, 0.3]) == pytest.approx((0.3, 0.3, 0.3))
    assert student_p([0.0, 0.0, 0.0]) == 1.0
    assert student_p([0.1 + 0.2, 0.3, 0.3]) == 0.0


@pytest.mark.parametrize(("won", "lost"), [(9, 1), (7, 5), (30, 12), (1, 0), (4, 4)])
def test_flipping_signs_of_right_and_wrong_is_mcnemars_exact_test(won: int, lost: int) -> None:
    differences = [1.0] * won + [-1.0] * lost + [0.0] * 100
    exact = stats.binomtest(won, won + lost).pvalue
    assert sign_flip_p(differences) == pytest.approx(exact, rel=1e-9)
    assert sign_flip_p(differences) == sign_flip_p([-d for d in differences])


def test_flipping_nothing_shows_nothing() -> None:
    assert sign_flip_p([0.0] * 50) == 1.0


def test_flipping_signs_is_the_share_of_all_ways_to_choose_them() -> None:
    """Counted one by one: shares of five samples, and differences without a common unit."""
    ways = np.array(list(itertools.product((-1.0, 1.0), repeat=12)))
    rng = np.random.default_rng(5)
    for differences in (rng.integers(-5, 6, 12) / 5, rng.normal(0.3, 1, 12)):
        reached = np.abs(ways @ differences) >= abs(differences.sum()) - 1e-9
        assert sign_flip_p(differences.tolist()) == pytest.approx(reached.mean(), abs=0.002)


def test_flipping_many_signs_is_near_the_normal_test() -> None:
    differences = np.random.default_rng(6).integers(-5, 6, 700) / 5
    z = differences.sum() / np.sqrt((differences**2).sum())
    assert sign_flip_p(differences.tolist()) == pytest.approx(2 * stats.norm.sf(abs(z)), rel=0.05)
    assert sign_flip_p([1.0] * 200) == 1e-12


def test_holm_by_weights_by_hand() -> None:
    # p over weight: .04/2 = .02, .012/1, .05/1. Sorted: .012 x 4 = .048; .02 x 3 = .06; .05 x 1 -> .06.
    assert holm([0.04, 0.012, 0.05], [2, 1, 1]) == pytest.approx([0.06, 0.048, 0.06])
    assert holm([0.02, 0.005, 0.04], [3, 3, 3]) == pytest.approx(holm([0.02, 0.005, 0.04]))


def test_holm_by_hand() -> None:
    # Sorted: .005 x 4 = .02; .011 x 3 = .033; .02 x 2 = .04; .04 x 1 = .04.
    assert holm([0.02, 0.005, 0.04, 0.011]) == pytest.approx([0.04, 0.02, 0.04, 0.033])
    # The second may not fall below the first: .02 x 3 = .06, .025 x 2 = .05 -> .06; .9 stays.
    assert holm([0.02, 0.025, 0.9]) == pytest.approx([0.06, 0.06, 0.9])
    assert holm([0.4, 0.7]) == pytest.approx([0.8, 0.8])
    assert holm([]) == []


def test_one_seed_and_one_task_is_wilsons_interval() -> None:
    found = estimate([[[1.0] * 8 + [0.0] * 2]])
    assert found.mean == 0.8
    assert found.interval == found.over_items == pytest.approx(wilson(8, 10))
    assert found.over_seeds is None
    assert found.by_seed == (0.8,)


def test_two_seeds_have_an_interval_over_seeds_that_is_not_used() -> None:
    found = estimate([[[1.0] * 8 + [0.0] * 2, [1.0] * 6 + [0.0] * 4]])
    assert found.interval == found.over_items == pytest.approx(wilson(14, 20))
    assert found.over_seeds == (0.0, 1.0)  # 0.7 -+ 12.7 x 0.1


def test_the_interval_is_over_seeds_and_never_narrower_than_over_items() -> None:
    apart = estimate([[[1.0] * k + [0.0] * (100 - k) for k in (50, 70, 90)]])
    half = stats.t.ppf(0.975, 2) * 0.2 / np.sqrt(3)
    assert apart.over_seeds == pytest.approx((max(0, 0.7 - half), min(1, 0.7 + half)), abs=1e-9)
    assert apart.interval == apart.over_seeds
    alike = estimate([[[1.0] * 70 + [0.0] * 30] * 3])
    assert alike.over_seeds == pytest.approx((0.7, 0.7))
    assert alike.interval == alike.over_items == pytest.approx(wilson(210, 300))
    perfect = estimate([[[1.0] * 20] * 4])
    assert perfect.interval == pytest.approx(wilson(80, 80))


def test_tasks_weigh_the_same() -> None:
    found = estimate([[[1.0, 1.0, 1.0, 1.0]], [[0.0, 1.0]]])
    assert found.mean == 0.75
    assert found.by_seed == (0.75,)
    assert task_weights(["a", "a", "a", "b"]) == pytest.approx([2 / 3, 2 / 3, 2 / 3, 2.0])


def test_several_samples_an_item_are_one_item() -> None:
    found = estimate([[[0.2, 0.8, 1.0, 0.6, 0.4, 0.0] * 5]])
    assert found.mean == pytest.approx(0.5)
    assert found.interval[0] < 0.5 < found.interval[1]


def drawn(rng: np.random.Generator, seeds: int, spread: float, shares: np.ndarray, n: int) -> list[list[list[float]]]:
    """Tasks x seeds x items, where a training moves the accuracy of all tasks by a normal number."""
    moved = np.clip(shares[:, None] + spread * rng.standard_normal(seeds), 0, 1)
    return (rng.random((len(shares), seeds, n)) < moved[:, :, None]).astype(float).tolist()


@pytest.mark.parametrize(("seeds", "spread"), [(5, 0.0), (5, 0.02), (5, 0.06), (3, 0.03)])
def test_the_interval_covers_what_training_again_would_give(seeds: int, spread: float) -> None:
    rng = np.random.default_rng(7)
    shares = np.array([0.8, 0.7, 0.5, 0.6, 0.75, 0.4, 0.65])
    runs = 400
    covered = 0
    for _ in range(runs):
        lo, hi = estimate(drawn(rng, seeds, spread, shares, 30)).interval
        covered += lo <= shares.mean() <= hi
    # Never below 95 % but for the luck of 400 draws (standard error 1.1 %).
    assert covered / runs > 0.925


def test_intervals_over_items_alone_would_not_cover_it() -> None:
    """Why seeds are needed: with trainings that differ by 6 points the items' interval is far too narrow."""
    rng = np.random.default_rng(8)
    shares = np.array([0.7, 0.6])
    covered = 0
    for _ in range(200):
        lo, hi = estimate(drawn(rng, 5, 0.06, shares, 105)).over_items
        covered += lo <= shares.mean() <= hi
    assert covered / 200 < 0.85


def test_equal_methods_are_rarely_called_different() -> None:
    rng = np.random.default_rng(9)
    runs, found, covered = 150, 0, 0
    names = [["ATE", "PN"] * 14] * 5
    for _ in range(runs):
        levels = 0.7 + 0.03 * rng.standard_normal((2, 5))  # two methods, five seeds
        hard = rng.random((5, 28))  # both answer the same items
        noise = 0.3 * rng.random((2, 5, 28))
        a, b = ((0.7 * hard + noise) < levels[..., None]).astype(float).tolist()
        result = compare(a, b, names)
        found += result.p < 0.05
        covered += result.interval[0] <= 0 <= result.interval[1]
    assert found / runs < 0.09
    assert covered / runs > 0.91


def test_matched_items_by_hand_and_where_none_differs() -> None:
    # Agresti & Min 2005: 8 and 2 of 50 pairs differ; (8 - 2) / 52 -+ 1.96 sqrt(8.5 + 2.5 - 6^2 / 52) / 52.
    half = 1.959964 * np.sqrt(8.5 + 2.5 - 36 / 52) / 52
    found = matched_interval([1.0] * 8 + [-1.0] * 2 + [0.0] * 40)
    assert found == pytest.approx((6 / 52 - half, 6 / 52 + half), abs=1e-6)
    lo, hi = matched_interval([0.0] * 100)
    assert lo == -hi
    assert 0.01 < hi < 0.03


def test_a_clear_difference_is_found_and_needs_items_and_seeds() -> None:
    tasks = [["ATE"] * 50] * 5
    worse = [[1.0] * 30 + [0.0] * 20] * 5
    better = [[1.0] * k + [0.0] * (50 - k) for k in (38, 40, 41, 39, 40)]
    found = compare(better, worse, tasks)
    assert found.difference == pytest.approx(0.192)
    assert found.by_seed == pytest.approx((0.16, 0.2, 0.22, 0.18, 0.2))
    assert found.p_seeds == pytest.approx(stats.ttest_1samp([0.16, 0.2, 0.22, 0.18, 0.2], 0).pvalue)
    assert found.p == max(found.p_seeds or 0, found.p_items) < 0.001
    assert 0 < found.interval[0] < found.difference < found.interval[1]
    one = compare([better[0]], [worse[0]], [tasks[0]])
    assert one.p_seeds is None
    assert one.p == one.p_items
    # One item more in every seed: the seeds agree to the last digit, the items say that it may be luck.
    hardly = compare([[*row[:30], 1.0, *row[31:]] for row in worse], worse, tasks)
    assert hardly.p_seeds == 0
    assert hardly.p == hardly.p_items > 0.05


def test_a_seed_that_disagrees_stands_against_many_items() -> None:
    tasks = [["ATE"] * 200] * 3
    worse = [[1.0] * 100 + [0.0] * 100] * 3
    mixed = [[1.0] * k + [0.0] * (200 - k) for k in (160, 165, 80)]
    found = compare(mixed, worse, tasks)
    assert found.p_items < 0.001
    assert found.p == found.p_seeds
    assert (found.p_seeds or 0) > 0.2
    assert found.interval[0] < 0
