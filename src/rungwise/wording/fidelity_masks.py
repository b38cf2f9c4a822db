"""What a rewording of a sentence must hold, and the sentence with a character in place of each such part."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from rungwise.causal.estimand import Assignment
from rungwise.problems.problem import Problem, Variable
from rungwise.problems.tasks import task
from rungwise.wording import fidelity_phrases as phrases
from rungwise.wording import fidelity_questions as questions

FIRST_NAME, FIRST_PAIR, END_OF_PAIRS, LAST = 0xE000, 0xE100, 0xE400, 0xF8FF
"""Letters of no alphabet that stand for names and for "name is label" pairs; the others are in fidelity_phrases."""

_VALUES = 16
NUMBER = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A part of a problem's text that is reworded by itself.

    Attributes:
        kind: event, cause, fact, instruction or question.
        text: as it stands in our own wording.
        at: which event, edge or fact, by its number; 0 for instruction and question.
    """

    kind: str
    text: str
    at: int = 0


@dataclass(frozen=True)
class Wanted:
    """What a rewording must hold: its names, its pairs and lists of pairs and what stands for each, its pattern."""

    names: set[int]
    roles: dict[int, str]
    lists: tuple[tuple[Assignment, str], ...]
    pattern: re.Pattern[str]
    held: Assignment = ()
    number: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    copula: str = phrases.COPULA

    @classmethod
    def of(cls, problem: Problem, sentence: Sentence) -> Wanted:
        """What the rewordings of a sentence must hold."""
        q, variables = problem.query, problem.variables
        if sentence.kind == "event":
            own = [label.lower() for label in variables[sentence.at].labels]
            values = {f"{label} ({value})": chr(phrases.VALUE + value) for value, label in enumerate(own)}
            return cls({sentence.at}, {sentence.at: phrases.X}, (), phrases.event(len(own)), values=values)
        if sentence.kind == "cause":
            a, b = problem.graph.edges[sentence.at]
            return cls({a, b}, {a: phrases.X, b: phrases.Y}, (), phrases.CAUSE)
        if sentence.kind == "fact":
            fact = problem.facts[sentence.at]
            target, given = fact.term
            lists = ((given, phrases.GIVEN), (target, phrases.TARGET))
            pattern = phrases.FACT_GIVEN if given else phrases.FACT
            number, copula = f"{fact.value:.4f}", phrases.COPULA_OF_FACT
            return cls({v for v, _ in (*target, *given)}, {}, lists, pattern, number=number, copula=copula)
        roles = {q.treatment: phrases.X, q.outcome: phrases.Y}
        if sentence.kind == "instruction":
            title = f"{task(q.task).TITLE} ({q.task})".lower()
            return cls({q.treatment, q.outcome}, roles, (), phrases.instruction(title))
        xs, ys = ([label.lower() for label in variables[v].labels] for v in (q.treatment, q.outcome))
        x_ref, asked = (q.treatment, q.x_ref), (q.outcome, q.y)
        parts: list[tuple[Assignment, str]] = [
            (q.held, phrases.HELD_IS),
            ((x_ref,), phrases.X_REF),
            (((q.treatment, q.x),), phrases.X_NEW),
            ((asked,), phrases.Y_ASKED),
        ]
        if q.bound is not None:
            parts = [((x_ref, (q.outcome, 1 - q.y)), phrases.SEEN)]
        labels = {ys[q.y]: phrases.OUTCOME, xs[q.x_ref]: phrases.REFERENCE, xs[q.x]: phrases.NEW}
        new, reference, outcome = (labels[label] for label in (xs[q.x], xs[q.x_ref], ys[q.y]))
        form = questions.Asked(q.task, new, reference, outcome, q.direction, q.bound, bool(q.held))
        names = {q.treatment, q.outcome, *(v for v, _ in q.held)}
        return cls(names, roles, tuple(parts), questions.question(form), q.held, labels=labels)

    def tokens(self, masked: str, variables: Sequence[Variable]) -> str:
        """The sentence with a character for each part that the pattern knows."""
        pairs = {pair for pairs, _ in self.lists for pair in pairs}
        said = _mask_words(masked, self.values, "")
        for v in {v for v, _ in pairs}:
            kinds: list[tuple[str, bool | None]] = [(self.copula, False)]
            if v in {v for v, _ in self.held}:
                kinds += [(phrases.FIXED, True), (phrases.AT, None)]
            said = _mask_pairs(said, v, variables[v].labels, kinds)
        for expected, role in self.lists:
            said = _mask_list(said, [_pair(v, value) for v, value in expected], role)
            if role == phrases.HELD_IS:
                held = [_pair(v, value, fixed=True) for v, value in expected]
                said = _mask_list(said, held, phrases.HELD_FIXED)
                at = [_pair(v, value, fixed=None) for v, value in expected]
                said = _mask_list(said, at, phrases.HELD_AT)
        if self.number and NUMBER.findall(said) == [self.number]:
            said = said.replace(self.number, phrases.NUMBER)
            ((v, value), *others), _ = self.lists[1]
            if not others:
                has = f"{chr(FIRST_NAME + v)}{phrases.HAS}{re.escape(variables[v].labels[value].lower())}(?![\\w-])"
                said = re.sub(has, phrases.HAS_MEANS, said)
        said = _mask_words(said, self.labels, phrases.BEFORE_LABEL)
        return said.translate({FIRST_NAME + v: role for v, role in self.roles.items()})


def _pair(v: int, value: int, fixed: bool | None = False) -> str:
    """The character for "name is label", "name held at label" (fixed) or "name at label" (None)."""
    kind = {False: 0, True: 1, None: 2}[fixed]
    return chr(FIRST_PAIR + (v * _VALUES + value) * 3 + kind)


def mask_names(text: str, variables: Sequence[Variable]) -> str:
    """Lower case, with a character for each name; a longer name goes first, a capital only starts a sentence."""
    pattern, index = _names(tuple(variable.name for variable in variables))

    def mask(found: re.Match[str]) -> str:
        v, start = index[found[0]], found.start()
        starts = start == 0 or text[start - 2 : start] == ". "
        return chr(FIRST_NAME + v) if starts or found[0] == variables[v].name else found[0]

    return pattern.sub(mask, text).replace("’", "'").lower()


@lru_cache(maxsize=256)
def _names(names: tuple[str, ...]) -> tuple[re.Pattern[str], dict[str, int]]:
    index = {capital(name): v for v, name in enumerate(names)}
    index |= {name: v for v, name in enumerate(names)}
    every = "|".join(re.escape(name) for name in sorted(index, key=len, reverse=True))
    return re.compile(rf"(?<![\w-])(?:{every})(?![\w-])"), index


def _mask_pairs(text: str, v: int, labels: Iterable[str], kinds: Iterable[tuple[str, bool | None]]) -> str:
    """With a character for each "name is label"; ``kinds``: the words between them, and what they say (see _pair)."""
    values = {label.lower(): value for value, label in enumerate(labels)}
    every = "|".join(re.escape(label) for label in sorted(values, key=len, reverse=True))
    for copula, fixed in kinds:
        for found in reversed(list(re.finditer(rf"{chr(FIRST_NAME + v)}{copula}({every})(?![\w-])", text))):
            text = text[: found.start()] + _pair(v, values[found[1]], fixed) + text[found.end() :]
    return text


def _mask_words(text: str, words: Mapping[str, str], before: str) -> str:
    """With a character for each of the words (the longest first) that stands after ``before``."""
    if not words:
        return text
    every = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    return re.sub(rf"(?<![\w-])({before})({every})(?![\w-])", lambda found: found[1] + words[found[2]], text)


def _mask_list(text: str, pairs: Sequence[str], role: str) -> str:
    """Where all pairs stand in one list, in any order and with an "and" before the last, a character for the list."""
    if not pairs:
        return text
    one = f"[{''.join(pairs)}]"
    found = re.search(f"{one}(?:{phrases.SEPARATOR}{one})*", text)
    if not found:
        return text
    separators = re.split(one, found[0])[1:-1]
    if sorted(re.findall(one, found[0])) != sorted(pairs) or separators[-1:] == [", "]:
        return text
    return text[: found.start()] + role + text[found.end() :]


def capital(name: str) -> str:
    """As at the start of a sentence."""
    return name[:1].upper() + name[1:]
