"""What the published benchmarks have in common: an item, its truth, what an exact solver finds, how it is scored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from rungwise.errors import UserError
from rungwise.scoring.score import Verdict


@dataclass(frozen=True, slots=True)
class Truth:
    """An answer: a label, or what a solver finds.

    Attributes:
        value: the number asked for, None where none is.
        answer: "Yes" or "No", "True" or "False", LACK_CONDITION, the number of an option ("1"), or a text; None where
            only a number is asked for.
        shares: probabilities of the values 0, 1, ... where a distribution is asked for.
    """

    value: float | None = None
    answer: str | None = None
    shares: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class PublishedItem:
    """One item as published.

    Attributes:
        id: the file's own id where these are there and unique, else the item's number from 0.
        task: the set's own name of its task.
        text: the whole prompt.
        label: the published truth, right or wrong; None where it is withheld.
        where: file and line, or file and item.
        given: the fields of the row, for solvers.
    """

    id: str
    task: str
    text: str
    label: Truth | None
    where: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)


Outcome = Literal["confirmed", "wrong", "undetermined", "rounding", "unread", "unlabelled"]
"""Of a label. confirmed: it is the exact answer. wrong: it is not. rounding: it differs by no more than the rounding of
displayed or intermediate numbers explains. undetermined: what is displayed does not decide the answer. unread: our
reader or solver does not understand the item. unlabelled: there is no label."""

KINDS = {
    "own-solution": "the label contradicts its own worked solution",
    "exact": "the label contradicts the exact answer",
    "rounding": "the label differs by rounding only",
    "reworded": "the question was reworded into the opposite polarity",
    "drift": "numbers, or the value asked for, differ from those of the original item",
    "renamed": "event names of the original item are not in its rewording",
    "undetermined": "what is displayed does not determine the answer",
    "unreachable": "no numbers that round to the displayed ones give the label",
    "unread": "the item can't be read",
    "duplicate": "the same text stands in the set more than once",
    "twin": "the set holds the same question with the other polarity",
    "zero": "the answer is 0 by the graph alone, or because the text shows no numbers",
}
"""Classes of what an audit can note about an item; one item can have several."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What an exact solver says about an item and its label.

    Attributes:
        outcome: the verdict on the label.
        truth: the exact answer from what is displayed; None where it is not determined or the item is unread. Only
            what the label's task asks for counts in a comparison with it.
        second: the same by a road that shares no code with the first; None where ``truth`` is None.
        kinds: of KINDS, in its order; "duplicate" and "twin" are added by the audit, which sees the whole set.
        why: one sentence.
        proof: what a reader can check by hand: the numbers put into the formula, the path, the nearest value.
        twin: equal for items that ask the same with the other polarity; "" where a set has no polarity.
        shortcuts: those of ``problems.baselines`` whose value is the label's, where the set has such.
    """

    outcome: Outcome
    truth: Truth | None
    second: Truth | None
    kinds: tuple[str, ...]
    why: str
    proof: str
    twin: str = ""
    shortcuts: tuple[str, ...] = ()


Bad = Callable[[UserError], None]
"""What a reader tells of a row that can't be used, named with file and line; returns where such rows are skipped."""


def refuse(error: UserError) -> None:
    """The usual ``Bad``: the first damaged row ends the reading."""
    raise error


@dataclass(frozen=True)
class Benchmark:
    """How one published benchmark is read, solved and scored.

    Attributes:
        read: (path, subset, bad) to the items, lazily; a path is a file or the data set's folder. Raises UserError for
            a path that is not such a set; damaged rows go to ``bad``, and the others are read on.
        audit: an item to the finding about it. Never raises for what an item says.
        official: (text, item) to 1 where the benchmark's own published rule calls a completion right, else 0.
        strict: (text, item) to our verdict: one final answer, everything asked for right, tolerance from the digits.
        write: the text that a model which knows a truth would end with, in the form that the item asks for.
        source: where to get the data, one line.
        drift: (item, the one that it rewords, finding about the item) to the finding with what the rewording changed;
            None where a benchmark has no reworded sets.
    """

    name: str
    read: Callable[[Path, str | None, Bad], Iterator[PublishedItem]]
    audit: Callable[[PublishedItem], Finding]
    official: Callable[[str, PublishedItem], float]
    strict: Callable[[str, PublishedItem], Verdict]
    write: Callable[[PublishedItem, Truth], str]
    source: str
    drift: Callable[[PublishedItem, PublishedItem, Finding], Finding] | None = None
