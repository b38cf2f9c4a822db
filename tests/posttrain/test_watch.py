"""What is counted equals a count by hand and, in a run, what the scorer says of each completion; samples are kept."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("trl")

from tiny_runs import CHECKPOINT, ignore, metrics, save_talker, tiny_recipe, tiny_run

from rungwise.errors import UserError
from rungwise.posttrain import grpo
from rungwise.posttrain.common import CLOCK
from rungwise.posttrain.data import mixed
from rungwise.posttrain.run import train
from rungwise.posttrain.settings import TrainRecipe
from rungwise.posttrain.watch import SAMPLE_EVERY, SHORTCUTS, Judged, Question, Watcher, band, judged, question, summary
from rungwise.problems.baselines import baseline_value
from rungwise.problems.problem import LACK_CONDITION, Answer, Problem
from rungwise.scoring.reward import make_trl_reward, stored_problem
from rungwise.scoring.score import score
from rungwise.suites.items import to_text

ATE = Question("ATE", "no_set", (("constant", 0.0), ("unadjusted", 0.3)))
PN = Question("PN", None, (("constant", 0.0),))


def test_the_summary_by_hand() -> None:
    """Groups of two: two batches, three groups."""
    first = [
        Judged(ATE, 1.0, 1, "right", ()),
        Judged(ATE, 0.1, 0, "wrong_value", ("unadjusted",)),
        Judged(PN, 0.1, 0, "wrong_value", ("constant",)),
        Judged(PN, 0.1, 0, "wrong_value", ()),
    ]
    second = [Judged(ATE, 1.0, 1, "right", ()), Judged(ATE, 1.0, 1, "right", ())]
    assert summary([first, second], 2) == pytest.approx(
        {
            "accuracy": 3 / 6,
            "task/ATE/accuracy": 3 / 4,
            "task/ATE/reward": 3.1 / 4,
            "task/PN/accuracy": 0.0,
            "task/PN/reward": 0.1,
            "difficulty/no_set/accuracy": 3 / 4,
            "difficulty/no_set/reward": 3.1 / 4,
            "reason/right": 3 / 6,
            "reason/wrong_value": 3 / 6,
            "shortcut/constant": 1 / 6,
            "shortcut/unadjusted": 1 / 4,
            "groups/all_right": 1 / 3,
            "groups/all_wrong": 1 / 3,
        }
    )
    assert summary([], 2) == {}


def test_a_group_with_one_verdict_but_rewards_that_differ_has_spread() -> None:
    batch = [Judged(PN, 0.1, 0, "wrong_value", ()), Judged(PN, 0.0, 0, "empty", ())]
    found = summary([batch], 2)
    assert (found["groups/all_wrong"], found["groups/all_right"]) == (0.0, 0.0)


PROBLEMS = mixed(42, 1 / 3, TrainRecipe(), 2_000)


def test_only_a_shortcut_that_is_wrong_counts() -> None:
    """Which shortcuts are right is recorded with each problem when it is made."""
    wrong = 0
    for problem in PROBLEMS:
        found = question(json.dumps(problem.to_dict()))
        assert found.task == problem.query.task
        offered = {name: value for name in SHORTCUTS if (value := baseline_value(name, problem)) is not None}
        assert dict(found.wrong) == {k: v for k, v in offered.items() if k not in problem.meta["shortcuts"]}
        for name, value in found.wrong:
            wrong += 1
            assert name in judged(found, 0.1, 0, value, "wrong_value: ...").taken
            assert judged(found, 0.1, 0, value + 0.01, "wrong_value: ...").taken == ()
    assert wrong > 42
    assert judged(ATE, 0.0, 0, None, "no_final_answer: there is none") == Judged(ATE, 0.0, 0, "no_final_answer", ())
    assert judged(ATE, 1.0, 1, 0.3001, "right: ...").taken == ()


def test_where_nothing_is_determined_every_shortcut_is_wrong() -> None:
    problem = next(p for p in PROBLEMS if "constant" in p.meta["shortcuts"])
    lacking = replace(problem, truth=Answer(None, LACK_CONDITION))
    assert "constant" in dict(question(json.dumps(lacking.to_dict())).wrong)
    assert band(lacking) is None


def test_bands_are_few_and_stated() -> None:
    def stated(**difficulty: int) -> str | None:
        return band(replace(PROBLEMS[0], meta={"difficulty": {"operations": 5, **difficulty}}))

    assert stated(adjustment=0, mediators=0) == "no_set"
    assert stated(adjustment=2, mediators=0) == stated(adjustment=0, mediators=1) == "one_set"
    assert stated(adjustment=1, mediators=3) == "two_sets"
    assert stated(adjustment=0, mediators=0, operations=0) == "nothing"
    assert band(replace(PROBLEMS[0], meta={})) is None
    assert len({band(problem) for problem in PROBLEMS}) == 4


class Seen:
    """What the reward was asked, and what it paid."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.batches: list[tuple[int, list[tuple[Problem, Any, float]]]] = []

        def make(*given: Any) -> Callable[..., list[float]]:
            inner = make_trl_reward(*given)

            def causal_reward(**columns: Any) -> list[float]:
                rewards = inner(**columns)
                problems = [stored_problem(stored) for stored in columns["problem"]]
                rows = list(zip(problems, columns["completions"], rewards, strict=True))
                self.batches.append((columns["trainer_state"].global_step, rows))
                return rewards

            return causal_reward

        monkeypatch.setattr(grpo, "make_trl_reward", make)


@pytest.mark.usefixtures("ticks")
def test_a_runs_metrics_are_those_of_its_completions(
    talking_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = Seen(monkeypatch)
    tiny = tiny_recipe(talking_folder, 75.0)
    run = tiny_run(replace(tiny, grpo=replace(tiny.grpo, prompts=4, group=4, updates=1)), tmp_path)
    result = grpo.train(run)

    lines = [row for row in metrics(tmp_path) if "loss" in row]
    assert lines[-1]["step"] == result["steps"] > SAMPLE_EVERY  # the last line is not left to the summary
    # Four steps to a checkpoint, five to a line: both have one.
    assert {4, 5, 8, 10, 12, 15, 16, 20} <= {row["step"] for row in lines}
    before = 0
    for row in lines:
        rows = [one for step, batch in seen.batches for one in batch if before <= step < row["step"]]
        before = row["step"]
        verdicts = [(problem, score(text, problem, "slots"), paid) for problem, text, paid in rows]
        assert row["accuracy"] == pytest.approx(sum(v.score for _, v, _ in verdicts) / len(verdicts))
        assert row["reward"] == pytest.approx(sum(paid for *_, paid in verdicts) / len(verdicts))
        for task in {problem.query.task for problem, *_ in verdicts}:
            own = [(v.score, paid) for problem, v, paid in verdicts if problem.query.task == task]
            assert row[f"task/{task}/accuracy"] == pytest.approx(sum(s for s, _ in own) / len(own))
            assert row[f"task/{task}/reward"] == pytest.approx(sum(paid for _, paid in own) / len(own))
        codes = {name.removeprefix("reason/") for name in row if name.startswith("reason/")}
        assert codes == {v.reason.split(":")[0] for _, v, _ in verdicts}
        assert sum(row[f"reason/{code}"] for code in codes) == pytest.approx(1)
        zeros = [v.value == 0 for problem, v, _ in verdicts if "constant" not in problem.meta["shortcuts"]]
        assert row["shortcut/constant"] == pytest.approx(sum(zeros) / len(zeros))
        assert row["groups/all_right"] + row["groups/all_wrong"] == pytest.approx(row["frac_reward_zero_std"])
    assert any(row["shortcut/constant"] > 0 for row in lines)

    samples = [json.loads(line) for line in (tmp_path / "samples.jsonl").read_text().splitlines()]
    assert [row["step"] for row in samples] == [0, SAMPLE_EVERY]
    for row in samples:
        group = next(batch for step, batch in seen.batches if step == row["step"])[:4]
        problem = group[0][0]
        assert (row["id"], row["task"]) == (problem.id, problem.query.task)
        assert row["truth"] == {"value": problem.truth.value, "answer": problem.truth.answer}  # type: ignore[union-attr]
        assert row["prompt"] == to_text(problem, "slots")
        assert [(one["text"], one["reward"]) for one in row["completions"]] == [(text, paid) for _, text, paid in group]
        for one in row["completions"]:
            verdict = score(one["text"], problem, "slots")
            assert (one["score"], one["value"], one["reason"]) == (verdict.score, verdict.value, verdict.reason)


TIMES = {"seconds", "step_time", "train_runtime", "train_samples_per_second", "train_steps_per_second"}


@pytest.mark.usefixtures("ticks")
def test_a_resumed_runs_lines_are_the_uninterrupted_ones(talking_folder: Path, tmp_path: Path) -> None:
    def stop(row: dict[str, Any]) -> None:
        if row["step"] >= CHECKPOINT + 2:
            raise KeyboardInterrupt

    chosen = tiny_recipe(talking_folder)
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    train(chosen, "grpo", None, whole, ignore)
    with pytest.raises(KeyboardInterrupt):
        train(chosen, "grpo", None, resumed, stop)
    train(chosen, "grpo", None, resumed, ignore)
    both = [
        {row["step"]: {k: v for k, v in row.items() if k not in TIMES} for row in metrics(out) if "loss" in row}
        for out in (whole, resumed)
    ]
    steps = [step for step in both[0] if step <= 3 * CHECKPOINT]
    assert len(steps) >= 5
    for step in steps:
        assert both[0][step] == pytest.approx(both[1][step])
    assert (whole / "samples.jsonl").read_text() == (resumed / "samples.jsonl").read_text()


class TestSamples:
    """Samples of an earlier run of the folder."""

    def watcher(self, folder: Path, out: Path, done: int) -> Watcher:
        checkpoint = out / f"checkpoint-{done}"
        checkpoint.mkdir(parents=True)
        (checkpoint / "trainer_state.json").write_text(json.dumps({"global_step": done}))
        (checkpoint / CLOCK).write_text(json.dumps({"seconds": 1.0}))
        (out / "samples.jsonl").write_text('{"step": 0}\n{"step": 20}\n{"step": 40}\n{"step": 60}\n{"st')
        recipe = tiny_recipe(folder)
        return Watcher(tiny_run(recipe, out), recipe.grpo, make_trl_reward("slots"))

    def ask(self, watcher: Watcher, step: int) -> None:
        watcher.causal_reward(
            prompts=["?"] * 4,
            completions=['{"PROB": "0"}'] * 4,
            problem=[json.dumps(PROBLEMS[0].to_dict())] * 4,
            trainer_state=SimpleNamespace(global_step=step),
        )

    def test_those_after_the_checkpoint_are_dropped_and_made_again(self, talking_folder: Path, tmp_path: Path) -> None:
        watcher = self.watcher(talking_folder, tmp_path, done=40)
        for step in (40, 41, 59, 60):
            self.ask(watcher, step)
        lines = (tmp_path / "samples.jsonl").read_text().splitlines()
        assert [json.loads(line)["step"] for line in lines] == [0, 20, 40, 60]

    def test_without_a_checkpoint_all_are(self, talking_folder: Path, tmp_path: Path) -> None:
        recipe = tiny_recipe(talking_folder)
        (tmp_path / "samples.jsonl").write_text('{"step": 0}\n')
        watcher = Watcher(tiny_run(recipe, tmp_path), recipe.grpo, make_trl_reward("slots"))
        assert (tmp_path / "samples.jsonl").read_text() == ""
        self.ask(watcher, 0)
        assert len((tmp_path / "samples.jsonl").read_text().splitlines()) == 1


TEMPLATE = "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}<end>{% endfor %}<assistant><think>"


@pytest.mark.usefixtures("ticks")
def test_chats_with_opened_reasoning(tmp_path: Path) -> None:
    folder = save_talker(tmp_path / "base", TEMPLATE)
    tiny = tiny_recipe(folder, 8.0)
    train(replace(tiny, view="natural"), "grpo", None, tmp_path / "run", ignore)
    row = json.loads((tmp_path / "run" / "samples.jsonl").read_text().splitlines()[0])
    assert row["prompt"].startswith("Input Info:")
    assert all(one["text"].startswith("<think>") for one in row["completions"])
    assert {one["reason"].split(":")[0] for one in row["completions"]} == {"cut_off"}


@pytest.mark.usefixtures("ticks")
def test_reporters_get_every_metric(talking_folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    chosen = replace(tiny_recipe(talking_folder, 15.0), report_to=("tensorboard",))
    train(chosen, "grpo", None, tmp_path, ignore)
    (written,) = (tmp_path / "runs").rglob("events*")
    events = EventAccumulator(str(written))
    events.Reload()
    line = metrics(tmp_path)[0]
    for name in ("reward", "accuracy", "shortcut/constant", *[name for name in line if name.startswith("task/")]):
        first = events.Scalars(f"train/{name}")[0]
        assert (first.step, first.value) == (line["step"], pytest.approx(line[name], rel=1e-5))


@pytest.mark.skipif(importlib.util.find_spec("wandb") is not None, reason="wandb is installed")
def test_a_missing_reporter_leaves_the_folder_free(talking_folder: Path, tmp_path: Path) -> None:
    chosen = replace(tiny_recipe(talking_folder), report_to=("wandb",))
    with pytest.raises(UserError, match="pip install wandb"):
        train(chosen, "grpo", None, tmp_path / "run", ignore)
    assert not (tmp_path / "run").exists()


TWO = """
import json, sys
from pathlib import Path
from tiny_runs import ignore, tiny_recipe
from rungwise.posttrain.run import train

rows = []
train(tiny_recipe(Path(sys.argv[1]), 5.0), "grpo", None, Path(sys.argv[2]), rows.append)
from accelerate import PartialState
(Path(sys.argv[2]) / f"rows-{PartialState().process_index}.json").write_text(json.dumps(rows))
"""


@pytest.mark.slow
def test_two_processes_keep_one_set_of_lines(talking_folder: Path, tmp_path: Path) -> None:
    """Groups of four lie in one process or across both: what TRL counts over all of them is what we count."""
    (tmp_path / "two.py").write_text(TWO)
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    ours = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[1])])
    subprocess.run(
        [*launch, str(tmp_path / "two.py"), str(talking_folder), str(tmp_path / "run")],
        env={**os.environ, "PYTHONPATH": ours, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"},
        check=True,
        timeout=300,
    )
    lines = [row for row in metrics(tmp_path / "run") if "loss" in row]
    steps = [row["step"] for row in lines]
    assert steps == sorted(set(steps))
    for row in lines:
        if "accuracy" in row:
            assert row["groups/all_right"] + row["groups/all_wrong"] == pytest.approx(row["frac_reward_zero_std"])
            assert row["reward"] == pytest.approx(0.9 * row["accuracy"] + 0.1 * readable(row))
    assert any("accuracy" in row for row in lines)
    assert len((tmp_path / "run" / "samples.jsonl").read_text().splitlines()) >= 1
    reported = [json.loads((tmp_path / "run" / f"rows-{place}.json").read_text()) for place in (0, 1)]
    assert [row["step"] for row in reported[0] if "loss" in row] == steps
    assert reported[1] == []


def readable(row: dict[str, Any]) -> float:
    codes = ("right", "wrong_value", "number_for_slots", "shown_only", "no_value", "wrong_lack")
    return sum(row.get(f"reason/{code}", 0.0) for code in codes)
