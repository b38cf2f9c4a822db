"""evaluate and score RUN at the command line: presets, estimates, the cache, answers made elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from suites.chat_server import KEY, ChatServer, chat_server
from test_cli import Shell

from rungwise.suites.items import generate


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A shell in an empty folder, with a cache of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Shell(capsys)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    pytest.importorskip("openai")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with chat_server() as found:
        found.write = lambda messages: '{"ANSWER": "Yes", "PROB": "0.1"}'
        yield found


def asked(server: ChatServer, *more: str) -> list[str]:
    """A command line."""
    suite = ("--suite", "base", "--view", "formal", "--n", "4")
    return ["evaluate", "--model", "endpoint:parrot", "--endpoint", server.url, *suite, *more]


def test_an_endpoint_is_asked_once(shell: Shell, server: ChatServer, tmp_path: Path) -> None:
    first = shell.json(*asked(server, "--out", "run"))
    assert (first["n"], first["cached"], len(server.requests)) == (4, 0, 4)
    assert shell.json(*asked(server, "--out", "run")) == first
    code, _, err = shell(*asked(server, "--out", "other"))
    assert code == 0
    assert "4 answers came from the cache" in err
    assert len(server.requests) == 4
    assert shell(*asked(server, "--no-cache"))[0] == 0
    assert len(server.requests) == 8
    code, _, err = shell(*asked(server, "--out", "run", "--max-new-tokens", "9", "--suffix", "Well?"))
    assert code == 2
    assert "other settings (max_new_tokens, suffix)" in err
    assert all(KEY not in path.read_text("latin-1") for path in tmp_path.rglob("*") if path.is_file())


def test_the_papers_preset_and_what_wins_over_it(shell: Shell, server: ChatServer) -> None:
    shell.json(*asked(server, "--preset", "paper", "--samples", "2", "--limit", "1"))
    assert len(server.requests) == 2
    sent = server.requests[0]
    assert (sent["temperature"], sent["top_p"], sent["max_tokens"]) == (0.6, 0.95, 8192)
    assert sent["messages"][0]["content"].endswith("\nLet's think step by step.")
    shell.json(*asked(server, "--temperature", "default", "--limit", "1"))
    assert "temperature" not in server.requests[-1]
    assert "'warm' is no number, nor 'default'" in shell(*asked(server, "--temperature", "warm"))[2]


def test_an_estimate_asks_nothing(shell: Shell, server: ChatServer, tmp_path: Path) -> None:
    prices = ("--price-in", "1", "--price-out", "2", "--max-new-tokens", "1000")
    found = shell.json(*asked(server, "--dry-run", *prices, "--out", "run"))
    assert (found["items"], found["to_ask"], found["completion_tokens_at_most"]) == (4, 4, 4000)
    assert found["cost_at_most"] == pytest.approx(found["prompt_tokens"] / 1e6 + 0.008)
    assert not (tmp_path / "run").exists()
    assert server.requests == []
    code, out, _ = shell(*asked(server, "--dry-run", *prices))
    assert code == 0
    assert "4 items, 4 samples, 4 of them to ask" in out
    assert "cost at most 0.01" in out
    shell.json(*asked(server, *prices, "--limit", "3"))
    assert shell.json(*asked(server, "--dry-run", *prices))["to_ask"] == 1


def test_a_local_estimate_counts_with_the_models_tokenizer(shell: Shell, tiny: Any, tiny_folder: Path) -> None:
    found = shell.json(
        "evaluate", "--model", str(tiny_folder), "--suite", "base", "--view", "slots", "--n", "3", "--dry-run"
    )
    texts = [item.text for item in generate("base", 3, 0, "slots")]
    assert found["prompt_tokens"] == sum(len(tiny[1](text)["input_ids"]) for text in texts)
    assert "generates nothing" in shell("evaluate", "--model", "exact", "--suite", "base", "--dry-run")[2]


def test_answers_made_elsewhere(shell: Shell, tmp_path: Path) -> None:
    items = list(generate("base", 5, 0, "formal"))
    lines = [
        json.dumps({"id": item.id, "output": ["I can't tell.", item.problem.answer_text("formal")]})
        for item in items[:4]
    ]
    (tmp_path / "theirs.jsonl").write_text("\n".join(lines))
    command = ["evaluate", "--model", "predictions:theirs.jsonl", "--suite", "base", "--view", "formal", "--n", "5"]
    found = shell.json(*command, "--out", "run")
    assert (found["samples"], found["missing"], found["accuracy"]) == (2, 1, pytest.approx(4 / 9))
    (tmp_path / "theirs.jsonl").write_text("\n".join(lines[::-1]))
    assert "other settings (file_sha256)" in shell(*command, "--out", "run")[2]
    assert shell(*command[:2], "predictions:none.jsonl", *command[3:])[0] == 2


def test_score_a_run_again(shell: Shell, tmp_path: Path) -> None:
    shell.json("evaluate", "--model", "exact", "--suite", "base", "--n", "7", "--out", "run")
    path = tmp_path / "run" / "predictions.jsonl"
    path.write_text(path.read_text().replace('"score": 1', '"score": 0', 1).replace('"right: ', '"wrong_value: ', 1))
    found = shell.json("score", "run", "--out", "again")["rescored"]
    assert (found["changed"], found["by_reason"]) == (1, {"wrong_value -> right": 1})
    code, out, _ = shell("score", "run")
    assert code == 0
    assert "1 rows changed, 0 of them in their label" in out
    assert "  wrong_value -> right: 1" in out
    assert "leave out --predictions" in shell("score", "run", "--predictions", "x.json")[2]
    assert "score takes --suite and --predictions, or the folder of a RUN" in shell("score")[2]
