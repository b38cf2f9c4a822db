"""Worked solutions reworded by an endpoint, which now and then lies."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

pytest.importorskip("openai")
pytest.importorskip("trl")

from suites.chat_server import KEY, MODEL, ChatServer, chat_server

from rungwise.errors import UserError
from rungwise.posttrain.data import solved
from rungwise.posttrain.rewording import Rewording, fault, read_reworded, reword
from rungwise.posttrain.settings import TrainRecipe, recipe
from rungwise.posttrain.sft import solutions_stream
from rungwise.suites.endpoint import Endpoint
from rungwise.wording.answers import solution_text

RECIPE = recipe("tiny", ["view=natural", "solutions=2"])


def well(plain: str) -> str:
    """The same in other words, as a model might put it."""
    text = re.sub(r"^path: (.+): (yes|no)$", r"path: is there a \1? \2", plain, flags=re.M)
    text = re.sub(r"^arithmetic: ", "arithmetic: this comes to ", text, flags=re.M)
    return re.sub(r"^(adjustment|mediators): none$", r"\1: the empty set", text, flags=re.M)


LIES = {
    "number": lambda text: re.sub(r"(substitution: \D*\d\.)(\d)", lambda m: m[1] + str((int(m[2]) + 1) % 10), text),
    "answer": lambda text: re.sub(r'"PROB": "-?\d', '"PROB": "7', text).replace("LACK_CONDITION", "no idea"),
    "step": lambda text: "\n".join(line for line in text.split("\n") if not line.startswith("estimand")),
    "set": lambda text: re.sub(r"^(adjustment: ).+$", r"\1A, B, C, D", text, flags=re.M),
    "endless": lambda text: text + "\n" + "and so on " * 2000,
    "nothing": lambda text: "",
    "prose": lambda text: "I would rather not.",
}


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with chat_server() as running:
        running.write = lambda messages: well(messages[1]["content"])
        yield running


def job(server: ChatServer, chosen: TrainRecipe = RECIPE, **options: int) -> Rewording:
    return Rewording(chosen, Endpoint(server.url, MODEL, 5.0, None, KEY), **options)


def kept(path: Path) -> dict[str, str]:
    return {row["id"]: row["solution"] for row in map(json.loads, path.read_text().splitlines())}


def test_what_is_reworded_well_is_kept(server: ChatServer, tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    counts = reword(job(server), tmp_path / "out.jsonl", lambda *row: told.append(row))
    problems = solved(RECIPE)
    changed = [
        problem for problem in problems if well(solution_text(problem, "natural")) != solution_text(problem, "natural")
    ]
    assert counts["kept"] == len(changed) > 10
    found = kept(tmp_path / "out.jsonl")
    assert found == {problem.id: well(solution_text(problem, "natural")) for problem in changed}
    assert all(fault(found[problem.id], problem, "natural") is None for problem in changed)
    assert told[-1][:2] == (14, 14)
    assert KEY not in (tmp_path / "out.jsonl.log").read_text()

    asked = len(server.requests)
    assert reword(job(server), tmp_path / "out.jsonl") == counts  # nothing is asked again
    assert len(server.requests) == asked
    with pytest.raises(UserError, match="begun with another model"):
        reword(Rewording(RECIPE, Endpoint(server.url, "other", 5.0, None, KEY)), tmp_path / "out.jsonl")


@pytest.mark.parametrize("lie", LIES)
def test_every_lie_is_caught_and_told(server: ChatServer, tmp_path: Path, lie: str) -> None:
    """The first reply lies; told what is wrong, the second one does not."""
    server.write = lambda messages: (LIES[lie] if len(messages) == 2 else str)(well(messages[1]["content"]))
    counts = reword(job(server), tmp_path / "out.jsonl")
    found, problems = kept(tmp_path / "out.jsonl"), {problem.id: problem for problem in solved(RECIPE)}
    assert all(fault(text, problems[name], "natural") is None for name, text in found.items())
    again = [request["messages"][-1]["content"] for request in server.requests if len(request["messages"]) > 2]
    assert len(again) > 5
    assert all(text.startswith("That can't be used: ") for text in again)
    assert counts["kept"] > 10

    server.write = lambda messages: LIES[lie](well(messages[1]["content"]))
    stubborn = reword(job(server, tries=2), tmp_path / "stubborn.jsonl")
    lied = sum(
        LIES[lie](well(solution_text(p, "natural"))) != well(solution_text(p, "natural")) for p in problems.values()
    )
    assert stubborn["dropped"]["refused"] >= lied
    assert stubborn["kept"] == 14 - stubborn["dropped"]["refused"]


def test_a_run_that_died_goes_on(server: ChatServer, tmp_path: Path) -> None:
    whole = reword(job(server), tmp_path / "whole.jsonl")
    log = tmp_path / "whole.jsonl.log"
    (tmp_path / "half.jsonl.log").write_bytes(b"\n".join(log.read_bytes().split(b"\n")[:6])[:-20])
    asked = len(server.requests)
    assert reword(job(server), tmp_path / "half.jsonl") == whole
    assert len(server.requests) - asked == 14 - 4  # the settings, four records, one cut off
    assert kept(tmp_path / "half.jsonl") == kept(tmp_path / "whole.jsonl")


def test_an_endpoint_that_fails_is_named(server: ChatServer, tmp_path: Path) -> None:
    server.refuse = 401
    with pytest.raises(UserError, match=r"fails: HTTP 401.*the same command goes on"):
        reword(job(server), tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists()
    server.refuse = None
    assert reword(job(server), tmp_path / "out.jsonl")["kept"] > 10


def test_a_file_is_checked_before_it_is_learnt(server: ChatServer, tmp_path: Path) -> None:
    reword(job(server), tmp_path / "out.jsonl")
    problems = solved(RECIPE)
    assert read_reworded(tmp_path / "out.jsonl", problems, "natural") == kept(tmp_path / "out.jsonl")
    with pytest.raises(UserError, match="made for another recipe or seed"):
        read_reworded(
            tmp_path / "out.jsonl", solved(recipe("tiny", ["view=natural", "solutions=2", "seed=5"])), "natural"
        )
    lines = (tmp_path / "out.jsonl").read_text().splitlines()
    for damage, message in (
        (lambda line: line.replace("solution", "answer"), r"line 2 is no \{id, solution\}"),
        (
            lambda line: line.replace("arithmetic: this comes to ", "arithmetic: this comes to 9"),
            "line 2: the solution is",
        ),
    ):
        (tmp_path / "bad.jsonl").write_text("\n".join([lines[0], damage(lines[1]), *lines[2:]]))
        with pytest.raises(UserError, match=message):
            read_reworded(tmp_path / "bad.jsonl", problems, "natural")


def test_sft_sees_it_half_of_the_time() -> None:
    problems = solved(RECIPE)
    words = {problem.id: f"words of {problem.id}" for problem in problems[:7]}
    rows = [
        row["completion"] for row in islice(solutions_stream(problems, "natural", 7, 0, "sft", 0, True, words), 1400)
    ]
    seen = Counter(row for row in rows if row.startswith("words of"))
    assert len(seen) == 7
    assert 280 < seen.total() < 420  # 700 chances, five standard deviations to either side
    assert len({row for row in rows if not row.startswith("words of")}) > 300  # the others in many phrasings
    later = islice(solutions_stream(problems, "natural", 7, 0, "sft", 700, True, words), 700)
    assert [row["completion"] for row in later] == rows[700:]


def test_what_has_no_english_is_refused() -> None:
    with pytest.raises(UserError, match="reworded needs worked solutions in English"):
        recipe("tiny", ["reworded=x.jsonl"])
    with pytest.raises(UserError, match="set view=natural and guidance=true"):
        Rewording(recipe("tiny"), Endpoint("http://localhost:1/v1", "m"))
    with pytest.raises(UserError, match="--tries must be from 1 to 20"):
        Rewording(RECIPE, Endpoint("http://localhost:1/v1", "m"), tries=0)
