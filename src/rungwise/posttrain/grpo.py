"""Group relative policy optimisation (Shao et al. 2024, arXiv 2402.03300), with TRL's GRPOTrainer.

Objective: for each question a group of completions is sampled; a completion's advantage is its reward less the
group's mean, over the group's standard deviation; the clipped surrogate of PPO is maximised over all completion
tokens ("dapo" normalisation). Reward: format + answer, from the one scorer. The model sees questions and final answers
only, never a solution. Differences from CauGym's GRPO (arXiv 2602.06337): all weights unless ``lora`` is set, no
rule-based length limit beyond ``max_completion``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from datasets import Dataset
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from trl import GRPOConfig

from rungwise.posttrain.common import (
    Clock,
    Progress,
    chat,
    last_checkpoint,
    opening,
    run_trainer,
    save_model,
    trainer_settings,
)
from rungwise.posttrain.settings import GRPOSettings
from rungwise.posttrain.shared_prompts import SharedPromptGRPOTrainer
from rungwise.problems.problem import Problem
from rungwise.scoring.reward import make_trl_reward
from rungwise.suites.items import to_text


def train_grpo(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    questions: Iterable[Problem],
    view: str,
    out: Path,
    settings: GRPOSettings,
    progress: Progress,
) -> dict[str, Any]:
    """Train (or resume) and leave the model in ``out/model``; returns steps and seconds."""
    clock = Clock(out, settings.seconds, progress)
    resume = last_checkpoint(out)
    chats = bool(tokenizer.chat_template)
    rows = [
        {"prompt": chat(text) if chats else text, "problem": json.dumps(problem.to_dict())}
        for problem in questions
        for text in [to_text(problem, view)]
    ]
    completions = settings.prompts * settings.group
    trainer = SharedPromptGRPOTrainer(
        model=model,
        processing_class=tokenizer,
        reward_funcs=make_trl_reward(view, settings.format_weight, opening(tokenizer)),
        train_dataset=Dataset.from_list(rows),
        args=GRPOConfig(
            **trainer_settings(out, settings.seed, settings.save_every),
            max_steps=1_000_000,
            per_device_train_batch_size=completions // settings.updates,
            steps_per_generation=settings.updates,
            num_generations=settings.group,
            max_completion_length=settings.max_completion,
            temperature=settings.temperature,
            learning_rate=settings.lr,
            lr_scheduler_type="constant_with_warmup",
            warmup_steps=settings.warmup,
            beta=settings.beta,
            epsilon=settings.clip,
            mask_truncated_completions=True,
        ),
        callbacks=[clock],
    )
    run_trainer(trainer, resume)
    save_model(trainer.model, tokenizer, out / "model")
    return {"steps": trainer.state.global_step, "seconds": clock.seconds}
