"""Loading what is to be trained: the embedded model, a folder, or a Hugging Face id; with LoRA if asked for."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from rungwise.errors import UserError
from rungwise.evaluate.models import load_model

EMBEDDED = "embedded"


def embedded_path() -> Path:
    """The folder of the embedded base model."""
    return Path(str(files("rungwise").joinpath("embedded")))


def load_for_training(name: str, lora: int = 0) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """The model in training mode and its tokenizer; with ``lora`` > 0 wrapped in adapters of that rank.

    Raises:
        UserError: there is no such model, or peft is not installed.
    """
    model, tokenizer = load_model(str(embedded_path()) if name == EMBEDDED else name)
    if lora:
        try:
            from peft import LoraConfig, get_peft_model
        except ImportError as error:
            raise UserError('LoRA needs peft: pip install "rungwise[lora]"') from error
        model = get_peft_model(model, LoraConfig(r=lora, lora_alpha=2 * lora, target_modules="all-linear", task_type="CAUSAL_LM"))
    model.train()
    return model, tokenizer
