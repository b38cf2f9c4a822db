"""Direct preference optimisation (Rafailov et al. 2023, arXiv 2305.18290), with TRL's DPOTrainer.

Objective (equation 7): for a prompt with a right and a wrong completion, -log sigmoid(beta (r_right - r_wrong)), where
r is a completion's log-probability less the one that the start model gives it. With ``nll`` > 0 the mean cross-entropy
of the right completions' tokens, so weighted, is added (Pang et al. 2024, arXiv 2404.19733, equation 1, which takes the
mean for each completion instead): DPO alone is content when the right completion's probability falls as well, as long
as the wrong one's falls faster.

The pairs are those of ``preferences``. Differences from CauGym's DPO (arXiv 2602.06337): all weights unless ``lora`` is
set, worked solutions rendered from the steps instead of reworded by a language model. TRL switches dropout off, that of
adapters too. Splitting a step's rows (``accumulate``) changes nothing while ``nll`` is 0; else the tokens of a part,
not of the step, weigh the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from datasets import IterableDataset
from transformers import TrainerCallback
from trl import DPOConfig, DPOTrainer

from rungwise.posttrain.common import Run, trainer_settings
from rungwise.posttrain.preferences import Pair, start_model, train_on_pairs
from rungwise.posttrain.solutions import similar_length
from rungwise.problems.streams import stream


def train(run: Run) -> dict[str, Any]:
    """Train (or resume) and leave the model in ``out/model``; returns steps, seconds and facts about the pairs."""
    return train_on_pairs(run, run.recipe.dpo, make_trainer)


def make_trainer(run: Run, pairs: list[Pair], done: int, callbacks: list[TrainerCallback]) -> TokenDPOTrainer:
    """The trainer, with the rows that come after ``done`` steps; ``run.model`` must still be the start model."""
    settings, seed = run.recipe.dpo, run.recipe.seed
    rows = partial(pair_stream, pairs, settings.batch, seed, done * settings.batch)
    return TokenDPOTrainer(
        model=run.model,
        ref_model=start_model(run),
        processing_class=run.tokenizer,
        train_dataset=IterableDataset.from_generator(rows),
        args=DPOConfig(
            **trainer_settings(run, settings, settings.batch),
            ignore_data_skip=True,  # the rows start where the checkpoint ends
            max_length=None,
            beta=settings.beta,
            loss_type=["sigmoid", "sft"] if settings.nll else ["sigmoid"],
            loss_weights=[1.0, settings.nll] if settings.nll else [1.0],
        ),
        callbacks=callbacks,
    )


class TokenDPOTrainer(DPOTrainer):  # type: ignore[misc]
    """Takes rows of token ids. The parent would tokenize prompt and completion as one text, whose tokens can merge
    across the boundary, and let a chat template show the prompt in another way than generation does."""

    def _prepare_dataset(self, dataset: Any, *_: Any) -> Any:
        return dataset


def pair_stream(pairs: list[Pair], batch: int, seed: int, start: int = 0) -> Iterator[dict[str, list[int]]]:
    """Endless rows from row ``start`` on: each epoch shuffled, pairs of similar length beside each other."""
    epoch, skipped = divmod(start, len(pairs))
    while True:
        rng = stream("dpo", seed, epoch)
        shuffled = [pairs[i] for i in rng.permutation(len(pairs))]
        for pair in similar_length(shuffled, batch, lambda pair: pair.length, rng)[skipped:]:
            yield {name: getattr(pair, name) for name in ("prompt_ids", "chosen_ids", "rejected_ids")}
        epoch, skipped = epoch + 1, 0
