"""Each warning on a history that shows just that, none on healthy ones, once each in a run, and in a run made sick."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rungwise.posttrain.health import RULES, Health, health_warnings
from rungwise.problems.problem import TASKS

LINES = 60

Curve = Callable[[float], float]
"""A metric from the beginning (0) to the end (1) of a history."""


def history(curves: Mapping[str, Curve | None], lines: int = LINES) -> list[dict[str, Any]]:
    """A line of metrics every five steps; the noise is a wave of one percent."""
    rows = []
    for i in range(lines):
        at = i / (lines - 1)
        found = {name: curve(at) * (1 + 0.01 * math.sin(7 * i)) for name, curve in curves.items() if curve is not None}
        rows.append({"step": 5 * (i + 1), "seconds": 6.0 * (i + 1), **found})
    return rows


def line(first: float, last: float) -> Curve:
    return lambda at: first + (last - first) * at


ONLINE: dict[str, Curve | None] = {
    "loss": line(0.02, 0.001),
    "grad_norm": line(0.4, 0.2),
    "reward": line(0.55, 0.9),
    "accuracy": line(0.5, 0.89),
    "entropy": line(0.6, 0.25),
    "kl": line(0.0, 0.06),
    "frac_reward_zero_std": line(0.2, 0.6),
    "groups/all_right": line(0.1, 0.5),
    "groups/all_wrong": line(0.1, 0.05),
    "completions/clipped_ratio": line(0.05, 0.0),
    "shortcut/unadjusted": line(0.3, 0.05),
    "shortcut/constant": line(0.1, 0.02),
    "explained_variance": lambda at: -0.2 if at < 0.05 else 0.6,
    **{f"task/{task}/accuracy": line(0.5, 0.89) for task in TASKS},
}
SUPERVISED: dict[str, Curve | None] = {
    "loss": lambda at: 0.08 + 6 * math.exp(-8 * at),
    "grad_norm": line(5.0, 0.3),
    "entropy": line(0.6, 0.02),
    "mean_token_accuracy": line(0.4, 0.98),
}
PREFERENCE: dict[str, Curve | None] = {
    "loss": line(0.69, 0.2),
    "grad_norm": line(3.0, 1.0),
    "rewards/margins": line(0.0, 2.5),
    "logps/chosen": line(-12.0, -15.0),
    "logps/rejected": line(-14.0, -40.0),
}
HEALTHY = {
    "grpo": ONLINE,
    "ppo": ONLINE,
    "sft": SUPERVISED,
    "cold_start": SUPERVISED,
    "dpo": PREFERENCE,
    "kto": PREFERENCE,
}


@pytest.mark.parametrize("method", HEALTHY)
def test_a_healthy_history_warns_of_nothing(method: str) -> None:
    assert health_warnings(history(HEALTHY[method]), method) == []


@pytest.mark.parametrize("method", ["grpo", "ppo"])
def test_success_is_no_collapse(method: str) -> None:
    """Entropy near 0, a reward that has stopped rising: fine where nearly all is right."""
    done = {"accuracy": 0.97, "reward": 0.97, "entropy": 0.02, "frac_reward_zero_std": 0.7}
    rows = history(
        {**ONLINE, **{k: (lambda at, v=v, f=ONLINE[k]: v if at > 0.2 else f(at)) for k, v in done.items()}}  # type: ignore[misc]
    )
    assert health_warnings(rows, method) == []


SICK: list[tuple[str, str, dict[str, Curve | None], str]] = [
    ("entropy collapse", "grpo", {"entropy": line(0.6, 0.01), "accuracy": line(0.5, 0.6)}, "grpo.temperature"),
    ("reward without accuracy", "ppo", {"reward": line(0.5, 0.62), "accuracy": lambda at: 0.5}, "reward.format"),
    ("reward falls", "grpo", {"reward": lambda at: 0.8 if at < 0.5 else 0.4}, "grpo.lr"),
    ("truncation", "grpo", {"completions/clipped_ratio": line(0.0, 0.5)}, "grpo.max_completion"),
    ("KL blow-up", "ppo", {"kl": line(0.0, 3.0)}, "ppo.beta"),
    ("a task falls", "grpo", {"task/ETT/accuracy": line(0.6, 0.2)}, "ETT fell from"),
    (
        "no spread",
        "grpo",
        {"frac_reward_zero_std": line(0.5, 0.99), "groups/all_wrong": line(0.4, 0.95), "groups/all_right": None},
        "easier level",
    ),
    ("shortcut", "grpo", {"shortcut/unadjusted": line(0.1, 0.5)}, "unadjusted difference"),
    ("useless critic", "ppo", {"explained_variance": lambda at: -0.05}, "ppo.critic_lr"),
    ("gradient explosion", "grpo", {"grad_norm": lambda at: 0.3 if at < 0.7 else 40.0}, "grpo.lr"),
    ("gradient explosion", "sft", {"grad_norm": lambda at: 0.3 if at < 0.7 else 40.0}, "sft.batch"),
    (
        "learning stopped",
        "ppo",
        {"accuracy": lambda at: min(0.6, 0.4 + 2 * at), "reward": lambda at: min(0.64, 0.46 + 2 * at)},
        "stayed at 0.60",
    ),
    (
        "learning stopped",
        "sft",
        {"loss": lambda at: max(0.9, 2 - 10 * at), "mean_token_accuracy": lambda at: 0.7},
        "more solutions",
    ),
    ("loss not falling", "dpo", {"loss": lambda at: 0.693 + 0.005 * math.sin(100 * at)}, "raise dpo.lr"),
    ("loss not falling", "cold_start", {"loss": line(1, 3), "mean_token_accuracy": None}, "lower cold_start.lr"),
    ("chosen collapse", "dpo", {"logps/chosen": line(-12, -60)}, "dpo.beta"),
    ("margins not growing", "kto", {"rewards/margins": lambda at: 0.01}, "kto.lr"),
]


@pytest.mark.parametrize(("name", "method", "curves", "says"), SICK)
def test_a_sick_history_warns_by_name(name: str, method: str, curves: dict[str, Curve | None], says: str) -> None:
    found = {warning.name: warning for warning in health_warnings(history({**HEALTHY[method], **curves}), method)}
    # What makes a learner sick may show in a second way: a loss that does not fall has also stopped.
    assert found.keys() <= {name, "learning stopped"}
    assert says in found[name].sentence
    assert 5 < found[name].step <= 5 * LINES
    assert "\n" not in found[name].sentence


def test_every_warning_is_tested() -> None:
    assert {rule.name for rule in RULES} == {name for name, *_ in SICK} | {"not finite"}


@pytest.mark.parametrize("value", [math.nan, math.inf, None])
@pytest.mark.parametrize("name", ["loss", "reward", "grad_norm"])
def test_what_is_no_number_is_told_at_once(name: str, value: float | None) -> None:
    rows = history(ONLINE)
    rows[20][name] = value
    (found,) = health_warnings(rows, "grpo")
    assert (found.name, found.step) == ("not finite", 105)
    assert found.sentence.startswith(f"{name} stopped being a number")


def test_numbers_in_the_sentence_are_those_of_the_windows() -> None:
    """By hand: lines 0.1 x 5, then 0.5 x 5; reward and accuracy part at the tenth line."""
    rows = [
        {"step": i, "loss": 0.0, "reward": 0.1 if i < 5 else 0.5, "accuracy": 0.2 if i < 5 else 0.22} for i in range(10)
    ]
    (found,) = health_warnings(rows, "grpo")
    assert (found.name, found.step) == ("reward without accuracy", 9)
    assert "rose from 0.10 to 0.50, accuracy went from 0.20 to 0.22" in found.sentence
    assert health_warnings(rows[:9], "grpo") == []


def test_half_of_it_cut_off_is_told_by_the_first_line() -> None:
    rows = [{"step": 1, "loss": 0.0, "completions/clipped_ratio": share} for share in (1.0, 0.3)]
    (found,) = health_warnings(rows[:1], "grpo")
    assert (found.name, found.step) == ("truncation", 1)
    assert found.sentence.startswith("100% of the completions")
    assert health_warnings(rows[1:], "grpo") == []
    assert len(health_warnings(2 * rows[1:], "ppo")) == 1


def test_too_little_to_judge_and_the_trainers_summary_say_nothing() -> None:
    assert health_warnings([], "grpo") == []
    assert health_warnings([{"step": 5, "train_loss": math.nan, "reward": None}], "grpo") == []
    assert health_warnings(history({**ONLINE, "reward": line(0.9, 0.1)}, 9), "grpo") == []


class TestHealth:
    """A run's own report: once each, the same afterwards, and again from a resumed run's lines."""

    ROWS = history({**ONLINE, "completions/clipped_ratio": line(0.0, 0.5), "kl": line(0.0, 3.0)})

    def feed(self, folder: Path, rows: list[dict[str, Any]], kept: int = 0) -> list[dict[str, Any]]:
        """What is reported while these lines are written after ``kept`` earlier ones."""
        seen: list[dict[str, Any]] = []
        path = folder / "metrics.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows[:kept]))
        health = Health("grpo", path, seen.append)
        for row in rows[kept:]:
            health({"seconds": 0.0, "of": 9.0, "step": row["step"]})
            with path.open("a") as log:
                log.write(json.dumps(row) + "\n")
            health({**row, "of": 9.0})
        return seen

    def test_each_is_reported_once_and_kept(self, tmp_path: Path) -> None:
        seen = self.feed(tmp_path, self.ROWS)
        assert len(seen) == 2 * LINES + 2
        warned = [row for row in seen if "warning" in row]
        expected = health_warnings(self.ROWS, "grpo")
        assert [(row["step"], row["warning"]) for row in warned] == [(w.step, w.sentence) for w in expected]
        assert all(row.keys() == {"seconds", "of", "step", "warning"} for row in warned)
        kept = json.loads((tmp_path / "health.json").read_text())
        assert [(w["name"], w["step"], w["sentence"]) for w in kept] == expected

    def test_a_resumed_run_knows_what_came_before(self, tmp_path: Path) -> None:
        whole, resumed = tmp_path / "whole", tmp_path / "resumed"
        whole.mkdir(), resumed.mkdir()
        self.feed(whole, self.ROWS)
        seen = self.feed(resumed, self.ROWS, kept=40)
        assert (resumed / "health.json").read_text() == (whole / "health.json").read_text()
        assert len([row for row in seen if "warning" in row]) == 2

    def test_a_healthy_run_says_so(self, tmp_path: Path) -> None:
        assert len(self.feed(tmp_path, history(ONLINE))) == 2 * LINES
        assert json.loads((tmp_path / "health.json").read_text()) == []


@pytest.mark.usefixtures("ticks")
def test_a_run_that_is_cut_off_says_which_setting(talking_folder: Path, tmp_path: Path) -> None:
    from tiny_runs import tiny_recipe

    from rungwise.posttrain.run import train

    tiny = tiny_recipe(talking_folder, 60.0)
    seen: list[str] = []
    result = train(
        replace(tiny, grpo=replace(tiny.grpo, max_completion=2)),
        "grpo",
        None,
        tmp_path,
        lambda row: seen.append(row.get("warning", "")),
    )
    (found,) = [warning for warning in result["health"] if warning["name"] == "truncation"]
    assert "grpo.max_completion" in found["sentence"]
    assert found["sentence"] in seen
    assert found in json.loads((tmp_path / "health.json").read_text())
    assert found["sentence"] in (tmp_path / "model" / "README.md").read_text()
