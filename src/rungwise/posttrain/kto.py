"""Kahneman-Tversky optimisation (Ethayarajh et al. 2024, arXiv 2402.01306), with TRL's KTOTrainer.

Objective (section 4): the mean over single completions of 1 - sigmoid(beta (r - z)) where the completion is
right and 1 - sigmoid(beta (z - r)) where it is wrong, both weighing 1; r is the completion's log-probability less the
one that the start model gives it, z the same for completions of other prompts, averaged over the batch and not below 0:
an estimate of how far the model has moved from the start model, without gradient. With ``negatives`` "none" there are
right completions alone.

The completions are those of the pairs of ``preferences``, one to one; right and wrong ones take turns, so that every
batch holds both. For z a prompt is paired with the completion of the row before it, or of the nearest one before that
has another prompt. z is estimated, and clamped, within each of the parts that a step's rows are split into
(``accumulate``, processes), as in the paper and in TRL: so splitting changes the update slightly once the model has
moved, and a part needs two rows. Differences from CauGym's KTO (arXiv 2602.06337): all weights unless ``lora`` is set,
worked solutions rendered from the steps instead of reworded by a language model. TRL switches dropout off, that of
adapters too.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Any

from datasets import IterableDataset
from transformers import TrainerCallback
from trl import KTOConfig, KTOTrainer

from rungwise.errors import UserError
from rungwise.posttrain.common import Run, trainer_settings
from rungwise.posttrain.preferences import Pair, start_model, train_on_pairs
from rungwise.posttrain.solutions import similar_length
from rungwise.problems.streams import stream

Row = dict[str, Any]


def train(run: Run) -> dict[str, Any]:
    """Train (or resume) and leave the model in ``out/model``; returns steps, seconds and facts about the pairs.

    Raises:
        UserError: a part of a step's rows is a single one.
    """
    rows_a_part(run)  # before pairs are made
    return train_on_pairs(run, run.recipe.kto, make_trainer)


def rows_a_part(run: Run) -> int:
    """Rows that a process reads at once.

    Raises:
        UserError: it is a single one.
    """
    batch: int = run.recipe.kto.batch
    part: int = trainer_settings(run, run.recipe.kto, batch)["per_device_train_batch_size"]
    if part < 2:
        raise UserError(f"KTO needs two rows in each part of a step, but kto.batch={batch} is split into single ones")
    return part


def make_trainer(run: Run, pairs: list[Pair], done: int, callbacks: list[TrainerCallback]) -> TokenKTOTrainer:
    """The trainer, with the rows that come after ``done`` steps; ``run.model`` must still be the start model."""
    settings, seed = run.recipe.kto, run.recipe.seed
    rows = partial(completion_stream, pairs, settings.batch, rows_a_part(run), seed, done * settings.batch)
    return TokenKTOTrainer(
        model=run.model,
        ref_model=start_model(run),
        processing_class=run.tokenizer,
        train_dataset=IterableDataset.from_generator(rows),
        args=KTOConfig(
            **trainer_settings(run, settings, settings.batch),
            ignore_data_skip=True,  # the rows start where the checkpoint ends
            max_length=None,
            beta=settings.beta,
        ),
        callbacks=callbacks,
    )


class TokenKTOTrainer(KTOTrainer):  # type: ignore[misc]
    """Takes rows of token ids, those for the estimate of z included. The parent would tokenize prompt and completion as
    one text, whose tokens can merge across the boundary, and see the rows in the same order again and again."""

    def _prepare_dataset(self, dataset: Any, *_: Any) -> Any:
        return dataset


def completion_stream(pairs: list[Pair], batch: int, part: int, seed: int, start: int = 0) -> Iterator[Row]:
    """Endless rows from row ``start`` (a multiple of ``part``) on: each epoch shuffled, rows of similar length beside
    each other, right and wrong ones in turn; those of one pair are not neighbours."""
    rows_a_pair = 2 if pairs[0].rejected_ids else 1
    epoch, skipped = divmod(start, rows_a_pair * len(pairs))
    return with_unrelated(islice(_rows(pairs, max(1, batch // rows_a_pair), seed, epoch), skipped, None), part)


def _rows(pairs: list[Pair], pairs_a_batch: int, seed: int, epoch: int) -> Iterator[Row]:
    while True:
        rng = stream("kto", seed, epoch)
        shuffled = [pairs[i] for i in rng.permutation(len(pairs))]
        ordered = similar_length(shuffled, pairs_a_batch, lambda pair: pair.length, rng)
        for pair, other in zip(ordered, ordered[2:] + ordered[:2], strict=True):
            yield {"prompt_ids": pair.prompt_ids, "completion_ids": pair.chosen_ids, "label": True}
            if other.rejected_ids:
                yield {"prompt_ids": other.prompt_ids, "completion_ids": other.rejected_ids, "label": False}
        epoch += 1


def with_unrelated(rows: Iterator[Row], part: int) -> Iterator[Row]:
    """The rows, each with a completion of another prompt of its part, whose rows are a batch of the trainer's."""
    while True:
        batch = list(islice(rows, part))
        for i, row in enumerate(batch):
            before = [batch[i - k] for k in range(1, part)]
            unrelated = next((other for other in before if other["prompt_ids"] != row["prompt_ids"]), before[0])
            yield {**row, "KL_completion_ids": unrelated["completion_ids"]}
