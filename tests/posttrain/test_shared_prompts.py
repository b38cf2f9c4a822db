"""Reading each question once changes the time only: log-probabilities, gradients and greedy answers stay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

import torch
from datasets import Dataset
from tiny_runs import save_tiny
from trl import GRPOConfig, GRPOTrainer

from rungwise.posttrain.models import load_for_training
from rungwise.posttrain.settings import LoRASettings
from rungwise.posttrain.shared_prompts import SharedPromptGRPOTrainer, sample
from rungwise.suites.items import generate

PROMPTS = [item.text for item in generate("train", 4, 0, "slots", "nonsense")]


def trainer(kind: type[GRPOTrainer], tmp_path: Path, **settings: Any) -> Any:
    model, tokenizer = load_for_training(str(save_tiny(tmp_path / "tiny")), LoRASettings())
    return kind(
        model=model,
        processing_class=tokenizer,
        reward_funcs=lambda completions, **_: [float(len(c) % 3) for c in completions],
        train_dataset=Dataset.from_list([{"prompt": p} for p in PROMPTS]),
        args=GRPOConfig(
            output_dir=str(tmp_path / kind.__name__), use_cpu=True, bf16=False, report_to="none", num_generations=4,
            per_device_train_batch_size=8, max_completion_length=8, gradient_checkpointing=False, **settings,
        ),
    )  # fmt: skip


def batch(tokenizer: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """Six completions of three prompts of different lengths, shuffled, left-padded, some cut short."""
    torch.manual_seed(0)
    prompts = tokenizer([PROMPTS[i] for i in (2, 0, 1, 0, 2, 1)], padding=True, return_tensors="pt")
    completions = torch.randint(6, 200, (6, 7))
    lengths = torch.tensor([7, 3, 5, 1, 7, 4])
    mask = (torch.arange(7) < lengths.unsqueeze(1)).long()
    ids = torch.cat([prompts["input_ids"], completions], dim=1)
    return ids, torch.cat([prompts["attention_mask"], mask], dim=1)


def test_log_probabilities_entropies_and_gradients_are_the_parents(tmp_path: Path) -> None:
    found = {}
    for kind in (GRPOTrainer, SharedPromptGRPOTrainer):
        t = trainer(kind, tmp_path, temperature=0.8)
        ids, mask = batch(t.processing_class)
        logps, entropies, _ = t._get_per_token_logps_and_entropies(t.model, ids, mask, 7, compute_entropy=True)
        shown = mask[:, -7:].bool()
        logps[shown].square().sum().backward()
        gradient = torch.cat([p.grad.flatten() for p in t.model.parameters()])
        found[kind] = logps[shown].detach(), entropies[shown].detach(), gradient
    for ours, theirs in zip(*found.values(), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-4, rtol=1e-3)
    assert found[GRPOTrainer][2].norm() > 0


EACH_ROW = torch.tensor([1.0, 0.0, -1.0, 0.5, 0.0, -0.5])
EACH_TOKEN = EACH_ROW.unsqueeze(1) * torch.linspace(-1, 1, 7)  # 0 for one token of the others too


@pytest.mark.parametrize("advantages", [EACH_ROW, EACH_TOKEN])
def test_loss_without_idle_completions_has_the_parents_gradient(advantages: torch.Tensor, tmp_path: Path) -> None:
    found = []
    for kind in (GRPOTrainer, SharedPromptGRPOTrainer):
        t = trainer(kind, tmp_path)
        ids, mask = batch(t.processing_class)
        mask[0, -7:] = mask[4, -7:] = 0  # truncated, so that no completion is as long as the tensors
        inputs = {
            "prompt_ids": ids[:, :-7], "prompt_mask": mask[:, :-7], "completion_ids": ids[:, -7:],
            "completion_mask": mask[:, -7:], "advantages": advantages * (mask[:, -7:] if advantages.dim() > 1 else 1),
            "num_items_in_batch": mask[:, -7:].sum(), "old_per_token_logps": torch.full((6, 7), -5.0),
        }  # fmt: skip
        t.current_gradient_accumulation_steps = 1
        t._compute_loss(t.model, inputs).backward()
        found.append(torch.cat([p.grad.flatten() for p in t.model.parameters()]))
    assert found[0].norm() > 0
    assert torch.allclose(found[0], found[1], atol=1e-5, rtol=1e-3)


def test_greedy_completions_are_those_of_generate_without_sharing(tmp_path: Path) -> None:
    answers = []
    for kind in (GRPOTrainer, SharedPromptGRPOTrainer):
        t = trainer(kind, tmp_path)
        t.generation_config.do_sample = False
        prompts = [t.processing_class(PROMPTS[i])["input_ids"] for i in (1, 0, 1, 3)]
        answers.append(t._generate_single_turn(prompts, None, {}, 4)[0])
    assert answers[0] == answers[1]
    assert all(answers[0])


def padded(tokenizer: Any, prompts: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
    both = tokenizer(prompts, padding=True, return_tensors="pt")
    return both["input_ids"], both["attention_mask"]


def test_finished_completions_leave_and_the_others_go_on_as_alone(tmp_path: Path) -> None:
    model, tokenizer = load_for_training(str(save_tiny(tmp_path / "tiny")), LoRASettings())
    ids, mask = padded(tokenizer, PROMPTS)
    which = torch.tensor([3, 0, 1, 1, 2, 0, 3, 2])
    alone = []
    for row in which.tolist():
        text = ids[row][mask[row].bool()].tolist()
        for _ in range(40):  # past the room that a cache layer starts with
            text.append(int(model(input_ids=torch.tensor([text])).logits[0, -1].argmax()))
        alone.append(text[-40:])
    ends = torch.tensor(sorted({alone[0][2], alone[2][30]}))
    out = sample(model, ids, mask, which, 0.0, 40, ends)
    for found, expected in zip(out.tolist(), alone, strict=True):
        length = next((i + 1 for i, token in enumerate(expected) if token in ends), out.shape[1])
        assert found[:length] == expected[:length]


def test_sampled_tokens_follow_the_models_distribution(tmp_path: Path) -> None:
    model, tokenizer = load_for_training(str(save_tiny(tmp_path / "tiny")), LoRASettings())
    ids, mask = padded(tokenizer, PROMPTS[:1])
    torch.manual_seed(0)
    number = 20_000
    out = sample(model, ids, mask, torch.zeros(number, dtype=torch.long), 0.7, 2, torch.tensor([-1]))
    first = out[0, 0]
    for tokens, before in ((out[:, 0], ids), (out[out[:, 0] == first, 1], torch.cat([ids, first.view(1, 1)], dim=1))):
        expected = (model(input_ids=before).logits[0, -1] / 0.7).softmax(-1)
        found = torch.bincount(tokens, minlength=len(expected)) / len(tokens)
        assert (found - expected).abs().max() < 5 * 0.5 / len(tokens) ** 0.5
        assert 0.5 * (found - expected).abs().sum() < len(expected) ** 0.5 / len(tokens) ** 0.5
