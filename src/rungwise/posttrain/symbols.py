"""CAPT on the rows that a run learns from (``rungwise.capt``): names out, symbols in, prompt and solution alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rungwise.capt.estimation import estimate
from rungwise.capt.forms import Event
from rungwise.capt.intervention import Intervention
from rungwise.errors import UserError
from rungwise.posttrain.exercises import Exercise
from rungwise.posttrain.settings import TrainRecipe
from rungwise.posttrain.subjects import Subject, completion_text, prompt_text


@dataclass(frozen=True)
class Rows:
    """What a run learns from.

    Attributes:
        subjects: those with a faultless abstraction, without CAPT all.
        left_out: how many had none, by the code of what was wrong.
        intervention, stream: what is done to them, and whose symbols they get: the method's, so that SFT after a cold
            start sees other ones.
        events: of a subject by its id, estimated from its prompt alone.
    """

    subjects: list[Subject]
    left_out: dict[str, int]
    intervention: Intervention
    stream: str
    events: Mapping[str, tuple[Event, ...]]

    def shown(self, subject: Subject, texts: Sequence[str], epoch: int = 0) -> tuple[str, ...]:
        """The prompt, and what goes with it, under one mapping; fresh symbols in each epoch.

        Raises:
            UserError: a text has no faultless abstraction; the prompt and the plain solution have one.
        """
        if self.intervention.mode == "none":
            return tuple(texts)
        return self.intervention.texts(self.events[subject.id], texts, f"{self.stream} {subject.id}", epoch)

    @property
    def facts(self) -> dict[str, Any]:
        """What a run's result says about it; nothing without CAPT."""
        if self.intervention.mode == "none":
            return {}
        kept = {"mode": self.intervention.mode, "kept": len(self.subjects), "left_out": self.left_out}
        return {"capt": kept}


def rows(recipe: TrainRecipe, stream: str, subjects: Sequence[Subject], solutions: bool = True) -> Rows:
    """The subjects as they are shown.

    Args:
        stream: of the symbols.
        solutions: the worked solutions are shown too, so they must have an abstraction.

    Raises:
        UserError: none of the subjects has one.
    """
    made = Rows([], {}, Intervention(recipe.capt, recipe.seed), stream, {})
    if recipe.capt == "none":
        return Rows(list(subjects), {}, made.intervention, stream, {})
    kept: list[Subject] = []
    events: dict[str, tuple[Event, ...]] = {}
    left_out: Counter[str] = Counter()
    for subject in subjects:
        text = prompt_text(subject, recipe.view)
        estimated = estimate(text, subject.nouns if isinstance(subject, Exercise) else None)
        if estimated.abstraction is None:
            left_out[estimated.faults[0].code] += 1
            continue
        told = [text, completion_text(subject, recipe.view, recipe.guidance)] if solutions else [text]
        try:
            made.intervention.texts(estimated.abstraction.events, told, subject.id)
        except UserError:
            left_out["solution"] += 1
            continue
        kept.append(subject)
        events[subject.id] = estimated.abstraction.events
    if not kept:
        reasons = ", ".join(f"{code} {count}" for code, count in left_out.items())
        raise UserError(f"no row has an abstraction without fault ({reasons}); use capt=none")
    return Rows(kept, dict(left_out), made.intervention, stream, events)


def prompts(recipe: TrainRecipe, subjects: Sequence[Subject]) -> list[str]:
    """The prompts of held-out questions with symbols in place of names; those without an abstraction as they are."""
    intervention, asked = Intervention(recipe.capt, recipe.seed), []
    for subject in subjects:
        text = prompt_text(subject, recipe.view)
        nouns = subject.nouns if isinstance(subject, Exercise) else None
        found = estimate(text, nouns).abstraction if recipe.capt != "none" else None
        if found is not None:
            text = intervention.texts(found.events, [text], f"held_out {subject.id}")[0]
        asked.append(text)
    return asked
