"""Solutions redrawn at every look, and SFT on them: what is learnt, from how many problems, and when it stops."""

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
from tiny_runs import ignore, metrics, tiny_recipe
from trl import SFTTrainer

from rungwise.language_models import load_model
from rungwise.posttrain import sft
from rungwise.posttrain.data import mixed
from rungwise.posttrain.models import load_for_training
from rungwise.posttrain.sft import HELD_OUT, solutions_stream, train_sft
from rungwise.problems.problem import Problem
from rungwise.scoring.score import score
from rungwise.suites.items import to_text
from rungwise.wording.slots import redraw

SOLUTIONS = mixed(21, 1 / 3, 0)
BATCH = 4


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
    rows = list(islice(solutions_stream(SOLUTIONS, "slots", BATCH, 0), 3 * n))
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
    rows = list(islice(solutions_stream(SOLUTIONS, "natural", BATCH, 0), 2 * n))
    epochs = [Counter(row["prompt"] for row in part) for part in (rows[:n], rows[n:])]
    assert epochs[0] == epochs[1] == Counter(to_text(problem, "natural") for problem in SOLUTIONS)
    assert [row["prompt"] for row in rows[:n]] != [row["prompt"] for row in rows[n:]]
    problems = {to_text(problem, "natural"): problem for problem in SOLUTIONS}
    assert all(score(row["completion"], problems[row["prompt"]], "natural").score == 1 for row in rows[:n])


@pytest.mark.parametrize("start", [0, 1, 20, 21, 50])
def test_a_stream_can_start_anywhere(start: int) -> None:
    whole = list(islice(solutions_stream(SOLUTIONS, "slots", BATCH, 3), 70))
    assert list(islice(solutions_stream(SOLUTIONS, "slots", BATCH, 3, start), 70 - start)) == whole[start:]


def test_seeds_differ() -> None:
    first, again, other = (list(islice(solutions_stream(SOLUTIONS, "slots", BATCH, s), 21)) for s in (1, 1, 2))
    assert first == again
    assert not {row["prompt"] for row in first} & {row["prompt"] for row in other}


def test_batches_hold_prompts_of_similar_length() -> None:
    rows = list(islice(solutions_stream(SOLUTIONS, "slots", BATCH, 0), len(SOLUTIONS)))
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
    model, tokenizer = load_for_training(str(tiny_folder))
    before = {name: value.clone() for name, value in model.named_parameters()}
    settings = replace(tiny_recipe(tiny_folder).sft, seconds=90.0, save_every=1000)
    rows: list[dict[str, Any]] = []
    result = train_sft(model, tokenizer, SOLUTIONS, "slots", tmp_path, settings, rows.append)
    assert capsys.readouterr().out == ""  # stdout belongs to results
    assert result["steps"] == len(Watched.batches) > 25
    assert result["held_out"] == []
    assert all(not torch.equal(before[name], value) for name, value in model.named_parameters())
    losses = [row["loss"] for row in metrics(tmp_path) if "loss" in row]
    assert losses[-1] < 0.6 * losses[0]
    assert [row["step"] for row in rows if len(row) == 3] == list(range(1, result["steps"] + 1))

    # Learnt are the solution and the end after it, nothing else, in the order of the stream.
    expected = solutions_stream(SOLUTIONS, "slots", BATCH, settings.redraw_seed)
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


@pytest.mark.usefixtures("ticks")
def test_it_stops_when_accuracy_has_stopped_rising_and_keeps_the_best(tiny_folder: Path, tmp_path: Path) -> None:
    found = iter([0.1, 0.5, 0.3, 0.5, 0.9])
    checked: list[torch.Tensor] = []

    def accuracy(model: Any) -> float:
        checked.append(model.get_input_embeddings().weight.detach().clone())
        return next(found)

    model, tokenizer = load_for_training(str(tiny_folder))
    settings = replace(tiny_recipe(tiny_folder).sft, seconds=1e6, check_every=3, patience=2)
    result = train_sft(model, tokenizer, SOLUTIONS, "slots", tmp_path, settings, ignore, accuracy)
    assert [row["accuracy"] for row in result["held_out"]] == [0.1, 0.5, 0.3, 0.5]
    assert [row["step"] for row in result["held_out"]] == [3, 6, 9, 12]
    assert result["steps"] == 12
    kept, _ = load_model(tmp_path / "model")
    assert torch.equal(kept.get_input_embeddings().weight, checked[1])
    assert not torch.equal(checked[1], checked[3])


@pytest.mark.usefixtures("ticks")
def test_a_resumed_run_remembers_the_best(tiny_folder: Path, tmp_path: Path) -> None:
    settings = replace(tiny_recipe(tiny_folder).sft, seconds=1e6, check_every=3, patience=3)

    class Killed(Exception):
        pass

    def die(row: dict[str, Any]) -> None:
        if row["step"] == 8:
            raise Killed

    first = iter([0.2, 0.8])
    model, tokenizer = load_for_training(str(tiny_folder))
    with pytest.raises(Killed):
        train_sft(model, tokenizer, SOLUTIONS, "slots", tmp_path, settings, die, lambda model: next(first))
    assert (tmp_path / HELD_OUT).exists()
    best = (tmp_path / "model" / "model.safetensors").read_bytes()

    second = iter([0.3, 0.4, 0.7])
    model, tokenizer = load_for_training(str(tiny_folder))
    result = train_sft(model, tokenizer, SOLUTIONS, "slots", tmp_path, settings, ignore, lambda model: next(second))
    assert [(row["step"], row["accuracy"]) for row in result["held_out"]] == [
        (3, 0.2), (6, 0.8), (9, 0.3), (12, 0.4), (15, 0.7),
    ]  # fmt: skip
    assert (tmp_path / "model" / "model.safetensors").read_bytes() == best


@pytest.mark.usefixtures("ticks")
def test_the_last_model_is_kept_where_there_was_no_time_for_a_check(tiny_folder: Path, tmp_path: Path) -> None:
    model, tokenizer = load_for_training(str(tiny_folder))
    settings = replace(tiny_recipe(tiny_folder).sft, seconds=6.0, check_every=50)
    result = train_sft(model, tokenizer, SOLUTIONS, "slots", tmp_path, settings, ignore, lambda model: 1.0)
    assert result["held_out"] == []
    assert (tmp_path / "model" / "config.json").exists()
