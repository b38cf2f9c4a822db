"""Comparing finished runs: real folders of our own answers, and the command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import caugym_rows as rows
import pytest

from rungwise import cli
from rungwise.errors import UserError
from rungwise.evaluate.compare import compare
from rungwise.evaluate.run import evaluate
from rungwise.suites.items import generate
from rungwise.suites.shards import row_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twins of two tasks in a file, and two runs on it: "graph-blind" and "exact"."""
    place = tmp_path_factory.mktemp("runs")
    items = list(generate("base", 28, 1, twins=True))
    (place / "items.jsonl").write_text("".join(json.dumps(row_of(item, "base", "")) + "\n" for item in items))
    for name in ("graph-blind", "exact"):
        evaluate(name, str(place / "items.jsonl"), out=place / name)
    return place


def test_what_is_compared(folder: Path) -> None:
    results, flips = compare([folder / "graph-blind", folder / "exact"])
    assert (results["items"], results["view"], results["by"]) == (28, "natural", "strict")
    assert results["clusters"] == 10 + 8  # 20 effects are twins, PN and PS stand alone
    assert [run["name"] for run in results["runs"]] == ["graph-blind", "exact"]
    references = {row["name"]: row for row in results["references"]}
    assert list(references) == ["constant", "unadjusted", "graph-blind", "lookup", "exact"]
    assert references["exact"]["mean"] == 1
    assert references["graph-blind"]["by_task"] == results["runs"][0]["by_task"]
    (found,) = results["comparisons"]
    assert (found["a"], found["b"]) == ("graph-blind", "exact")
    test = found["tests"]["all"]
    assert test["difference"] == pytest.approx(1 - results["runs"][0]["mean"])
    assert test["interval"][0] < test["difference"] < test["interval"][1]
    assert list(found["tests"]) == ["all", *results["tasks"]]
    assert all(t["p_corrected"] >= t["p"] for t in found["tests"].values())
    assert found["flips"]["gained"] == test["gained"] == len(flips) > 0
    assert found["flips"]["lost"] == test["lost"] == 0
    assert len(found["flips"]["shown"]) == min(10, len(flips))
    assert flips[0]["reason_a"].startswith("wrong_value")
    assert flips[0]["reason_b"].startswith("right")
    moves = found["errors"]["moves"]
    assert moves[0][:2] == ["wrong_value", "right"]
    assert sum(there for _, _, there, _ in moves) == len(flips)


def test_the_other_way_round_is_the_mirror_image(folder: Path) -> None:
    there, _ = compare([folder / "graph-blind", folder / "exact"])
    back, flips = compare([folder / "exact", folder / "graph-blind"])
    a, b = there["comparisons"][0], back["comparisons"][0]
    for task, test in a["tests"].items():
        assert b["tests"][task]["difference"] == pytest.approx(-test["difference"])
        assert b["tests"][task]["p"] == pytest.approx(test["p"])
    assert {flip["way"] for flip in flips} == {"lost"}
    assert b["errors"]["moves"] == [[to, fro, *ways] for fro, to, *ways in a["errors"]["moves"]]
    assert len(flips) == b["flips"]["lost"]


def test_errors_by_diagnosis(folder: Path) -> None:
    results, flips = compare([folder / "graph-blind", folder / "exact"], with_diagnosis=True)
    moves = results["comparisons"][0]["errors"]["moves"]
    assert {move[0] for move in moves} <= {"adjustment", "mediator", "task", "shortcut", "polarity", "other"}
    assert sum(move[2] for move in moves) == len(flips)


def test_samples_of_one_model_move_both_ways(folder: Path, tmp_path: Path) -> None:
    """Two samples an item: the answers of both runs, in one order and in the other, are the same answers."""
    both = [
        [json.loads(line) for line in (folder / name / "predictions.jsonl").read_text().splitlines()]
        for name in ("graph-blind", "exact")
    ]
    for name, (first, second) in (("a", both), ("b", both[::-1])):
        mixed = [{**row, "sample": k} for pair in zip(first, second, strict=True) for k, row in enumerate(pair)]
        write_run(tmp_path / name, folder / "exact", mixed, f"model {name}")
    results, flips = compare([tmp_path / "a", tmp_path / "b"])
    (found,) = results["comparisons"]
    assert found["tests"]["all"]["p"] == 1
    assert not flips
    assert all(there == back for _, _, there, back in found["errors"]["moves"])


def write_run(place: Path, like: Path, rows: list[dict[str, Any]], model: str) -> None:
    place.mkdir()
    results = json.loads((like / "results.json").read_text())
    (place / "results.json").write_text(json.dumps({**results, "model": model}))
    (place / "predictions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_runs_that_cannot_be_compared(folder: Path, tmp_path: Path) -> None:
    exact = folder / "exact"
    known = [json.loads(line) for line in (exact / "predictions.jsonl").read_text().splitlines()]
    write_run(tmp_path / "fewer", exact, known[:20], "m")
    write_run(tmp_path / "labels", exact, [{**row, "truth": {"value": 0.5, "answer": "Yes"}} for row in known], "m")
    write_run(tmp_path / "damaged", exact, [{**known[0], "score": "1"}], "m")
    write_run(tmp_path / "empty", exact, [], "m")
    evaluate("exact", str(folder / "items.jsonl"), view="formal", out=tmp_path / "formal")
    for other, message in (
        ("fewer", r"different items of .* \(8 in the first alone, 0 in the second alone\)"),
        ("labels", "scored against different labels"),
        ("damaged", "line 1: score is missing or of the wrong type"),
        ("empty", "is empty"),
        ("formal", r"different views \(natural, formal\)"),
        ("none", "is no finished evaluation"),
    ):
        with pytest.raises(UserError, match=message):
            compare([exact, tmp_path / other])
    with pytest.raises(UserError, match="given twice"):
        compare([exact, exact])
    with pytest.raises(UserError, match="two runs or more"):
        compare([exact])
    with pytest.raises(UserError, match="unknown score"):
        compare([exact, folder / "graph-blind"], by="best")
    with pytest.raises(UserError, match="for published sets"):
        compare([exact, folder / "graph-blind"], by="official")


def test_a_suite_that_was_moved(folder: Path, tmp_path: Path) -> None:
    items = tmp_path / "moved.jsonl"
    items.write_text((folder / "items.jsonl").read_text())
    other = tmp_path / "other.jsonl"
    other.write_text("".join(json.dumps(row_of(item, "base", "")) + "\n" for item in generate("base", 28, 9)))
    runs = [folder / "graph-blind", folder / "exact"]
    assert compare(runs, suite=str(items))[0]["items"] == 28
    with pytest.raises(UserError, match="is not the suite of"):
        compare(runs, suite=str(other))


def test_published_sets_by_their_own_rule(tmp_path: Path) -> None:
    file = rows.write(tmp_path / "a.json", [rows.ATE, rows.ETT, rows.PN, rows.ZERO, rows.WRONG_LABEL, rows.UNREADABLE])
    for name in ("exact", "constant"):
        evaluate(name, f"caugym:{file}", out=tmp_path / name)
    for by, right in (("strict", 3), ("official", 4), ("value", 4)):
        results, _ = compare([tmp_path / "constant", tmp_path / "exact"], by=by)
        cells = results["runs"][1]["by_task"]
        sizes = {"ATE": 4, "ETT": 1, "PN": 1}
        assert sum(round(cells[task]["accuracy"] * n) for task, n in sizes.items()) == right


def test_the_command(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [str(folder / "graph-blind"), str(folder / "exact")]
    out, flips = tmp_path / "compare.md", tmp_path / "flips.jsonl"
    assert cli.run(["compare", *runs, "--out", str(out), "--flips", str(flips), "--json"]) == 0
    printed = capsys.readouterr()
    results = json.loads(printed.out)
    text = out.read_text()
    assert "| exact | 100.0" in text
    assert "| constant |" in text
    assert "exact less graph-blind" in text
    assert len(flips.read_text().splitlines()) == results["comparisons"][0]["flips"]["gained"]
    assert cli.run(["compare", *runs]) == 0
    assert "exact is better than graph-blind" in capsys.readouterr().out
    assert cli.run(["compare", runs[0]]) == 2
    assert "two runs or more" in capsys.readouterr().err


def test_names_are_escaped(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    known = [json.loads(line) for line in (folder / "exact" / "predictions.jsonl").read_text().splitlines()]
    write_run(tmp_path / "run", folder / "exact", known, "<script>alert(1)</script>|\x1b[31m[red]")
    out = tmp_path / "out.md"
    assert cli.run(["compare", str(folder / "exact"), str(tmp_path / "run"), "--out", str(out)]) == 0
    assert "\x1b" not in capsys.readouterr().out
    assert "<script>" not in out.read_text()
