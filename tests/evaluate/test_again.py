"""A run's texts scored again: in place, against corrected labels, and never against another suite."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import caugym_rows as rows
import pytest

from rungwise.errors import UserError
from rungwise.evaluate.again import score_again
from rungwise.evaluate.run import evaluate


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def predictions(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "predictions.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(
    ("model", "view"), [("exact", "natural"), ("exact", "slots"), ("graph-blind", "slots"), ("lookup", "formal")]
)
def test_the_same_scorer_changes_nothing(model: str, view: str, tmp_path: Path) -> None:
    before = evaluate(model, "base", view=view, n=14, seed=4, limit=9, out=tmp_path)
    files = contents(tmp_path)
    found = score_again(tmp_path)
    assert found.pop("rescored")["changed"] == 0
    assert found == before
    assert contents(tmp_path) == files


def test_an_older_scorers_rows_are_corrected_and_counted(tmp_path: Path) -> None:
    evaluate("exact", "base", n=7, out=tmp_path)
    old = predictions(tmp_path)
    old[2] |= {"score": 0, "value_correct": False, "reason": "wrong_value: it was thought to be wrong"}
    old[4] |= {"thinking": "Hm.", "cut_off": True}
    (tmp_path / "predictions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in old))
    results = json.loads((tmp_path / "results.json").read_text())
    (tmp_path / "results.json").write_text(json.dumps({**results, "accuracy": 6 / 7}))
    found = score_again(tmp_path)["rescored"]
    assert (found["changed"], found["labels_changed"], found["accuracy"]) == (1, 0, [6 / 7, 1])
    assert found["by_reason"] == {"wrong_value -> right": 1}
    now = predictions(tmp_path)
    assert now[2]["score"] == 1
    assert (now[4]["thinking"], now[4]["cut_off"]) == ("Hm.", True)
    assert json.loads((tmp_path / "results.json").read_text())["rescored"] == found
    assert score_again(tmp_path)["rescored"]["changed"] == 0


def test_corrected_labels_and_another_folder(tmp_path: Path) -> None:
    file = rows.write(tmp_path / "a.json", [rows.ATE, rows.ETT, rows.UNREADABLE])
    evaluate("exact", f"caugym:{file}", out=tmp_path / "run")
    before = contents(tmp_path / "run")
    rows.write(tmp_path / "b.json", [rows.ATE, {**rows.ETT, "answer": rows.said("0.5000", "No")}, rows.UNREADABLE])
    moved = tmp_path / "b.json"
    file.unlink()
    with pytest.raises(UserError, match=r"there is no file or folder .*a\.json"):
        score_again(tmp_path / "run")
    found = score_again(tmp_path / "run", suite=f"caugym:{moved}", out=tmp_path / "other")
    assert contents(tmp_path / "run") == before
    assert json.loads((tmp_path / "other" / "results.json").read_text()) == found
    assert found["rescored"]["by_reason"] == {"wrong_answer -> right": 1}
    assert (found["rescored"]["labels_changed"], found["accuracy"]) == (1, pytest.approx(2 / 3))
    assert predictions(tmp_path / "other")[2]["status"] == "unread"


def test_what_is_no_run_of_this_suite_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"is no finished evaluation: it has no settings\.json"):
        score_again(tmp_path)
    evaluate("exact", "base", n=7, out=tmp_path)
    settings = json.loads((tmp_path / "settings.json").read_text())
    (tmp_path / "settings.json").write_text(json.dumps({**settings, "seed": 9}))
    with pytest.raises(UserError, match=r"row 0 of .* is item .*, and base does not have it there"):
        score_again(tmp_path)
    (tmp_path / "settings.json").write_text(json.dumps({**settings, "n": 8}))
    with pytest.raises(UserError, match=r"base has 8 items, and .* is not about all of them"):
        score_again(tmp_path)
    del settings["view"]
    (tmp_path / "settings.json").write_text(json.dumps(settings))
    with pytest.raises(UserError, match="does not say which view was evaluated"):
        score_again(tmp_path)
