"""Loading what is to be trained: the embedded model, a folder, or a Hugging Face id; with LoRA if asked for."""

from __future__ import annotations

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from rungwise.errors import UserError
from rungwise.files import read_json
from rungwise.language_models import load_model, local_folder, require
from rungwise.posttrain.settings import LoRASettings


def load_for_training(name: str, lora: LoRASettings) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """The model in training mode and its tokenizer; with a rank > 0 only adapters can be trained.

    Where ``name`` is itself a folder of adapters, these are trained on: what is saved then still holds all that was
    learnt beside the base model.

    Raises:
        UserError: there is no such model, its adapters have another rank, or peft is not installed.
    """
    if not lora.rank:
        model, tokenizer = load_model(name)
        return model.train().requires_grad_(True), tokenizer  # merged adapters leave the base model frozen
    peft = require("peft", "lora")
    folder = local_folder(name)
    stored = folder / "adapter_config.json" if folder else None
    if folder is None or stored is None or not stored.exists():
        model, tokenizer = load_model(name, bits=lora.bits)
        return with_adapters(model, lora).train(), tokenizer
    known = read_json(stored)
    if known.get("r") != lora.rank:
        rank = known.get("r")
        raise UserError(f"{name} holds adapters of rank {rank}; train them on with lora.rank={rank}")
    model, tokenizer = load_model(known["base_model_name_or_path"], bits=lora.bits)
    return peft.PeftModel.from_pretrained(model, str(folder), is_trainable=True).train(), tokenizer


def with_adapters(model: PreTrainedModel, lora: LoRASettings) -> PreTrainedModel:
    """The model with new adapters, which alone can be trained.

    Raises:
        UserError: peft is not installed, or no layer has the name of a target.
    """
    peft = require("peft", "lora")
    settings = peft.LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha or 2 * lora.rank,
        lora_dropout=lora.dropout,
        target_modules=lora.targets.split(",") if "," in lora.targets else lora.targets,
        task_type="CAUSAL_LM",
    )
    try:
        adapted: PreTrainedModel = peft.get_peft_model(model, settings)
    except ValueError as error:
        raise UserError(f"lora.targets={lora.targets}: {' '.join(str(error).split())}") from error
    return adapted
