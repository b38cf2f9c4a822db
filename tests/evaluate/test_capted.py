"""Evaluation in symbols: what is asked, what is recorded, who finds the events, and the suites of the two families."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from rungwise import cli
from rungwise.capt.estimation import Estimated
from rungwise.errors import UserError
from rungwise.evaluate.capted import ABSTRACTIONS, by_model, by_readers, capted
from rungwise.evaluate.questions import Question, load_suite
from rungwise.evaluate.run import evaluate
from rungwise.suites.families import FAMILIES, family_items, strict


@pytest.mark.parametrize("suite", ["base", "ladder-anti", "ontology-id"])
def test_prompts_lose_their_names_and_nothing_else(suite: str) -> None:
    plain = load_suite(suite, n=20)
    found = capted(plain, "random", 1)
    assert found == capted(plain, "random", 1)
    assert found.capt["mode"] == "random"
    same = [a.prompt == b.prompt for a, b in zip(plain.questions, found.questions, strict=True)]
    assert sum(same) == found.capt["not_abstracted"]
    if suite == "ladder-anti":  # deterministic worlds
        assert [q.task for q, kept in zip(plain.questions, same, strict=True) if kept] == ["det-counterfactual"] * 2
    else:
        assert not any(same)
    for a, b in zip(plain.questions, found.questions, strict=True):
        assert (a.id, a.truth, a.task) == (b.id, b.truth, b.task)
    assert capted(plain, "random", 2).questions != found.questions
    assert capted(plain, "original", 1).questions == plain.questions
    assert capted(plain, "none", 1) is plain
    assert found.sha256 != plain.sha256


@pytest.mark.parametrize(
    ("view", "mode", "by", "message"),
    [
        ("slots", "random", "readers", "the slots view has none: use --view natural"),
        ("formal", "random", "readers", "the formal view has none"),
        ("natural", "shuffled", "readers", "unknown CAPT mode 'shuffled'"),
        ("natural", "random", "nobody", "unknown --capt-by 'nobody'"),
    ],
)
def test_slips(view: str, mode: Any, by: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        capted(load_suite("base", view, 7), mode, 0, by)


def test_an_evaluation_records_it_and_refuses_another(tmp_path: Path) -> None:
    given: dict[str, Any] = {"n": 20, "seed": 3, "out": tmp_path}
    found = evaluate("exact", "ladder-id", capt="random", **given)
    assert found["capt"] == {"mode": "random", "by": "readers", "not_abstracted": 2}
    assert found["accuracy"] == 1.0
    settings = json.loads((tmp_path / "settings.json").read_text())
    assert (settings["capt"], settings["capt_by"]) == ("random", "readers")
    assert evaluate("exact", "ladder-id", capt="random", **given) == found
    for mode in ("none", "order"):
        with pytest.raises(UserError, match=r"other settings .*capt"):
            evaluate("exact", "ladder-id", capt=mode, **given)  # type: ignore[arg-type]
    assert "capt" not in evaluate("exact", "ladder-id", n=4)


def lines_of(prompt: str) -> str:
    """A model that names the events of an ontology item as it should: as our reader does."""
    text = prompt.partition("The text:\n")[2]
    question = Question(0, "0", "ontology", "natural", text, load_suite("base", n=7).questions[0].problem)
    (found,) = by_readers([question])
    assert found.abstraction is not None
    forms = [(int(re.findall(r"\d+", code)[0]), form) for code, form in found.abstraction.forms.items()]
    events = [
        {"name": event.name, "also": sorted({form for number, form in forms if number == i})}
        for i, event in enumerate(found.abstraction.events, 1)
    ]
    return json.dumps({"events": events})


def test_the_model_finds_them_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    suite = load_suite("ontology-non", n=4)
    asked: list[str] = []

    def answers(prompt: str) -> str:
        asked.append(prompt)
        return lines_of(prompt) if "Give each step" in prompt and len(asked) < 9 else "no idea"

    found = capted(suite, "random", 0, "self", by_model(answers), tmp_path)
    assert found.capt["by"] == "self"
    assert found.capt["not_abstracted"] < 4
    assert (tmp_path / ABSTRACTIONS).exists()

    def never(questions: Any) -> list[Estimated]:
        raise AssertionError("a resumed evaluation asks what it asked")

    assert capted(suite, "random", 0, "self", never, tmp_path) == found
    for text in asked:  # the question alone
        assert not any(f"\n{q.truth.answer}\n" in text for q in suite.questions)


def test_who_is_no_model_finds_nothing() -> None:
    with pytest.raises(UserError, match="exact is no language model"):
        evaluate("exact", "base", n=7, capt="random", capt_by="self")
    with pytest.raises(UserError, match="needs --capt-endpoint"):
        evaluate("exact", "base", n=7, capt="random", capt_by="endpoint")


@pytest.mark.parametrize("suite", sorted(FAMILIES))
def test_suites_of_the_families(suite: str) -> None:
    found = evaluate("exact", suite, n=40)
    assert (found["accuracy"], found["n"], found["view"]) == (1.0, 40, "natural")
    assert 0.5 <= found["baselines"]["constant"] <= 0.6
    items = list(family_items(suite, 40, 0))
    assert len({item.id for item in items}) == 40
    assert min(Counter(item.label.answer for item in items if item.label).values()) >= 19
    with pytest.raises(UserError, match="leave out --view slots"):
        evaluate("exact", suite, view="slots", n=4)


def test_versions_of_a_family_ask_the_same() -> None:
    for name in ("ladder", "ontology"):
        versions = [list(family_items(f"{name}-{version}", 20, 5)) for version in ("id", "anti", "non")]
        assert len({tuple(item.label for item in items) for items in versions}) == 1
        assert len({item.text for items in versions for item in items}) == 60


def test_final_answers_are_strict() -> None:
    (item,) = family_items("ontology-id", 1, 0)
    assert item.label is not None
    assert strict(f"So.\n{item.label.answer}", item).score == 1
    assert strict("True or False", item).status == "unparsed"


def test_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["generate", "ladder-anti", "--n", "3", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)["items"]
    assert [row["text"] for row in made] == [item.text for item in family_items("ladder-anti", 3, 0)]
    assert cli.run(["generate", "ladder-anti", "--n", "3", "--out", "x"]) == 2
    assert cli.run(["list", "suites"]) == 0
    assert "ontology-non" in capsys.readouterr().out
    given = ["evaluate", "--model", "exact", "--suite", "ladder-id", "--n", "20", "--capt", "random", "--json"]
    assert cli.run(given) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["capt"]["not_abstracted"] == 2
    assert "2 prompts had no faultless abstraction" in shown.err
