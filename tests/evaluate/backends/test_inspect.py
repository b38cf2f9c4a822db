"""Inspect AI's model layer, live: against a local server that has trouble, and its own mock provider."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from suites.chat_server import KEY, ChatServer, chat_server

from rungwise.errors import UserError
from rungwise.evaluate.backends import Calls, Sample
from rungwise.evaluate.backends.inspect import Inspect
from rungwise.evaluate.protocol import Sampling
from rungwise.evaluate.run import evaluate

models = pytest.importorskip("inspect_ai.model")

PROMPTS = [[{"role": "system", "content": "Be brief."}, {"role": "user", "content": f"{i}?"}] for i in range(12)]
SAMPLING = Sampling(2, 0.7, 0.9, 50, 0)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    with chat_server() as found:
        found.write = lambda messages: f"<think>Hm.</think>{messages[-1]['content']}"
        monkeypatch.setenv("PARROT_BASE_URL", found.url)
        monkeypatch.setenv("PARROT_API_KEY", KEY)
        yield found


def test_every_sample_is_answered_once(server: ChatServer) -> None:
    server.share, server.troubles = 0.5, ("429", "500")
    taken: list[Sample] = []
    backend = Inspect("openai-api/parrot/parrot", Calls(concurrency=4, backoff=0.01, timeout=60))
    backend.answer(PROMPTS, SAMPLING, {(0, 0), (5, 1)}, taken.extend, 0.0)
    assert server.did["429"] > 1
    assert server.did["500"] > 1
    assert len(taken) == 22
    assert {(s.place, s.number) for s in taken} == {(i, k) for i in range(12) for k in range(2)} - {(0, 0), (5, 1)}
    assert all(s.completion.text == f"{s.place}?" and s.completion.thinking == "Hm." for s in taken)
    assert {(s.completion.prompt_tokens, s.completion.completion_tokens) for s in taken} == {(100, 50)}
    sent = server.requests[0]
    assert [message["role"] for message in sent["messages"]] == ["system", "user"]
    assert (sent["temperature"], sent["top_p"], sent["max_tokens"]) == (0.7, 0.9, 50)


def test_a_wrong_key_ends_at_once(server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARROT_API_KEY", "sk-other")
    backend = Inspect("openai-api/parrot/parrot", Calls(concurrency=1, backoff=0.01))
    with pytest.raises(UserError, match="Wrong path or key"):
        backend.answer(PROMPTS, SAMPLING, set(), lambda samples: None, 0.0)
    assert server.did.total() == 1


def test_a_whole_evaluation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def reply(*_: Any) -> Any:
        output = models.ModelOutput.from_content("mockllm", '{"PROB": "0.5"}', stop_reason="max_tokens")
        output.usage = models.ModelUsage(input_tokens=7, output_tokens=3, input_tokens_cache_read=2)
        return output

    real = models.get_model
    monkeypatch.setattr(models, "get_model", lambda name, **given: real(name, custom_outputs=reply, **given))
    found = evaluate("inspect:mockllm/model", "base", view="formal", n=3, temperature=None, out=tmp_path)
    assert (found["tokens"], found["cut_off"]) == ({"prompt": 27, "completion": 9}, 1)
    assert json.loads((tmp_path / "settings.json").read_text())["temperature"] is None


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("inspect:gpt", "inspect: takes PROVIDER/NAME"),
        ("inspect:openai-api/x/y", "use --model endpoint:NAME --endpoint URL"),
        ("inspect:hf/org/m", "without a prefix"),
        ("inspect:nobody/m", "Inspect AI can't reach nobody/m"),
    ],
)
def test_mistakes(model: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        evaluate(model, "base", view="formal", n=1)
