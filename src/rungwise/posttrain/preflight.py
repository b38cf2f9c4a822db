"""Before a run: what it will do and need, and a refusal of what cannot work. No weights are loaded."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from accelerate import PartialState
from torch.nn import Linear
from transformers import PreTrainedModel

from rungwise.errors import UserError
from rungwise.language_models import load_skeleton, require
from rungwise.posttrain.common import rows_at_once
from rungwise.posttrain.lengths import Lengths, check_lengths, measured
from rungwise.posttrain.memory import Memory, Parameters, Rows, Shards, estimate
from rungwise.posttrain.models import with_adapters
from rungwise.posttrain.settings import (
    DPOSettings,
    LoRASettings,
    OnlineSettings,
    PreferenceSettings,
    SFTSettings,
    TrainRecipe,
    Updates,
    method_settings,
)

TOO_MUCH, CLOSE = 1.5, 0.8
"""Estimated over free memory from which on a run is refused, and from which on it is warned of."""


@dataclass(frozen=True)
class Preflight:
    """What a run will do and need.

    Attributes:
        parameters: numbers of all, of the trained and of the quantised ones.
        rows: completions, solutions or pairs of an optimizer step, over all processes.
        prompts, group: questions of a generation step and completions of each; 0 where none are sampled.
        limit: tokens that a completion of the model may have.
        tokens: of an optimizer step; where completions are sampled, at most.
        steps: optimizer steps at most; 0: the seconds alone decide.
        seconds: training time at most.
        memory, total, free: estimated bytes on one process, their sum, and what its device has.
    """

    method: str
    model: str
    parameters: Parameters
    device: str
    dtype: str
    processes: int
    rows: int
    prompts: int
    group: int
    limit: int
    lengths: Lengths
    tokens: int
    steps: int
    seconds: float
    memory: Memory
    total: int
    free: int
    warnings: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """The same for people."""
        every, some = self.parameters.all, self.parameters.trained
        trained = "all trained" if some == every else f"{_count(some)} trained"
        where = f"{self.dtype} on {self.device}" + (f", {self.processes} processes" if self.processes > 1 else "")
        yield f"{self.method} of {self.model}: {_count(every)} parameters, {trained}; {where}"
        known = self.lengths
        rows = f"{self.prompts} prompts x {self.group} completions a generation, " if self.group else ""
        yield (
            f"a step: {rows}{self.rows} rows, {'at most ' if self.group else ''}{self.tokens:,} tokens; prompts"
            f" {known.prompt:.0f} on average, {known.prompt_longest} at most; worked solutions {known.solution:.0f} and"
            f" {known.solution_longest}; completions may have {self.limit}"
        )
        steps = f"{self.steps} steps or " if self.steps else ""
        yield f"until: {steps}{self.seconds:g} seconds"
        parts = ", ".join(f"{name} {_size(size)}" for name, size in asdict(self.memory).items() if size)
        yield f"memory: about {_size(self.total)} of {_size(self.free)} free ({parts})"
        for warning in self.warnings:
            yield f"warning: {warning}"


def preflight(recipe: TrainRecipe, method: str, model: str | None) -> Preflight:
    """What training by ``method`` will do and need.

    Raises:
        UserError: it cannot work; one line says why and what to change.
    """
    settings = method_settings(recipe, method)
    check_extras(recipe, settings)
    check_division(recipe.lora)
    name = model or recipe.model
    net, tokenizer = load_skeleton(name)
    parameters = counted(net, recipe.lora)
    rows = rows_a_step(settings)
    at_once = rows_at_once(settings, rows)
    limit = settings.max_completion if isinstance(settings, OnlineSettings) else recipe.grpo.max_completion
    lengths = measured(recipe, settings, name, tokenizer, net.config.get_text_config().vocab_size, limit)
    warnings = [*check_lengths(lengths, settings, net.config, limit)]
    cuda = torch.cuda.is_available()
    dtype = (getattr(net.config, "dtype", None) or torch.float32) if cuda else torch.float32
    memory = estimate(
        net.config,
        parameters,
        dtype.itemsize,
        held_at_once(settings, at_once, lengths, limit),
        needs_reference(recipe, settings),
        shards(),
    )
    free = free_memory()
    warnings += check_memory(memory.total, free, method)
    group = settings.group if isinstance(settings, OnlineSettings) else 0
    prompts = settings.prompts if isinstance(settings, OnlineSettings) else 0
    written = limit if group else lengths.solution
    sides = 2 if isinstance(settings, DPOSettings) else 1
    return Preflight(
        method=method,
        model=name,
        parameters=parameters,
        device="cuda" if cuda else "cpu",
        dtype=str(dtype).removeprefix("torch."),
        processes=PartialState().num_processes,
        rows=rows,
        prompts=prompts,
        group=group,
        limit=limit,
        lengths=lengths,
        tokens=round(sides * rows * (lengths.prompt + written)),
        steps=settings.steps,
        seconds=settings.seconds,
        memory=memory,
        total=memory.total,
        free=free,
        warnings=tuple(warnings),
    )


def check_extras(recipe: TrainRecipe, settings: Updates) -> None:
    """Refuse what needs a package or a device that is not there.

    Raises:
        UserError: which one.
    """
    cuda = torch.cuda.is_available()
    if recipe.lora.rank:
        require("peft", "lora")
    if recipe.lora.bits and not recipe.lora.rank:
        raise UserError("lora.bits=4 loads the base model for adapters: set lora.rank too, such as 16")
    if recipe.lora.bits and not cuda:
        raise UserError("lora.bits=4 needs a CUDA device, and there is none here: use lora.bits=0")
    if recipe.lora.bits and importlib.util.find_spec("bitsandbytes") is None:
        raise UserError("lora.bits=4 needs bitsandbytes: pip install bitsandbytes, or use lora.bits=0")
    if isinstance(settings, OnlineSettings) and settings.vllm != "off":
        if importlib.util.find_spec("vllm") is None:
            raise UserError(f"vllm={settings.vllm} needs vLLM: pip install vllm, or use vllm=off")
        if not cuda:
            raise UserError(f"vllm={settings.vllm} needs a CUDA device, and there is none here: use vllm=off")


def check_division(lora: LoRASettings) -> None:
    """Refuse what the launcher asks for and accelerate cannot do, or does in another way than asked.

    Raises:
        UserError: what to change in its configuration.
    """
    told, divided = os.environ.get, shards().weights > 1
    if divided and lora.bits:
        raise UserError(
            "lora.bits=4 weights can't be divided among processes: use lora.bits=0, or launch without FSDP and ZeRO-3"
        )
    if told("ACCELERATE_USE_FSDP") != "true":
        return
    if not torch.cuda.is_available():
        raise UserError("accelerate divides a model by FSDP on GPUs alone, and there is none here: launch without FSDP")
    if told("FSDP_VERSION") != "2":
        raise UserError("FSDP 1 is not supported: set fsdp_version: 2 in accelerate's configuration")
    if told("FSDP_CPU_RAM_EFFICIENT_LOADING") == "true":
        raise UserError(
            "every process loads the model: set fsdp_cpu_ram_efficient_loading: false in accelerate's configuration"
        )
    if told("FSDP_ACTIVATION_CHECKPOINTING") == "true" and lora.rank:  # peft looks for them under the wrappers' names
        raise UserError("peft would save no adapters: set fsdp_activation_checkpointing: false, or lora.rank=0")


def counted(net: PreTrainedModel, lora: LoRASettings) -> Parameters:
    """The parameters of a model on the meta device, adapters included."""
    if not lora.rank:
        return Parameters(net.num_parameters(), net.num_parameters())
    layers = [layer for name, layer in net.named_modules() if isinstance(layer, Linear) and "lm_head" not in name]
    quantised = sum(layer.weight.numel() for layer in layers) if lora.bits else 0
    with torch.device("meta"):
        adapted = with_adapters(net, lora)
    trained = sum(p.numel() for p in adapted.parameters() if p.requires_grad)
    return Parameters(sum(p.numel() for p in adapted.parameters()), trained, quantised)


def shards() -> Shards:
    """What ``accelerate launch`` says about dividing the model."""
    n, told = PartialState().num_processes, os.environ.get
    if told("ACCELERATE_USE_FSDP") == "true":
        return Shards(n, n, n, True, told("FSDP_ACTIVATION_CHECKPOINTING") == "true")
    if told("ACCELERATE_USE_DEEPSPEED") != "true":
        return Shards()
    stage = int(told("ACCELERATE_DEEPSPEED_ZERO_STAGE") or 2)
    return Shards(n if stage >= 3 else 1, n if stage >= 2 else 1, n if stage >= 1 else 1, True)


def rows_a_step(settings: Updates) -> int:
    """Completions, solutions or pairs of an optimizer step, over all processes."""
    if isinstance(settings, OnlineSettings):
        return settings.prompts * settings.group // settings.updates
    if isinstance(settings, SFTSettings | PreferenceSettings):
        return settings.batch
    raise TypeError(f"{type(settings).__name__} says nothing about rows")


def held_at_once(settings: Updates, rows: int, lengths: Lengths, limit: int) -> Rows:
    """What a process holds at once."""
    prompt, solution = lengths.prompt_longest, lengths.solution_longest
    if isinstance(settings, OnlineSettings):
        processes = PartialState().num_processes
        sampled = settings.prompts * settings.group // processes if settings.vllm == "off" else 0
        shared = processes == 1 and settings.vllm == "off"
        # Rows of a group stand beside each other, except where a generation is shuffled into several updates.
        prompts = min(settings.prompts, rows if settings.updates > 1 else -(-rows // settings.group)) if shared else 0
        return Rows(rows, prompt, limit, prompts, sampled)
    return Rows(2 * rows if isinstance(settings, DPOSettings) else rows, prompt, solution)


def needs_reference(recipe: TrainRecipe, settings: Updates) -> bool:
    """Whether a copy of the start model is kept: adapters need none, they are switched off instead."""
    if recipe.lora.rank:
        return False
    return isinstance(settings, PreferenceSettings) or (isinstance(settings, OnlineSettings) and settings.beta > 0)


def check_memory(total: int, free: int, method: str) -> Iterator[str]:
    """Warn where memory is short.

    Raises:
        UserError: it can't be enough.
    """
    if total > TOO_MUCH * free:
        raise UserError(
            f"this needs about {_size(total)} of memory and {_size(free)} is free: set {method}.accumulate higher,"
            f" fewer rows a step, or lora.rank"
        )
    if total > CLOSE * free:
        yield (
            f"this needs about {_size(total)} of memory and {_size(free)} is free: if it runs out, set"
            f" {method}.accumulate higher, fewer rows a step, or lora.rank"
        )


def free_memory() -> int:
    """Bytes that a process can still get on its device: on a CPU its share of what the machine or its container has."""
    if torch.cuda.is_available():
        return int(torch.cuda.mem_get_info()[0])
    free = int(require("psutil").virtual_memory().available)
    group = Path("/sys/fs/cgroup")
    try:
        allowed = (group / "memory.max").read_text().strip()
        if allowed != "max":
            free = min(free, int(allowed) - int((group / "memory.current").read_text()))
    except (OSError, ValueError):  # no such limit here
        pass
    return free // int(os.environ.get("LOCAL_WORLD_SIZE", 1))


def _count(n: int) -> str:
    for size, name in ((10**9, "billion"), (10**6, "million")):
        if n >= size:
            return f"{n / size:.3g} {name}"
    return f"{n:,}"


def _size(n: int) -> str:
    return f"{n / 2**30:.2g} GiB" if n >= 2**30 else f"{n / 2**20:.0f} MiB"
