"""Pre-training: it learns, resumes exactly after a kill, and leaves an ordinary Hugging Face folder."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
from killed import kill
from safetensors.torch import load_file

from rungwise.errors import UserError
from rungwise.pretrain.tokenizer import make_tokenizer
from rungwise.pretrain.train import IGNORED, PretrainRecipe, accuracy, loss_of, make_batches, make_model, pretrain

TINY = PretrainRecipe(batches=70, batch=6, questions=5, lr=1e-2, warmup=5, hidden=32, layers=1, heads=2, longest=120)


def ignore(row: dict[str, Any]) -> None:
    pass


def stall_after_a_state(out: Path) -> None:
    """Train with a state after every batch, and stop moving once two lines of metrics have been written."""

    def report(row: dict[str, Any]) -> None:
        if row["batch"] >= 50:
            time.sleep(1000)

    pretrain(TINY, out, report, save_seconds=0.0)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    out = tmp_path_factory.mktemp("finished")
    rows: list[dict[str, Any]] = []
    assert pretrain(TINY, out, rows.append) == out / "model"
    return out, rows


def test_the_loss_falls(finished: tuple[Path, list[dict[str, Any]]]) -> None:
    out, rows = finished
    batches = make_batches(TINY, make_tokenizer(), ("pretrain", TINY.seed, "unseen"), 4)
    before = accuracy(make_model(TINY), batches)
    assert [row["batch"] for row in rows] == [50, 70]
    assert rows[-1]["loss"] < 0.85 * rows[0]["loss"] < 4
    assert rows[-1]["accuracy"].keys() >= {"parents", "find", "write", "between"}
    assert sum(rows[-1]["accuracy"].values()) > sum(before.values()) + 1
    assert [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()] == rows


def test_killed_and_resumed_it_ends_with_the_same_weights(
    finished: tuple[Path, list[dict[str, Any]]], tmp_path: Path
) -> None:
    kill(stall_after_a_state, tmp_path, when=(tmp_path / "metrics.jsonl").exists)
    assert not (tmp_path / "model").exists()
    pretrain(TINY, tmp_path, ignore)
    whole, resumed = (load_file(out / "model" / "model.safetensors") for out in (finished[0], tmp_path))
    assert whole.keys() == resumed.keys()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    # The line of batch 50 was written after the last state (49), so those steps and the line are done again.
    metrics = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [row["batch"] for row in metrics] == [50, 70]


def test_a_finished_run_trains_no_more(finished: tuple[Path, list[dict[str, Any]]]) -> None:
    rows: list[dict[str, Any]] = []
    before = load_file(finished[0] / "model" / "model.safetensors")
    pretrain(TINY, finished[0], rows.append)
    assert rows == []
    after = load_file(finished[0] / "model" / "model.safetensors")
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_another_recipe_is_refused_by_the_names_of_what_differs(finished: tuple[Path, list[dict[str, Any]]]) -> None:
    with pytest.raises(UserError, match=r"\(lr, seed\)"):
        pretrain(replace(TINY, lr=1e-3, seed=1), finished[0], ignore)


def test_the_folder_is_an_ordinary_one(finished: tuple[Path, list[dict[str, Any]]]) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = finished[0] / "model"
    model = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    assert model.num_parameters() == make_model(TINY).num_parameters()
    assert tokenizer("P(C=1|A=0)=v7")["input_ids"] == make_tokenizer()("P(C=1|A=0)=v7")["input_ids"]
    assert model.config.eos_token_id == tokenizer.eos_token_id
    assert {path.suffix for path in folder.iterdir()} == {".json", ".safetensors"}
    assert not list(finished[0].glob("*.tmp"))


def test_only_answers_are_learnt() -> None:
    tokenizer = make_tokenizer()
    for batch in make_batches(TINY, tokenizer, ("labels",), 2):
        for ids, labels, kinds in zip(batch.ids_B_T, batch.labels_B_T, batch.kinds, strict=True):
            answers = [tokenizer.decode(ids[start:end]) for _, start, end in kinds]
            assert all(answer.endswith(";") and ":" not in answer for answer in answers)
            learnt = labels != IGNORED
            assert torch.equal(labels[learnt], ids[learnt])
            assert int(learnt.sum()) == sum(end - start for _, start, end in kinds)
            assert len(ids) <= TINY.longest


def test_batches_depend_on_their_key_alone() -> None:
    tokenizer = make_tokenizer()
    first, again, other = (make_batches(TINY, tokenizer, ("key", k), 2) for k in (1, 1, 2))
    assert all(torch.equal(a.ids_B_T, b.ids_B_T) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[0].ids_B_T[0, :8], other[0].ids_B_T[0, :8])


def test_each_answer_weighs_the_same_where_asked_for() -> None:
    by_token = make_batches(TINY, make_tokenizer(), ("x", 0), 1)[0]
    by_answer = make_batches(replace(TINY, each_answer=True), make_tokenizer(), ("x", 0), 1)[0]
    model = make_model(TINY)
    logits = model(input_ids=by_token.ids_B_T).logits[:, :-1]
    losses = torch.nn.functional.cross_entropy(
        logits.transpose(1, 2), by_token.labels_B_T[:, 1:], ignore_index=IGNORED, reduction="none"
    )
    answers = [losses[row, start - 1 : end - 1] for row, kinds in enumerate(by_token.kinds) for _, start, end in kinds]
    assert torch.allclose(loss_of(model, by_token)[0], torch.cat(answers).mean(), atol=1e-5)
    assert torch.allclose(loss_of(model, by_answer)[0], torch.stack([a.mean() for a in answers]).mean(), atol=1e-5)
