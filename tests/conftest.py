"""Fixtures for every test."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test reads or writes the user's cache."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def published() -> Path:
    """The folder with slices of the published data sets: $RUNGWISE_DATA, or shared/data beside the repository."""
    named = os.environ.get("RUNGWISE_DATA")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no published data in {folder}; set RUNGWISE_DATA to its folder")
    return folder


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
