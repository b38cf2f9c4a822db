"""How a model is asked: the settings of generation, and the words around a question."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rungwise.errors import UserError
from rungwise.evaluate.questions import READ, Suite
from rungwise.problems.streams import stream
from rungwise.suites.items import generate
from rungwise.wording.answers import solution_text

Message = dict[str, str]
"""A "role" and a "content"."""

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "paper": {
        "samples": 5,
        "temperature": 0.6,
        "top_p": 0.95,
        "max_new_tokens": 8192,
        "suffix": "Let's think step by step.",
    }
}
"""Settings under a name. "paper": arXiv 2602.06337's."""

MAX_NEW_TOKENS = {"slots": 256, "formal": 2048, "natural": 2048}
"""The default by view."""

MAX_SHOTS = 100

_INSTRUCTION = re.compile(r"^Instruction:[^\n]*\n", re.M)


@dataclass(frozen=True)
class Sampling:
    """What is drawn for each prompt; ``temperature`` 0 decodes greedily, None is the backend's own.

    Raises:
        UserError: a setting is out of range.
    """

    samples: int
    temperature: float | None
    top_p: float
    max_new_tokens: int
    seed: int

    def __post_init__(self) -> None:
        for name in ("samples", "max_new_tokens"):
            if getattr(self, name) < 1:
                raise UserError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not 0 < self.top_p <= 1 or (self.temperature is not None and not 0 <= self.temperature <= 10):
            raise UserError(
                f"temperature must be from 0 to 10 and top_p in (0, 1], got {self.temperature} and {self.top_p}"
            )
        if self.samples > 1 and self.temperature == 0:
            raise UserError("several samples at temperature 0 are all the same; set a temperature, such as 0.6")


@dataclass(frozen=True)
class Words:
    """The words around a question.

    Attributes:
        system: a system message.
        suffix: what follows the question, on a line of its own.
        instruction: "keep", or "drop" the line of the natural view that names what is asked for.
        shots: worked examples before the question.
        shots_as: "chat", turns of a conversation, or "text", in one message with the question.

    Raises:
        UserError: a setting is unknown or out of range.
    """

    system: str = ""
    suffix: str = ""
    instruction: str = "keep"
    shots: int = 0
    shots_as: str = "chat"

    def __post_init__(self) -> None:
        for name, known in (("instruction", ("keep", "drop")), ("shots_as", ("chat", "text"))):
            if getattr(self, name) not in known:
                raise UserError(f"unknown {name} {getattr(self, name)!r}; use {' or '.join(known)}")
        if not 0 <= self.shots <= MAX_SHOTS:
            raise UserError(f"shots must be from 0 to {MAX_SHOTS}, got {self.shots}")

    def settings(self) -> dict[str, Any]:
        """By name, for the settings of a run."""
        return asdict(self)


def conversations(suite: Suite, words: Words, seed: int) -> list[list[Message]]:
    """What is sent for each question that has a prompt.

    The examples are the same for every question: the first items of a ``train`` suite of their own, so of training
    structure, with their worked solutions, the tasks in turn.

    Raises:
        UserError: the suite has no such instruction, or its answers are of another form than our examples'.
    """
    prompts = [question.prompt for question in suite.questions if question.prompt is not None]
    if words.instruction == "drop":
        shorter = [_INSTRUCTION.sub("", prompt) for prompt in prompts]
        if shorter == prompts:
            raise UserError(f"no item of {suite.name} in the {suite.view} view has an instruction to drop")
        prompts = shorter
    prompts = [_worded(prompt, words) for prompt in prompts]
    examples = [(_worded(prompt, words), answer) for prompt, answer in _examples(suite, words, seed)]
    system = [{"role": "system", "content": words.system}] if words.system else []
    if words.shots_as == "text":
        before = "".join(f"{prompt.rstrip()}\n{answer}\n\n" for prompt, answer in examples)
        return [[*system, {"role": "user", "content": before + prompt}] for prompt in prompts]
    turns = [
        {"role": role, "content": text}
        for example in examples
        for role, text in zip(("user", "assistant"), example, strict=True)
    ]
    return [[*system, *turns, {"role": "user", "content": prompt}] for prompt in prompts]


def _worded(prompt: str, words: Words) -> str:
    return f"{prompt.rstrip()}\n{words.suffix}" if words.suffix else prompt


def _examples(suite: Suite, words: Words, seed: int) -> Sequence[tuple[str, str]]:
    if not words.shots:
        return []
    if suite.published is not None and suite.published.name != READ:
        raise UserError(f"--shots are worked examples of our tasks; {suite.published.name} asks for other answers")
    items = generate("train", words.shots, int(stream("shots", seed).integers(2**31)), suite.view)
    found = [(item.text, solution_text(item.problem, suite.view)) for item in items]
    if words.instruction == "drop":
        found = [(_INSTRUCTION.sub("", prompt), answer) for prompt, answer in found]
    return found
