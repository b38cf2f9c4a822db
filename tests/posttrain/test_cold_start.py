"""The cold start: when it stops, which model it keeps, what it measures on, and what a resumed one remembers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

import torch
from tiny_runs import ignore, tiny_recipe, tiny_run

from rungwise.language_models import load_model
from rungwise.posttrain import cold_start
from rungwise.posttrain.cold_start import HELD_OUT
from rungwise.posttrain.common import Accuracy
from rungwise.posttrain.data import held_out
from rungwise.posttrain.settings import TrainRecipe


def checked(model: Path, **settings: Any) -> TrainRecipe:
    tiny = tiny_recipe(model)
    return replace(tiny, cold_start=replace(tiny.cold_start, **{"seconds": 1e6, "check_every": 3, **settings}))


def one_by_one(accuracies: Iterable[float]) -> Accuracy:
    """An accuracy that is measured like this, whatever the model."""
    found = iter(accuracies)
    return lambda model, **_: next(found)


@pytest.mark.usefixtures("ticks")
def test_it_stops_when_accuracy_has_stopped_rising_and_keeps_the_best(tiny_folder: Path, tmp_path: Path) -> None:
    found = iter([0.1, 0.5, 0.3, 0.5, 0.9])
    weights: list[torch.Tensor] = []
    asked: list[dict[str, Any]] = []

    def accuracy(model: Any, **given: Any) -> float:
        weights.append(model.get_input_embeddings().weight.detach().clone())
        asked.append(given)
        return next(found)

    recipe = checked(tiny_folder, patience=2)
    run = tiny_run(recipe, tmp_path, ignore, accuracy)
    result = cold_start.train(run)
    assert [row["accuracy"] for row in result["held_out"]] == [0.1, 0.5, 0.3, 0.5]
    assert [row["step"] for row in result["held_out"]] == [3, 6, 9, 12]
    assert result["steps"] == 12
    kept, _ = load_model(tmp_path / "model")
    assert torch.equal(kept.get_input_embeddings().weight, weights[1])
    assert not torch.equal(weights[1], weights[3])
    for given in asked:
        assert [p.id for p in given["problems"]] == [p.id for p in held_out(recipe)]
        assert (given["view"], given["max_new_tokens"]) == ("slots", recipe.grpo.max_completion)
        assert given["tokenizer"] is run.tokenizer


@pytest.mark.usefixtures("ticks")
def test_a_resumed_run_remembers_the_best(tiny_folder: Path, tmp_path: Path) -> None:
    class Killed(Exception):
        pass

    def die(row: dict[str, Any]) -> None:
        if row["step"] == 8:
            raise Killed

    recipe = checked(tiny_folder, patience=3)
    with pytest.raises(Killed):
        cold_start.train(tiny_run(recipe, tmp_path, die, one_by_one([0.2, 0.8])))
    assert (tmp_path / HELD_OUT).exists()
    best = (tmp_path / "model" / "model.safetensors").read_bytes()

    result = cold_start.train(tiny_run(recipe, tmp_path, ignore, one_by_one([0.3, 0.4, 0.7])))
    assert [(row["step"], row["accuracy"]) for row in result["held_out"]] == [
        (3, 0.2), (6, 0.8), (9, 0.3), (12, 0.4), (15, 0.7),
    ]  # fmt: skip
    assert (tmp_path / "model" / "model.safetensors").read_bytes() == best


@pytest.mark.usefixtures("ticks")
@pytest.mark.parametrize("every", [50, 0])
def test_the_last_model_is_kept_where_nothing_was_checked(every: int, tiny_folder: Path, tmp_path: Path) -> None:
    run = tiny_run(checked(tiny_folder, seconds=6.0, check_every=every), tmp_path, ignore, lambda model, **_: 1.0)
    result = cold_start.train(run)
    assert result["held_out"] == []
    saved, _ = load_model(tmp_path / "model")
    trained = dict(run.model.named_parameters())
    assert all(torch.equal(value, trained[name]) for name, value in saved.named_parameters())
