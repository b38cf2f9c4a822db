"""Exports are read back by the readers of the formats."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rungwise.errors import UserError
from rungwise.evaluate.questions import load_suite
from rungwise.suites.export import write_caugym
from rungwise.suites.folder import write_folder
from rungwise.suites.published import caugym
from rungwise.suites.published.item import refuse
from rungwise.suites.rows import read_rows
from rungwise.suites.shards import Request


def test_caugym_items_are_read_back(tmp_path: Path) -> None:
    write_folder(tmp_path / "made", Request(("base", "insufficient"), 14))
    assert write_caugym(tmp_path / "made", tmp_path / "out.json") == 28
    rows = [row for _, row in read_rows(tmp_path / "made")]
    items = list(caugym.load(tmp_path / "out.json", None, refuse))
    for row, item in zip(rows, items, strict=True):
        assert (item.id, item.task, item.text) == (row["id"], row["task"], row["text"])
        assert item.label is not None
        assert (item.label.answer == "LACK_CONDITION") == (row["value"] is None)
        if row["value"] is not None:
            assert item.label.value == pytest.approx(row["value"], abs=0.6e-4)
    first = json.loads((tmp_path / "out.json").read_text())[0]
    assert list(first) == ["id", "problem", "answer", "Reason", "Type"]
    assert next(iter(first["Reason"])) == "Step 1"
    suite = load_suite(f"caugym:{tmp_path / 'out.json'}")
    assert [q.unread for q in suite.questions] == [None] * 28


def test_what_cannot_be_exported(tmp_path: Path) -> None:
    write_folder(tmp_path / "made", Request(("base",), 7, view="slots"))
    with pytest.raises(UserError, match="slots view"):
        write_caugym(tmp_path / "made", tmp_path / "out.json")
    assert not (tmp_path / "out.json").exists()
