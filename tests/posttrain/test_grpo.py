"""GRPO pays what our scorer pays, moves the model towards what is paid, and logs it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

import torch
from tiny_runs import metrics, tiny_recipe, tiny_run

from rungwise.language_models import generate_texts, load_model
from rungwise.posttrain import grpo
from rungwise.posttrain.data import questions
from rungwise.posttrain.settings import TrainRecipe
from rungwise.problems.problem import Problem
from rungwise.scoring.reward import Weights, make_trl_reward, reward
from rungwise.suites.items import to_text


class Batch:
    """What one generation step was paid."""

    def __init__(self, columns: dict[str, Any], rewards: list[float]) -> None:
        self.prompts, self.completions = columns["prompts"], columns["completions"]
        self.problems = [Problem.from_dict(json.loads(stored)) for stored in columns["problem"]]
        self.rewards = rewards


@pytest.fixture
def paid(monkeypatch: pytest.MonkeyPatch) -> list[Batch]:
    """Every batch that the reward function saw."""
    found: list[Batch] = []

    def make(view: str, weights: Weights, prefill: str, limit: int) -> Callable[..., list[float]]:
        inner = make_trl_reward(view, weights, prefill, limit)

        def causal_reward(**columns: Any) -> list[float]:
            rewards = inner(**columns)
            found.append(Batch(columns, rewards))
            return rewards

        return causal_reward

    monkeypatch.setattr(grpo, "make_trl_reward", make)
    return found


def changed(model: Path, format_share: float, **settings: Any) -> TrainRecipe:
    tiny = tiny_recipe(model)
    return replace(tiny, grpo=replace(tiny.grpo, **settings), reward=Weights(format=format_share))


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


@pytest.mark.usefixtures("ticks")
def test_the_logged_reward_is_our_scorers(
    talking_folder: Path, tmp_path: Path, paid: list[Batch], capsys: pytest.CaptureFixture[str]
) -> None:
    run = tiny_run(changed(talking_folder, 0.2, seconds=35.0, prompts=4, updates=1), tmp_path)
    before = {name: value.clone() for name, value in run.model.named_parameters()}
    result = grpo.train(run)
    assert capsys.readouterr().out == ""  # stdout belongs to results

    rows = [row for row in metrics(tmp_path) if "reward" in row]
    assert all({"step", "seconds", "reward"} <= row.keys() for row in rows)
    assert [row["seconds"] for row in rows] == sorted(row["seconds"] for row in rows)
    done = 0
    for row in rows:  # a line is the mean over the steps since the last
        assert row["reward"] == pytest.approx(mean([mean(batch.rewards) for batch in paid[done : row["step"]]]))
        done = row["step"]
    assert done == result["steps"] == len(paid) >= 10

    known = {to_text(problem, "slots"): problem.id for problem in questions(run.recipe, run.recipe.grpo)}
    for batch in paid:
        assert len(batch.rewards) == 16
        for i, (completion, problem, found) in enumerate(
            zip(batch.completions, batch.problems, batch.rewards, strict=True)
        ):
            assert found == reward(completion, problem, "slots", Weights(format=0.2))
            assert known[batch.prompts[i]] == problem.id
            assert batch.prompts[i] == batch.prompts[4 * (i // 4)]  # groups of four
    assert len({found for batch in paid for found in batch.rewards}) > 1
    assert len({problem.id for batch in paid for problem in batch.problems}) > 14

    assert any(not torch.equal(before[name], value) for name, value in run.model.named_parameters())
    saved, _ = load_model(tmp_path / "model")
    trained = dict(run.model.named_parameters())
    assert all(torch.equal(value, trained[name]) for name, value in saved.named_parameters())


@pytest.mark.usefixtures("ticks")
def test_it_learns_what_is_paid(talking_folder: Path, tmp_path: Path, paid: list[Batch]) -> None:
    """With all the pay for the format, the answers that can't be read ("path:yes") disappear."""
    run = tiny_run(changed(talking_folder, 1.0, seconds=75.0, prompts=4, group=8, updates=1, lr=3e-3), tmp_path)
    grpo.train(run)
    assert mean(paid[0].rewards) < 0.9
    assert mean([mean(batch.rewards) for batch in paid[-5:]]) > mean(paid[0].rewards) + 0.1
    prompts = [to_text(p, "slots") for p in questions(run.recipe, run.recipe.grpo)]
    model = run.model.eval()
    texts = generate_texts(model, run.tokenizer, prompts, max_new_tokens=8, samples=4, temperature=1.0)
    assert mean(['"PROB"' in text for group in texts for text in group]) > 0.9


@pytest.mark.usefixtures("ticks")
def test_several_updates_a_generation_and_a_kl_to_the_start(
    talking_folder: Path, tmp_path: Path, paid: list[Batch]
) -> None:
    run = tiny_run(changed(talking_folder, 0.1, seconds=20.0, updates=2, beta=0.1), tmp_path)
    settings, result = run.recipe.grpo, grpo.train(run)
    assert len(paid) == (result["steps"] + 1) // 2
    assert all(len(batch.rewards) == settings.prompts * settings.group for batch in paid)
    found = [row["kl"] for row in metrics(tmp_path) if "kl" in row]
    assert found
    assert found[-1] > 0


def test_failures_of_the_scorer_stop_the_run(
    talking_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*given: Any) -> Callable[..., list[float]]:
        def causal_reward(**columns: Any) -> list[float]:
            raise ArithmeticError("the scorer is broken")

        return causal_reward

    monkeypatch.setattr(grpo, "make_trl_reward", broken)
    run = tiny_run(tiny_recipe(talking_folder, 5.0), tmp_path)
    with pytest.raises(ArithmeticError, match="broken"):
        grpo.train(run)
    assert not (tmp_path / "model").exists()
