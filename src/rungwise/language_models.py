"""Local Hugging Face language models: loading them, and batched generation."""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from rungwise.errors import UserError
from rungwise.files import read_json

EMBEDDED = "embedded"
"""The name of the base model that ships inside the package."""

THINK = "<think>"

SMALL = 20_000_000
"""Parameters below which a model on a CPU generates with one thread."""

Conversation = Sequence[Mapping[str, str]]
"""Messages, each with a "role" (system, user or assistant) and a "content"; the model writes the next."""

_HUB_ID = re.compile(r"[\w.-]+(/[\w.-]+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model wrote after a prompt.

    Attributes:
        cut_off: it was stopped by the limit, not by itself.
        thinking: its reasoning, where that came apart from the text.
        prompt_tokens, completion_tokens: as the backend counts them.
    """

    text: str
    cut_off: bool
    thinking: str = ""
    prompt_tokens: int = field(default=0, compare=False)
    completion_tokens: int = field(default=0, compare=False)


def load_model(name: str | Path, device: str | None = None, bits: int = 0) -> tuple[Any, Any]:
    """(model, tokenizer) from a folder, the Hugging Face hub or, as "embedded", the package, in evaluation mode.

    A LoRA adapter, in a folder or on the hub, is loaded on its base model and merged. Only safetensors weights are read
    and no code of the model's is run. The hub is asked only for what can't be a path. With ``bits`` 4 the weights are
    held in nf4 and computed with in bfloat16 (bitsandbytes, on CUDA).

    Raises:
        UserError: no such folder or model, or an extra is not installed.
    """
    torch, transformers = require("torch"), require("transformers")
    folder = local_folder(str(name))
    if device is None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if folder is not None and (folder / "adapter_config.json").exists():
        return _with_adapter(folder, device)
    place = str(folder or name)
    silence = None if folder else _hub_silence(place)
    if folder is None and (adapter := _hub_adapter(place, silence is not None)) is not None:
        return _with_adapter(adapter, device)
    safe = {"trust_remote_code": False, "local_files_only": folder is not None or silence is not None}
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(place, padding_side="left", **safe)
        model, info = transformers.AutoModelForCausalLM.from_pretrained(
            place,
            use_safetensors=True,
            dtype=torch.float32 if device == "cpu" else "auto",
            output_loading_info=True,
            **(_in_four_bits(device) if bits else {}),
            **safe,
        )
    except (OSError, ValueError, KeyError, ImportError, RuntimeError, require("safetensors").SafetensorError) as error:
        if silence is not None:
            found = f"no such folder here, no copy in the cache, and the Hugging Face hub: {_first_line(silence)}"
            raise UserError(f"can't load the model {place!r}: {found}") from error
        raise UserError(f"can't load the model {place!r}: {_first_line(error)}") from error
    if info["missing_keys"]:  # the library would fill them with random numbers and go on
        raise UserError(f"the model {place!r} is incomplete: no weights for {min(info['missing_keys'])}")
    return (model if bits else model.to(device)).eval(), tokenizer


def _in_four_bits(device: str) -> dict[str, Any]:
    nf4 = require("transformers").BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=require("torch").bfloat16
    )
    return {"quantization_config": nf4, "device_map": {"": device}}


def load_skeleton(name: str | Path) -> tuple[Any, Any]:
    """(model, tokenizer) as ``load_model`` would load them, but of the model the shapes alone: its parameters are on
    torch's meta device, so that any size takes a second and no memory. Of an adapter's folder, its base model.

    Raises:
        UserError: no such folder or model, or an extra is not installed.
    """
    torch, transformers = require("torch"), require("transformers")
    folder = local_folder(str(name))
    if folder is not None and (folder / "adapter_config.json").exists():
        name = read_json(folder / "adapter_config.json").get("base_model_name_or_path") or name
        folder = local_folder(str(name))
    place = str(folder or name)
    silence = None if folder else _hub_silence(place)
    safe = {"trust_remote_code": False, "local_files_only": folder is not None or silence is not None}
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(place, padding_side="left", **safe)
        config = transformers.AutoConfig.from_pretrained(place, **safe)
        with torch.device("meta"):
            model = transformers.AutoModelForCausalLM.from_config(config, trust_remote_code=False)
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        raise UserError(f"can't load the model {place!r}: {_first_line(silence or error)}") from error
    return model, tokenizer


def _hub_silence(name: str) -> Exception | None:
    """Why the hub can't provide a model, None when it can. Asked once, because the hub's own client retries for
    minutes where there is no network."""
    try:
        require("huggingface_hub").HfApi().model_info(name, timeout=10)
    except Exception as error:  # whatever the network layer raises, the next step is the same: the local cache
        return error
    return None


def _hub_adapter(name: str, cached: bool) -> Path | None:
    """The local copy of a hub repository that holds an adapter; None where it holds a whole model, or can't be had."""
    hub = require("huggingface_hub")
    try:
        hub.hf_hub_download(name, "adapter_config.json", local_files_only=cached)
        return Path(hub.snapshot_download(name, local_files_only=cached, ignore_patterns=["*.bin", "*.pt", "*.gguf"]))
    except Exception:  # no such file: what is wrong with the repository, if anything, loading a model will say
        return None


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0] or type(error).__name__


def local_folder(name: str) -> Path | None:
    """The folder that ``name`` stands for ("embedded": the package's), or None for the id of a model on the hub.

    Raises:
        UserError: it is a path, and there is no model folder.
    """
    path = Path(str(files("rungwise"))) / "embedded" if name == EMBEDDED else Path(name).expanduser()
    if path.is_dir():
        if not (path / "config.json").exists() and not (path / "adapter_config.json").exists():
            raise UserError(f"{name} is no model folder: it has no config.json")
        return path
    # "runs/model" has the form of a hub id; where the folder runs/ exists it is a path with a slip in it.
    slip = "/" in name and path.parent.is_dir()
    if slip or name == EMBEDDED or path.exists() or name.startswith(".") or not _HUB_ID.fullmatch(name):
        raise UserError(f"there is no model folder {name}")
    return None


def require(module: str, extra: str = "train") -> Any:
    """The module of an extra.

    Raises:
        UserError: it is not installed.
    """
    if importlib.util.find_spec(module) is None:
        raise UserError(f'this needs {module}: pip install "rungwise[{extra}]"')
    return importlib.import_module(module)


def _with_adapter(folder: Path, device: str) -> tuple[Any, Any]:
    peft = require("peft", "lora")
    base = read_json(folder / "adapter_config.json").get("base_model_name_or_path")
    if not base:
        raise UserError(f"{folder}/adapter_config.json does not name its base model")
    model, tokenizer = load_model(base, device)
    if (folder / "tokenizer_config.json").exists():
        transformers = require("transformers")
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            folder, padding_side="left", trust_remote_code=False, local_files_only=True
        )
    try:
        merged = peft.PeftModel.from_pretrained(model, str(folder)).merge_and_unload()
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise UserError(f"can't load the adapter {folder}: {_first_line(error)}") from error
    return merged.eval(), tokenizer


def generate_texts(
    model: Any,
    tokenizer: Any,
    prompts: Sequence[str],
    *,
    max_new_tokens: int,
    samples: int = 1,
    temperature: float = 0.0,
    top_p: float = 1.0,
    batch_size: int = 64,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> list[list[str]]:
    """What the model writes after each prompt, ``samples`` texts a prompt, without special tokens.

    A chat template is applied where the tokenizer has one. ``temperature`` 0 decodes greedily. ``batch_size``
    counts sequences. The same seed and batch size give the same texts. ``progress(done, of)`` counts prompts.

    Raises:
        UserError: a setting out of range, or a prompt that fills the model's whole context.
    """
    texts: list[list[str]] = [[] for _ in prompts]
    done = 0
    for indices, completions in generate_batches(
        model, tokenizer, prompts, max_new_tokens=max_new_tokens, samples=samples, temperature=temperature,
        top_p=top_p, batch_size=batch_size, seed=seed,
    ):  # fmt: skip
        for i, found in zip(indices, completions, strict=True):
            texts[i] = [completion.text for completion in found]
        done += len(indices)
        if progress:
            progress(done, len(prompts))
    return texts


def generate_batches(
    model: Any,
    tokenizer: Any,
    prompts: Sequence[str | Conversation],
    *,
    max_new_tokens: int,
    samples: int,
    temperature: float,
    top_p: float,
    batch_size: int,
    seed: int,
    skip: Container[int] = (),
) -> Iterator[tuple[list[int], list[list[Completion]]]]:
    """Pairs (indices of prompts, their completions), longest prompts first.

    Batches, and the random numbers in each, depend on prompts, sizes and seed alone, and prompts in ``skip`` are left
    out of theirs; so leaving out whole batches changes nothing in the others: a resumed run writes what an
    uninterrupted one would have written.

    Raises:
        UserError: see ``generate_texts``.
    """
    import torch

    _check_settings(max_new_tokens, samples, temperature, top_p, batch_size)
    rendered = [render(tokenizer, prompt) for prompt in prompts]
    ids = [token_ids(tokenizer, text) for text in rendered]
    context = getattr(model.config, "max_position_embeddings", None)
    order = sorted(range(len(prompts)), key=lambda i: (-len(ids[i]), i))
    for i in order[:1]:
        if context is not None and len(ids[i]) >= context:
            raise UserError(f"a prompt has {len(ids[i])} tokens and the model's context {context}; use another view")
    width = max(1, batch_size // samples)
    for start in range(0, len(order), width):
        indices = [i for i in order[start : start + width] if i not in skip]
        if not indices:
            continue
        room = max_new_tokens if context is None else min(max_new_tokens, context - len(ids[indices[0]]))
        settings = _settings(model, tokenizer, room, samples, temperature, top_p)
        batch = tokenizer.pad({"input_ids": [ids[i] for i in indices]}, padding_side="left", return_tensors="pt")
        with _threads(model), torch.random.fork_rng(devices=_cuda(model)), torch.inference_mode():
            torch.manual_seed(_batch_seed(seed, start))
            out_B_T = model.generate(
                input_ids=batch["input_ids"].to(model.device),
                attention_mask=batch["attention_mask"].to(model.device),
                generation_config=settings,
            )
        found = [
            _completion(tokenizer, row, settings.eos_token_id, rendered[at := indices[k // samples]], len(ids[at]))
            for k, row in enumerate(out_B_T[:, batch["input_ids"].shape[1] :].tolist())
        ]
        yield indices, [found[k : k + samples] for k in range(0, len(found), samples)]


def _check_settings(max_new_tokens: int, samples: int, temperature: float, top_p: float, batch_size: int) -> None:
    for name, value in (("max_new_tokens", max_new_tokens), ("samples", samples), ("batch_size", batch_size)):
        if value < 1:
            raise UserError(f"{name} must be at least 1, got {value}")
    if temperature < 0 or not 0 < top_p <= 1:
        raise UserError(f"temperature must be 0 or more and top_p in (0, 1], got {temperature} and {top_p}")
    if samples > 1 and temperature == 0:
        raise UserError("several samples at temperature 0 are all the same; set a temperature, such as 0.6")


def render(tokenizer: Any, prompt: str | Conversation) -> str:
    """A prompt as its model wants it: by the chat template; where there is none, the messages one after the other."""
    messages = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else list(prompt)
    if tokenizer.chat_template:
        return str(tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False))
    before = [
        message["content"].rstrip("\n") + ("\n\n" if message["role"] == "assistant" else "\n")
        for message in messages[:-1]
    ]
    return "".join([*before, messages[-1]["content"]])


def token_ids(tokenizer: Any, rendered: str) -> list[int]:
    """Of a rendered prompt; a template has written its own special tokens."""
    found: list[int] = tokenizer(rendered, add_special_tokens=not tokenizer.chat_template)["input_ids"]
    return found


def after_opening(rendered: str, text: str) -> str:
    """What a model wrote, with the ``<think>`` that a template opened for it: the scorer must see both ends."""
    return THINK + text if rendered.rstrip().endswith(THINK) else text


def _settings(model: Any, tokenizer: Any, room: int, samples: int, temperature: float, top_p: float) -> Any:
    """Everything stated, because what is not would be taken from the model's own generation_config: checkpoints
    bring penalties and cut-offs that would silently become part of the measurement."""
    from transformers import GenerationConfig

    stop = model.generation_config.eos_token_id
    stop = tokenizer.eos_token_id if stop is None else stop
    stops = stop if isinstance(stop, list) else [] if stop is None else [stop]
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    sampled = temperature > 0
    return GenerationConfig(
        max_new_tokens=room,
        num_return_sequences=samples,
        num_beams=1,
        do_sample=sampled,
        temperature=temperature if sampled else 1.0,
        top_p=top_p if sampled else 1.0,
        top_k=0 if sampled else 50,  # 50 is the library's own default, with which it does not warn
        repetition_penalty=1.0,
        no_repeat_ngram_size=0,
        eos_token_id=stops or None,
        pad_token_id=tokenizer.pad_token_id,
    )


def _completion(tokenizer: Any, ids: list[int], stops: list[int] | None, prompt: str, length: int) -> Completion:
    ends = [i for i, token in enumerate(ids) if token in (stops or ())]
    written = ids[: ends[0]] if ends else ids
    text = tokenizer.decode(written, skip_special_tokens=True)
    return Completion(after_opening(prompt, text), not ends, "", length, len(written))


def _cuda(model: Any) -> list[Any]:
    return [model.device] if model.device.type == "cuda" else []


@contextmanager
def _threads(model: Any) -> Iterator[None]:
    """One thread for a small model on a CPU: its operations are too short to share, and threads that wait for each
    other on a busy machine make a step ten times slower."""
    import torch

    threads = torch.get_num_threads()
    if model.device.type == "cpu" and model.num_parameters() < SMALL:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _batch_seed(seed: int, start: int) -> int:
    from rungwise.problems.streams import stream

    return int(stream("generate", seed, start).integers(2**63))
