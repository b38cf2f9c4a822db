"""Hugging Face models on this machine: in batches of similar length, on a GPU where there is one."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rungwise.errors import UserError
from rungwise.evaluate.backends import Load, Sample, Take
from rungwise.evaluate.protocol import Message, Sampling
from rungwise.files import read_json
from rungwise.language_models import generate_batches, load_skeleton, local_folder, render, require, token_ids

DECIDING = (".json", ".safetensors", ".jinja", ".model", ".txt")
"""Endings of the files of a model's folder that decide what it writes."""

HASHED = 1 << 30
"""Bytes: of larger files size and time stand for the content, so that a run begins before they are all read."""


@dataclass(frozen=True)
class Local:
    """A folder, a hub id or "embedded"; ``batch_size`` counts texts generated at once."""

    name: str
    batch_size: int
    load: Load

    def version(self) -> dict[str, Any]:
        """See ``model_version``."""
        return {"model_version": model_version(self.name)}

    def tokens(self, prompts: Sequence[Sequence[Message]]) -> list[int]:
        """By the model's own tokenizer."""
        _, tokenizer = load_skeleton(self.name)
        return [len(token_ids(tokenizer, render(tokenizer, prompt))) for prompt in prompts]

    def answer(
        self,
        prompts: Sequence[Sequence[Message]],
        sampling: Sampling,
        known: Container[tuple[int, int]],
        take: Take,
        spent: float,
    ) -> None:
        """All samples of a prompt are made together."""
        if sampling.temperature is None:
            raise UserError("a local model has no temperature of its own; give one")
        numbers = range(sampling.samples)
        skip = {place for place in range(len(prompts)) if all((place, number) in known for number in numbers)}
        if len(skip) == len(prompts):
            return
        model, tokenizer = self.load(self.name)
        for places, completions in generate_batches(
            model,
            tokenizer,
            prompts,
            max_new_tokens=sampling.max_new_tokens,
            samples=sampling.samples,
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            batch_size=self.batch_size,
            seed=sampling.seed,
            skip=skip,
        ):
            take(
                [
                    Sample(place, number, completion)
                    for place, found in zip(places, completions, strict=True)
                    for number, completion in enumerate(found)
                    if (place, number) not in known
                ]
            )


def model_version(name: str) -> str | None:
    """What tells a model from another under the same name: of a folder a hash over its files (and its base model's,
    where it is an adapter), of a model on the hub the commit; None where that can't be found out."""
    folder = local_folder(name)
    if folder is None:
        return _commit(name)
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.iterdir() if path.suffix in DECIDING and path.is_file()):
        stat = path.stat()
        digest.update(f"{path.name} {stat.st_size}\n".encode())
        if stat.st_size > HASHED:
            digest.update(f"{stat.st_mtime_ns}\n".encode())
        else:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    adapter = folder / "adapter_config.json"
    if adapter.exists() and (base := read_json(adapter).get("base_model_name_or_path")):
        digest.update(str(model_version(base)).encode())
    return digest.hexdigest()


def _commit(name: str) -> str | None:
    hub = require("huggingface_hub")
    try:
        found: str | None = hub.HfApi().model_info(name, timeout=10).sha
        return found
    except Exception:  # whatever the network layer raises: the local copy says which commit it is of
        copies = (hub.try_to_load_from_cache(name, file) for file in ("config.json", "adapter_config.json"))
        return next((Path(copy).parent.name for copy in copies if isinstance(copy, str)), None)
