"""Outputs made elsewhere, scored by both rules."""

from __future__ import annotations

import json
from pathlib import Path

import caugym_rows as rows
import pytest

from rungwise.errors import UserError
from rungwise.evaluate.rescore import rescore

RIGHT = '{"ANSWER": "Yes", "PROB": "0.5"}'


def files(folder: Path) -> tuple[str, Path]:
    suite = rows.write(folder / "set.json", [rows.ATE, rows.ETT, rows.PN])
    texts = [[RIGHT, "no idea"], [f'{{"PROB": "0.1"}} {RIGHT}', RIGHT], None]
    given = [{"index": i, "text": found} for i, found in enumerate(texts) if found]
    (folder / "p.json").write_text(json.dumps(given))
    return f"caugym:{suite}", folder / "p.json"


def test_both_rules_and_how_they_differ(tmp_path: Path) -> None:
    suite, predictions = files(tmp_path)
    found = rescore(suite, predictions, out=tmp_path / "out")
    assert (found["n"], found["samples"], found["missing"], found["skipped"]) == (3, 2, 1, 0)
    # Four outputs and the item without one: official calls three right, we two.
    assert found["official"] == pytest.approx(3 / 5)
    assert found["accuracy"] == pytest.approx(2 / 5)
    scorings = found["scorings"]
    assert [scorings[k] for k in ("both", "official_only", "strict_only", "neither")] == [2, 1, 0, 2]
    assert scorings["official_only_reasons"] == {"several_answers": 1}
    assert scorings["official"]["interval"][0] < 0.6 < scorings["official"]["interval"][1]
    assert {task: cell["official"] for task, cell in found["by_task"].items()} == {"ATE": 0.5, "ETT": 1.0, "PN": 0.0}
    kept = [json.loads(line) for line in (tmp_path / "out" / "predictions.jsonl").read_text().splitlines()]
    assert [(row["index"], row["sample"], row["score"]) for row in kept] == [
        (0, 0, 1), (0, 1, 0), (1, 0, 0), (1, 1, 1), (2, 0, 0),
    ]  # fmt: skip
    assert kept[-1]["reason"].startswith("no_output")
    assert json.loads((tmp_path / "out" / "results.json").read_text()) == json.loads(json.dumps(found))


def test_a_patch_moves_the_strict_score_alone(tmp_path: Path) -> None:
    suite, predictions = files(tmp_path)
    patch = tmp_path / "patch.jsonl"
    patch.write_text(json.dumps({"id": "1", "field": "answer", "old": "Yes", "new": "No", "why": "its sign"}))
    found = rescore(suite, predictions, patch=patch)
    assert (found["official"], found["accuracy"]) == (pytest.approx(3 / 5), pytest.approx(1 / 5))


def test_damaged_rows_are_counted(tmp_path: Path) -> None:
    suite, predictions = files(tmp_path)
    predictions.write_text(predictions.read_text().rstrip("]") + ', {"index": 2}]')
    with pytest.raises(UserError, match="item 2 has none of the fields"):
        rescore(suite, predictions)
    assert rescore(suite, predictions, skip_bad=True)["skipped"] == 1


def test_only_published_sets(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="base is no published set"):
        rescore("base", files(tmp_path)[1])
