"""``rungwise show``: what stands behind an item, for people and as JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import caugym_rows as rows
import pytest

from rungwise import cli
from rungwise.problems.evidence import evidence
from rungwise.problems.problem import TOLERANCE
from rungwise.suites.items import SUITES, generate


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs ``show`` in an empty folder and gives what it printed, parsed where it is JSON."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, code: int = 0) -> Any:
        assert cli.run(["show", *arguments]) == code
        out, err = capsys.readouterr()
        return json.loads(out) if "--json" in arguments and code == 0 else out if code == 0 else err

    return run


def test_everything_about_an_item(told: Any) -> None:
    found = told("base#0", "--json")
    out = told("base#0")
    assert found["text"] in out
    assert f"question: {found['definition']}" in out
    for variable in found["model"]:
        assert f"{variable['letter']}: {variable['name']} (0 {variable['labels']['0']}" in out
        for cell, p in variable["table"].items():
            assert f"{cell} = {p:.4f}" in out
    for step in found["steps"]:
        assert f"{step['kind']}: {step['content']}" in out
    assert [reading["right"] for reading in found["readings"]].count(True) == 1
    for reading in found["readings"]:
        assert f"adjustment {reading['adjustment']}: {reading['value']:.4f}" in out
    assert len(found["recomputed"]) == 3
    for road in found["recomputed"]:
        assert abs(road["difference"]) <= found["tolerance"] == TOLERANCE
        assert f"{road['road']}: {road['value']:.6f}, off by" in out
    assert f"nodes {found['difficulty']['nodes']}" in out
    assert "shortcuts: constant 0.0000" in out


@pytest.mark.parametrize("suite", SUITES)
def test_every_suite_has_its_evidence(suite: str) -> None:
    for item in generate(suite, 14, seed=5):
        found = evidence(item.problem)
        assert item.problem.truth is not None
        value = item.problem.truth.value
        if value is None:
            first, second = found["witness"]["values"]
            assert abs(first - second) > 2 * TOLERANCE
            assert found["witness"]["largest_difference"] < 1e-9
            continue
        assert all(abs(road["value"] - value) <= TOLERANCE for road in found["recomputed"])
        right = [reading["value"] for reading in found["readings"] if reading["right"]]
        assert right == pytest.approx([] if item.problem.meta["right"] is None else [value])


def test_definitions() -> None:
    said = {}
    for item in [*generate("base", 70), *generate("monotone", 9)]:
        q, letters = item.problem.query, item.problem.letters
        text = evidence(item.problem)["definition"]
        of = {letters[q.treatment]: "X", letters[q.outcome]: "Y"}
        text = re.sub(r"[A-Z](?=[=_])", lambda m, of=of: of.get(m[0], m[0]), text)
        if (q.x, q.x_ref, q.y, q.direction) == (1, 0, 1, "more") and not q.held:
            said[q.task, q.bound] = text
    assert said["ATE", None] == "P(Y=1|do(X=1)) - P(Y=1|do(X=0)); Yes where positive"
    assert said["ETT", None] == "P(Y=1|X=0) - P(Y_{X=1}=1|X=0); Yes where negative"
    assert said["PNS", "point"] == "P(Y_{X=1}=1,Y_{X=0}=0), a point: the treatment never lowers the outcome"
    assert said["PS", "lower"] == "P(Y_{X=1}=1|X=0,Y=0), its lower bound"


def test_two_models_side_by_side(told: Any) -> None:
    names = [f"insufficient#{i}" for i in range(2)]
    name = next(name for name in names if told(name, "--json")["truth"]["value"] is None)
    found, out = told(name, "--json"), told(name)
    first, second = found["witness"]["values"]
    assert f"values {first:.6f} and {second:.6f}" in out
    for one, other in zip(found["model"], found["witness"]["model"], strict=True):
        for cell, p in one["table"].items():
            assert f"{cell} = {p:.4f} | {other['table'][cell]:.4f}" in out
    assert "missing: " in out
    assert "answer: LACK_CONDITION" in out


def test_a_published_item_has_no_model(told: Any) -> None:
    rows.write(Path("a.json"), [rows.ATE, rows.UNREADABLE])
    found, out = told("caugym:a.json#0", "--json"), told("caugym:a.json#0")
    assert not {"model", "recomputed", "readings"} & found.keys()
    assert "model" not in out.partition("truth:")[2]
    assert "not read: " in told("caugym:a.json#1")
    assert "no certificate" in told("caugym:a.json#0", "--certificate", "x.json", code=2)
    assert not Path("x.json").exists()


def test_the_certificate_is_written(told: Any) -> None:
    problem = told("monotone#1", "--json", "--certificate", "new/item.json")["problem"]
    assert json.loads(Path("new/item.json").read_text(encoding="utf-8")) == problem
    assert [path.name for path in Path("new").iterdir()] == ["item.json"]


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("meta", "readings"), [[1 << 70, 0]]),
        (("meta", "readings"), [[7, 7]]),
        (("meta", "readings"), [["A", "B"]]),
        (("meta", "readings"), 5),
        (("meta", "right"), "none"),
        (("meta", "right"), {}),
        (("meta", "letters"), ["A"]),
        (("meta", "letters"), [1, 2, 3, 4, 5, 6]),
        (("meta", "witness"), {"tables": 1}),
        (("meta", "witness"), {"tables": []}),
        (("meta", "letters"), ["A" * 1_000_000]),
        (("meta",), []),
    ],
)
def test_a_damaged_certificate_is_one_clear_line(told: Any, where: tuple[str, ...], value: Any) -> None:
    (item,) = generate("base", 1)
    problem = json.loads(json.dumps(item.problem.to_dict()))
    place = problem
    for key in where[:-1]:
        place = place[key]
    place[where[-1]] = value
    row = {"id": item.id, "view": item.view, "text": item.text, "problem": json.dumps(problem)}
    Path("items.jsonl").write_text(json.dumps(row) + "\n")
    said = told("items.jsonl#0", code=2)
    assert said.startswith("error: ")
    assert said.count("\n") == 1
