"""What SFT, DPO and KTO share: how a solution is written after its question, as text and as token ids, and in what
order rows are seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from transformers import PreTrainedTokenizerBase

from rungwise.posttrain.common import chat, opening
from rungwise.wording.answers import after_think

T = TypeVar("T")


def after_prompt(completion: str, tokenizer: PreTrainedTokenizerBase) -> str:
    """What the model has to write: where the chat template opens the reasoning, the steps are the reasoning, which is
    closed before the last line, the answer."""
    return after_think(completion) if opening(tokenizer) else completion


def prompt_ids(prompt: str, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Token ids of a prompt, as generation makes them."""
    if tokenizer.chat_template:
        ids: list[int] = tokenizer.apply_chat_template(chat(prompt), add_generation_prompt=True, return_dict=False)
    else:
        ids = tokenizer(prompt)["input_ids"]
    return ids


def completion_ids(text: str, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Token ids of a completion and its end. Tokenized as one text with the prompt, tokens could merge across the
    boundary, and templates show the prompt another way."""
    return [*tokenizer(text, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]


def similar_length(rows: Sequence[T], batch: int, length: Callable[[T], int], rng: np.random.Generator) -> list[T]:
    """The rows so ordered that those of a batch are of similar length: within every eight batches they are sorted,
    then the batches shuffled."""
    ordered: list[T] = []
    for first in range(0, len(rows), 8 * batch):
        part = sorted(rows[first : first + 8 * batch], key=length)
        batches = [part[i : i + batch] for i in range(0, len(part), batch)]
        ordered += [row for i in rng.permutation(len(batches)) for row in batches[i]]
    return ordered
