"""A tiny model on disk, and a clock that makes runs short and the same length everywhere."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("trl")
    from tiny_runs import save_tiny

    return save_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def talking_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("trl")
    from tiny_runs import save_talking

    return save_talking(tmp_path_factory.mktemp("talking"))


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second is a reading of the clock."""
    from ticks import Ticks

    from rungwise.posttrain import common

    monkeypatch.setattr(common, "time", Ticks())
