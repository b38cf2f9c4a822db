"""KTO's loss against values by hand, how its rows are mixed and paired, and what splitting a step changes."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

import torch
from by_hand import gradient, logp, move
from test_preferences import TEMPLATES
from tiny_runs import metrics, save_talker, tiny_recipe, tiny_run

from rungwise.errors import UserError
from rungwise.language_models import load_model
from rungwise.posttrain import kto
from rungwise.posttrain.common import Run
from rungwise.posttrain.kto import completion_stream, with_unrelated
from rungwise.posttrain.preferences import Pair, load_pairs
from rungwise.posttrain.settings import TrainRecipe

Batch = dict[str, torch.Tensor]


class Watched(kto.TokenKTOTrainer):
    """Keeps every batch and its loss."""

    batches: list[Batch]
    losses: list[float]

    def compute_loss(self, model: Any, inputs: Batch, *args: Any, **kwargs: Any) -> Any:
        loss = super().compute_loss(model, inputs, *args, **kwargs)
        self.batches.append(inputs)
        self.losses.append(loss.item())
        return loss


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> type[Watched]:
    monkeypatch.setattr(Watched, "batches", [], raising=False)
    monkeypatch.setattr(Watched, "losses", [], raising=False)
    monkeypatch.setattr(kto, "TokenKTOTrainer", Watched)
    return Watched


def kto_recipe(folder: Path, **changed: Any) -> TrainRecipe:
    recipe = tiny_recipe(folder, 1e6)
    return replace(recipe, kto=replace(recipe.kto, **changed))


def pairs_of(folder: Path, out: Path, **changed: Any) -> tuple[Run, list[Pair]]:
    run = tiny_run(kto_recipe(folder, **changed), out)
    return run, load_pairs(run, run.recipe.kto)[0]


@pytest.mark.parametrize("moved", [0.05, -0.05])
def test_loss_and_gradient_are_those_by_hand(moved: float, talking_folder: Path, tmp_path: Path) -> None:
    beta = 0.3
    run, pairs = pairs_of(talking_folder, tmp_path, beta=beta, batch=6)
    trainer = kto.make_trainer(run, pairs, 0, [])
    move(run.model, moved)
    start, _ = load_model(talking_folder)
    rows = list(islice(completion_stream(pairs, 6, 6, 0), 6))
    batch = next(iter(trainer.get_train_dataloader()))
    loss = trainer.compute_loss(run.model, batch)
    loss.backward()
    found = gradient(run.model)
    run.model.zero_grad()

    def ratio(row: dict[str, Any], completion: str) -> torch.Tensor:
        given = row["prompt_ids"], row[completion]
        with torch.no_grad():
            before = logp(start, *given)
        return logp(run.model, *given) - before

    with torch.no_grad():
        z = max(0.0, sum(float(ratio(row, "KL_completion_ids")) for row in rows) / 6)
    assert trainer._metrics["train"]["kl"] == [pytest.approx(z, rel=1e-3, abs=1e-4)]
    expected = torch.zeros(())
    for row in rows:
        r = ratio(row, "completion_ids")
        expected = expected + (1 - torch.sigmoid(beta * ((r - z) if row["label"] else (z - r)))) / 6
    assert float(loss) == pytest.approx(float(expected), rel=1e-4)
    assert abs(float(loss) - 0.5) > 1e-3  # the model has moved
    expected.backward()
    assert torch.allclose(found, gradient(run.model), atol=1e-5)


@pytest.mark.parametrize(("n", "batch"), [(14, 4), (14, 6), (5, 4), (9, 2)])
def test_right_and_wrong_take_turns_and_every_row_comes_once_an_epoch(
    n: int, batch: int, talking_folder: Path, tmp_path: Path
) -> None:
    _, pairs = pairs_of(talking_folder, tmp_path, rows=n)
    whole = list(islice(completion_stream(pairs, batch, batch, 0), 10 * n))
    assert [row["label"] for row in whole] == [True, False] * (5 * n)
    expected = sorted((p.prompt_ids, ids, label) for p in pairs for ids, label in _completions(p))
    epochs = [whole[i : i + 2 * n] for i in range(0, 10 * n, 2 * n)]
    for epoch in epochs:
        assert sorted((row["prompt_ids"], row["completion_ids"], row["label"]) for row in epoch) == expected
    assert epochs[0] != epochs[1]
    for start in (batch, 4 * batch, 7 * batch):
        assert list(islice(completion_stream(pairs, batch, batch, 0, start), batch)) == whole[start : start + batch]


def _completions(pair: Pair) -> list[tuple[list[int], bool]]:
    return [(pair.chosen_ids, True), (pair.rejected_ids, False)]


def test_z_is_estimated_on_other_prompts(talking_folder: Path, tmp_path: Path) -> None:
    _, pairs = pairs_of(talking_folder, tmp_path)
    rows = list(islice(completion_stream(pairs, 4, 4, 0), 56))
    for first in range(0, 56, 4):
        batch = rows[first : first + 4]
        for row, before in zip(batch, [batch[-1], *batch[:-1]], strict=True):
            assert row["KL_completion_ids"] == before["completion_ids"]
            assert row["prompt_ids"] != before["prompt_ids"]


def test_rows_with_the_same_prompt_are_no_partners() -> None:
    rows = [{"prompt_ids": [prompt], "completion_ids": [i]} for i, prompt in enumerate([7, 7, 8, 8, 8, 8])]
    found = [row["KL_completion_ids"] for row in islice(with_unrelated(iter(rows), 3), 6)]
    assert found == [[2], [2], [1], [5], [3], [4]]  # in the second part there is no other prompt


@pytest.mark.usefixtures("ticks")
@pytest.mark.parametrize("negatives", ["own", "none"])
def test_it_learns_what_is_right(
    negatives: str, talking_folder: Path, tmp_path: Path, watched: type[Watched], capsys: pytest.CaptureFixture[str]
) -> None:
    run = tiny_run(kto_recipe(talking_folder, steps=25, lr=3e-3, negatives=negatives), tmp_path)
    result = kto.train(run)
    assert capsys.readouterr().out == ""  # stdout belongs to results
    assert watched.losses[0] == pytest.approx(0.5, abs=1e-6)  # model and start model are one
    assert (result["pairs"]["own"] > 0) == (negatives == "own")
    rows = [row for row in metrics(tmp_path) if "rewards/chosen" in row]
    assert rows[-1]["rewards/chosen"] > rows[0]["rewards/chosen"] + 0.1
    if negatives == "own":
        assert rows[-1]["rewards/rejected"] < rows[-1]["rewards/chosen"]
        for batch in watched.batches:
            assert batch["label"].tolist() == [True, False] * 2
    else:
        assert all(batch["label"].all() for batch in watched.batches)
        assert not any("rewards/rejected" in row for row in rows)
    saved, _ = load_model(tmp_path / "model")
    trained = dict(run.model.named_parameters())
    assert all(torch.equal(weight, trained[name]) for name, weight in saved.named_parameters())


@pytest.mark.usefixtures("ticks")
def test_what_is_trained_on(tmp_path: Path, watched: type[Watched]) -> None:
    """Prompt, completion and end, whole, where a template opens the reasoning."""
    folder = save_talker(tmp_path / "base", TEMPLATES["thinking"])
    recipe = replace(kto_recipe(folder, steps=4), view="natural", published=1.0)
    run = tiny_run(recipe, tmp_path / "run")
    kto.train(run)
    pairs, _ = load_pairs(run, recipe.kto)
    expected = {(tuple(p.prompt_ids), tuple(ids), label) for p in pairs for ids, label in _completions(p)}
    seen = 0
    for batch in watched.batches:
        for ids, there, learnt, label in zip(
            *(batch[name] for name in ("input_ids", "attention_mask", "completion_mask", "label")), strict=True
        ):
            prompt, completion = (tuple(ids[there.bool() & part].tolist()) for part in (~learnt.bool(), learnt.bool()))
            assert (prompt, completion, bool(label)) in expected
            seen += 1
    assert seen == 4 * recipe.kto.batch


@pytest.mark.usefixtures("ticks")
def test_parts_of_a_step_change_nothing_until_the_model_has_moved(tiny_folder: Path, tmp_path: Path) -> None:
    """While model and start model are one, z is 0 in every part; later each part has its own."""
    found = {}
    for parts in (1, 4):
        out = tmp_path / str(parts)
        run = tiny_run(kto_recipe(tiny_folder, batch=8, accumulate=parts, steps=1, warmup=0), out)
        kto.train(run)
        found[parts] = torch.cat([weight.detach().flatten() for weight in run.model.parameters()])
    assert torch.allclose(found[1], found[4], atol=1e-4)
    assert not math.isclose(float(found[1].abs().sum()), 0)


def test_single_rows_are_refused_before_anything_is_made(tiny_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="two rows in each part"):
        kto.train(tiny_run(kto_recipe(tiny_folder, batch=8, accumulate=8), tmp_path))
    assert not list(tmp_path.iterdir())
