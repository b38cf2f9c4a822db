"""An exported task run by lm-evaluation-harness itself, on a model that says what the golden file says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.golden import golden

pytest.importorskip("lm_eval")


def saying(texts: dict[str, str]) -> Any:
    """A model that answers each prompt with its text."""
    from lm_eval.api.model import LM

    class Saying(LM):
        def generate_until(self, requests: list[Any]) -> list[str]:
            for request in requests:
                assert request.args[1]["until"] == [], "the default would cut the reasoning at an empty line"
            return [texts[request.args[0]] for request in requests]

        def loglikelihood(self, requests: list[Any]) -> list[Any]:
            raise NotImplementedError

        loglikelihood_rolling = loglikelihood

    return Saying()


@pytest.fixture(scope="module")
def manager(exported: Callable[..., Path]) -> Any:
    from lm_eval.tasks import TaskManager

    return TaskManager(include_path=str(exported("lm-eval")), include_defaults=False)


@pytest.mark.slow  # lm-eval reads the thousands of tasks of its own first
def test_the_task_is_valid(exported: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    from lm_eval._cli.harness import HarnessCLI

    cli = HarnessCLI()
    named = ["validate", "--include_path", str(exported("lm-eval")), "--tasks", "rungwise_golden_none_jsonl"]
    cli.execute(cli._parser.parse_args(named))
    assert "valid" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["right", "two answers", "reasoned", "lack"])
def test_scores(kind: str, manager: Any) -> None:
    from lm_eval import simple_evaluate

    outputs = {
        item["prompt"]: next(output for output in item["outputs"] if output["kind"] == kind) for item in golden()
    }
    model = saying({prompt: output["text"] for prompt, output in outputs.items()})
    found = simple_evaluate(model, tasks=["rungwise_golden_none_jsonl"], task_manager=manager, bootstrap_iters=0)
    assert found is not None
    samples = found["samples"]["rungwise_golden_none_jsonl"]
    assert [s["score"] for s in samples] == [outputs[s["doc"]["prompt"]]["score"] for s in samples]
    assert len(samples) == len(golden())
    results = found["results"]["rungwise_golden_none_jsonl"]
    assert results["score,none"] == sum(output["score"] for output in outputs.values()) / len(outputs)
    assert {"value_correct,none", "answer_correct,none", "unparsed,none", "by_expression,none"} <= set(results)


def test_a_failure_of_ours_ends_the_run(manager: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from lm_eval import simple_evaluate

    monkeypatch.setattr("rungwise.scoring.score.extract", lambda text: 1 / 0)
    model = saying({item["prompt"]: item["answer"] for item in golden()})
    with pytest.raises(ZeroDivisionError):
        simple_evaluate(model, tasks=["rungwise_golden_none_jsonl"], task_manager=manager, bootstrap_iters=0)
