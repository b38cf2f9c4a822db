"""Group relative policy optimisation (Shao et al. 2024, arXiv 2402.03300), with TRL's GRPOTrainer.

Objective: for each question a group of completions is sampled; a completion's advantage is its reward less the
group's mean, over the group's standard deviation; the clipped surrogate of PPO is maximised over all completion
tokens ("dapo" normalisation). Reward: format + answer, from the one scorer. The model sees questions and final answers
only, never a solution. Differences from CauGym's GRPO (arXiv 2602.06337): all weights unless ``lora`` is set, no
rule-based length limit beyond ``max_completion``.
"""

from __future__ import annotations

from typing import Any

from datasets import Dataset
from trl import GRPOConfig

from rungwise.posttrain.common import (
    Clock,
    Run,
    chat,
    last_checkpoint,
    opening,
    run_trainer,
    save_trained,
    trainer_settings,
)
from rungwise.posttrain.data import questions
from rungwise.posttrain.settings import OnlineSettings
from rungwise.posttrain.shared_prompts import SharedPromptGRPOTrainer
from rungwise.posttrain.subjects import prompt_text, stored
from rungwise.posttrain.symbols import Rows, rows
from rungwise.posttrain.watch import Reward, Watcher
from rungwise.scoring.reward import make_choice_reward, make_trl_reward


def train(run: Run) -> dict[str, Any]:
    """Train (or resume) and leave the model in ``out/model``; returns steps, seconds and facts about CAPT."""
    settings = run.recipe.grpo
    clock = Clock(run.out, settings.seconds, run.progress)
    resume = last_checkpoint(run.out)
    shown = rows(run.recipe, "questions", questions(run.recipe, settings), solutions=False)
    watcher = Watcher(run, settings, make_reward(run, settings))
    trainer = SharedPromptGRPOTrainer(
        model=run.model,
        processing_class=run.tokenizer,
        reward_funcs=watcher.causal_reward,
        train_dataset=question_rows(run, shown),
        args=GRPOConfig(**online_settings(run, settings), beta=settings.beta),
        callbacks=[watcher, clock],
    )
    run_trainer(trainer, resume)
    save_trained(trainer, run.out / "model")
    return {"steps": trainer.state.global_step, "seconds": clock.seconds, **shown.facts}


def make_reward(run: Run, settings: OnlineSettings) -> Reward:
    """What GRPO and PPO pay."""
    prefill, limit = opening(run.tokenizer), settings.max_completion
    if run.recipe.data:
        return make_choice_reward(run.recipe.reward, prefill, limit)
    return make_trl_reward(run.recipe.view, run.recipe.reward, prefill, limit)


def question_rows(run: Run, shown: Rows) -> Dataset:
    """Fresh questions: the prompt, and the problem for the reward."""
    chats = bool(run.tokenizer.chat_template)
    return Dataset.from_list(
        [
            {"prompt": chat(text) if chats else text, "problem": stored(subject)}
            for subject in shown.subjects
            for text in shown.shown(subject, [prompt_text(subject, run.recipe.view)])
        ]
    )


def online_settings(run: Run, settings: OnlineSettings) -> dict[str, Any]:
    """What GRPO and PPO tell TRL."""
    return {
        **trainer_settings(run, settings, settings.prompts * settings.group // settings.updates),
        "steps_per_generation": settings.updates * settings.accumulate,
        "num_generations": settings.group,
        "max_completion_length": settings.max_completion,
        "temperature": settings.temperature,
        "epsilon": settings.clip,
        "mask_truncated_completions": True,
        **({} if settings.vllm == "off" else {"use_vllm": True, "vllm_mode": settings.vllm}),
    }
