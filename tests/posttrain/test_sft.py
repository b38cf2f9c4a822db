"""Solutions redrawn at every look, and SFT on them: what is learnt, and from how many problems."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

import numpy as np
import torch
from tiny_runs import metrics, tiny_recipe, tiny_run
from trl import SFTTrainer

from rungwise.language_models import load_model
from rungwise.posttrain import sft
from rungwise.posttrain.data import solved
from rungwise.posttrain.settings import TrainRecipe
from rungwise.posttrain.sft import solutions_stream
from rungwise.problems.problem import Problem
from rungwise.scoring.score import score
from rungwise.suites.items import to_text
from rungwise.wording.slots import redraw

SOLUTIONS = solved(TrainRecipe(solutions=3))
BATCH = 4


def rows_of(n: int, seed: int = 0, method: str = "sft", start: int = 0, view: str = "slots") -> list[dict[str, str]]:
    """The first ``n`` rows."""
    return list(islice(solutions_stream(SOLUTIONS, view, BATCH, seed, method, start), n))


@pytest.fixture
def redrawn(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Problem]]:
    """Every solution that the stream redraws: the original's id and what came out."""
    found: list[tuple[str, Problem]] = []

    def spy(problem: Problem, rng: np.random.Generator) -> Problem:
        found.append((problem.id, redraw(problem, rng)))
        return found[-1][1]

    monkeypatch.setattr(sft, "redraw", spy)
    return found


def test_every_row_is_right_and_every_epoch_redraws_every_solution(redrawn: list[tuple[str, Problem]]) -> None:
    n = len(SOLUTIONS)
    rows = rows_of(3 * n)
    problems = {to_text(problem, "slots"): problem for _, problem in redrawn}
    for row in rows:
        assert score(row["completion"], problems[row["prompt"]], "slots").score == 1
    originals = Counter(problem.id for problem in SOLUTIONS)
    epochs = [redrawn[i * n : (i + 1) * n] for i in range(3)]
    assert all(Counter(original for original, _ in epoch) == originals for epoch in epochs)
    for i, epoch in enumerate(epochs):  # an epoch is read to its end before the next begins
        assert Counter(row["prompt"] for row in rows[i * n : (i + 1) * n]) == Counter(
            to_text(problem, "slots") for _, problem in epoch
        )
    for original in originals:
        seen = [problem for known, problem in redrawn if known == original]
        assert len({problem.letters for problem in seen}) == 3
        assert len({problem.truth.value for problem in seen if problem.truth}) == 1


def test_other_views_show_the_solutions_as_they_are() -> None:
    n = len(SOLUTIONS)
    rows = rows_of(2 * n, view="natural")
    epochs = [Counter(row["prompt"] for row in part) for part in (rows[:n], rows[n:])]
    assert epochs[0] == epochs[1] == Counter(to_text(problem, "natural") for problem in SOLUTIONS)
    assert [row["prompt"] for row in rows[:n]] != [row["prompt"] for row in rows[n:]]
    problems = {to_text(problem, "natural"): problem for problem in SOLUTIONS}
    assert all(score(row["completion"], problems[row["prompt"]], "natural").score == 1 for row in rows[:n])


@pytest.mark.parametrize("start", [0, 1, 20, 21, 50])
def test_a_stream_can_start_anywhere(start: int) -> None:
    assert rows_of(70 - start, 3, start=start) == rows_of(70, 3)[start:]


def test_seeds_and_methods_differ() -> None:
    first = rows_of(21, 1)
    assert rows_of(21, 1) == first
    for other in (rows_of(21, 2), rows_of(21, 1, "cold_start")):
        assert not {row["prompt"] for row in first} & {row["prompt"] for row in other}


def test_batches_hold_prompts_of_similar_length() -> None:
    rows = rows_of(len(SOLUTIONS))
    batches = [rows[i : i + BATCH] for i in range(0, len(rows), BATCH)]
    spread = [np.ptp([len(row["prompt"]) for row in batch]) for batch in batches if len(batch) == BATCH]
    assert np.mean(spread) < np.ptp([len(row["prompt"]) for row in rows]) / 2


class Watched(SFTTrainer):  # type: ignore[misc]
    """Keeps every batch that it trains on."""

    batches: list[dict[str, torch.Tensor]]

    def compute_loss(self, model: Any, inputs: dict[str, torch.Tensor], *args: Any, **kwargs: Any) -> Any:
        self.batches.append({name: value.clone() for name, value in inputs.items()})
        return super().compute_loss(model, inputs, *args, **kwargs)


@pytest.mark.usefixtures("ticks")
def test_training_learns_the_solutions_of_many_problems(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sft, "SFTTrainer", Watched)
    monkeypatch.setattr(Watched, "batches", [], raising=False)
    tiny = tiny_recipe(tiny_folder)
    recipe = replace(tiny, solutions=3, sft=replace(tiny.sft, seconds=90.0, save_every=1000))
    rows: list[dict[str, Any]] = []
    run = tiny_run(recipe, tmp_path, rows.append)
    model, tokenizer = run.model, run.tokenizer
    before = {name: value.clone() for name, value in model.named_parameters()}
    result = sft.train(run)
    assert capsys.readouterr().out == ""  # stdout belongs to results
    assert result["steps"] == len(Watched.batches) > 25
    assert all(not torch.equal(before[name], value) for name, value in model.named_parameters())
    losses = [row["loss"] for row in metrics(tmp_path) if "loss" in row]
    assert losses[-1] < 0.6 * losses[0]
    assert [row["step"] for row in rows if len(row) == 3] == list(range(1, result["steps"] + 1))

    # Learnt are the solution and the end after it, nothing else, in the order of the stream.
    expected = solutions_stream(SOLUTIONS, "slots", BATCH, recipe.seed, "sft")
    prompts = set()
    for batch in Watched.batches:
        for ids, labels in zip(batch["input_ids"], batch["labels"], strict=True):
            row = next(expected)
            learnt = labels[labels != -100]
            assert tokenizer.decode(learnt[:-1]) == row["completion"]
            assert learnt[-1] == tokenizer.eos_token_id
            real = ids[ids != tokenizer.pad_token_id]
            assert real.tolist() == tokenizer(row["prompt"])["input_ids"] + learnt.tolist()
            prompts.add(row["prompt"])
    assert len(prompts) == BATCH * result["steps"]  # a stream given as gen_kwargs shows one problem for ever

    saved, _ = load_model(tmp_path / "model")
    trained = dict(model.named_parameters())
    assert all(torch.equal(value, trained[name]) for name, value in saved.named_parameters())
