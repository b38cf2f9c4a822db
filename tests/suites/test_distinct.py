"""A causal structure of its own for every item of a task."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import pytest

from rungwise.errors import UserError
from rungwise.problems.check import check_problem
from rungwise.problems.problem import EFFECTS
from rungwise.suites.distinct import orders
from rungwise.suites.folder import write_folder
from rungwise.suites.items import Item, Options, generate
from rungwise.suites.schedule import alike_before, longest_start, place_of
from rungwise.suites.shards import Request
from rungwise.suites.verify import verify_folder

MOST = 732


@pytest.fixture(scope="module")
def whole() -> list[Item]:
    """As many items of base as there can be."""
    return list(generate("base", MOST, 3, distinct=True))


def test_no_two_items_of_a_task_share_a_structure(whole: list[Item]) -> None:
    assert len({item.problem.shape for item in whole}) == MOST
    for item in whole:
        assert item.problem.meta["shape"] == item.problem.shape
        assert item.problem.meta["split"] == "test"
    for item in whole[::40]:
        assert check_problem(item.problem, thorough=True) == []


def test_answers_and_zeros_keep_their_shares(whole: list[Item]) -> None:
    counts: dict[str, Counter[str | None]] = defaultdict(Counter)
    for item in whole:
        truth = item.problem.truth
        assert truth is not None
        counts[item.problem.query.task]["0" if truth.value == 0 else truth.answer] += 1
    for name, own in counts.items():
        assert abs(own["0"] - 0.1 * own.total()) <= 2
        if name in EFFECTS:
            assert abs(own["Yes"] - own["No"]) <= 6


def test_shortcuts_gain_nothing(whole: list[Item]) -> None:
    """Most structures need no adjustment, but those come as often as without ``distinct``."""
    plain = list(generate("base", MOST, 3))
    for name in ("unadjusted", "graph-blind", "lookup"):
        share, usual = (sum(name in i.problem.meta["shortcuts"] for i in items) / MOST for items in (whole, plain))
        assert share < usual + 0.06


def test_any_part_can_be_made_alone(whole: list[Item], monkeypatch: pytest.MonkeyPatch) -> None:
    stored = [item.problem.to_dict() for item in whole]
    for start, n in ((0, 5), (301, 9), (MOST - 3, 3)):
        part = generate("base", n, 3, start=start, distinct=True)
        assert [item.problem.to_dict() for item in part] == stored[start : start + n]
    monkeypatch.setattr("rungwise.problems.sampler.POOL", 11)
    assert [item.problem.to_dict() for item in generate("base", 40, 3, distinct=True)] == stored[:40]
    reworded = generate("rephrased", 20, 3, distinct=True)
    assert [item.problem.to_dict() for item in reworded] == stored[:20]


def test_the_seed_decides_the_order(whole: list[Item]) -> None:
    first = [{item.problem.shape for item in items} for items in (whole[:70], generate("base", 70, 4, distinct=True))]
    assert len(first[0] & first[1]) < 35


@pytest.mark.parametrize(
    ("suite", "options"),
    [
        ("validation", {}),
        ("monotone", {}),
        ("published-style", {}),
        ("base", {"outcome_values": 3}),
        ("redundant", {"level": "easy"}),
        ("deconfounding", {"level": "medium"}),
    ],
)
def test_other_suites(suite: str, options: dict[str, object]) -> None:
    found = list(generate(suite, 42, 1, distinct=True, **options))  # type: ignore[arg-type]
    assert len({item.problem.shape for item in found}) == 42
    for item in found[::10]:
        assert check_problem(item.problem) == []


@pytest.mark.slow
@pytest.mark.parametrize("suite", ["base", "train", "published-style", "monotone"])
def test_every_structure_in_the_lists_has_models(suite: str) -> None:
    """PN's and PS's also where the bound is to be cut off at 0."""
    from rungwise.problems.sampler import Wish, settle_problems
    from rungwise.problems.streams import make_dice

    recipe = Options().recipe(suite)
    for name, order in orders((0, suite, recipe.split), recipe).items():
        cut_off = name not in EFFECTS and recipe.zero > 0
        for zero, shapes in ((True, order.zero), (False, order.nonzero), (True, order.nonzero if cut_off else [])):
            wishes = [Wish(name, make_dice(name, i), zero, True, ways) for i, ways in enumerate(shapes)]
            assert len(list(settle_problems(wishes, recipe))) == len(shapes)


def test_folders_with_any_number_of_workers(tmp_path: Path) -> None:
    request = Request(("base", "omitted"), 40, seed=3, shard_size=9, options={"distinct": True})
    for workers in (1, 2):
        write_folder(tmp_path / str(workers), request, workers)
    files = sorted(file.relative_to(tmp_path / "1") for file in (tmp_path / "1").rglob("*") if file.is_file())
    assert all((tmp_path / "1" / file).read_bytes() == (tmp_path / "2" / file).read_bytes() for file in files)
    assert verify_folder(tmp_path / "2")["violations"] == []


@pytest.mark.parametrize(
    ("suite", "n", "options", "message"),
    [
        ("base", MOST + 1, {}, r"base has 94 causal structures for NIE .* ask for at most 732 items"),
        ("omitted", MOST + 1, {}, r"omitted has 94 causal structures for NIE"),
        ("monotone", 10_000, {}, r"monotone has 540 causal structures for PN .* at most 1620 items"),
        ("hard", 7, {}, "at most 5 nodes"),
        ("base", 7, {"level": "advanced"}, "at most 5 nodes"),
        ("decisive", 8, {}, "decisive holds pairs .*; leave out --distinct"),
        ("insufficient", 8, {}, "insufficient holds pairs .*; leave out --distinct"),
        ("base", 8, {"twins": True}, "polarity twins share one structure; leave out --distinct"),
    ],
)
def test_what_cannot_be_distinct_is_refused_at_once(
    suite: str, n: int, options: dict[str, object], message: str
) -> None:
    for ask in (
        lambda: generate(suite, n, 0, distinct=True, **options),  # type: ignore[arg-type]
        lambda: generate(suite, 1, 0, start=n - 1, distinct=True, **options),  # type: ignore[arg-type]
        lambda: Request((suite,), n, options={"distinct": True, **options}),
    ):
        with pytest.raises(UserError, match=message) as caught:
            ask()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("zero", [0.0, 0.1, 0.3, 0.37, 1.0])
def test_the_schedule_is_counted_right(zero: float) -> None:
    places = [place_of(("key",), i, zero) for i in range(200)]
    for i in range(200):
        assert alike_before(("key",), i, zero) == sum(p.zero == places[i].zero for p in places[:i])
    for zeros, others in ((0, 0), (3, 200), (7, 50), (200, 33)):
        n = longest_start(zero, zeros, others)
        assert sum(p.zero for p in places[:n]) <= zeros
        assert sum(not p.zero for p in places[:n]) <= others
        assert n <= zeros + others
