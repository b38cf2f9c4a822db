"""Whole evaluations: the solver, the shortcuts, a real tiny model, resuming, published files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import caugym_rows as rows
import pytest

from rungwise.errors import UserError
from rungwise.evaluate.run import evaluate
from rungwise.problems.baselines import BASELINES
from rungwise.problems.problem import TASKS
from rungwise.suites.items import generate

PREDICTION_KEYS = [
    "index", "id", "sample", "task", "text", "value", "answer", "truth", "status", "score", "value_correct",
    "answer_correct", "by_expression", "reason",
]  # fmt: skip
RESULT_KEYS = {
    "suite", "view", "model", "n", "samples", "accuracy", "value_accuracy", "answer_accuracy", "unparsed", "unread",
    "by_task", "interval", "baselines",
}  # fmt: skip
SAMPLED: dict[str, Any] = {
    "view": "slots", "n": 14, "seed": 2, "samples": 2, "temperature": 1.0, "max_new_tokens": 8, "batch_size": 4
}  # fmt: skip


def predictions(out: Path) -> list[dict[str, Any]]:
    """The rows of predictions.jsonl."""
    return [json.loads(line) for line in (out / "predictions.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("view", ["natural", "formal", "slots"])
def test_the_solver_is_right_in_every_view(view: str, tmp_path: Path) -> None:
    results = evaluate("exact", "base", view=view, n=14, out=tmp_path)
    assert results["accuracy"] == results["value_accuracy"] == results["answer_accuracy"] == 1
    assert results["by_expression"] > 0.5 if view == "slots" else results["by_expression"] == 0
    assert set(results) >= RESULT_KEYS
    assert json.loads((tmp_path / "results.json").read_text()) == results
    assert sorted(p.name for p in tmp_path.iterdir()) == ["predictions.jsonl", "results.json", "settings.json"]
    found = predictions(tmp_path)
    assert [list(row) for row in found] == [PREDICTION_KEYS] * 14
    items = list(generate("base", 14, 0, view))
    assert [(row["index"], row["id"], row["sample"]) for row in found] == [(i, x.id, 0) for i, x in enumerate(items)]
    for row, item in zip(found, items, strict=True):
        assert row["text"] == item.problem.answer_text(view)
        assert item.problem.truth is not None
        assert row["truth"] == {"value": item.problem.truth.value, "answer": item.problem.truth.answer}
        assert isinstance(row["value"], float)


def test_results_by_task_and_over_tasks() -> None:
    results = evaluate("graph-blind", "base", n=35, seed=1)
    assert list(results["by_task"]) == list(TASKS)
    cells = results["by_task"].values()
    assert [cell["n"] for cell in cells] == [5] * 7
    mean = results["mean_over_tasks"]
    assert mean["value_accuracy"] == pytest.approx(sum(c["value_accuracy"] for c in cells) / 7)
    assert mean["interval"][0] < mean["value_accuracy"] < mean["interval"][1]
    assert results["interval"][0] < results["accuracy"] < results["interval"][1]
    assert results["by_task"]["PN"]["answer_accuracy"] is None
    assert list(results["baselines"]) == list(BASELINES)
    assert results["baselines"]["graph-blind"] == results["value_accuracy"]


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_scores_what_every_table_states_for_it(name: str) -> None:
    results = evaluate(name, "base", view="slots", n=21)
    assert results["value_accuracy"] == results["baselines"][name]
    assert results["value_accuracy"] < 0.9


def test_a_file_made_by_generate(tmp_path: Path) -> None:
    lines = [
        json.dumps({"id": item.id, "view": "formal", "text": item.text, "problem": json.dumps(item.problem.to_dict())})
        for item in generate("base", 7, 3, "formal")
    ]
    file = tmp_path / "base.jsonl"
    file.write_text("\n".join(lines) + "\n")
    for spec in (file, tmp_path):
        results = evaluate("exact", str(spec))
        assert (results["view"], results["n"], results["accuracy"]) == ("formal", 7, 1)
    assert evaluate("exact", str(file), view="slots", limit=3)["n"] == 3
    with pytest.raises(UserError, match="use --limit"):
        evaluate("exact", str(file), n=3)
    file.write_text("\n".join([*lines[:2], lines[2][:50]]))
    with pytest.raises(UserError, match=r"base\.jsonl line 3 is not JSON"):
        evaluate("exact", str(file))
    changed = json.loads(lines[1])
    changed["problem"] = changed["problem"].replace('"value": 0.', '"value": 0.9', 1)
    file.write_text("\n".join([lines[0], json.dumps(changed)]))
    with pytest.raises(UserError, match=r"line 2: problem .* was changed after it was made"):
        evaluate("exact", str(file))


def test_a_published_file_is_scored_against_its_labels(tmp_path: Path) -> None:
    file = rows.write(
        tmp_path / "a.json", [rows.ATE, rows.ETT, rows.PN, rows.ZERO, rows.LACK, rows.WRONG_LABEL, rows.UNREADABLE]
    )
    results = evaluate("exact", f"caugym:{file}", out=tmp_path / "out", rounding="published")
    assert results["value_accuracy"] == pytest.approx(5 / 7)
    assert results["accuracy"] == pytest.approx(4 / 7)
    assert results["unread"] == pytest.approx(1 / 7)
    assert results["strict_corrected"]["accuracy"] == pytest.approx(5 / 7)
    assert results["strict_corrected"]["changed"] == 1
    found = predictions(tmp_path / "out")
    assert [row["status"] for row in found] == ["parsed"] * 6 + ["unread"]
    assert [row["value_correct"] for row in found] == [True] * 5 + [False] * 2
    assert found[1]["answer"] == "No"
    assert found[1]["truth"]["answer"] == "Yes"
    assert list(found[0]) == list(found[-1]) == [*PREDICTION_KEYS, "official"]
    assert [row["official"] for row in found] == [1, 1, 1, 1, 1, 0, 0]
    assert results["scorings"]["official"]["accuracy"] == pytest.approx(5 / 7)
    assert results["scorings"]["strict"]["accuracy"] == pytest.approx(4 / 7)
    assert results["scorings"]["official_only_reasons"] == {"wrong_answer": 1}
    misses = [json.loads(line) for line in (tmp_path / "out" / "misses.jsonl").read_text().splitlines()]
    assert misses == results["misses"]
    assert [miss["id"] for miss in misses] == ["5", "6"]
    assert misses[0]["computed"] == {"value": 0.5, "answer": "Yes"}
    assert misses[0]["label"] == {"value": 0.4321, "answer": "Yes"}
    assert misses[0]["substitution"] == "0.8000-0.3000"
    assert "computed" not in misses[1]


def test_the_slots_view_of_a_published_file(tmp_path: Path) -> None:
    file = rows.write(tmp_path / "a.json", [rows.ATE, rows.ETT, rows.PN, rows.ZERO, rows.WRONG_LABEL, rows.UNREADABLE])
    results = evaluate("exact", f"caugym:{file}", view="slots", out=tmp_path / "out")
    assert [row["value_correct"] for row in predictions(tmp_path / "out")] == [True] * 4 + [False] * 2
    assert results["by_expression"] > 0


def test_a_language_model_gets_the_raw_text_of_what_the_reader_cannot_read(tiny_folder: Path, tmp_path: Path) -> None:
    file = rows.write(tmp_path / "a.json", [rows.ATE, rows.UNREADABLE])
    natural = evaluate(str(tiny_folder), f"caugym:{file}", max_new_tokens=4)
    assert natural["unread"] == 0
    slots = evaluate(str(tiny_folder), f"caugym:{file}", view="slots", max_new_tokens=4, out=tmp_path / "out")
    assert slots["unread"] == 0.5
    assert [row["status"] for row in predictions(tmp_path / "out")] == ["unparsed", "unread"]


def test_a_language_model_is_evaluated_and_read_back(tiny_folder: Path, tmp_path: Path) -> None:
    calls: list[tuple[int, int, float]] = []
    results = evaluate(str(tiny_folder), "base", out=tmp_path, progress=lambda *call: calls.append(call), **SAMPLED)
    assert [call[:2] for call in calls] == [(2 * k, 14) for k in range(1, 8)]
    assert results["n"] == 14
    assert results["cut_off"] > 0
    found = predictions(tmp_path)
    assert [(row["index"], row["sample"]) for row in found] == [(i, k) for i in range(14) for k in range(2)]
    assert [list(row)[:14] for row in found] == [PREDICTION_KEYS] * 28
    assert sum(row.get("cut_off", False) for row in found) == 28 * results["cut_off"]
    assert results["tokens"]["completion"] > 28
    assert evaluate(str(tiny_folder), "base", out=tmp_path, **SAMPLED) == results
    (tmp_path / "results.json").unlink()
    assert evaluate(str(tiny_folder), "base", **SAMPLED)["accuracy"] == results["accuracy"]


KILLED = """
import sys, time
from pathlib import Path
from rungwise.evaluate.run import evaluate

def stop(done, of, accuracy):
    if done >= 6:
        time.sleep(600)

evaluate(sys.argv[1], "base", view="slots", n=14, seed=2, samples=2, temperature=1.0, max_new_tokens=8, batch_size=4,
         out=Path(sys.argv[2]), progress=stop)
"""


def test_it_goes_on_after_kill_9_as_if_nothing_had_happened(tiny_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "killed"
    partial = out / "predictions.partial.jsonl"  # a line a batch, of two questions
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(tiny_folder), str(out)])
    try:
        for _ in range(6000):
            if partial.exists() and partial.read_bytes().count(b"\n") >= 3:
                break
            assert process.poll() is None
            time.sleep(0.05)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert not (out / "predictions.jsonl").exists()
    with partial.open("a") as file:
        file.write('{"index": 3, "te')  # what a kill in the middle of a line leaves
    with pytest.raises(UserError, match=r"other settings \(samples, seed, suite_sha256\)"):
        evaluate(str(tiny_folder), "base", out=out, **{**SAMPLED, "samples": 3, "seed": 3})
    calls: list[int] = []
    resumed = evaluate(
        str(tiny_folder), "base", out=out, progress=lambda done, of, accuracy: calls.append(done), **SAMPLED
    )
    assert calls == [8, 10, 12, 14]
    whole = tmp_path / "whole"
    straight = evaluate(str(tiny_folder), "base", out=whole, **SAMPLED)
    assert (out / "predictions.jsonl").read_bytes() == (whole / "predictions.jsonl").read_bytes()
    assert {**resumed, "seconds": 0} == {**straight, "seconds": 0}
    assert not partial.exists()


def test_a_model_trained_anew_is_not_taken_for_the_old(tiny_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for file in tiny_folder.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    evaluate(str(folder), "base", n=7, view="slots", max_new_tokens=2, out=tmp_path / "out")
    (folder / "README.md").write_text("A card decides nothing.")
    assert evaluate(str(folder), "base", n=7, view="slots", max_new_tokens=2, out=tmp_path / "out")["n"] == 7
    weights = bytearray((tiny_folder / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (folder / "model.safetensors").write_bytes(weights)
    with pytest.raises(UserError, match=r"other settings \(model_version\)"):
        evaluate(str(folder), "base", n=7, view="slots", max_new_tokens=2, out=tmp_path / "out")


@pytest.mark.parametrize(
    ("model", "suite", "settings", "message"),
    [
        ("exact", "bsae", {}, "unknown suite 'bsae'; did you mean 'base'"),
        ("exact", "no/such/folder", {}, "there is no suite, file or folder"),
        ("exact", "caugym:", {}, "name the file"),
        ("exact", "base", {"view": "slot"}, "unknown view 'slot'"),
        ("exact", "base", {"n": 0}, "n must be at least 1"),
        ("exact", "base", {"limit": -1}, "limit must be at least 1"),
        ("exact", "base", {"rounding": "up"}, "unknown rounding"),
        ("exact", "base", {"samples": 3}, "has its answers already"),
        ("exat", "base", {}, "unknown model 'exat'; did you mean 'exact'"),
        ("./no/model", "base", {}, "there is no model folder"),
    ],
)
def test_mistakes(model: str, suite: str, settings: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        evaluate(model, suite, out=tmp_path / "out", **settings)
    assert not (tmp_path / "out").exists()


def test_a_failed_start_does_not_hold_its_folder(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    with pytest.raises(UserError, match="can't load the model"):
        evaluate(str(tmp_path / "model"), "base", n=7, out=tmp_path / "out")
    assert evaluate("exact", "base", n=7, out=tmp_path / "out")["accuracy"] == 1


def test_a_folder_with_foreign_results_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text("{}")
    with pytest.raises(UserError, match=r"predictions without settings\.json"):
        evaluate("exact", "base", n=7, out=tmp_path)
    assert (tmp_path / "results.json").read_text() == "{}"


@pytest.mark.parametrize(("subset", "misses"), [("base", 0), ("deconfounding", 3), ("redundant", 3)])
def test_the_solver_on_the_published_slices(published: Path, subset: str, misses: int) -> None:
    results = evaluate("exact", f"caugym:{published / 'caugym'}#{subset}", rounding="published")
    assert results["unread"] == 0
    assert len(results["misses"]) <= misses
    assert results["value_accuracy"] == 1 - len(results["misses"]) / results["n"]
    assert results["baselines"]["graph-blind"] >= 0.95
