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
from tiny_runs import ignore, metrics, tiny_recipe

from rungwise.language_models import generate_texts, load_model
from rungwise.posttrain import grpo
from rungwise.posttrain.data import mixed
from rungwise.posttrain.grpo import train_grpo
from rungwise.posttrain.models import load_for_training
from rungwise.problems.problem import Problem
from rungwise.scoring.reward import make_trl_reward, reward
from rungwise.suites.items import to_text

QUESTIONS = mixed(28, 1 / 3, 0, 1_000)


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

    def make(view: str, format_weight: float, prefill: str) -> Callable[..., list[float]]:
        inner = make_trl_reward(view, format_weight, prefill)

        def causal_reward(**columns: Any) -> list[float]:
            rewards = inner(**columns)
            found.append(Batch(columns, rewards))
            return rewards

        return causal_reward

    monkeypatch.setattr(grpo, "make_trl_reward", make)
    return found


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


@pytest.mark.usefixtures("ticks")
def test_the_logged_reward_is_our_scorers(
    talking_folder: Path, tmp_path: Path, paid: list[Batch], capsys: pytest.CaptureFixture[str]
) -> None:
    model, tokenizer = load_for_training(str(talking_folder))
    before = {name: value.clone() for name, value in model.named_parameters()}
    settings = replace(tiny_recipe(talking_folder).grpo, seconds=35.0, prompts=4, updates=1, format_weight=0.2)
    result = train_grpo(model, tokenizer, QUESTIONS, "slots", tmp_path, settings, ignore)
    assert capsys.readouterr().out == ""  # stdout belongs to results

    rows = [row for row in metrics(tmp_path) if "reward" in row]
    assert all({"step", "seconds", "reward"} <= row.keys() for row in rows)
    assert [row["seconds"] for row in rows] == sorted(row["seconds"] for row in rows)
    done = 0
    for row in rows:  # a line is the mean over the steps since the last
        assert row["reward"] == pytest.approx(mean([mean(batch.rewards) for batch in paid[done : row["step"]]]))
        done = row["step"]
    assert done == result["steps"] == len(paid) >= 10

    known = {to_text(problem, "slots"): problem.id for problem in QUESTIONS}
    for batch in paid:
        assert len(batch.rewards) == 16
        for i, (completion, problem, found) in enumerate(
            zip(batch.completions, batch.problems, batch.rewards, strict=True)
        ):
            assert found == reward(completion, problem, "slots", 0.2)
            assert known[batch.prompts[i]] == problem.id
            assert batch.prompts[i] == batch.prompts[4 * (i // 4)]  # groups of four
    assert len({found for batch in paid for found in batch.rewards}) > 1
    assert len({problem.id for batch in paid for problem in batch.problems}) > 14

    assert any(not torch.equal(before[name], value) for name, value in model.named_parameters())
    saved, _ = load_model(tmp_path / "model")
    trained = dict(model.named_parameters())
    assert all(torch.equal(value, trained[name]) for name, value in saved.named_parameters())


@pytest.mark.usefixtures("ticks")
def test_it_learns_what_is_paid(talking_folder: Path, tmp_path: Path, paid: list[Batch]) -> None:
    """With all the pay for the format, the answers that can't be read ("path:yes") disappear."""
    model, tokenizer = load_for_training(str(talking_folder))
    settings = replace(
        tiny_recipe(talking_folder).grpo, seconds=75.0, prompts=4, group=8, updates=1, format_weight=1.0, lr=3e-3
    )
    train_grpo(model, tokenizer, QUESTIONS, "slots", tmp_path, settings, ignore)
    assert mean(paid[0].rewards) < 0.9
    assert mean([mean(batch.rewards) for batch in paid[-5:]]) > mean(paid[0].rewards) + 0.1
    texts = generate_texts(
        model.eval(), tokenizer, [to_text(p, "slots") for p in QUESTIONS], max_new_tokens=8, samples=4, temperature=1.0
    )
    assert mean(['"PROB"' in text for group in texts for text in group]) > 0.9


@pytest.mark.usefixtures("ticks")
def test_several_updates_a_generation_and_a_kl_to_the_start(
    talking_folder: Path, tmp_path: Path, paid: list[Batch]
) -> None:
    model, tokenizer = load_for_training(str(talking_folder))
    settings = replace(tiny_recipe(talking_folder).grpo, seconds=20.0, updates=2, beta=0.1)
    result = train_grpo(model, tokenizer, QUESTIONS, "slots", tmp_path, settings, ignore)
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
    model, tokenizer = load_for_training(str(talking_folder))
    with pytest.raises(ArithmeticError, match="broken"):
        train_grpo(
            model, tokenizer, QUESTIONS, "slots", tmp_path, replace(tiny_recipe(talking_folder).grpo, seconds=5), ignore
        )
    assert not (tmp_path / "model").exists()
