"""DPO's loss and gradient against values by hand, what it is trained on, and that it goes on where it was killed."""

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
from killed import kill
from safetensors.torch import load_file
from test_preferences import TEMPLATES
from tiny_runs import CHECKPOINT, ignore, metrics, save_talker, stall, tiny_recipe, tiny_run

from rungwise.errors import UserError
from rungwise.language_models import load_model
from rungwise.posttrain import dpo, preferences
from rungwise.posttrain.common import Run
from rungwise.posttrain.dpo import pair_stream
from rungwise.posttrain.preferences import Pair, load_pairs
from rungwise.posttrain.run import train
from rungwise.posttrain.settings import LoRASettings, TrainRecipe

Batch = dict[str, torch.Tensor]


class Watched(dpo.TokenDPOTrainer):
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
    monkeypatch.setattr(dpo, "TokenDPOTrainer", Watched)
    return Watched


def dpo_recipe(folder: Path, **changed: Any) -> TrainRecipe:
    """Limited by steps: how long pairs take to make differs from machine to machine, and it counts."""
    recipe = tiny_recipe(folder, 1e6)
    return replace(recipe, dpo=replace(recipe.dpo, **changed))


def moved_trainer(folder: Path, out: Path, **changed: Any) -> tuple[Run, Any, list[Pair], Batch]:
    """A run whose model has left the start model, its trainer, the first batch and the pairs in it."""
    run = tiny_run(dpo_recipe(folder, **changed), out)
    pairs, _ = load_pairs(run, run.recipe.dpo)
    trainer = dpo.make_trainer(run, pairs, 0, [])
    move(run.model, 0.05)
    batch = next(iter(trainer.get_train_dataloader()))
    rows = islice(pair_stream(pairs, run.recipe.dpo.batch, 0), run.recipe.dpo.batch)
    by_ids = {(tuple(p.prompt_ids), tuple(p.rejected_ids)): p for p in pairs}
    return run, trainer, [by_ids[tuple(r["prompt_ids"]), tuple(r["rejected_ids"])] for r in rows], batch


@pytest.mark.parametrize("nll", [0.0, 0.7])
def test_loss_and_gradient_are_those_by_hand(nll: float, talking_folder: Path, tmp_path: Path) -> None:
    beta = 0.3
    run, trainer, pairs, batch = moved_trainer(talking_folder, tmp_path, beta=beta, nll=nll)
    start, _ = load_model(talking_folder)

    loss = trainer.compute_loss(run.model, batch)
    loss.backward()
    found = gradient(run.model)
    run.model.zero_grad()

    right, wrong = ([logp(run.model, p.prompt_ids, ids(p)) for p in pairs] for ids in (_chosen, _rejected))
    with torch.no_grad():
        right_start, wrong_start = ([logp(start, p.prompt_ids, ids(p)) for p in pairs] for ids in (_chosen, _rejected))
    margins = [
        beta * ((r - rs) - (w - ws)) for r, rs, w, ws in zip(right, right_start, wrong, wrong_start, strict=True)
    ]
    expected = sum(-math.log(1 / (1 + math.exp(-m))) for m in margins) / len(pairs)
    tokens = sum(len(p.chosen_ids) for p in pairs)
    expected -= nll * float(sum(right)) / tokens
    assert float(loss) == pytest.approx(expected, rel=1e-4)
    assert abs(expected - math.log(2)) > 0.01  # the model has moved

    # Rafailov et al., section 4: -beta sigmoid(-margin) (grad log p(right) - grad log p(wrong)), each pair so weighted.
    weights = [beta / (1 + math.exp(m)) for m in margins]
    pull = sum(w * (l - r) for w, r, l in zip(weights, right, wrong, strict=True)) / len(pairs)
    (pull - nll * sum(right) / tokens).backward()  # type: ignore[union-attr]
    assert torch.allclose(found, gradient(run.model), atol=1e-4)


def test_a_step_widens_the_margin(talking_folder: Path, tmp_path: Path) -> None:
    run, trainer, pairs, batch = moved_trainer(talking_folder, tmp_path)

    def margin() -> float:
        with torch.no_grad():
            return float(
                sum(
                    logp(run.model, p.prompt_ids, _chosen(p)) - logp(run.model, p.prompt_ids, _rejected(p))
                    for p in pairs
                )
            )

    before = margin()
    trainer.compute_loss(run.model, batch).backward()
    with torch.no_grad():
        for weight in run.model.parameters():
            weight.sub_(1e-2 * (weight.grad if weight.grad is not None else 0))
    assert margin() > before


def _chosen(pair: Pair) -> list[int]:
    return pair.chosen_ids


def _rejected(pair: Pair) -> list[int]:
    return pair.rejected_ids


@pytest.mark.usefixtures("ticks")
def test_it_learns_to_tell_right_from_wrong(
    talking_folder: Path, tmp_path: Path, watched: type[Watched], capsys: pytest.CaptureFixture[str]
) -> None:
    run = tiny_run(dpo_recipe(talking_folder, steps=50, lr=3e-3), tmp_path)
    before = {name: weight.clone() for name, weight in run.model.named_parameters()}
    result = dpo.train(run)
    assert capsys.readouterr().out == ""  # stdout belongs to results
    assert watched.losses[0] == pytest.approx(math.log(2), abs=1e-6)  # model and start model are one
    assert result["pairs"]["rows"] == 14
    rows = [row for row in metrics(tmp_path) if "rewards/margins" in row]
    assert rows[-1]["rewards/accuracies"] > 0.85
    assert rows[-1]["rewards/margins"] > rows[0]["rewards/margins"]
    assert any(not torch.equal(before[name], weight) for name, weight in run.model.named_parameters())
    saved, _ = load_model(tmp_path / "model")
    trained = dict(run.model.named_parameters())
    assert all(torch.equal(weight, trained[name]) for name, weight in saved.named_parameters())


@pytest.mark.usefixtures("ticks")
def test_the_making_of_pairs_is_part_of_the_time(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*given: Any) -> tuple[list[Pair], dict[str, Any]]:
        pairs, facts = load_pairs(*given)
        return pairs, {**facts, "seconds": 25.0}

    monkeypatch.setattr(preferences, "load_pairs", slow)
    recipe = dpo_recipe(tiny_folder, seconds=30.0)
    assert 25 < dpo.train(tiny_run(recipe, tmp_path))["seconds"] < 2 * recipe.dpo.seconds
    assert metrics(tmp_path)[-1]["step"] < 5


@pytest.mark.parametrize("kind", ["plain", "thinking"])
@pytest.mark.usefixtures("ticks")
def test_what_is_trained_on(kind: str, tmp_path: Path, watched: type[Watched]) -> None:
    """Prompt, completion and end, whole, under any template."""
    folder = save_talker(tmp_path / "base", TEMPLATES[kind])
    recipe = replace(dpo_recipe(folder, steps=4), view="natural", published=1.0)
    run = tiny_run(recipe, tmp_path / "run")
    dpo.train(run)
    pairs, facts = load_pairs(run, recipe.dpo)
    assert facts["own"] == len(pairs)
    expected = {tuple(p.prompt_ids): {tuple(p.chosen_ids), tuple(p.rejected_ids)} for p in pairs}
    seen = 0
    for batch in watched.batches:
        for ids, there, learnt in zip(
            batch["input_ids"], batch["attention_mask"], batch["completion_mask"], strict=True
        ):
            prompt = tuple(ids[there.bool() & ~learnt.bool()].tolist())
            assert tuple(ids[learnt.bool()].tolist()) in expected[prompt]
            assert int(there.sum()) == len(prompt) + int(learnt.sum())
            seen += 1
    assert seen == 2 * 4 * recipe.dpo.batch


def test_a_stream_shows_every_pair_once_an_epoch_and_can_start_anywhere(talking_folder: Path, tmp_path: Path) -> None:
    run = tiny_run(tiny_recipe(talking_folder), tmp_path)
    pairs, _ = load_pairs(run, run.recipe.dpo)
    whole = list(islice(pair_stream(pairs, 4, 0), 3 * len(pairs)))
    key = lambda row: (row["prompt_ids"], row["rejected_ids"])  # noqa: E731
    everything = sorted((p.prompt_ids, p.rejected_ids) for p in pairs)
    epochs = [whole[i : i + len(pairs)] for i in range(0, len(whole), len(pairs))]
    assert all(sorted(map(key, epoch)) == everything for epoch in epochs)
    assert epochs[0] != epochs[1]
    for start in (1, 14, 20):
        assert list(islice(pair_stream(pairs, 4, 0, start), 10)) == whole[start : start + 10]


@pytest.mark.usefixtures("ticks")
def test_parts_of_a_step_change_nothing(tiny_folder: Path, tmp_path: Path) -> None:
    found = []
    for parts in (1, 8):
        out = tmp_path / str(parts)
        run = tiny_run(dpo_recipe(tiny_folder, batch=8, accumulate=parts, steps=10, lr=1e-3), out)
        dpo.train(run)
        found.append((torch.cat([w.detach().flatten() for w in run.model.parameters()]), metrics(out)))
    (whole, rows), (split, rows_split) = found
    assert torch.allclose(whole, split, atol=1e-4)
    for row, other in zip(rows[:2], rows_split[:2], strict=True):
        for name in ("loss", "rewards/margins", "rewards/chosen", "logps/rejected", "grad_norm"):
            assert row[name] == pytest.approx(other[name], rel=1e-3, abs=1e-5)


def test_a_batch_that_cannot_be_split(tiny_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="can't be divided"):
        dpo.train(tiny_run(dpo_recipe(tiny_folder, batch=8, accumulate=3), tmp_path))


@pytest.mark.slow
@pytest.mark.usefixtures("ticks")
@pytest.mark.parametrize(("method", "rank"), [("dpo", 0), ("kto", 0), ("dpo", 2)])
def test_a_killed_run_goes_on_from_its_checkpoint(method: str, rank: int, talking_folder: Path, tmp_path: Path) -> None:
    recipe = dpo_recipe(talking_folder, steps=15)
    recipe = replace(recipe, kto=replace(recipe.kto, steps=15), lora=LoRASettings(rank=rank))
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    train(recipe, method, None, whole, ignore)
    kill(stall, recipe, method, resumed, when=(resumed / "stalled").exists)
    pairs = (resumed / "pairs.jsonl").read_bytes()
    assert pairs == (whole / "pairs.jsonl").read_bytes()
    steps: list[int] = []
    result = train(recipe, method, None, resumed, lambda row: steps.append(row["step"]))

    assert steps[0] == CHECKPOINT + 1
    assert result["steps"] == 15
    assert (resumed / "pairs.jsonl").read_bytes() == pairs
    for step in (3 * CHECKPOINT, 15):
        files = sorted((whole / f"checkpoint-{step}").rglob("*.safetensors"))
        assert len(files) == (2 if rank else 1)  # with adapters also those of the start
        for file in files:
            ours, theirs = load_file(file), load_file(resumed / file.relative_to(whole))
            assert ours.keys() == theirs.keys()
            assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    # A line is a mean over five steps; the resumed run's first covers fewer.
    lines = [[row for row in metrics(out) if "loss" in row and row["step"] > 5] for out in (whole, resumed)]
    assert len(lines[0]) > 1
    for row, other in zip(*lines, strict=False):
        for name in row.keys() - {"seconds", "num_tokens", "epoch"}:
            assert row[name] == other[name], name
    assert not any(path.is_dir() for path in (resumed / "model").iterdir())  # nothing of the start's adapters


@pytest.mark.usefixtures("ticks")
@pytest.mark.parametrize("rank", [0, 2])
def test_the_start_model_has_its_adapters(
    rank: int, talking_folder: Path, tmp_path: Path, watched: type[Watched]
) -> None:
    """DPO on a model that is itself adapters on a base: compared with both together, whichever are trained on."""
    pytest.importorskip("peft")
    recipe = dpo_recipe(talking_folder, steps=4)
    recipe = replace(recipe, sft=replace(recipe.sft, steps=6), lora=LoRASettings(rank=2))
    first = train(recipe, "sft", None, tmp_path / "sft", ignore)["model"]
    folder = train(replace(recipe, lora=LoRASettings(rank=rank)), "dpo", first, tmp_path / "dpo", ignore)["model"]
    assert watched.losses[0] == pytest.approx(math.log(2), abs=1e-6)
    assert watched.losses[-1] != watched.losses[0]
    names = {path.name for path in Path(folder).iterdir()}
    assert ("adapter_config.json" in names) == bool(rank)
    ids = torch.arange(3, 13)[None]
    with torch.inference_mode():
        before, after = (load_model(f)[0](ids).logits for f in (first, folder))
    assert not torch.allclose(before, after, atol=1e-4)
