"""How much memory a training step needs, from the model's shapes and the rows' lengths alone.

Bytes on one process, where b is the width of a number (4 for float32, 2 for bfloat16):

- weights: b for every parameter (4 bits and a scale for every 64: 9/16 of a byte, where quantised); gradients: b for
  every trained one; optimizer: 2 b for every trained one (AdamW's two moments), 12 bytes under FSDP and DeepSpeed,
  which keep moments and weights in float32; reference: b for every parameter, where a copy of the start model is
  kept. Each divided by the processes that share it.
- activations, what a forward pass keeps for the backward pass: for each layer and token, (10 hidden + c inner) b,
  with c = 1 for a ReLU, whose output is all that its gradient needs, 2 for another function and 4 for a gated one;
  and for each layer and row, a mask of queries x keys numbers. Attention itself keeps nothing else (FlashAttention,
  arXiv 2205.14135); with the scores kept as well, and dropout, it would be the count of arXiv 2205.05198, equation 1.
  One layer more for the gradients of the layer that the backward pass is at. Where they are made again in the
  backward pass (activation checkpointing), a layer keeps its input alone, hidden b for each token, and two layers
  count in full.
- where prompts are read once for their group (``shared_prompts``): tokens of the distinct prompts and of all
  completions, and for each layer and completion the keys and values of its whole row, 2 hidden b for each token.
- logits: four bytes x vocabulary for each token whose logits are made at once, COPIES times (logits, scaled logits,
  log-probabilities, their gradients and what the entropy needs).
- cache: keys and values of all rows that are sampled at once, 2 layers x kv b for each token. It is not there at
  the same time as activations and logits: the larger of both counts, SLACK times, for what allocators hold besides.

On the embedded model that was 0.9 of the measured peak for SFT and 1.1 of it for GRPO (a test keeps it within 1.5).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

COPIES = 6
SLACK = 1.25

TILE = 4096
"""Tokens whose logits TRL makes at once (``trl.kernels.chunked_logprob``) ..."""
TILE_WIDTH = 32768
"""... for so many entries of the vocabulary."""


@dataclass(frozen=True)
class Rows:
    """What one process holds at once.

    Attributes:
        update: rows of a forward and backward pass.
        prompt, completion: tokens of the longest.
        prompts: distinct prompts among the rows, where each is read once; 0 where every row reads its own.
        sampled: completions that are sampled at once; 0 where none are.
    """

    update: int
    prompt: int
    completion: int
    prompts: int = 0
    sampled: int = 0


@dataclass(frozen=True)
class Memory:
    """Bytes on one process."""

    weights: int
    gradients: int
    optimizer: int
    reference: int
    activations: int
    logits: int
    cache: int

    @property
    def total(self) -> int:
        """All that is there at the same time."""
        fixed = self.weights + self.gradients + self.optimizer + self.reference
        return fixed + int(SLACK * max(self.activations + self.logits, self.cache))


@dataclass(frozen=True)
class Shards:
    """Over how many processes each is divided; ``wide``: moments and a copy of the weights in float32; ``remade``:
    activations are checkpointed."""

    weights: int = 1
    gradients: int = 1
    optimizer: int = 1
    wide: bool = False
    remade: bool = False


@dataclass(frozen=True)
class Parameters:
    """Numbers of all parameters, of the trained ones and of those held in four bits."""

    all: int
    trained: int
    quantised: int = 0


def estimate(
    config: Any, parameters: Parameters, width: int, rows: Rows, reference: bool, shards: Shards | None = None
) -> Memory:
    """The memory of a run.

    Args:
        config: the model's configuration.
        width: bytes of a number.
        reference: whether a copy of the start model is kept.
        shards: by default each process holds everything.
    """
    text, divided = config.get_text_config(), shards or Shards()
    weights = (parameters.all - parameters.quantised) * width + parameters.quantised * 9 // 16
    moments = 12 if divided.wide else 2 * width
    layers, tokens = text.num_hidden_layers, rows.update * (rows.prompt + rows.completion)
    whole, inputs = (2, layers * tokens * text.hidden_size) if divided.remade else (layers + 1, 0)
    return Memory(
        weights=weights // divided.weights,
        gradients=parameters.trained * width // divided.gradients,
        optimizer=parameters.trained * moments // divided.optimizer,
        reference=weights // divided.weights if reference else 0,
        activations=width * (whole * _kept(text, rows) + inputs),
        logits=4 * COPIES * _logits(text.vocab_size, rows),
        cache=2 * layers * width * _kv(text) * rows.sampled * (rows.prompt + rows.completion),
    )


def _kept(text: Any, rows: Rows) -> int:
    """Numbers that a layer keeps for the backward pass."""
    hidden: int = text.hidden_size
    inner: int = getattr(text, "intermediate_size", None) or 4 * hidden
    act = str(getattr(text, "hidden_act", None) or getattr(text, "activation_function", "gelu"))
    gated = act in ("silu", "swish") or "glu" in act or "gated" in act
    a_token = 10 * hidden + (4 if gated else 1 if act == "relu" else 2) * inner
    length = rows.prompt + rows.completion
    if not rows.prompts:
        return rows.update * (length * a_token + length * length)
    read = rows.prompts * (rows.prompt * a_token + rows.prompt**2)
    return read + rows.update * (rows.completion * a_token + length * 2 * hidden + rows.completion * length)


def _logits(vocabulary: int, rows: Rows) -> int:
    """Numbers in a copy of the logits."""
    if not rows.prompts:
        return min(TILE, rows.update * rows.completion) * min(TILE_WIDTH, vocabulary)
    return rows.update * rows.completion * vocabulary


def _kv(text: Any) -> int:
    """Width of a token's keys in a layer, all heads together."""
    heads = text.num_attention_heads
    each = getattr(text, "head_dim", None) or text.hidden_size // heads
    return int(each * (getattr(text, "num_key_value_heads", None) or heads))
