"""What a run asks: our causal problems and exercises, put and answered in text, and what an answer is worth."""

from __future__ import annotations

import json

import numpy as np

from rungwise.posttrain.exercises import Exercise
from rungwise.problems.problem import Problem
from rungwise.scoring.choice import OPTIONS_OF, choice_verdict
from rungwise.scoring.score import Verdict, score
from rungwise.suites.items import to_text
from rungwise.wording.answers import answer_text, solution_text

Subject = Problem | Exercise


def prompt_text(subject: Subject, view: str) -> str:
    """The question."""
    return subject.prompt if isinstance(subject, Exercise) else to_text(subject, view)


def completion_text(subject: Subject, view: str, guidance: bool, rng: np.random.Generator | None = None) -> str:
    """The worked solution (with ``rng`` in one of several phrasings, where the view has such) or, without ``guidance``,
    the final answer alone."""
    if isinstance(subject, Exercise):
        return subject.solution if guidance else subject.answer
    return solution_text(subject, view, rng) if guidance else answer_text(subject, view)


def verdict(text: str, subject: Subject, view: str) -> Verdict:
    """What a text is worth as an answer."""
    if isinstance(subject, Exercise):
        return choice_verdict(text, OPTIONS_OF[subject.answer], subject.answer)
    return score(text, subject, view)


def task_of(subject: Subject) -> str:
    """The kind of question."""
    return subject.task if isinstance(subject, Exercise) else subject.query.task


def stored(subject: Subject) -> str:
    """What the reward's column ``problem`` holds."""
    if isinstance(subject, Exercise):
        return json.dumps({"id": subject.id, "task": subject.task, "truth": {"value": None, "answer": subject.answer}})
    return json.dumps(subject.to_dict())
