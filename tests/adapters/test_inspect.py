"""An exported task run by Inspect itself, on its mock model."""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from adapters.golden import golden

inspect_ai = pytest.importorskip("inspect_ai")


@pytest.fixture(autouse=True)
def _event_loop() -> Iterator[None]:
    """Inspect leaves a running thread without an event loop, which others expect."""
    yield
    asyncio.set_event_loop(asyncio.new_event_loop())


def run(task: Any, texts: list[str], logs: Path) -> Any:
    from inspect_ai.model import ModelOutput, ModelUsage, get_model

    outputs = [ModelOutput.from_content("mockllm/model", text) for text in texts]
    for output in outputs:  # without it the mock counts tokens, with a vocabulary from the network
        output.usage = ModelUsage()
    model = get_model("mockllm/model", custom_outputs=outputs, memoize=False)
    (log,) = inspect_ai.eval(task, model=model, log_dir=str(logs), display="none", max_samples=1, max_connections=1)
    return log


@pytest.mark.parametrize("kind", ["right", "two answers", "reasoned"])
def test_an_exported_task(
    kind: str, exported: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(exported("inspect"))
    outputs = [next(output for output in item["outputs"] if output["kind"] == kind) for item in golden()]
    log = run("task.py", [output["text"] for output in outputs], tmp_path)
    assert log.status == "success", log.error
    found = {sample.id: sample.scores["strict"] for sample in log.samples}
    assert [found[i].value for i in sorted(found)] == [output["score"] for output in outputs]
    assert all(score.explanation for score in found.values())
    (metrics,) = (score.metrics for score in log.results.scores)
    assert metrics["accuracy"].value == sum(output["score"] for output in outputs) / len(outputs)
    assert all(sample.input == item["prompt"] for sample, item in zip(log.samples, golden(), strict=True))


def test_the_registered_task_and_a_failure_of_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The entry point names what Inspect looks for; an exception in the scorer fails the run."""
    project = tomllib.loads((Path(__file__).resolve().parents[2] / "pyproject.toml").read_text())["project"]
    named = project["entry-points"]["inspect_ai"]["rungwise"]
    registered = EntryPoint("rungwise", named, "inspect_ai").load()
    task = registered.causal(suite="base", n=2)
    answers = [sample.target for sample in task.dataset]
    log = run(task, answers, tmp_path)
    assert log.status == "success", log.error
    assert log.results.scores[0].metrics["accuracy"].value == 1.0
    again = registered.causal(suite="base", n=1)
    monkeypatch.setattr("rungwise.scoring.score.extract", lambda text: 1 / 0)
    log = run(again, answers, tmp_path)
    assert log.status == "error"
    assert "division by zero" in log.error.message
