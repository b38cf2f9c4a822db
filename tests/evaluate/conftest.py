"""A random model of a few thousand parameters in a Hugging Face folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def tiny() -> tuple[Any, Any]:
    """(model, tokenizer); random weights, spread wide enough that rounding errors decide no token."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("transformers")
    from rungwise.pretrain.tokenizer import make_tokenizer
    from rungwise.pretrain.train import PretrainRecipe, make_model

    model = make_model(PretrainRecipe(hidden=32, layers=1, heads=2)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(8.0 if parameter.ndim > 1 else 1.0)
    return model, make_tokenizer()


@pytest.fixture(scope="session")
def tiny_folder(tiny: tuple[Any, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same model on disk."""
    folder = tmp_path_factory.mktemp("tiny")
    for part in tiny:
        part.save_pretrained(folder)
    return folder
