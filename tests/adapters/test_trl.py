"""Exported rows and the exported reward in TRL's own trainers, on a model of random weights."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.golden import golden
from rungwise.scoring.score import score
from rungwise.suites.items import generate

pytest.importorskip("trl")

OPTIONS: dict[str, Any] = {
    "use_cpu": True, "bf16": False, "gradient_checkpointing": False, "report_to": "none", "max_steps": 1,
    "per_device_train_batch_size": 4, "save_strategy": "no", "disable_tqdm": True, "logging_steps": 1,
}  # fmt: skip


def load(folder: Path, method: str) -> Any:
    from datasets import Dataset

    return Dataset.from_list([json.loads(line) for line in (folder / method / "train.jsonl").read_text().splitlines()])


def reward_of(folder: Path) -> Any:
    spec = importlib.util.spec_from_file_location("reward", folder / "reward.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.causal_reward


def test_a_step_of_grpo(exported: Callable[..., Path], tiny: tuple[Any, Any], tmp_path: Path) -> None:
    """The trainer pays what the exported reward says; one text in four is made right, which the reward must see."""
    from copy import deepcopy

    from trl import GRPOConfig, GRPOTrainer

    folder = exported("trl", "slots", plain=True)
    paid: list[float] = []
    causal_reward = reward_of(folder)

    def spied(completions: list[str], problem: list[str], **columns: Any) -> list[float]:
        answers = {item["id"]: item["answer"] for item in golden() if item["view"] == "slots"}
        right = [answers[json.loads(problem[0])["id"]], *completions[1:]]
        found: list[float] = causal_reward(completions=right, problem=problem, **columns)
        paid.extend(found)
        return found

    model, tokenizer = tiny
    trainer = GRPOTrainer(
        deepcopy(model),
        reward_funcs=spied,
        args=GRPOConfig(output_dir=str(tmp_path), num_generations=4, max_completion_length=8, **OPTIONS),
        train_dataset=load(folder, "grpo"),
        processing_class=tokenizer,
    )
    trainer.train()
    assert paid[0] == 1.0
    logged = next(row for row in trainer.state.log_history if "reward" in row)
    assert logged["reward"] == pytest.approx(sum(paid) / len(paid))


@pytest.mark.parametrize("view", ["natural", "formal", "slots"])
def test_rows_say_what_they_should(view: str, exported: Callable[..., Path]) -> None:
    """By the scorer: what is to be imitated is right, what is to be avoided is wrong."""
    folder = exported("trl", view)
    problems = {item["id"]: json.loads(item["truth"])["problem"] for item in golden()}
    from rungwise.problems.problem import Problem

    rows = {method: load(folder, method).to_list() for method in ("sft", "dpo", "kto", "grpo")}
    assert {len(found) for found in rows.values()} == {9}
    for i, asked in enumerate(rows["grpo"]):
        problem = Problem.from_dict(problems[asked["id"]])

        def right(message: list[dict[str, str]], problem: Problem = problem) -> int:
            assert message[0]["role"] == "assistant"
            return score(message[0]["content"], problem, view).score

        assert right(rows["sft"][i]["completion"]) == right(rows["dpo"][i]["chosen"]) == 1
        assert right(rows["dpo"][i]["rejected"]) == 0
        assert right(rows["kto"][i]["completion"]) == rows["kto"][i]["label"]
        assert all(found[i]["prompt"] == asked["prompt"] for found in rows.values())


def test_solutions_after_a_template_that_opens_the_reasoning(exported: Callable[..., Path]) -> None:
    rows = load(exported("trl", "natural", prefill="<think>"), "sft").to_list()
    items = [item for item in golden() if item["view"] == "natural"]
    for row, item in zip(rows, items, strict=True):
        assert row["completion"][0]["content"].endswith(f"\n</think>\n{item['answer']}")


def test_the_trainers_read_messages(tmp_path: Path) -> None:
    """TRL's own call of a reward passes lists of messages."""
    problem = next(generate("base", 1)).problem
    from rungwise.adapters.trl import make_reward

    said = [[{"role": "assistant", "content": problem.answer_text("natural")}]]
    assert make_reward("natural")(completions=said, problem=[json.dumps(problem.to_dict())]) == [1.0]
