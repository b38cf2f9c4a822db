"""Sets by name: NAME:PATH[#SUBSET], files, folders and the hub."""

from __future__ import annotations

from pathlib import Path

import caugym_rows as rows
import pytest

from rungwise.errors import UserError
from rungwise.suites.published import BENCHMARKS, benchmark, is_published, open_set
from rungwise.suites.published.item import refuse


def test_every_benchmark_is_whole() -> None:
    for name in BENCHMARKS:
        found = benchmark(name)
        assert found.name == name
        assert len(found.source) > 20
        assert is_published(f"{name}:x")
    assert not is_published("base")
    assert not is_published("items/caugym:x")


def test_files_of_the_hub_are_those_of_its_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("huggingface_hub")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    snapshot = tmp_path / "datasets--owner--set" / "snapshots" / "0123456789abcdef0123456789abcdef01234567"
    snapshot.mkdir(parents=True)
    rows.write(snapshot / "base_dataset.json", [rows.ATE, rows.PN])
    reference = tmp_path / "datasets--owner--set" / "refs" / "main"
    reference.parent.mkdir()
    reference.write_text(snapshot.name)
    _, items = open_set("caugym:hf://owner/set#base", refuse)
    assert [item.task for item in items] == ["ATE", "PN"]
    for name in ("owner/none", "no name", "a/b/c"):
        with pytest.raises(UserError, match=f"hf://{name} can't be had"):
            open_set(f"caugym:hf://{name}#base", refuse)
