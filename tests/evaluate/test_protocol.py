"""What is sent to a model, message by message."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import caugym_rows as rows
import pytest

from rungwise.errors import UserError
from rungwise.evaluate.protocol import PRESETS, Sampling, Words, conversations
from rungwise.evaluate.questions import load_suite
from rungwise.problems.streams import stream
from rungwise.suites.items import generate
from rungwise.suites.published import open_set
from rungwise.suites.published.item import refuse


def sent(view: str = "formal", seed: int = 0, **words: Any) -> list[list[dict[str, str]]]:
    return conversations(load_suite("base", view, 3, seed), Words(**words), seed)


def test_a_bare_question_is_the_items_text() -> None:
    texts = [item.text for item in generate("base", 3, 0, "formal")]
    assert sent() == [[{"role": "user", "content": text}] for text in texts]
    assert sent(system="Be brief.", suffix="Think.") == [
        [{"role": "system", "content": "Be brief."}, {"role": "user", "content": f"{text.rstrip()}\nThink."}]
        for text in texts
    ]


def test_examples_are_worked_and_of_training_structure() -> None:
    found = sent(shots=3, suffix="Think.", seed=5)
    assert [message["role"] for message in found[0]] == ["user", "assistant"] * 3 + ["user"]
    assert found[0][:6] == found[2][:6]
    assert all(message["content"].endswith("\nThink.") for message in found[0][::2])
    shown = {message["content"].removesuffix("\nThink.") for message in found[0][:6:2]}
    seed = int(stream("shots", 5).integers(2**31))
    items = {item.text.rstrip(): item for item in generate("train", 3, seed, "formal")}
    assert shown <= set(items)
    for message, answer in zip(found[0][:6:2], found[0][1:6:2], strict=True):
        problem = items[message["content"].removesuffix("\nThink.")].problem
        assert answer["content"].endswith(problem.answer_text("formal"))
        assert "\n" in answer["content"], "steps come before the answer"
    (only,) = sent(shots=3, suffix="Think.", seed=5, shots_as="text")[0]
    assert only["content"].startswith(f"{found[0][0]['content']}\n{found[0][1]['content']}\n\n")
    assert only["content"].endswith(found[0][6]["content"])
    assert sent(shots=2, seed=6)[0][0] != sent(shots=2, seed=5)[0][0]


def test_the_instruction_can_be_dropped(tmp_path: Path) -> None:
    kept, dropped = (sent("natural", instruction=name, shots=1) for name in ("keep", "drop"))
    for full, short in zip(kept[0][::2], dropped[0][::2], strict=True):
        lines = [line for line in full["content"].split("\n") if not line.startswith("Instruction:")]
        assert short["content"].split("\n") == lines
        assert full != short
    with pytest.raises(UserError, match="has an instruction to drop"):
        sent("formal", instruction="drop")
    file = rows.write(tmp_path / "a.json", [rows.ATE])
    (found,) = conversations(load_suite(f"caugym:{file}"), Words(instruction="drop"), 0)
    assert "Instruction:" not in found[0]["content"]
    assert "Question:" in found[0]["content"]
    assert next(iter(open_set(f"caugym:{file}", refuse)[1])).text != found[0]["content"]


def test_the_papers_setting() -> None:
    assert PRESETS["paper"] == {
        "samples": 5, "temperature": 0.6, "top_p": 0.95, "max_new_tokens": 8192,
        "suffix": "Let's think step by step.",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"samples": 0}, "samples must be at least 1"),
        ({"samples": 2}, "several samples at temperature 0"),
        ({"temperature": -1.0}, "temperature must be from 0"),
        ({"top_p": 0.0}, r"top_p in \(0, 1\]"),
        ({"max_new_tokens": 0}, "max_new_tokens must be at least 1"),
    ],
)
def test_settings_out_of_range(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        Sampling(**{"samples": 1, "temperature": 0.0, "top_p": 1.0, "max_new_tokens": 9, "seed": 0, **changed})


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"instruction": "lose"}, "unknown instruction 'lose'; use keep or drop"),
        ({"shots_as": "song"}, "unknown shots_as 'song'"),
        ({"shots": 101}, "shots must be from 0 to 100"),
    ],
)
def test_words_that_are_unknown(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        Words(**changed)
