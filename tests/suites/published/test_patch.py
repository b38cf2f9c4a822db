"""Corrected labels: read, applied, refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rungwise.errors import UserError
from rungwise.suites.published.item import PublishedItem, Truth
from rungwise.suites.published.patch import check_labels, patched, read_patch

ITEMS = [
    PublishedItem("a", "ATE", "text", Truth(0.5, "Yes"), "file item 0"),
    PublishedItem("b", "RL", "text", Truth(None, None, (0.25, 0.75)), "file item 1"),
    PublishedItem("c", "ATE", "text", None, "file item 2"),
]


def write(path: Path, *changes: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps({"why": "so", **change}) + "\n" for change in changes))
    return path


def test_single_fields_are_changed_and_withheld_labels_supplied(tmp_path: Path) -> None:
    patch = write(
        tmp_path / "p.jsonl",
        {"id": "a", "field": "answer", "old": "Yes", "new": "No"},
        {"id": "b", "field": "shares", "old": [0.25, 0.75], "new": [0.5, 0.5]},
        {"id": "c", "field": "value", "old": None, "new": 0.1},
        {"id": "c", "field": "answer", "old": None, "new": "Yes"},
        {"id": "elsewhere", "field": "value", "old": 0.1, "new": 0.2},
    )
    found = list(patched(ITEMS, read_patch(patch)))
    assert [item.label for item in found] == [Truth(0.5, "No"), Truth(None, None, (0.5, 0.5)), Truth(0.1, "Yes")]
    assert [item.id for item in found] == ["a", "b", "c"]


def test_a_patch_for_another_file_is_refused(tmp_path: Path) -> None:
    patch = write(tmp_path / "p.jsonl", {"id": "a", "field": "value", "old": 0.4, "new": 0.3})
    with pytest.raises(UserError, match=r"file item 0: the patch changes the value 0\.4 of a, but 0\.5 stands there"):
        list(patched(ITEMS, read_patch(patch)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": "a", "field": "text", "old": "x", "new": "y"}, "unknown field 'text'"),
        ({"id": "a", "field": "value"}, "no change"),
        ({"id": "a", "field": "value", "old": 0.5, "new": "0.4"}, "'0.4' is no value"),
        ({"id": "a", "field": "value", "old": 0.5, "new": 7}, "'7' is no value"),
        ({"id": "a", "field": "value", "old": 0.5, "new": True}, "'True' is no value"),
        ({"id": "a", "field": "shares", "old": None, "new": [2.0]}, "is no shares"),
        ({"id": "a", "field": "answer", "old": None, "new": 1}, "'1' is no answer"),
    ],
)
def test_what_is_no_patch(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=r"p\.jsonl line 1.*" + message):
        read_patch(write(tmp_path / "p.jsonl", change))


def test_one_change_a_field(tmp_path: Path) -> None:
    change = {"id": "a", "field": "value", "old": 0.5, "new": 0.4}
    with pytest.raises(UserError, match="twice"):
        read_patch(write(tmp_path / "p.jsonl", change, change))


def test_missing_labels_are_named() -> None:
    check_labels("calm:x", ITEMS[:2])
    with pytest.raises(UserError, match=r"1 of the 3 items of calm:x have no label; 'rungwise audit calm:x"):
        check_labels("calm:x", ITEMS)
