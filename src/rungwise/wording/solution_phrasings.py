"""Worked solutions in several phrasings, all of them within what the step checks read (docs/scoring.md).

Each step stays a line that begins with its kind; how the line is introduced and how its content is put varies.
"""

from __future__ import annotations

import numpy as np

from rungwise.problems.problem import Step

HEADS = ("{kind}: ", "{Kind}: ", "Step {n}: {kind}: ", "{n}. {Kind}: ", "{n}) {kind}: ", "**{Kind}:** ", "- {Kind}: ")
"""How the lines of a solution are introduced, the same way throughout; ``n`` counts them."""

NAMES = {"adjustment": ("adjustment", "adjustment set"), "mediators": ("mediators", "mediator set")}
"""Kinds that have several names."""


def phrased(steps: tuple[Step, ...], rng: np.random.Generator) -> list[str]:
    """A line for each step, in phrasings that ``rng`` draws."""
    head = HEADS[rng.integers(len(HEADS))]
    lines = []
    for n, step in enumerate(steps, 1):
        kinds, contents = NAMES.get(step.kind, (step.kind,)), phrasings(step)
        kind = kinds[rng.integers(len(kinds))]
        opening = head.format(kind=kind, Kind=kind.capitalize(), n=n)
        lines.append(opening + contents[rng.integers(len(contents))])
    return lines


def phrasings(step: Step) -> tuple[str, ...]:
    """The ways in which a step's content can be put; the first is its own."""
    content = step.content
    if step.kind in ("path", "answer") and ": " in content:
        what, _, found = content.rpartition(": ")
        put = (content, f"{what}? {found}", f"{what}? The answer is {found}", f"{found}, as to {what}")
        return put[:3] if step.kind == "answer" else put
    if step.kind == "answer":
        return content, f"the answer is {content}", f"so it is {content}"
    if step.kind in NAMES:
        if content == "none":
            return content, "the empty set", "nothing", "∅"
        listed = content.split(",")
        return content, "{" + ", ".join(listed) + "}", " and ".join(listed), f"the set {', '.join(listed)}"
    if step.kind == "estimand":
        return content, content.partition(" = ")[2], content.replace(" = ", ": = ", 1)
    if step.kind == "substitution":
        return content, f"= {content}", f"in numbers = {content}"
    if step.kind == "arithmetic":
        return content, f"= {content}", f"the value is {content}", f"this comes to {content}"
    return content, f"not displayed: {content}", f"{content} would be needed"
