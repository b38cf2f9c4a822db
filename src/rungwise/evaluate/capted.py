"""CAPT at test time: a suite with symbols in place of the names in its prompts (``rungwise.capt``).

Who finds the events, from the prompt alone: "readers" (our own), "self" (the model that is evaluated) or "endpoint".
A prompt without a faultless abstraction is asked as it is, and counted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rungwise.capt.cladder import cladder_nouns
from rungwise.capt.estimation import Estimated, Estimator, estimate, local
from rungwise.capt.exact import Texts
from rungwise.capt.intervention import MODES, Intervention, Mode
from rungwise.errors import UserError
from rungwise.evaluate.questions import Question, Suite
from rungwise.files import read_json, write_json
from rungwise.suites.endpoint import Asker, Endpoint, EndpointFailure

BY = ("readers", "self", "endpoint")
ABSTRACTIONS = "abstractions.json"
"""File of an evaluation's folder with the prompts that a model's abstractions led to: a model would say something else
when it is asked again, and a resumed evaluation must ask the same."""
REPLY_TOKENS = 1024
"""Of the evaluated model when it names events."""

Find = Callable[[Sequence[Question]], list[Estimated]]
"""From questions to what was estimated from their prompts."""


def capted(suite: Suite, mode: Mode, seed: int, by: str = "readers", find: Find | None = None,
           out: Path | None = None) -> Suite:  # fmt: skip
    """The suite with other prompts; its ``capt`` says what was done.

    Args:
        seed: of the symbols.
        find: who finds the events where ``by`` is not "readers", see ``by_model`` and ``by_endpoint``.
        out: the evaluation's folder, see ABSTRACTIONS.

    Raises:
        UserError: unknown mode or ``by``, a view without names, or the endpoint fails.
    """
    if mode not in MODES:
        raise UserError(f"unknown CAPT mode {mode!r}; modes are {', '.join(MODES)}")
    if by not in BY:
        raise UserError(f"unknown --capt-by {by!r}; use {', '.join(BY)}")
    if mode == "none":
        return suite
    if suite.view != "natural":
        raise UserError(f"CAPT takes names out, and the {suite.view} view has none: use --view natural")
    asked = [question for question in suite.questions if question.prompt is not None]
    stated = {"suite_sha256": suite.sha256, "mode": mode, "seed": seed, "by": by}
    path = out / ABSTRACTIONS if out is not None and by != "readers" else None
    known: Any = read_json(path) if path is not None and path.exists() else {}
    if isinstance(known, dict) and known.get("of") == stated:
        prompts = known["prompts"]
    else:
        prompts = _prompts(asked, (find or by_readers)(asked), Intervention(mode, seed))
        if path is not None and not path.exists():
            write_json(path, {"of": stated, "prompts": prompts})
    told = dict(zip([question.index for question in asked], prompts, strict=True))
    questions = tuple(replace(one, prompt=told.get(one.index) or one.prompt) for one in suite.questions)
    kept = {"mode": mode, "by": by, "not_abstracted": sum(prompt is None for prompt in prompts)}
    return replace(suite, questions=questions, capt=kept)


def _prompts(asked: Sequence[Question], found: Sequence[Estimated], intervention: Intervention) -> list[str | None]:
    return [
        None
        if one.abstraction is None
        else intervention.texts(one.abstraction.events, [question.prompt or ""], question.id)[0]
        for question, one in zip(asked, found, strict=True)
    ]


def by_readers(questions: Sequence[Question]) -> list[Estimated]:
    """Our readers."""
    return [estimate(question.prompt or "", nouns_of(question)) for question in questions]


def nouns_of(question: Question) -> Mapping[str, tuple[str, str]]:
    """What the values of variables are called, as far as an item's description of the story says it."""
    if question.published is None:
        return {}
    given = question.published[1].given
    nouns: Mapping[str, tuple[str, str]] = given.get("nouns") or cladder_nouns(given.get("model"))
    return nouns


def by_model(generate: Callable[[str], str]) -> Find:
    """A local model, such as the one that is evaluated; ``generate`` bounds its own length."""

    def find(questions: Sequence[Question]) -> list[Estimated]:
        estimator = Estimator(local(generate), concurrency=1, reread=Texts({}).reading)
        return asyncio.run(estimator.many([question.prompt or "" for question in questions]))

    return find


def by_endpoint(endpoint: Endpoint, tries: int = 3, concurrency: int = 4) -> Find:
    """An OpenAI-compatible endpoint."""

    async def ask(texts: Sequence[str]) -> list[Estimated]:
        async with Asker(endpoint) as asker:
            return await Estimator(asker.ask, tries, concurrency, Texts({}).reading).many(texts)

    def find(questions: Sequence[Question]) -> list[Estimated]:
        try:
            return asyncio.run(ask([question.prompt or "" for question in questions]))
        except* EndpointFailure as failures:
            why = str(failures.exceptions[0])
        raise UserError(f"{endpoint.url} fails: {why}")

    return find
