"""What a CLadder prompt displays: a graph, probabilities to the whole percent, and one question of ten forms.

Nothing but the text is read. Phrases are kept as they are; which variables they belong to is ``cladder_place``'s work.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from rungwise.causal.graph import DAG
from rungwise.errors import UserError

HALF = 0.005
"""How far a number shown as a whole percent can be from the one it was rounded from."""
MAX_TEXT = 20_000
"""Characters of a prompt."""
MAX_NODES = 6
MAX_FACTS = 16

Kind = Literal[
    "marginal", "correlation", "exp_away", "ate", "backadj", "collider_bias", "ett", "nde", "nie", "det-counterfactual"
]

_SENTENCES = re.compile(r"\.(?!\d)|[:\n]")
"""Ends of sentences; a colon ends one too, so that what leads to the first sentence about the graph is none of it."""
_ACTS = " has a direct effect on "
_HIDDEN = " is unobserved"
_CHANCE = "probability of "
_PERCENT = re.compile(r"\d{1,3}(?=%$)")
_CORRELATION = re.compile(r"For ([^.\n]{1,200}?), the correlation between ([^.\n]{1,200}?) is (-?\d\.\d{1,4})\.")
_METHODS = re.compile(r"Method 1: ([^.\n]{1,400})\. Method 2: ([^.\n]{1,400})\.")
_CASES = re.compile(r"case by case according to (.{1,300})$")

_PART = r"(.{1,200}?)"
_FORMS: dict[Kind, str] = {
    "marginal": r"Is _ (more|less) likely than _ overall",
    "correlation": r"Is the chance of _ (larger|smaller) when observing _",
    "exp_away": r"If we look at _, does the chance of _ (increase|decrease) when _",
    "ate": r"Will _ (increase|decrease) the chance of _",
    "backadj": r"To understand how _ affects _, is it more correct to use the Method ([12]) than Method ([12])",
    "collider_bias": r"If we look at _, does it mean that _ (affects|does not affect) _",
    "ett": r"For _, would it be (more|less) likely to see _ (if .{1,200})",
    "nde": r"If we disregard the mediation effect through _, would _ (positively|negatively) affect _",
    "nie": r"Does _ (positively|negatively) affect _ through _",
    "det-counterfactual": r"Would _ if _ instead of _",
}
_QUESTIONS = {kind: re.compile("^" + form.replace("_", _PART) + r"\?$") for kind, form in _FORMS.items()}
KINDS_OF_QUERY: tuple[Kind, ...] = tuple(_FORMS)
_UP = frozenset(["more", "larger", "increase", "affects", "positively"])
_DOWN = frozenset(["less", "smaller", "decrease", "does not affect", "negatively"])


@dataclass(frozen=True, slots=True)
class Fact:
    """One displayed probability: of ``target`` in general (``given`` is "") or for a group."""

    target: str
    given: str
    value: float


@dataclass(frozen=True, slots=True)
class Query:
    """One question.

    Attributes:
        kind: which of the ten.
        up: yes means a positive value ("more", "increase", "affects"); always true where nothing has a direction.
        parts: the phrases in the order of the text, the word of direction left out.
        neutral: the question with the word of direction left out, equal for polarity twins.
    """

    kind: Kind
    up: bool
    parts: tuple[str, ...]
    neutral: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What a prompt displays.

    Attributes:
        names: the variables as they are named in the graph's sentences.
        graph: over their positions.
        unobserved: bitmask of the variables that are said to be unobserved.
        facts: probabilities, in the order of the text.
        correlation: (group, "A and B", value), where one is displayed.
        methods: the sets of names that the two methods adjust for, as texts ("" for none), where there are any.
        rules: what follows "We know that", where that is there.
        query: the question.
    """

    names: tuple[str, ...]
    graph: DAG
    unobserved: int
    facts: tuple[Fact, ...]
    correlation: tuple[str, str, float] | None
    methods: tuple[str, str] | None
    rules: str
    query: Query

    def node(self, name: str) -> int:
        """The variable of that name.

        Raises:
            UserError: there is none.
        """
        wanted = key(name)
        for v, known in enumerate(self.names):
            if key(known) == wanted:
                return v
        raise UserError(f"{name[:60]!r} is no variable of the graph ({', '.join(self.names)[:200]})")


def key(name: str) -> str:
    """A name without case, article and outer space."""
    return name.strip().lower().removeprefix("the ")


def read(body: str, question: str) -> Shown:
    """What a prompt displays: its background and numbers, and its question.

    Raises:
        UserError: something is not of the known forms; the message says what.
    """
    if len(body) + len(question) > MAX_TEXT:
        raise UserError(f"the text has over {MAX_TEXT} characters")
    sentences = [sentence.strip() for sentence in _SENTENCES.split(body)]
    names, graph = _graph(sentences)
    hidden = {key(sentence.removesuffix(_HIDDEN)) for sentence in sentences if sentence.endswith(_HIDDEN)}
    unobserved = sum(1 << v for v, name in enumerate(names) if key(name) in hidden)
    facts = [_fact(sentence) for sentence in sentences if _CHANCE in sentence]
    if len(facts) > MAX_FACTS:
        raise UserError(f"the text displays {len(facts)} probabilities; at most {MAX_FACTS} are read")
    correlation, methods = _CORRELATION.search(body), _METHODS.search(body)
    _, known, rules = body.partition("We know that ")
    return Shown(
        names,
        graph,
        unobserved,
        tuple(facts),
        (correlation[1], correlation[2], float(correlation[3])) if correlation else None,
        (_cases(methods[1]), _cases(methods[2])) if methods else None,
        rules.strip() if known else "",
        read_question(question),
    )


def _fact(sentence: str) -> Fact:
    given = ""
    if sentence.startswith("For "):
        given, _, sentence = sentence.removeprefix("For ").partition(", the ")
    else:
        sentence = sentence.removeprefix("The ").removeprefix("overall ")
    target, _, percent = sentence.removeprefix(_CHANCE).rpartition(" is ")
    number = _PERCENT.match(percent)
    if not sentence.startswith(_CHANCE) or not target or number is None or int(number[0]) > 100:
        raise UserError(f"a displayed probability is not of a known form: {sentence[:80]!r}")
    return Fact(target.strip(), given.strip(), int(number[0]) / 100)


def _graph(sentences: list[str]) -> tuple[tuple[str, ...], DAG]:
    found = [sentence.split(_ACTS) for sentence in sentences if _ACTS in sentence]
    if not found:
        raise UserError("no sentence says what has a direct effect on what")
    if any(len(parts) != 2 for parts in found) or len(found) > MAX_NODES:
        raise UserError("the sentences about the graph are not of the known form")
    known = {key(cause) for cause, _ in found}
    names: dict[str, str] = {}
    edges: list[tuple[str, str]] = []
    for cause, effects in found:
        names.setdefault(key(cause), cause.strip())
        for effect in [effects] if key(effects) in known else re.split(r", and |, | and ", effects):
            names.setdefault(key(effect), effect.strip())
            edges.append((key(cause), key(effect)))
    if len(names) > MAX_NODES:
        raise UserError(f"the graph has {len(names)} variables; at most {MAX_NODES} are read")
    index = {name: v for v, name in enumerate(names)}
    return tuple(names.values()), DAG.from_edges(len(names), {(index[a], index[b]) for a, b in edges})


def _cases(method: str) -> str:
    found = _CASES.search(method)
    return found[1].strip() if found else ""


def read_question(question: str) -> Query:
    """The question.

    Raises:
        UserError: it has none of the ten forms.
    """
    text = " ".join(question.split())
    for kind, form in _QUESTIONS.items():
        match = form.match(text)
        if match is None:
            continue
        up, parts, at = True, [], []
        for number, part in enumerate(match.groups(), 1):
            if part in _UP or part in _DOWN:
                up = part in _UP
                at.append(match.span(number))
            else:
                parts.append(part.strip())
        neutral = text
        for start, end in at:
            neutral = text[:start] + "*" + text[end:]
        return Query(kind, up, tuple(parts), neutral)
    raise UserError(f"the question has none of the known forms: {text[:120]!r}")
