"""Fixtures for every test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def published() -> Path:
    """The folder with slices of the published data sets: $RUNGWISE_DATA, or shared/data beside the repository."""
    named = os.environ.get("RUNGWISE_DATA")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no published data in {folder}; set RUNGWISE_DATA to its folder")
    return folder
