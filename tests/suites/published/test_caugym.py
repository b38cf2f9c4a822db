"""CauGym's files: read, scored by both rules, audited."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import caugym_rows as rows
import pytest

from rungwise.errors import UserError
from rungwise.problems.problem import LACK_CONDITION
from rungwise.suites.published import caugym
from rungwise.suites.published.caugym import load, official, strict, write
from rungwise.suites.published.item import PublishedItem, Truth, refuse


def read(path: Path, subset: str | None = None) -> list[PublishedItem]:
    return list(load(path, subset, refuse))


def item(row: dict[str, Any], tmp_path: Path) -> PublishedItem:
    return read(rows.write(tmp_path / "one.json", [row]))[0]


def test_items_keep_text_type_and_label(tmp_path: Path) -> None:
    path = rows.write(
        tmp_path / "a.json", [rows.ATE, rows.PN, rows.LACK, {**rows.ZERO, "answer": rows.said("0", "no")}]
    )
    ate, pn, lack, zero = read(path)
    assert (ate.id, ate.task, ate.text, ate.label) == ("0", "ATE", rows.ATE["problem"], Truth(0.5, "Yes"))
    assert pn.label == Truth(0.625, None)
    assert lack.label == Truth(None, LACK_CONDITION)
    assert zero.label == Truth(0.0, "No")
    assert [i.where for i in (ate, zero)] == [f"{path} item 0", f"{path} item 3"]


def test_ids_are_the_files_own(tmp_path: Path) -> None:
    named = [{**rows.ATE, "idx": 17}, {**rows.PN, "id": "item_4"}]
    assert [found.id for found in read(rows.write(tmp_path / "a.json", named))] == ["17", "item_4"]
    same = rows.write(tmp_path / "b.json", [{**rows.ATE, "idx": 17}, {**rows.PN, "idx": 17}, rows.ZERO])
    with pytest.raises(UserError, match="item 1: the id 17 was there before"):
        read(same)
    told: list[str] = []
    assert [found.id for found in load(same, None, lambda error: told.append(str(error)))] == ["17", "2"]
    assert len(told) == 1


def test_a_folder_needs_a_subset(tmp_path: Path) -> None:
    rows.write(tmp_path / "base_dataset.json", [rows.ATE])
    rows.write(tmp_path / "omitted_dataset.json", [rows.ATE, rows.PN])
    assert len(read(tmp_path, "omitted")) == 2
    for subset in (None, "hard"):
        with pytest.raises(UserError, match="there: base, omitted"):
            read(tmp_path, subset)
    with pytest.raises(UserError, match="no subset 'base'"):
        read(tmp_path / "base_dataset.json", "base")


def test_training_files_hold_prompts_and_ground_truths(tmp_path: Path) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    given = [
        {
            "prompt": [{"role": "user", "content": row["problem"]}],
            "reward_model": {"ground_truth": row["answer"], "style": "rule"},
        }
        for row in (rows.ATE, rows.PN)
    ]
    pq.write_table(pa.Table.from_pylist(given), tmp_path / "online_RL.parquet")
    ate, pn = read(tmp_path, "online_RL")
    assert (ate.task, ate.label, pn.task, pn.label) == ("ATE", Truth(0.5, "Yes"), "PN", Truth(0.625))
    assert ate.text == rows.ATE["problem"]
    given[1]["reward_model"] = {"ground_truth": "many", "style": "rule"}
    pq.write_table(pa.Table.from_pylist(given), tmp_path / "online_RL.parquet")
    with pytest.raises(UserError, match=r"online_RL\.parquet row 1: the answer is not JSON"):
        read(tmp_path, "online_RL")


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
        ({"answer": '{"ANSWER": "Yes", "PROB": "1.5"}'}, "item 1: the answer is neither"),
        ({"answer": '{"PROB": "0.1"}'}, "item 1: the answer lacks"),
        ({"Type": "BAS"}, "item 1: unknown Type 'BAS'"),
        ({"Type": rows.ATE["problem"], "problem": "ATE"}, "item 1: unknown Type 'Input Info"),
    ],
)
def test_what_is_wrong_is_named_with_its_item(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = rows.write(tmp_path / "a.json", [rows.ATE, {**rows.ATE, **change}, rows.PN])
    with pytest.raises(UserError, match=message) as caught:
        read(path)
    assert str(path) in str(caught.value)
    told: list[str] = []
    assert [found.task for found in load(path, None, lambda error: told.append(str(error)))] == ["ATE", "PN"]
    assert told == [str(caught.value)]


@pytest.mark.parametrize("text", ["", "{", "{}", "[1]", '[{"problem": "x"}]', "[" * 100_000, "\x00"])
def test_what_is_no_test_set_is_refused_or_empty(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    if text:
        with pytest.raises(UserError):
            read(path)
    else:
        assert read(path) == []


@pytest.mark.parametrize(
    ("text", "scores"),
    [
        ('{"ANSWER": "Yes", "PROB": "0.5"}', (1, 1)),
        ('{"ANSWER": "Yes", "PROB": 0.5004}', (1, 1)),
        ('{"ANSWER": "Yes", "PROB": "0.5006"}', (0, 0)),
        ('{"ANSWER": "No", "PROB": "0.5"}', (1, 0)),  # ANSWER is ignored
        ('{"ANSWER": "Yes", "PROB": "0"} {"ANSWER": "Yes", "PROB": "0.5"}', (1, 0)),  # any of several numbers
        ('so "PROB": "0.5" then', (1, 0)),
        ('{"ANSWER": "Yes", "PROB": "1/2"}', (0, 1)),  # we evaluate what is written as an expression
        ("0.5, Yes", (0, 0)),
        (LACK_CONDITION, (0, 0)),
        ("", (0, 0)),
    ],
)
def test_the_two_rules_side_by_side(tmp_path: Path, text: str, scores: tuple[int, int]) -> None:
    found = item(rows.ATE, tmp_path)
    assert (official(text, found), strict(text, found).score) == scores


def test_lack_condition_by_both_rules(tmp_path: Path) -> None:
    found = item(rows.LACK, tmp_path)
    for text, scores in ((LACK_CONDITION, (1, 1)), (f"not {LACK_CONDITION}: 0.5", (1, 0)), ("0.5", (0, 0))):
        assert (official(text, found), strict(text, found).score) == scores


def test_what_is_written_for_a_label_is_right_by_both_rules(tmp_path: Path) -> None:
    for row in (rows.ATE, rows.PN, rows.ZERO, rows.LACK):
        found = item(row, tmp_path)
        assert found.label is not None
        text = write(found, found.label)
        assert (official(text, found), strict(text, found).score) == (1, 1)


def test_a_long_text_is_scored_in_linear_time(tmp_path: Path) -> None:
    found = item(rows.ATE, tmp_path)
    for text in ('"PROB": ' * 100_000, '"PROB": "' + "1" * 1_000_000, "{" * 1_000_000):
        assert official(text, found) == 0


def test_the_published_slices_load(published: Path) -> None:
    files = sorted((published / "caugym").glob("*_dataset.json"))
    assert files
    for path in files:
        assert len(read(path)) == len(json.loads(path.read_text()))


def test_insufficient_is_found_in_every_item_and_in_no_sufficient_one(published: Path) -> None:
    for subset, lacking in (("insufficient", True), ("base", False), ("deconfounding", False), ("redundant", False)):
        for found in read(published / "caugym", subset):
            truth = caugym.BENCHMARK.audit(found).truth
            assert truth is not None
            assert (truth.answer == LACK_CONDITION) is lacking


def test_the_audit_of_the_published_slices(published: Path) -> None:
    """Two roads agree on every item; base's ETT answers contradict the set's own worked solutions; few labels of the
    other sets need digits that are not displayed."""
    counts = {}
    for subset in ("base", "deconfounding", "redundant"):
        findings = [caugym.BENCHMARK.audit(found) for found in read(published / "caugym", subset)]
        for finding in findings:
            assert finding.truth is not None
            assert finding.second is not None
            assert finding.truth.value == pytest.approx(finding.second.value, abs=1e-9)
            assert finding.truth.answer == finding.second.answer
            assert finding.proof
        counts[subset] = {o: sum(f.outcome == o for f in findings) for o in ("confirmed", "wrong", "rounding")}
        assert sum("graph-blind" in f.shortcuts for f in findings) >= 0.97 * len(findings)
        if subset == "base":
            assert all("own-solution" in f.kinds and "ETT" in f.proof for f in findings if f.outcome == "wrong")
            assert counts[subset]["wrong"] >= len(findings) // 20
    assert counts["deconfounding"]["wrong"] + counts["deconfounding"]["rounding"] <= 3
    assert counts["redundant"]["wrong"] + counts["redundant"]["rounding"] <= 3
