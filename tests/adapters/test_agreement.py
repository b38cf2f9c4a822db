"""The same predictions get the same score from every adapter: the one that the golden file says they deserve."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from caugym_rows import ATE

from adapters.golden import cases, golden
from rungwise.adapters import lm_eval, openrlhf, verl
from rungwise.adapters.judge import judge, numbers, row_of
from rungwise.adapters.trl import make_reward
from rungwise.errors import UserError
from rungwise.evaluate.questions import load_suite
from rungwise.evaluate.results import scored_row
from rungwise.scoring.score import score

CONTRACTS = Path(__file__).with_name("contracts")
SCORES = [deserved for _, _, deserved in cases()]


def test_the_golden_file_covers_what_matters() -> None:
    items = golden()
    assert {(item["task"], item["view"]) for item in items} >= {
        (task, view)
        for task in ("ATE", "CDE", "ETT", "NDE", "NIE", "PN", "PS")
        for view in ("natural", "formal", "slots")
    }
    kinds = {output["kind"]: output["score"] for item in items for output in item["outputs"]}
    assert len(kinds) >= 18
    assert any(output["kind"] == "lack" and output["score"] for item in items for output in item["outputs"])


def test_the_judge_agrees_with_the_golden_file() -> None:
    assert [judge(text, item["truth"]).score for item, text, _ in cases()] == SCORES


@pytest.mark.parametrize("as_messages", [False, True])
def test_trl(as_messages: bool) -> None:
    found = []
    for item, text, _ in cases():
        completion = [{"role": "assistant", "content": text}] if as_messages else text
        problem = json.dumps(json.loads(item["truth"])["problem"])
        found += make_reward(item["view"])(prompts=[item["prompt"]], completions=[completion], problem=[problem])
    assert found == SCORES


def test_lm_eval() -> None:
    found = [lm_eval.process_results(item, [text]) for item, text, _ in cases()]
    assert [metrics["score"] for metrics in found] == SCORES


def test_inspect() -> None:
    pytest.importorskip("inspect_ai")
    from inspect_ai.scorer import Target

    from rungwise.adapters.inspect import strict

    async def scores() -> list[object]:
        judged = strict()
        states = [
            SimpleNamespace(output=SimpleNamespace(completion=text), metadata={"truth": item["truth"]})
            for item, text, _ in cases()
        ]
        return [await judged(state, Target("")) for state in states]  # type: ignore[arg-type]

    found = asyncio.run(scores())
    assert [one.value for one in found] == SCORES  # type: ignore[attr-defined]
    assert all(one.explanation for one in found)  # type: ignore[attr-defined]


@pytest.mark.parametrize("framework", ["verl", "openrlhf", "verifiers"])
def test_exported_files_called_as_the_framework_does(
    framework: str, exported: Callable[..., Path], tmp_path: Path
) -> None:
    """In a process of its own, without the framework."""
    if framework == "openrlhf":
        pytest.importorskip("torch")
    folder = exported(framework)
    places = {item["id"] + item["view"]: place for place, item in enumerate(golden())}
    asked = [[places[item["id"] + item["view"]], text] for item, text, _ in cases()]
    (tmp_path / "cases.json").write_text(json.dumps(asked))
    done = subprocess.run(
        [sys.executable, CONTRACTS / f"call_{framework}.py", folder, tmp_path / "cases.json"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == SCORES


def test_published_items_are_judged_as_evaluation_does(tmp_path: Path) -> None:
    (tmp_path / "rows.json").write_text(json.dumps([ATE]))
    suite = load_suite(f"caugym:{tmp_path / 'rows.json'}")
    for question in suite.questions:
        row = row_of(question)
        for text in (row["answer"], '{"ANSWER": "Yes", "PROB": "0.9"}', "no idea"):
            assert judge(text, row["truth"]).score == scored_row(question, text)["score"]


def test_failures_of_ours_are_exceptions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never a score of 0: training would go on, silently wrong."""
    item, text = golden()[0], golden()[0]["outputs"][0]["text"]
    with pytest.raises(UserError, match="the truth of a row is not JSON"):
        verl.compute_score("", text, "{broken")
    with pytest.raises(UserError, match="was changed after it was made"):
        lm_eval.process_results({"truth": item["truth"].replace('"more"', '"less"', 1)}, [text])
    monkeypatch.setattr("rungwise.scoring.score.extract", lambda text: 1 / 0)
    for call in (
        lambda: verl.compute_score("", text, item["truth"]),
        lambda: openrlhf.reward_func([item["prompt"] + text], [item["prompt"]], [item["truth"]]),
        lambda: lm_eval.process_results(item, [text]),
        lambda: make_reward("natural")([text], [json.dumps(json.loads(item["truth"])["problem"])]),
    ):
        with pytest.raises(ZeroDivisionError):
            call()


def test_reasoning_that_a_template_opened() -> None:
    """Cut off before it was closed, it holds no final answer, whatever stands in it."""
    item = golden()[0]
    cut, whole = f"so it is {item['answer']}", f"so\n</think>\n{item['answer']}"
    assert verl.compute_score("", cut, item["truth"])["score"] == 1.0
    for text, deserved in ((cut, 0.0), (whole, 1.0)):
        assert verl.compute_score("", text, item["truth"], prefill="<think>")["score"] == deserved
        assert lm_eval.process_results(item, [text], "<think>")["score"] == deserved
        prompt = "question<think>\n"
        found = openrlhf.reward_func([f"{prompt}{text}<|im_end|>"], [prompt], [item["truth"]])
        assert found["rewards"].tolist() == [deserved]


def test_a_query_that_lost_its_prompt() -> None:
    item = golden()[0]
    with pytest.raises(UserError, match="does not begin with its prompt"):
        openrlhf.reward_func(["..." + item["prompt"][20:]], [item["prompt"]], [item["truth"]])


def test_numbers_have_the_same_keys() -> None:
    item = golden()[0]
    problem = load_suite("base", n=1).questions[0].problem
    found = [numbers(judge(text, item["truth"])) for text in ("", item["answer"])] + [numbers(score("x", problem))]
    assert len({tuple(one) for one in found}) == 1
    assert all(0.0 <= value <= 1.0 for one in found for value in one.values())
