"""audit, score and show on published sets, as typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import caugym_rows as rows
import pytest

from rungwise import cli

Shell = Callable[..., tuple[int, str, str]]


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Runs a command line in an empty folder with a set and a model's outputs; (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    rows.write(tmp_path / "set.json", [rows.ATE, rows.ETT, rows.PN, rows.ZERO])
    texts = ['{"ANSWER": "Yes", "PROB": "0.5"}'] * 2 + ['{"PROB": "0.625"}', '{"ANSWER": "No", "PROB": "0"}']
    Path("model.jsonl").write_text("".join(json.dumps({"id": str(i), "text": t}) + "\n" for i, t in enumerate(texts)))

    def run(*arguments: str) -> tuple[int, str, str]:
        code = cli.run(arguments)
        return code, *capsys.readouterr()

    return run


def test_an_audit_is_a_check(shell: Shell) -> None:
    code, out, err = shell("audit", "caugym:set.json", "--predictions", "model.jsonl", "--out", "audit")
    assert code == 1
    assert "reproduced: 4 of 4 values, 2 of 3 answers; the roads agree on 4 of 4 solved items" in out
    assert "model.jsonl (strict): 100.0 with the published labels, 75.0 with the corrected ones" in out
    assert "wrote audit.md" in err
    assert sorted(p.name for p in Path("audit").iterdir()) == ["audit.json", "audit.md", "audit.parquet", "patch.jsonl"]

    code, out, _ = shell("audit", "caugym:set.json", "--json")
    assert code == 1
    assert json.loads(out)["outcomes"] == {"confirmed": 3, "wrong": 1}
    assert shell("audit", "caugym:set.json", "--limit", "1")[0] == 0


def test_a_patch_is_used_by_evaluate_and_score(shell: Shell) -> None:
    shell("audit", "caugym:set.json", "--out", "audit")
    accuracies = []
    for patch in ([], ["--patch", "audit/patch.jsonl"]):
        _, out, _ = shell("evaluate", "--model", "exact", "--suite", "caugym:set.json", *patch, "--json")
        accuracies.append(json.loads(out)["accuracy"])
        code, out, _ = shell("score", "--suite", "caugym:set.json", "--predictions", "model.jsonl", *patch, "--json")
        assert code == 0
        accuracies.append(json.loads(out)["accuracy"])
    assert accuracies == [0.75, 1.0, 1.0, 0.75]


def test_scores_for_people(shell: Shell) -> None:
    code, out, _ = shell("score", "--suite", "caugym:set.json", "--predictions", "model.jsonl", "--out", "theirs")
    assert code == 0
    assert "official (the set's own rule): 100.0" in out
    assert "both call 4 right, official alone 0, strict alone 0, neither 0" in out
    assert {p.name for p in Path("theirs").iterdir()} == {"predictions.jsonl", "results.json"}
    # What an evaluation or a scoring left can be scored again.
    code, out, _ = shell("score", "--suite", "caugym:set.json", "--predictions", "theirs/predictions.jsonl", "--json")
    assert json.loads(out)["accuracy"] == 1


def test_an_item_is_shown_with_the_verdict_on_its_label(shell: Shell) -> None:
    code, out, _ = shell("show", "caugym:set.json#1")
    assert code == 0
    assert "label: wrong: the value is right, but by its sign the answer is No, not Yes" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["audit", "caugim:set.json"], "unknown benchmark 'caugim'; did you mean 'caugym'?"),
        (["audit", "caugym:none.json"], "there is no file or folder none.json"),
        (["audit", "caugym:set.json", "--predictions", "none.json"], "No such file or directory: none.json"),
        (["score", "--suite", "base", "--predictions", "model.jsonl"], "base is no published set"),
        (["score", "--suite", "caugym:set.json", "--predictions", "set.json"], "none of the fields"),
        (["evaluate", "--model", "exact", "--suite", "base", "--skip-bad"], "are for published sets"),
        (["evaluate", "--model", "exact", "--suite", "caugym:set.json", "--patch", "set.json"], "set.json line 1"),
    ],
)
def test_a_mistake_is_one_clear_line(shell: Shell, arguments: list[str], message: str) -> None:
    code, out, err = shell(*arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err
