"""Loading what is to be trained: the embedded model, a folder, or a Hugging Face id; with LoRA if asked for."""

from __future__ import annotations

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from rungwise.errors import UserError
from rungwise.files import read_json
from rungwise.language_models import load_model, local_folder, require


def load_for_training(name: str, lora: int = 0) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """The model in training mode and its tokenizer; with ``lora`` > 0 only adapters of that rank can be trained.

    Where ``name`` is itself a folder of adapters, these are trained on: what is saved then still holds all that was
    learnt beside the base model.

    Raises:
        UserError: there is no such model, its adapters have another rank, or peft is not installed.
    """
    if not lora:
        model, tokenizer = load_model(name)
        return model.train().requires_grad_(True), tokenizer  # merged adapters leave the base model frozen
    peft = require("peft", "lora")
    folder = local_folder(name)
    stored = folder / "adapter_config.json" if folder else None
    if folder is None or stored is None or not stored.exists():
        model, tokenizer = load_model(name)
        settings = peft.LoraConfig(r=lora, lora_alpha=2 * lora, target_modules="all-linear", task_type="CAUSAL_LM")
        return peft.get_peft_model(model, settings).train(), tokenizer
    known = read_json(stored)
    if known.get("r") != lora:
        raise UserError(f"{name} holds adapters of rank {known.get('r')}; train them on with lora={known.get('r')}")
    model, tokenizer = load_model(known["base_model_name_or_path"])
    return peft.PeftModel.from_pretrained(model, str(folder), is_trainable=True).train(), tokenizer
