"""General ability through lm-eval, offline: a small data set of ours and a model of random weights."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("lm_eval")
pytest.importorskip("math_verify")
pytest.importorskip("torch")

from rungwise.cli import run
from rungwise.errors import UserError
from rungwise.evaluate import general

YAML = """task: sums
dataset_path: json
dataset_kwargs:
  data_files: {test: FILE}
test_split: test
output_type: generate_until
doc_to_text: question
doc_to_target: answer
process_results: !function utils.process_results
generation_kwargs:
  until: []
metric_list:
  - metric: math_verify
    aggregation: mean
    higher_is_better: true
"""


@pytest.fixture(scope="module")
def sums(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sums")
    rows = [{"question": f"What is {i} + {i}?", "answer": str(2 * i)} for i in range(6)]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "sums.yaml").write_text(YAML.replace("FILE", str(folder / "rows.jsonl")))
    (folder / "utils.py").write_text("from rungwise.evaluate.general import process_results\n")
    return folder


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("so $\\boxed{\\frac{3}{4}}$", 1.0),
        ("so $\\boxed{0.75}$", 1.0),
        ("<think>\\boxed{3}</think> so \\boxed{3/4}", 1.0),
        ("<think>it is \\boxed{3/4}", 0.0),
        ("so $\\boxed{0.7}$", 0.0),
        ("no idea", 0.0),
    ],
)
def test_the_final_answer_counts(text: str, score: float) -> None:
    assert general.process_results({"answer": "\\frac{3}{4}"}, [text]) == {"math_verify": score}


def test_texts_are_kept_and_not_made_twice(
    sums: Path, tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {
        "tasks": ["sums"],
        "include": sums,
        "samples": 2,
        "temperature": 1.0,
        "max_new_tokens": 8,
        "batch_size": 4,
    }
    whole = general.measure(str(tiny_folder), tmp_path / "whole", **options)  # type: ignore[arg-type]
    assert whole["by_task"]["sums"]["n"] == 6
    lines = (tmp_path / "whole" / general.LOG).read_text().splitlines(keepends=True)
    assert len(lines) == 1 + 6
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / general.LOG).write_text("".join(lines[:3]) + lines[3][:20])  # as a kill leaves it
    again = general.measure(str(tiny_folder), tmp_path / "cut", **options)  # type: ignore[arg-type]
    assert again == whole
    assert sorted((tmp_path / "cut" / general.LOG).read_text().splitlines(keepends=True)[1:]) == sorted(lines[1:])
    monkeypatch.setattr(general, "load_model", lambda name: 1 / 0)
    assert general.measure(str(tiny_folder), tmp_path / "cut", **options) == whole  # type: ignore[arg-type]
    with pytest.raises(UserError, match="was begun with another max_new_tokens"):
        general.measure(str(tiny_folder), tmp_path / "cut", **{**options, "max_new_tokens": 9})  # type: ignore[arg-type]


def test_before_and_after(sums: Path, tiny_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    options = ["--tasks", "sums", "--include", str(sums), "--max-new-tokens", "4", "--json"]
    assert run(["general", "--model", str(tiny_folder), "--out", str(before), *options]) == 0
    rows = [json.loads(line) for line in (before / general.ITEMS).read_text().splitlines()]
    assert {row["score"] for row in rows} == {0.0}
    for row in rows[:3]:  # as if it had known three of the six
        row["score"] = 1.0
    (before / general.ITEMS).write_text("".join(json.dumps(row) + "\n" for row in rows))
    capsys.readouterr()
    assert run(["general", "--model", str(tiny_folder), "--out", str(after), "--before", str(before), *options]) == 0
    found = json.loads(capsys.readouterr().out)["differences"]["sums"]
    assert (found["before"], found["after"], found["difference"]) == (0.5, 0.0, -0.5)
    assert found["interval"][0] < -0.5 < found["interval"][1] <= 0.0


def test_folders_without_a_measurement(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no finished measurement"):
        general.differences(tmp_path / "none", tmp_path / "none")


@pytest.mark.slow  # lm-eval reads the thousands of tasks of its own first
def test_an_unknown_task(sums: Path, tiny_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["general", "--model", str(tiny_folder), "--include", str(sums)]
    assert run([*asked, "--out", str(tmp_path / "a"), "--tasks", "sumz"]) == 2
    assert "lm-eval has no task 'sumz'" in capsys.readouterr().err
