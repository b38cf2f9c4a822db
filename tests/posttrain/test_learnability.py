"""What samples of the start model say: estimators against all subsets, a real model's rows, each piece of advice."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

from tiny_runs import save_tiny, tiny_recipe

from rungwise.errors import UserError
from rungwise.language_models import load_model
from rungwise.posttrain.advice import Advice, advice, tables
from rungwise.posttrain.learnability import Answered, Learnability, Row, learnability, pass_at_k, row, same_at_k
from rungwise.posttrain.settings import TrainRecipe
from rungwise.problems.problem import TASKS
from rungwise.suites.items import LEVELS


class TestEstimators:
    @pytest.mark.parametrize("n", [2, 5, 8])
    def test_pass_at_k_is_the_share_of_subsets_with_a_right_one(self, n: int) -> None:
        for right in range(n + 1):
            for k in range(1, n + 1):
                subsets = list(combinations([True] * right + [False] * (n - right), k))
                assert pass_at_k(n, right, k) == pytest.approx(sum(map(any, subsets)) / len(subsets))

    @pytest.mark.parametrize("values", [[1, 1, 1], [0, 1, 1, 1], [0.1, 1, 0.1, 0, 1, 1], [0, 1]])
    def test_same_at_k_is_the_share_of_subsets_without_spread(self, values: list[float]) -> None:
        for k in range(1, len(values) + 1):
            subsets = [set(subset) for subset in combinations(values, k)]
            assert same_at_k(values, k) == pytest.approx(sum(len(s) == 1 for s in subsets) / len(subsets))

    def test_a_row_is_the_mean_over_questions(self) -> None:
        found = [
            Answered("ATE", "easy", 2, (1.0, 1.0, 1.0, 1.0), (True,) * 4, 0, 0, 40),
            Answered("PN", "easy", 3, (0.1, 0.1, 0.0, 0.0), (False,) * 4, 1, 2, 20),
            Answered("PS", "easy", 3, (1.0, 0.1, 0.1, 0.1), (True, False, False, False), 0, 0, 12),
        ]
        four, two = row("easy", found, 4), row("easy", found, 2)
        assert (four.questions, four.pass_1, four.pass_k, four.all_k) == pytest.approx((3, 5 / 12, 2 / 3, 1 / 3))
        assert four.no_spread == pytest.approx(1 / 3)
        # Of the six pairs: all, none, three hold a right one; all, none, none are right; 6, 2 and 3 have one reward.
        assert (two.pass_1, two.pass_k, two.all_k) == pytest.approx((5 / 12, 0.5, 1 / 3))
        assert two.no_spread == pytest.approx((6 + 2 + 3) / 18)
        assert (two.cut_off, two.unparsed, two.tokens) == pytest.approx((1 / 12, 2 / 12, 6))
        assert two.teaching == pytest.approx(1 / 6)
        assert row("none", [], 2).questions == 0


@pytest.fixture(scope="module")
def talked(talking_folder: Path) -> Learnability:
    return learnability(tiny_recipe(talking_folder), "grpo", None, samples=4, per_task=1)


class TestAModel:
    """It writes {"PROB": "0"}, {"PROB": "v1"} or path:yes, each about as often, whatever it is asked."""

    def test_every_task_and_level_is_asked(self, talked: Learnability) -> None:
        assert [r.name for r in talked.by_level] == [
            level for level in ("mixed", *LEVELS) if level not in talked.left_out
        ]
        assert [r.name for r in talked.by_task] == list(TASKS)
        assert {r.questions for r in talked.by_level} == {7}
        assert {r.questions for r in talked.by_task} == {len(talked.by_level)}
        assert sum(r.questions for r in talked.by_operations) == 7 * len(talked.by_level)
        assert (talked.samples, talked.k, talked.limit) == (4, 4, 8)

    def test_rows_tell_what_it_writes(self, talked: Learnability) -> None:
        n = sum(r.questions for r in talked.by_task)
        unparsed = sum(r.unparsed * r.questions for r in talked.by_task) / n
        assert 0.2 < unparsed < 0.47
        for r in (*talked.by_level, *talked.by_task, *talked.by_operations):
            assert 0 <= r.all_k <= r.pass_1 <= r.pass_k <= 1
            assert r.cut_off == 0
            assert 2 <= r.tokens <= 4
        for rows in (talked.by_level, talked.by_operations):  # the same samples, grouped in other ways
            for share in ("pass_1", "pass_k", "all_k", "no_spread", "unparsed", "tokens"):
                sums = [sum(getattr(r, share) * r.questions for r in part) for part in (rows, talked.by_task)]
                assert sums[0] == pytest.approx(sums[1])

    def test_the_seed_decides(self, talked: Learnability, talking_folder: Path) -> None:
        again = learnability(tiny_recipe(talking_folder), "grpo", None, samples=4, per_task=1)
        assert replace(again, seconds=talked.seconds) == talked
        other = learnability(replace(tiny_recipe(talking_folder), seed=1), "grpo", None, samples=4, per_task=1)
        assert other.by_task != talked.by_task

    def test_completions_that_do_not_end_are_cut_off(self, talking_folder: Path) -> None:
        tiny = tiny_recipe(talking_folder)
        done: list[tuple[int, int]] = []
        found = learnability(
            replace(tiny, ppo=replace(tiny.ppo, max_completion=2)),
            "ppo",
            None,
            2,
            1,
            lambda *counts: done.append(counts),
        )
        assert all(r.cut_off > 0.5 for r in found.by_task)
        assert done[-1] == (sum(r.questions for r in found.by_task),) * 2
        assert found.limit == 2
        told = advice(found, tiny, "ppo")
        assert any(w.startswith("cut off") for w in told.warnings)

    def test_levels_that_do_not_fit_are_left_out_with_a_reason(self, talking_folder: Path, tmp_path: Path) -> None:
        model, tokenizer = load_model(talking_folder)
        model.config.max_position_embeddings = 100
        model.save_pretrained(tmp_path)
        tokenizer.save_pretrained(tmp_path)
        found = learnability(tiny_recipe(tmp_path), "grpo", None, samples=2, per_task=1)
        assert "expert" in found.left_out
        assert "context leaves 92" in found.left_out["expert"]
        assert found.by_level
        assert not {r.name for r in found.by_level} & set(found.left_out)

    @pytest.mark.parametrize(("samples", "per_task"), [(1, 4), (0, 4), (8, 0)])
    def test_too_few_are_refused(self, samples: int, per_task: int, talking_folder: Path) -> None:
        with pytest.raises(UserError, match="2 samples or more"):
            learnability(tiny_recipe(talking_folder), "grpo", None, samples, per_task)


def level(name: str, pass_k: float, all_k: float, no_spread: float | None = None, **more: float) -> Row:
    spread = 1 - pass_k + all_k if no_spread is None else no_spread
    shares: dict[str, Any] = {"cut_off": 0.0, "unparsed": 0.0, "tokens": 30.0, **more}
    return Row(name, 28, (pass_k + all_k) / 2, pass_k, all_k, spread, **shares)


def told(*levels: Row, tasks: dict[str, float] | None = None, method: str = "grpo", own: str = "mixed") -> Advice:
    by_task = tuple(level(task, found, 0.0) for task, found in (tasks or dict.fromkeys(TASKS, 0.5)).items())
    found = Learnability("m", 8, 8, 72, 1.0, by_task, levels, (), {})
    return advice(found, replace(TrainRecipe(), level=own), method)


class TestAdvice:
    def test_the_band_is_where_most_groups_hold_right_and_wrong_ones(self) -> None:
        rows = level("mixed", 0.95, 0.5), level("starter", 1.0, 0.8), level("easy", 0.9, 0.3), level("hard", 0.4, 0.0)
        found = told(*rows)
        assert found == Advice(("mixed", "easy"), "easy", ())
        assert "learnable levels: mixed, easy; most groups teach at level=easy" in list(found.lines())
        assert "high pass@k" in list(found.lines())[-1]

    def test_a_level_that_is_hardly_better_is_not_suggested(self) -> None:
        assert told(level("mixed", 0.9, 0.4), level("easy", 0.9, 0.35)).level == "mixed"
        assert told(level("mixed", 0.9, 0.4), level("easy", 0.9, 0.35), own="easy").level == "easy"

    @pytest.mark.parametrize(
        ("rows", "warning", "change"),
        [
            (
                [level("mixed", 0.0, 0.0), level("easy", 0.1, 0.0)],
                "nothing learnable: in 100%",
                "do a cold start first",
            ),
            (
                [level("mixed", 0.05, 0.0), level("starter", 0.7, 0.1)],
                "nothing learnable: in 95%",
                "cold start first, or take other questions (--set level=starter)",
            ),
            ([level("mixed", 1.0, 0.95), level("hard", 0.9, 0.3)], "nothing to learn: in 95%", "--set level=hard"),
            ([level("mixed", 1.0, 0.9), level("hard", 0.4, 0.1)], "nothing to learn: in 90%", "--set level=hard"),
            ([level("mixed", 1.0, 1.0), level("hard", 1.0, 1.0)], "nothing to learn", "no need to train"),
            ([level("mixed", 0.2, 0.1)], "no spread: in 90%", "about 3 of 32 questions a step"),
            ([level("mixed", 0.9, 0.8), level("hard", 0.9, 0.2)], "no spread: in 90%", "--set level=hard"),
            ([level("mixed", 0.8, 0.2, cut_off=0.3)], "cut off: 30%", "max_completion=72"),
            ([level("mixed", 0.8, 0.2, unparsed=0.6)], "format unknown: 60%", "cold start"),
        ],
    )
    def test_each_warning_says_what_to_change(self, rows: list[Row], warning: str, change: str) -> None:
        found = told(*rows).warnings
        assert len(found) == 1
        assert found[0].startswith(warning)
        assert change in found[0]

    def test_a_task_at_zero_is_named(self) -> None:
        (found,) = told(level("mixed", 0.8, 0.2), tasks={"ATE": 0.5, "ETT": 0.0, "PN": 0.0}).warnings
        assert found.startswith("at zero: no completion is right in ETT, PN")

    def test_a_healthy_run_is_not_warned_and_supervised_ones_never(self) -> None:
        assert told(level("mixed", 0.8, 0.2)).warnings == ()
        assert told(level("mixed", 0.0, 0.0, unparsed=1.0), method="cold_start").warnings == ()

    def test_a_level_that_could_not_be_asked(self) -> None:
        (found,) = told(level("mixed", 0.8, 0.2), own="expert").warnings
        assert "level expert can't be asked" in found

    def test_tables_and_json_hold_everything(self, talked: Learnability) -> None:
        counts = [table.row_count for table in tables(talked)]
        assert counts == [len(talked.by_level), len(TASKS), len(talked.by_operations)]
        assert json.loads(json.dumps(asdict(talked)))["by_task"][0]["name"] == TASKS[0]


def test_a_model_that_never_heard_of_the_format(tmp_path: Path) -> None:
    recipe = tiny_recipe(save_tiny(tmp_path / "tiny"))
    warnings = advice(learnability(recipe, "grpo", None, samples=2, per_task=1), recipe, "grpo").warnings
    assert {w.partition(":")[0] for w in warnings} == {"nothing learnable", "cut off", "format unknown"}
