"""TRL's GRPOTrainer with each question read once, not once for every completion of its group.

A group's completions share their prompt, and for short answers to long questions reading the prompt is most of the
work. Here the prompt goes through the model once; its keys and values are then repeated for the group, in generation
and in training alike (gradients flow through the repetition, so the sum over the group is what it was). In generation
a finished completion leaves the batch, instead of waiting for the longest one. Completions whose advantage is 0,
those of groups in which all got the same reward, are left out of the update: without a KL term they contribute
nothing. Same objective, same numbers up to rounding; only the time differs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from transformers import Cache, DynamicCache
from transformers.cache_utils import DynamicLayer
from trl import GRPOTrainer

ROOM = 32
"""Tokens by which a cache layer's tensors grow."""

Note = Callable[[int, torch.Tensor, torch.Tensor, torch.Tensor], None]

CROWDED = 0.8
"""Share of unfinished completions below which the finished ones leave the batch; that copies the cache once."""


class SharedPromptGRPOTrainer(GRPOTrainer):  # type: ignore[misc]
    """For text models on one process without vLLM and for plain sampling; anything else goes the parent's way."""

    _note: Note | None = None
    """Told of each token that is sampled, see ``sample``; for subclasses."""

    @property
    def _shares(self) -> bool:
        served = self.use_vllm or self.use_transformers_continuous_batching
        a = self.args
        plain = a.top_p == 1 and not a.top_k and not a.min_p and a.repetition_penalty == 1 and not a.generation_kwargs
        return plain and not served and self.accelerator.num_processes == 1

    def _generate_single_turn(self, prompt_ids: list[list[int]], images: Any, *others: Any, **more: Any) -> Any:
        """(completions' token ids with the end, None), one for each prompt; equal prompts are read once."""
        if not self._shares or images is not None:
            return super()._generate_single_turn(prompt_ids, images, *others, **more)
        device = self.accelerator.device
        places: dict[tuple[int, ...], int] = {}
        which_B = torch.tensor([places.setdefault(tuple(ids), len(places)) for ids in prompt_ids], device=device)
        width = max(map(len, places))
        pad = self.processing_class.pad_token_id
        ids_P_T = torch.tensor([[pad] * (width - len(ids)) + list(ids) for ids in places], device=device)
        mask_P_T = torch.tensor([[0] * (width - len(ids)) + [1] * len(ids) for ids in places], device=device)
        model = self.accelerator.unwrap_model(self.model_wrapped)
        ends = torch.tensor(self.eos_token_ids, device=device)
        temperature = self.temperature if self.generation_config.do_sample else 0.0
        longest = self.args.max_completion_length
        out_B_T = sample(model, ids_P_T, mask_P_T, which_B, temperature, longest, ends, self._note)
        ended_B_T = torch.isin(out_B_T, ends)
        kept = (ended_B_T.int().cumsum(1) - ended_B_T.int()) == 0  # up to and with the first end
        return [ids[mask].tolist() for ids, mask in zip(out_B_T.cpu(), kept.cpu(), strict=True)], None

    def _get_per_token_logps_and_entropies(
        self,
        model: Any,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        logits_to_keep: int,
        batch_size: int | None = None,
        compute_entropy: bool = False,
        **more: Any,
    ) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor | None]:
        """Log-probabilities and entropies of the completions' tokens, of shape (batch, logits_to_keep)."""
        if not self._shares or more.get("pixel_values") is not None or more.get("compute_aux_loss"):
            theirs: tuple[torch.Tensor, torch.Tensor | None, torch.Tensor | None]
            theirs = super()._get_per_token_logps_and_entropies(
                model, input_ids, attention_mask, logits_to_keep, batch_size, compute_entropy, **more
            )
            return theirs
        split = input_ids.shape[1] - logits_to_keep
        ids_P_T, mask_P_T, which_B = distinct(input_ids[:, :split], attention_mask[:, :split])
        cache = DynamicCache()
        with self.accelerator.autocast():
            first_P_V = read(model, ids_P_T, mask_P_T, cache, last=True)[:, -1]
            cache.batch_select_indices(which_B)
            next_B_T_V = read(model, input_ids[:, split:], attention_mask, cache)[:, :-1]
        logits_B_T_V = torch.cat([first_P_V[which_B].unsqueeze(1), next_B_T_V], dim=1).float() / self.temperature
        logs_B_T_V = logits_B_T_V.log_softmax(-1)
        logps = logs_B_T_V.gather(-1, input_ids[:, split:].unsqueeze(-1)).squeeze(-1)
        entropies = -(logs_B_T_V.exp() * logs_B_T_V).sum(-1).detach() if compute_entropy else None
        return logps, entropies, None

    def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> torch.Tensor:
        """The parent's loss, advantages of shape (batch,) or, for single tokens, (batch, tokens)."""
        batch = len(inputs["advantages"])
        rows = inputs["advantages"].reshape(batch, -1).any(1)
        if self.beta == 0 and self._shares and rows.any():
            per_row = {k for k, v in inputs.items() if torch.is_tensor(v) and v.dim() and len(v) == batch}
            inputs = {k: v[rows] if k in per_row else v for k, v in inputs.items()}
            longest = int(inputs["completion_mask"].sum(1).max().clamp(min=1))
            blank = int((inputs["prompt_mask"].sum(0) > 0).int().argmax())
            for name in ("completion_ids", "completion_mask", "old_per_token_logps", "advantages"):
                if inputs.get(name) is not None and inputs[name].dim() == 2:
                    inputs[name] = inputs[name][:, :longest]
            for name in ("prompt_ids", "prompt_mask"):
                inputs[name] = inputs[name][:, blank:]
        loss: torch.Tensor = super()._compute_loss(model, inputs)
        return loss


class RoomyLayer(DynamicLayer):  # type: ignore[misc]
    """A cache layer with room for more tokens: each is written in its place, where the parent copies all that came
    before (two thirds of the time of sampling from a small model). No gradients."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.rooms: list[torch.Tensor] = []

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Add keys and values of shape (batch, heads, new tokens, width); returns all so far."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        before = self.get_seq_length()
        after = before + key_states.shape[-2]
        if not self.rooms or after > self.rooms[0].shape[-2]:
            old: tuple[torch.Tensor, ...] = (self.keys, self.values)  # type: ignore[has-type]
            self.rooms = [
                new.new_empty((*new.shape[:2], after + ROOM, new.shape[3])) for new in (key_states, value_states)
            ]
            if before:
                for room, kept in zip(self.rooms, old, strict=True):
                    room[:, :, :before] = kept
        for room, new in zip(self.rooms, (key_states, value_states), strict=True):
            room[:, :, before:after] = new
        self.keys, self.values = (room[:, :, :after] for room in self.rooms)
        return self.keys, self.values

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        """Keep these rows of the batch."""
        super().batch_select_indices(indices)
        self.rooms = []


@torch.no_grad()
def sample(
    model: Any,
    ids_P_T: torch.Tensor,
    mask_P_T: torch.Tensor,
    which_B: torch.Tensor,
    temperature: float,
    longest: int,
    ends: torch.Tensor,
    note: Note | None = None,
) -> torch.Tensor:
    """Completions of prompts ``which_B``, shape (batch, up to longest), each padded with an end; 0 decodes greedily.
    ``note(place, rows_B, read_B, logps_B)`` is told which rows got a token there, from which rows of what the model had
    just read, and the tokens' log-probabilities."""
    cache = Cache(layer_class_to_replicate=RoomyLayer)
    next_B_V = read(model, ids_P_T, mask_P_T, cache, last=True)[:, -1][which_B]
    cache.batch_select_indices(which_B)
    mask_B_T = mask_P_T[which_B]
    read_B, rows_B = which_B, torch.arange(len(which_B), device=which_B.device)
    out_B_T = ends[0].repeat(len(which_B), longest)
    for place in range(longest):
        scores = next_B_V.float()
        if temperature:
            ids_B = torch.multinomial((scores / temperature).softmax(-1), 1).squeeze(1)
        else:
            ids_B = scores.argmax(-1)
        if note is not None:
            logs_B_V = (scores / (temperature or 1.0)).log_softmax(-1)
            note(place, rows_B, read_B, logs_B_V.gather(-1, ids_B.unsqueeze(1)).squeeze(1))
        out_B_T[rows_B, place] = ids_B
        going = ~torch.isin(out_B_T[rows_B], ends)[:, : place + 1].any(1)
        if not going.any():
            return out_B_T[:, : place + 1]
        if going.sum() < CROWDED * len(going):
            cache.batch_select_indices(going.nonzero().squeeze(1))
            rows_B, ids_B, mask_B_T = rows_B[going], ids_B[going], mask_B_T[going]
        mask_B_T = torch.cat([mask_B_T, torch.ones_like(mask_B_T[:, :1])], dim=1)
        next_B_V = read(model, ids_B.unsqueeze(1), mask_B_T, cache)[:, -1]
        read_B = torch.arange(len(rows_B), device=rows_B.device)
    return out_B_T


def distinct(ids_B_T: torch.Tensor, mask_B_T: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Each different prompt once, its mask, and for every row the place of its prompt: the order is the same whenever
    the rows are."""
    both_P_2T, which_B = torch.unique(torch.cat([ids_B_T, mask_B_T], dim=1), dim=0, return_inverse=True)
    ids_P_T, mask_P_T = both_P_2T.chunk(2, dim=1)
    return ids_P_T, mask_P_T, which_B


def read(model: Any, ids: torch.Tensor, mask: torch.Tensor, cache: Cache, last: bool = False) -> torch.Tensor:
    """Logits of the new tokens ``ids``, shape (batch, new, vocabulary), or of the ``last`` alone; their keys and values
    join the cache. ``mask`` covers the cached tokens, if any, and the new ones; positions count those there."""
    out = model(
        input_ids=ids,
        attention_mask=mask,
        position_ids=(mask.cumsum(-1) - 1).clamp(min=0)[:, -ids.shape[1] :],
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=int(last),
    )
    logits: torch.Tensor = out.logits
    return logits
