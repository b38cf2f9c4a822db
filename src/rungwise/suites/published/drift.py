"""What a rewording by other hands changed: reworded sets beside the items that they reword, position by position."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from rungwise.errors import UserError
from rungwise.problems.problem import TOLERANCE, Problem
from rungwise.suites.published.effects import audit_text
from rungwise.suites.published.item import KINDS, Finding, PublishedItem
from rungwise.wording.reader import read

_NUMBER = re.compile(r"(?<![\w.])\d{1,3}\.\d{1,12}")
_QUESTION = "Question:"
"""Behind it stands no number but the example of the answer's form."""


def drift(item: PublishedItem, original: PublishedItem, finding: Finding) -> Finding:
    """The finding with what changed: displayed numbers (drift), event names (renamed), and, where both texts are read,
    the value asked for (reworded where its sign is the other, else drift)."""
    notes, kinds = [], set(finding.kinds)
    lost, new = _changed(original.text, item.text)
    if lost or new:
        kinds.add("drift")
        notes.append(f"numbers lost: {lost or 'none'}, new: {new or 'none'}")
    try:
        problem = read(original.text)
    except UserError as error:
        return replace(finding, proof=_joined(finding.proof, f"the original item can't be read: {error}"))
    gone = _gone(problem, item.text)
    if gone:
        kinds.add("renamed")
        notes.append(f"{len(gone)} of {len(problem.variables)} event names are not in the rewording")
    before, now = audit_text(original, original.text).truth, finding.truth
    if before and now and (before.value, before.answer) != (now.value, now.answer):
        same = before.value is not None and now.value is not None and abs(before.value - now.value) <= TOLERANCE
        negated = before.value is not None and now.value is not None and abs(before.value + now.value) <= TOLERANCE
        if negated or (same and before.answer != now.answer):
            kinds.add("reworded")
            notes.append("the rewording asks for the opposite polarity")
        elif not same:
            kinds.add("drift")
            notes.append(f"the original item's value is {before.value}, the rewording's {now.value}")
    ordered = tuple(kind for kind in KINDS if kind in kinds)
    return replace(finding, kinds=ordered, proof=_joined(finding.proof, *notes))


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def _changed(before: str, after: str) -> tuple[str, str]:
    """Displayed numbers that only one of two texts has."""
    old, new = (Counter(_NUMBER.findall(text.partition(_QUESTION)[0])) for text in (before, after))
    return ", ".join(sorted((old - new).elements())), ", ".join(sorted((new - old).elements()))


def _gone(problem: Problem, text: str) -> list[str]:
    lowered = text.lower()
    return [v.name for v in problem.variables if v.name.lower() not in lowered]
