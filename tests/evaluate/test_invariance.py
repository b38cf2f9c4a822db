"""Consistency over variants: the solver is perfect, planted answers give planted figures, runs go on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import caugym_rows as rows
import pytest

from rungwise import cli
from rungwise.errors import UserError
from rungwise.evaluate.invariance import agree, consistency, evaluate_with_variants
from rungwise.evaluate.questions import Suite, load_suite
from rungwise.evaluate.results import Row, scored_row
from rungwise.evaluate.variants import VARIANTS, with_variant


@pytest.mark.parametrize(
    ("suite", "view"),
    [("base", "natural"), ("base", "formal"), ("base", "slots"), ("decisive", "natural"), ("insufficient", "natural"),
     ("monotone", "natural"), ("rephrased", "natural")],
)  # fmt: skip
def test_the_solver_is_consistent_and_right(suite: str, view: str) -> None:
    found = evaluate_with_variants("exact", suite, "all", n=7, view=view)["invariance"]
    assert set(found["variants"]) <= set(VARIANTS[view])
    assert len(found["variants"]) >= len(VARIANTS[view]) - 1
    for cell in found["variants"].values():
        assert cell["accuracy"] == cell["original"] == cell["consistency"] == 1
        assert (cell["difference"], cell["p"]) == (0, 1)
        assert cell["n"] + cell["left_out"] == 7
    assert found["consistency"] == found["always"] == found["right"] == 1
    assert found["same_prompt"] is None
    assert found["drop"] is None


def test_the_solver_on_a_published_set_with_wrong_labels(tmp_path: Path) -> None:
    file = rows.write(tmp_path / "a.json", [rows.ATE, rows.ETT, rows.PN, rows.LACK, rows.WRONG_LABEL, rows.UNREADABLE])
    results = evaluate_with_variants("exact", f"caugym:{file}", "all", out=tmp_path / "out")
    assert results["accuracy"] < 1
    found = results["invariance"]
    assert found["n"] == 5
    assert found["consistency"] == found["always"] == found["right"] == 1
    assert found["variants"]["padding"]["original"] == 1
    assert json.loads((tmp_path / "out" / "results.json").read_text()) == results
    assert (tmp_path / "out" / "invariance" / "percent" / "predictions.jsonl").exists()


def answers(suite: Suite, wrong: set[int], samples: int = 1) -> dict[int, list[Row]]:
    """Right answers, but a value of its own on these items; of two samples the second is always right."""
    found: dict[int, list[Row]] = {}
    for q in suite.questions:
        text = q.problem.answer_text()
        bad = '{"ANSWER": "Yes", "PROB": "0.98765"}'
        said = [bad if q.index in wrong and k == 0 else text for k in range(samples)]
        found[q.index] = [scored_row(q, one, k) for k, one in enumerate(said)]
    return found


def test_planted_answers() -> None:
    suite = load_suite("base", n=14, seed=2)
    varied = {name: with_variant(suite, name) for name in ("nonsense", "padding")}
    rows = {"": answers(suite, set()), "nonsense": answers(varied["nonsense"], {0, 1, 2}),
            "padding": answers(varied["padding"], {2, 3})}  # fmt: skip
    found = consistency(suite, varied, rows)
    assert found["variants"]["nonsense"]["consistency"] == pytest.approx(11 / 14)
    assert found["variants"]["nonsense"]["accuracy"] == pytest.approx(11 / 14)
    assert found["variants"]["nonsense"]["difference"] == pytest.approx(-3 / 14)
    assert found["variants"]["padding"]["consistency"] == pytest.approx(12 / 14)
    assert found["consistency"] == pytest.approx(23 / 28)
    assert found["always"] == found["right"] == pytest.approx(10 / 14)


def test_wrong_in_the_same_way_is_consistent() -> None:
    suite = load_suite("base", n=14, seed=2)
    varied = {"padding": with_variant(suite, "padding")}
    rows = {"": answers(suite, {0, 1}), "padding": answers(varied["padding"], {0, 1})}
    found = consistency(suite, varied, rows)
    assert found["consistency"] == found["always"] == 1
    assert found["right"] == pytest.approx(12 / 14)


def test_two_samples_of_one_prompt_stand_beside() -> None:
    suite = load_suite("base", n=14, seed=2)
    varied = {"padding": with_variant(suite, "padding")}
    rows = {"": answers(suite, {0, 1}, 2), "padding": answers(varied["padding"], {0, 1}, 2)}
    found = consistency(suite, varied, rows)
    assert found["same_prompt"]["consistency"] == pytest.approx(12 / 14)
    assert found["consistency"] == pytest.approx((12 + 2 / 2) / 14)
    assert found["drop"]["difference"] == pytest.approx(-1 / 14)
    assert found["drop"]["interval"][0] < found["drop"]["difference"] < found["drop"]["interval"][1]


def row(value: float | None, answer: str | None, score: int = 0, status: str = "parsed") -> dict[str, Any]:
    truth = {"value": 0.3, "answer": "Yes"}
    return {"value": value, "answer": answer, "score": score, "status": status, "truth": truth}


def test_what_says_the_same() -> None:
    assert agree(row(0.1, "Yes"), row(0.1004, "Yes"), 1)
    assert not agree(row(0.1, "Yes"), row(0.1006, "Yes"), 1)
    assert not agree(row(0.1, "Yes"), row(0.1, "No"), 1)
    assert agree(row(0.1, "Yes"), row(-0.1, "No"), -1)
    assert not agree(row(0.1, "Yes"), row(-0.1, "Yes"), -1)
    assert not agree(row(0.1, "Yes"), row(0.1, "No"), -1)
    assert agree(row(0.0, "No"), row(0.0, "No"), -1)
    assert agree(row(0.3002, "Yes", 1), row(0.3009, "Yes", 1), 1)
    assert agree(row(None, "LACK_CONDITION"), row(None, "LACK_CONDITION"), -1)
    assert not agree(row(None, "LACK_CONDITION"), row(0.1, "Yes"), 1)
    assert agree(row(None, "Yes"), row(None, "No"), -1)
    assert not agree(row(None, None, status="unparsed"), row(None, None, status="unparsed"), 1)


def test_a_model_with_samples_and_the_same_command_again(tiny_folder: Path, tmp_path: Path) -> None:
    settings: dict[str, Any] = {
        "view": "slots", "n": 7, "samples": 2, "temperature": 1.0, "max_new_tokens": 8, "out": tmp_path
    }  # fmt: skip
    loads: list[str] = []

    def load(name: str) -> tuple[Any, Any]:
        from rungwise.language_models import load_model

        loads.append(name)
        return load_model(name)

    results = evaluate_with_variants(str(tiny_folder), "base", "letters,twin", load=load, **settings)
    found = results["invariance"]
    assert list(found["variants"]) == ["letters", "twin"]
    assert found["same_prompt"] is not None
    assert len(loads) == 1
    (tmp_path / "invariance" / "twin" / "results.json").unlink()
    again = evaluate_with_variants(str(tiny_folder), "base", "letters,twin", load=load, **settings)
    assert again["invariance"] == found


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["evaluate", "--model", "exact", "--suite", "base", "--n", "7", "--invariance", "percent,twin"]
    assert cli.run([*command, "--json"]) == 0
    assert list(json.loads(capsys.readouterr().out)["invariance"]["variants"]) == ["percent", "twin"]
    assert cli.run(command) == 0
    assert "consistent over variants: 100.0" in capsys.readouterr().out
    assert cli.run([*command[:-1], "percents"]) == 2
    assert "the natural view has no variant 'percents'; it has names, nonsense" in capsys.readouterr().err


def test_what_cannot_be_varied(tmp_path: Path) -> None:
    file = rows.write(tmp_path / "a.json", [rows.UNREADABLE])
    with pytest.raises(UserError, match="has a variant"):
        evaluate_with_variants("exact", f"caugym:{file}", "all")
    for model, settings in (("predictions:a.jsonl", {}), ("m", {"dry_run": True})):
        with pytest.raises(UserError, match="leave out --invariance"):
            evaluate_with_variants(model, "base", "all", **settings)
