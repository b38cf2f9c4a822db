"""Outputs made elsewhere, in the shapes that people have."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from rungwise.errors import UserError
from rungwise.evaluate import predictions
from rungwise.evaluate.predictions import read_predictions
from rungwise.suites.published.item import PublishedItem, refuse

ITEMS = [PublishedItem(f"q{i}", "ATE", f"Question  {i}?\n", None) for i in range(3)]


def read(path: Path, given: list[dict[str, Any]]) -> dict[int, list[str]]:
    if path.suffix == ".csv":
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(given[0]))
            writer.writeheader()
            writer.writerows(given)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in given))
    else:
        path.write_text(json.dumps(given))
    return read_predictions(path, ITEMS, refuse)


@pytest.mark.parametrize("ending", ["json", "jsonl", "csv"])
@pytest.mark.parametrize("field", predictions.TEXTS)
def test_every_field_in_every_format(tmp_path: Path, ending: str, field: str) -> None:
    rows = [{"id": "q2", field: "two"}, {"id": "q0", field: "zero"}]
    assert read(tmp_path / f"p.{ending}", rows) == {2: ["two"], 0: ["zero"]}


def test_samples_as_lists_and_as_rows(tmp_path: Path) -> None:
    listed = [{"idx": f"q{i}", "all_generated_answers": [f"{i}a", f"{i}b"], "text": "the prompt"} for i in range(3)]
    expected = {i: [f"{i}a", f"{i}b"] for i in range(3)}
    assert read(tmp_path / "a.json", listed) == expected
    cells = [{**row, "all_generated_answers": json.dumps(row["all_generated_answers"])} for row in listed]
    assert read(tmp_path / "b.csv", cells) == expected
    single = [{"id": f"q{i}", "sample": k, "text": f"{i}{'ab'[k]}"} for k in range(2) for i in range(3)]
    assert read(tmp_path / "c.jsonl", single) == expected


def test_rows_find_their_items(tmp_path: Path) -> None:
    by_index = [{"id": "mine-7", "index": 1, "text": "one"}, {"id": "mine-8", "index": 0, "text": "zero"}]
    assert read(tmp_path / "a.json", by_index) == {1: ["one"], 0: ["zero"]}
    by_prompt = [{"prompt": "Question 2?", "raw_inference_result": "two"}]
    assert read(tmp_path / "b.json", by_prompt) == {2: ["two"]}
    in_order = [{"output": str(i)} for i in range(3)]
    assert read(tmp_path / "c.json", in_order) == {i: [str(i)] for i in range(3)}
    with pytest.raises(UserError, match=r"2 of the 2 rows of .*d\.json can't be matched to the 3 items"):
        read(tmp_path / "d.json", in_order[:2])
    with pytest.raises(UserError, match="can't be matched"):
        read(tmp_path / "e.json", [{"id": "q0", "text": ""}, {"id": "q9", "text": ""}])
    told: list[str] = []
    assert read_predictions(tmp_path / "e.json", ITEMS, lambda e: told.append(str(e))) == {0: [""]}
    assert "1 of the 2 rows" in told[0]
    with pytest.raises(UserError, match=r"no row of .*d\.json belongs to an item"):
        read_predictions(tmp_path / "d.json", ITEMS, lambda e: told.append(str(e)))


def test_what_is_no_prediction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"item 0 has none of the fields all_generated_answers"):
        read(tmp_path / "a.json", [{"id": "q0", "answers": "x"}])
    for value in (3, [3], [], {"a": "b"}):
        with pytest.raises(UserError, match="item 0: text is neither a text nor a list of texts"):
            read(tmp_path / "b.json", [{"id": "q0", "text": value}])
    with pytest.raises(UserError, match="holds no predictions"):
        read(tmp_path / "c.json", [])
    told: list[str] = []
    (tmp_path / "d.json").write_text('[{"id": "q0", "text": "x"}, {"id": "q1"}, {"id": "q2", "text": NaN}]')
    assert read_predictions(tmp_path / "d.json", ITEMS, lambda e: told.append(str(e))) == {0: ["x"]}
    assert len(told) == 2
    monkeypatch.setattr(predictions, "MAX_SAMPLES", 2)
    with pytest.raises(UserError, match="item q0 has more than 2 samples"):
        read(tmp_path / "e.json", [{"id": "q0", "text": "x"}] * 3)
