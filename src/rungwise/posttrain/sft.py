"""Supervised fine-tuning on worked solutions, with TRL's SFTTrainer.

Objective: mean cross-entropy of the solution's tokens given the prompt. In the slots view every solution is redrawn
each time it is seen (letters, variable order and with it slots, which value is called 0), so that a small set of
solutions teaches the reasoning and not the symbols: CAPT's intervention (arXiv 2506.09433) at no cost. In the other
views its phrasing is drawn anew each time (``wording.solution_phrasings``), and with ``capt`` symbols stand in place of
names in the natural view. Differences from CauGym's SFT (arXiv
2602.06337): all weights instead of LoRA unless ``lora`` is set, solutions rendered from the worked steps, and reworded
by a language model only where ``reworded`` names a file of such. Without ``guidance`` the solution is the final answer
alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from datasets import IterableDataset
from transformers import PreTrainedTokenizerBase
from trl import SFTConfig, SFTTrainer

from rungwise.posttrain.common import (
    Clock,
    Run,
    last_checkpoint,
    run_trainer,
    save_trained,
    steps_done,
    trainer_settings,
)
from rungwise.posttrain.data import solved
from rungwise.posttrain.rewording import read_reworded
from rungwise.posttrain.settings import SFTSettings
from rungwise.posttrain.solutions import after_prompt, completion_ids, prompt_ids, similar_length
from rungwise.posttrain.subjects import Subject, completion_text, prompt_text
from rungwise.posttrain.symbols import Rows, rows
from rungwise.problems.problem import Problem
from rungwise.problems.streams import stream
from rungwise.wording.slots import redraw


def train(run: Run) -> dict[str, Any]:
    """Train (or resume) and leave the model in ``out/model``; returns steps, seconds and facts about CAPT."""
    shown = rows(run.recipe, "sft", solved(run.recipe))
    trainer, clock = make_trainer(run, run.recipe.sft, "sft", shown)
    run_trainer(trainer, last_checkpoint(run.out))
    save_trained(trainer, run.out / "model")
    return {"steps": trainer.state.global_step, "seconds": clock.seconds, **shown.facts}


def make_trainer(run: Run, settings: SFTSettings, method: str, shown: Rows) -> tuple[SFTTrainer, Clock]:
    """The trainer, with the worked solutions that come after the last checkpoint, and its clock; ``method`` names the
    stream that orders and redraws them, so that SFT after a cold start sees them in new dress."""
    clock = Clock(run.out, settings.seconds, run.progress)
    start = steps_done(last_checkpoint(run.out)) * settings.batch
    # Not as gen_kwargs: there a list is taken for shards, and the first of our endless ones would be all that is read.
    recipe, problems = run.recipe, [one for one in shown.subjects if isinstance(one, Problem)]
    worded = read_reworded(Path(recipe.reworded), problems, recipe.view) if recipe.reworded else {}
    given = (shown.subjects, recipe.view, settings.batch, recipe.seed, method, start, recipe.guidance, worded, shown)
    texts = IterableDataset.from_generator(partial(solutions_stream, *given))
    trainer = SFTTrainer(
        model=run.model,
        processing_class=run.tokenizer,
        train_dataset=texts.map(partial(token_row, tokenizer=run.tokenizer), remove_columns=["prompt", "completion"]),
        args=SFTConfig(
            **trainer_settings(run, settings, settings.batch),
            ignore_data_skip=True,  # the rows start where the checkpoint ends; to skip the others one by one takes long
            max_length=None,
            completion_only_loss=True,
            weight_decay=0.01,
        ),
        callbacks=[clock],
    )
    return trainer, clock


def solutions_stream(
    solutions: Sequence[Subject],
    view: str,
    batch: int,
    seed: int,
    method: str,
    start: int = 0,
    guidance: bool = True,
    reworded: Mapping[str, str] | None = None,
    capt: Rows | None = None,
) -> Iterator[dict[str, str]]:
    """Endless (prompt, completion) rows from row ``start`` on: each epoch shuffled and redrawn, rows of similar length
    beside each other. Of a solution that is in ``reworded`` (by problem id) these words are taken half of the time.
    ``capt`` puts fresh symbols in place of names in each epoch."""
    epoch, skipped = divmod(start, len(solutions))
    while True:
        rng = stream(method, seed, epoch)
        seen = []
        for i in rng.permutation(len(solutions)):
            one = solutions[i]
            subject = redraw(one, rng) if view == "slots" and isinstance(one, Problem) else one
            completion = completion_text(subject, view, guidance, rng)
            if reworded and subject.id in reworded and rng.random() < 0.5:
                completion = reworded[subject.id]
            texts = (prompt_text(subject, view), completion)
            prompt, completion = capt.shown(subject, texts, epoch) if capt else texts
            seen.append({"prompt": prompt, "completion": completion})
        yield from similar_length(seen, batch, lambda row: len(row["prompt"]), rng)[skipped:]
        epoch, skipped = epoch + 1, 0


def token_row(row: dict[str, str], tokenizer: PreTrainedTokenizerBase) -> dict[str, list[int]]:
    """Token ids of prompt, completion and end; the mask is 1 on the latter two."""
    asked = prompt_ids(row["prompt"], tokenizer)
    written = completion_ids(after_prompt(row["completion"], tokenizer), tokenizer)
    return {"input_ids": [*asked, *written], "completion_mask": [0] * len(asked) + [1] * len(written)}
