"""Reading CauGym's files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import caugym_rows as rows
import pytest

from rungwise.errors import UserError
from rungwise.problems.problem import LACK_CONDITION, Answer
from rungwise.suites.published import caugym


def test_items_keep_text_type_and_label(tmp_path: Path) -> None:
    path = rows.write(
        tmp_path / "a.json", [rows.ATE, rows.PN, rows.LACK, {**rows.ZERO, "answer": rows.said("0", "no")}]
    )
    ate, pn, lack, zero = caugym.load(path)
    assert (ate.id, ate.task, ate.text, ate.label) == ("0", "ATE", rows.ATE["problem"], Answer(0.5, "Yes"))
    assert pn.label == Answer(0.625, None)
    assert lack.label == Answer(None, LACK_CONDITION)
    assert lack.lack
    assert not ate.lack
    assert zero.label == Answer(0.0, "No")


def test_ids_are_the_files_own_where_they_are_unique(tmp_path: Path) -> None:
    named = [{**rows.ATE, "idx": 17}, {**rows.PN, "idx": 4}]
    assert [item.id for item in caugym.load(rows.write(tmp_path / "a.json", named))] == ["17", "4"]
    same = [{**rows.ATE, "idx": 17}, {**rows.PN, "idx": 17}]
    assert [item.id for item in caugym.load(rows.write(tmp_path / "b.json", same))] == ["0", "1"]


def test_a_folder_needs_a_subset(tmp_path: Path) -> None:
    rows.write(tmp_path / "base_dataset.json", [rows.ATE])
    rows.write(tmp_path / "omitted_dataset.json", [rows.ATE, rows.PN])
    assert len(caugym.load(tmp_path, "omitted")) == 2
    for subset in (None, "hard"):
        with pytest.raises(UserError, match="there: base, omitted"):
            caugym.load(tmp_path, subset)
    with pytest.raises(UserError, match="no subset 'base'"):
        caugym.load(tmp_path / "base_dataset.json", "base")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"problem": None}, "item 1: 'problem' is missing"),
        ({"problem": "x" * 200_000}, "item 1: the problem has 200000 characters"),
        ({"answer": 0.5}, "item 1: 'answer' is missing or no text"),
        ({"answer": "0.5"}, "item 1: the answer lacks a readable PROB"),
        ({"answer": "{"}, "item 1: the answer is not JSON"),
        ({"answer": "[" * 100_000}, "item 1: the answer is nested too deeply"),
        ({"answer": '{"ANSWER": "Maybe", "PROB": "0.1"}'}, "item 1: the answer is neither"),
        ({"answer": '{"ANSWER": "Yes", "PROB": "NaN"}'}, "item 1: the answer is neither"),
        ({"answer": '{"PROB": "0.1"}'}, "item 1: the answer lacks"),
        ({"Type": "BAS"}, "item 1: unknown Type 'BAS'"),
    ],
)
def test_what_is_wrong_is_named_with_its_item(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = rows.write(tmp_path / "a.json", [rows.ATE, {**rows.ATE, **change}])
    with pytest.raises(UserError, match=message) as caught:
        caugym.load(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "{}", "[]", "[1]", '[{"problem": "x"}]', "[" * 100_000, "\x00"])
def test_what_is_no_test_set_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(UserError):
        caugym.load(path)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"\xff\xfe[1]")
    with pytest.raises(UserError, match="not UTF-8"):
        caugym.load(path)
    with pytest.raises(FileNotFoundError):
        caugym.load(tmp_path / "none.json")


def test_the_published_slices_load(published: Path) -> None:
    files = sorted((published / "caugym").glob("*_dataset.json"))
    assert files
    for path in files:
        assert len(caugym.load(path)) == len(json.loads(path.read_text()))
