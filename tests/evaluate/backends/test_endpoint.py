"""A real server that answers badly: every item is scored exactly once, whatever happens to it or to us."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from killed import kill
from suites.chat_server import KEY, ChatServer, chat_server

from rungwise.errors import UserError
from rungwise.evaluate.backends import Calls
from rungwise.evaluate.run import evaluate
from rungwise.suites.items import generate

pytest.importorskip("openai")

ITEMS = 40
ASKED: dict[str, Any] = {"view": "formal", "n": ITEMS, "seed": 3}
ANSWERS = {item.text: item.problem.answer_text("formal") for item in generate("base", ITEMS, 3, "formal")}
RIGHT = set(list(ANSWERS)[::3])
FAULTS = ("429", "500", "broken", "no choices", "cut")


def written(messages: list[dict[str, str]]) -> str:
    """The right answer to every third item."""
    prompt = messages[-1]["content"]
    return f"<think>Hm.</think>\n{ANSWERS[prompt]}" if prompt in RIGHT else "I can't tell."


def calls(server: ChatServer, **changed: Any) -> Calls:
    return Calls(**{"url": server.url, "key": KEY, "timeout": 20.0, "backoff": 0.01, "concurrency": 8, **changed})


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with chat_server() as found:
        found.write = written
        yield found


def predictions(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "predictions.jsonl").read_text().splitlines()]


def test_a_server_that_fails_one_call_in_five_and_limits_the_rate(server: ChatServer, tmp_path: Path) -> None:
    server.share, server.troubles, server.most, server.delay = 0.3, FAULTS, 2, 0.005
    given: dict[str, Any] = {**ASKED, "calls": calls(server), "samples": 2, "temperature": 0.7}
    found = evaluate("endpoint:parrot", "base", out=tmp_path / "out", **given)
    assert all(server.did[trouble] for trouble in FAULTS), f"every trouble was met: {server.did}"
    assert server.did["full"]
    rows = predictions(tmp_path / "out")
    assert [(row["index"], row["sample"]) for row in rows] == [(i, k) for i in range(ITEMS) for k in range(2)]
    assert [row["score"] for row in rows] == [int(i % 3 == 0) for i in range(ITEMS) for _ in range(2)]
    assert set(server.answered) == set(ANSWERS)
    assert set(server.answered.values()) == {2}, "what was answered is not asked for again"
    assert (rows[0]["text"], rows[0]["thinking"]) == ("\n" + ANSWERS[next(iter(ANSWERS))], "<think>Hm.</think>")
    assert found["tokens"] == {"prompt": 200 * ITEMS, "completion": 100 * ITEMS}
    asked = len(server.requests)
    assert evaluate("endpoint:parrot", "base", out=tmp_path / "out", **given) == found
    assert len(server.requests) == asked, "nothing is left to do"


def test_a_server_that_stalls(server: ChatServer, tmp_path: Path) -> None:
    server.share, server.troubles, server.pause = 0.5, ("slow", "drip"), 3.0
    given: dict[str, Any] = {**ASKED, "n": 14, "calls": calls(server, timeout=2.0, tries=99), "out": tmp_path / "out"}
    found = evaluate("endpoint:parrot", "base", **given)
    assert server.did["slow"]
    assert server.did["drip"]
    assert [row["index"] for row in predictions(tmp_path / "out")] == list(range(14))
    assert (found["n"], found["tokens"]) == (14, {"prompt": 1400, "completion": 700}), "each answer counts once"


MANY = 120
"""Items of which ten killed runs together leave some."""


def run_forever(url: str, out: str) -> None:
    asked = {**ASKED, "n": MANY}
    evaluate("endpoint:parrot", "base", calls=Calls(url=url, key=KEY, concurrency=4), out=Path(out), **asked)


class Paced:
    """Answers ``most`` calls in all and lets the others wait, so that no run ends before it is killed."""

    def __init__(self) -> None:
        self.begun, self.most, self.lock = 0, 0, threading.Lock()

    def __call__(self, messages: list[dict[str, str]]) -> str:
        with self.lock:
            self.begun += 1
            own = self.begun
        while own > self.most:
            time.sleep(0.01)
        return written(messages)


@pytest.mark.slow
def test_kill_9_at_ten_moments_loses_at_most_the_calls_in_flight(server: ChatServer, tmp_path: Path) -> None:
    out, dice, lost = tmp_path / "out", Random(1), 0
    partial = out / "predictions.partial.jsonl"
    server.delay, server.write = 0.05, (paced := Paced())
    for _ in range(10):
        begun, more, pause = server.did.total(), dice.randrange(1, 8), dice.random() / 10
        paced.most = begun + more + 3

        def now(enough: int = begun + more, pause: float = pause) -> bool:
            if server.did.total() < enough:
                return False
            time.sleep(pause)
            return True

        kill(run_forever, server.url, str(out), when=now)
        paced.most = 10**9
        while server.busy:
            time.sleep(0.01)
        whole = partial.read_bytes().rpartition(b"\n")[0].splitlines() if partial.exists() else []
        kept = sum(len(json.loads(line)) for line in whole)
        new = server.answered.total() - kept - lost
        assert 0 <= new <= 4, "more was lost than was in flight"
        lost += new
    run_forever(server.url, str(out))
    assert server.answered.total() == MANY + lost
    assert lost > 0
    assert [row["index"] for row in predictions(out)] == list(range(MANY))


def test_the_cache_is_shared_and_knows_what_an_answer_depends_on(server: ChatServer, tmp_path: Path) -> None:
    def run(**changed: Any) -> dict[str, Any]:
        given = {**ASKED, "samples": 2, "temperature": 0.5, "cache": tmp_path / "cache", **changed}
        return evaluate("endpoint:parrot", "base", calls=calls(server), **given)

    first = run(n=7)
    assert (server.did.total(), first["cached"]) == (14, 0)
    assert run(n=7, out=tmp_path / "out")["cached"] == 14
    assert server.did.total() == 14
    assert run(n=7, samples=3, limit=5)["cached"] == 10
    assert server.did.total() == 19
    server.write = None
    for changed in ({"temperature": 0.6}, {"top_p": 0.9}, {"max_new_tokens": 7}, {"suffix": "Well?"}, {"system": "Hi"}):
        assert run(n=7, **changed)["cached"] == 0
    assert run(n=7)["cached"] == 14
    (tmp_path / "cache" / "responses.sqlite").write_bytes(b"no database at all" * 99)
    with pytest.raises(UserError, match=r"the cache .* can't be used"):
        run(n=7)


def test_the_cost_cap_stops_in_time_and_more_money_goes_on(server: ChatServer, tmp_path: Path) -> None:
    prices: dict[str, Any] = {"price_in": 1000.0, "price_out": 2000.0}  # 0.1 + 0.1 an answer, as the server counts
    estimate = evaluate("endpoint:parrot", "base", calls=calls(server, **prices), dry_run=True, **ASKED)
    assert (estimate["items"], estimate["to_ask"]) == (ITEMS, ITEMS)
    assert estimate["completion_tokens_at_most"] == ITEMS * 2048
    assert estimate["cost_at_most"] == pytest.approx((estimate["prompt_tokens"] + 2 * ITEMS * 2048) / 1000)
    assert (server.did.total(), list(tmp_path.iterdir())) == (0, [])
    given: dict[str, Any] = {**ASKED, "max_new_tokens": 100, "out": tmp_path / "out"}
    with pytest.raises(UserError, match=r"stopped before the cost cap: .* with a higher --max-cost .* goes on"):
        evaluate("endpoint:parrot", "base", calls=calls(server, **prices, max_cost=3.0), **given)
    spent = server.did.total() * 0.2
    assert 1 < spent <= 3.0
    left = evaluate("endpoint:parrot", "base", calls=calls(server, **prices), dry_run=True, **given)["to_ask"]
    assert left == ITEMS - server.did.total()
    found = evaluate("endpoint:parrot", "base", calls=calls(server, **prices, max_cost=100.0), **given)
    assert found["cost"] == pytest.approx(ITEMS * 0.2)
    assert server.did.total() == ITEMS
    assert evaluate("endpoint:parrot", "base", calls=calls(server), dry_run=True, **given)["to_ask"] == 0


def test_what_is_hopeless_ends_at_once(server: ChatServer, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="HTTP 401: Wrong path or key") as caught:
        evaluate("endpoint:parrot", "base", calls=calls(server, key="sk-other"), out=tmp_path / "out", **ASKED)
    assert "sk-other" not in str(caught.value)
    assert server.did.total() <= 8
    server.refuse = 400
    with pytest.raises(UserError, match="HTTP 400"):
        evaluate("endpoint:parrot", "base", calls=calls(server), out=tmp_path / "out", **ASKED)
    assert server.did.total() < 40
    assert KEY not in "".join(path.read_text() for path in (tmp_path / "out").iterdir())
    with chat_server() as gone:
        pass
    with pytest.raises(UserError, match="the model does not answer"):
        evaluate("endpoint:parrot", "base", calls=calls(gone, tries=2), **ASKED)


def test_missing_answers_are_an_error_unless_they_count_as_wrong(server: ChatServer, tmp_path: Path) -> None:
    hard = next(iter(ANSWERS))

    def write(messages: list[dict[str, str]]) -> str:
        if messages[-1]["content"] == hard:
            raise ConnectionError
        return written(messages)

    server.write = write
    given: dict[str, Any] = {**ASKED, "calls": calls(server, tries=2), "out": tmp_path / "out"}
    with pytest.raises(UserError, match=r"1 samples have no answer .* --missing-as-wrong"):
        evaluate("endpoint:parrot", "base", **given)
    asked = server.did.total()
    found = evaluate("endpoint:parrot", "base", missing_as_wrong=True, **given)
    assert server.did.total() == asked + 2
    assert (found["missing"], found["accuracy"]) == (1, pytest.approx(13 / 40))
    assert re.match("no_output: ", predictions(tmp_path / "out")[0]["reason"])


def test_reasoning_that_comes_apart_and_a_text_that_the_limit_cut(server: ChatServer, tmp_path: Path) -> None:
    messages = iter(
        [
            ({"content": ANSWERS[next(iter(ANSWERS))], "reasoning_content": "So."}, "stop"),
            ({"content": None, "reasoning": "So, so"}, "length"),
        ]
    )
    server.reply = lambda: next(messages)
    evaluate("endpoint:parrot", "base", calls=calls(server, concurrency=1), out=tmp_path / "out", **{**ASKED, "n": 2})
    first, second = predictions(tmp_path / "out")
    assert (first["score"], first["thinking"], first.get("cut_off")) == (1, "So.", None)
    assert (second["text"], second["thinking"], second["cut_off"], second["status"]) == ("", "So, so", True, "unparsed")


@pytest.mark.parametrize(
    ("model", "changed", "message"),
    [
        ("endpoint:m", {"url": None}, "--endpoint URL and --model endpoint:NAME go together"),
        ("embedded", {}, "go together"),
        ("endpoint:m", {"url": "http://user:pw@host/v1"}, "must hold no password"),
        ("endpoint:m", {"max_cost": 1.0}, "--max-cost needs --price-in"),
        ("endpoint:m", {"price_in": 1.0}, "give both --price-in and --price-out"),
        ("endpoint:m", {"concurrency": 0}, "--concurrency must be from 1"),
        ("sever:m", {}, "unknown model 'sever:m'; prefixes are vllm:, endpoint:"),
        ("endpoint:", {}, "unknown model 'endpoint:'"),
    ],
)
def test_mistakes(model: str, changed: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        evaluate(model, "base", calls=Calls(**{"url": "http://127.0.0.1:9/v1", **changed}), **ASKED)
