"""The logic of PrOntoQA (Saparov & He 2023): sentences about kinds and individuals, and what follows from them.

A rule is "each/every/all/no X is (not) a Y" or "Xs are (not) Ys"; a statement is "NAME is (not) a Y". All rules have
one condition, so with an individual's statements they are clauses of two and of one literal, each rule with a negative
one. For such clauses unit propagation decides: a literal follows exactly when its negation, propagated with the
statements, ends in a contradiction.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rungwise.errors import UserError

MAX_SENTENCES = 2_000
MAX_WORDS = 20
"""Of a sentence."""

_SENTENCE = re.compile(r"[^.!?]*+[.!?]?")
_WORD = re.compile(r"[\w'-]+")
_UNREAD = frozenset(["and", "or", "that", "which", "who", "everything", "if", "then", "is", "are"])
"""Words of sentences with several conditions or conclusions (the generator's other deduction rules)."""
_IRREGULAR = {
    "person": "people",
    "man": "men",
    "woman": "women",
    "child": "children",
    "mouse": "mice",
    "goose": "geese",
    "foot": "feet",
    "tooth": "teeth",
    "ox": "oxen",
    "wolf": "wolves",
    "leaf": "leaves",
    "calf": "calves",
    "alumnus": "alumni",
    "fungus": "fungi",
    "bacterium": "bacteria",
    "matrix": "matrices",
    "vertex": "vertices",
}


@dataclass(frozen=True, slots=True)
class Literal:
    """That an individual is, or is not, of a kind or has a property."""

    kind: str
    holds: bool = True

    def __invert__(self) -> Literal:
        return Literal(self.kind, not self.holds)


@dataclass(frozen=True, slots=True)
class Rule:
    """Everything of the kind ``given`` is as ``then`` says; ``text`` is the sentence that says so."""

    given: str
    then: Literal
    text: str


@dataclass(frozen=True, slots=True)
class Statement:
    """What a sentence says of one individual."""

    name: str
    says: Literal
    text: str


@dataclass(frozen=True, slots=True)
class World:
    """What an item tells and asks, kinds under one name whether they stood in the singular or in the plural.

    ``chain`` is a worked solution, sentence by sentence; nothing is derived from it.
    """

    rules: tuple[Rule, ...]
    statements: tuple[Statement, ...]
    query: Statement
    chain: tuple[Rule | Statement, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a proof: with ``said`` (a rule or a statement, word by word) comes ``gives``. ``back`` marks a rule
    used backwards: what lacks the conclusion is not of the kind."""

    said: str
    gives: Literal
    back: bool = False


def sentences(text: str) -> list[str]:
    """The sentences of a text, each with its mark at the end."""
    return [found.strip() for found in _SENTENCE.findall(text) if found.strip()]


def read_world(told: Sequence[str], query: str, chain: Sequence[str] = ()) -> World:
    """The rules and statements among sentences, the sentence asked about, and a worked solution.

    Raises:
        UserError: a sentence that is of another form, or too many.
    """
    if len(told) + len(chain) > MAX_SENTENCES:
        raise UserError(f"there are {len(told) + len(chain)} sentences; at most {MAX_SENTENCES} are read")
    read = [_read(sentence) for sentence in (*told, query, *chain)]
    # "Each cat", "a cat" show the singular; "cats" and "warm-blooded" may be the plural of such or a property.
    singular = {kind.kind for one in read for kind in _kinds(one) if kind.counted}
    plural = {form: one for one in singular for form in plurals(one)}

    def named(one: _Rule | _Said) -> Rule | Statement:
        names = [k.kind if k.kind in singular else plural.get(k.kind, k.kind) for k in _kinds(one)]
        says = Literal(names[-1], one.holds)
        return Rule(names[0], says, one.text) if isinstance(one, _Rule) else Statement(one.name, says, one.text)

    every = [named(one) for one in read]
    asked = every[len(told)]
    if isinstance(asked, Rule):
        raise UserError(f"the query is about no individual: {query[:80]!r}")
    rules = tuple(one for one in every[: len(told)] if isinstance(one, Rule))
    statements = tuple(one for one in every[: len(told)] if isinstance(one, Statement))
    return World(rules, statements, asked, tuple(every[len(told) + 1 :]))


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind as written, lower-cased; ``counted``: with "a", "each" or "every", so in the singular."""

    kind: str
    counted: bool


@dataclass(frozen=True, slots=True)
class _Rule:
    given: _Kind
    then: _Kind
    holds: bool
    text: str


@dataclass(frozen=True, slots=True)
class _Said:
    name: str
    then: _Kind
    holds: bool
    text: str


def _kinds(one: _Rule | _Said) -> tuple[_Kind, ...]:
    return (one.given, one.then) if isinstance(one, _Rule) else (one.then,)


def _read(sentence: str) -> _Rule | _Said:
    words = sentence.rstrip(".!? ").split()
    at = next((i for i, word in enumerate(words) if word in ("is", "are")), 0)
    subject, verb, rest = words[:at], words[at : at + 1], words[at + 1 :]
    holds = rest[:1] != ["not"]
    rest = rest[not holds :]
    article = len(rest) > 1 and rest[0] in ("a", "an")
    rest = rest[article:]
    plain = all(_WORD.fullmatch(word) and word.lower() not in _UNREAD for word in subject + rest)
    if not (subject and rest and plain and len(words) <= MAX_WORDS):
        raise UserError(f"the sentence {sentence[:80]!r} is of no known form")
    then = _Kind(" ".join(rest).lower(), article)
    lead = subject[0].lower() if len(subject) > 1 else ""
    if lead == "no":
        if not holds:
            raise UserError(f"the sentence {sentence[:80]!r} is negated twice")
        return _Rule(_Kind(" ".join(subject[1:]).lower(), verb == ["is"]), then, False, sentence)
    if lead in ("each", "every", "a", "an"):
        return _Rule(_Kind(" ".join(subject[1:]).lower(), True), then, holds, sentence)
    if verb == ["are"]:
        return _Rule(_Kind(" ".join(subject[lead == "all" :]).lower(), False), then, holds, sentence)
    return _Said(" ".join(subject), then, holds, sentence)


def plurals(singular: str) -> Iterable[str]:
    """What the plural of a noun may be, its last word inflected."""
    before, space, last = singular.rpartition(" ")
    forms = [last + "s", last + "es", _IRREGULAR.get(last, last)]
    if last.endswith("y"):
        forms.append(last[:-1] + "ies")
    return [before + space + form for form in forms]


def forward(world: World, extra: Literal | None = None) -> dict[Literal, Step]:
    """All that follows about the query's individual by forward chaining, with the step that gave it, the shortest
    chains first; rules count in both directions. ``extra`` is assumed besides the statements."""
    steps: dict[Literal, Step] = {}
    for statement in world.statements:
        if statement.name == world.query.name:
            steps.setdefault(statement.says, Step(statement.text, statement.says))
    if extra is not None:
        steps.setdefault(extra, Step("", extra))
    onward: dict[Literal, list[Step]] = {}
    for rule in world.rules:
        onward.setdefault(Literal(rule.given), []).append(Step(rule.text, rule.then))
    for rule in world.rules:
        onward.setdefault(~rule.then, []).append(Step(rule.text, Literal(rule.given, False), back=True))
    todo = list(steps)
    for known in todo:
        for step in onward.get(known, ()):
            if step.gives not in steps:
                steps[step.gives] = step
                todo.append(step.gives)
    return steps


def contradiction(steps: Mapping[Literal, Step]) -> Literal | None:
    """A literal that follows together with its negation."""
    return next((found for found in steps if ~found in steps), None)


def proof(world: World, steps: Mapping[Literal, Step], goal: Literal) -> list[Step]:
    """The steps that lead to a literal, from the statement on."""
    source = {(rule.text, rule.then): Literal(rule.given) for rule in world.rules}
    source |= {(rule.text, Literal(rule.given, False)): ~rule.then for rule in world.rules}
    chain: list[Step] = []
    at: Literal | None = goal
    while at is not None:
        step = steps[at]
        chain.append(step)
        at = source.get((step.said, at))
    return chain[::-1]


def entailed(world: World, goal: Literal) -> bool:
    """Whether a literal follows, by backward chaining alone: the second road.

    A goal is reached from a statement, or from its own negation (model elimination, Loveland 1968): then assuming the
    opposite refutes itself. Every rule has one condition, so the goals form a graph and a search of it is complete.
    """
    given = {s.says for s in world.statements if s.name == world.query.name}
    needs: dict[tuple[str, bool], set[tuple[str, bool]]] = {}
    for rule in world.rules:
        head, body = (rule.then.kind, rule.then.holds), (rule.given, True)
        needs.setdefault(head, set()).add(body)
        needs.setdefault((body[0], False), set()).add((head[0], not head[1]))

    def reach(start: tuple[str, bool]) -> set[tuple[str, bool]]:
        seen, stack = {start}, [start]
        while stack:
            for one in needs.get(stack.pop(), ()):
                if one not in seen:
                    seen.add(one)
                    stack.append(one)
        return seen

    goals = reach((goal.kind, goal.holds))
    if any(Literal(*one) in given for one in goals):
        return True
    both = {one for one in goals if (one[0], not one[1]) in goals}
    return any((one[0], not one[1]) in reach(one) for one in both)


def fault(world: World, label: bool) -> str:
    """What is wrong with the worked solution as a proof of the label, "" where nothing is: each sentence must be told,
    or follow from an earlier statement by an earlier rule, and the last one must be the query or its negation."""
    told = {(rule.given, rule.then) for rule in world.rules}
    known = {(statement.name, statement.says) for statement in world.statements}
    rules: set[tuple[str, Literal]] = set()
    reached: set[tuple[str, Literal]] = set()
    for one in world.chain:
        if isinstance(one, Rule):
            if (one.given, one.then) not in told:
                return f"{one.text!r} is not among the facts"
            rules.add((one.given, one.then))
            continue
        follows = any(then == one.says and (one.name, Literal(given)) in reached for given, then in rules)
        if (one.name, one.says) not in known and not follows:
            return f"{one.text!r} does not follow from the sentences before it"
        reached.add((one.name, one.says))
    last, query = world.chain[-1] if world.chain else None, world.query
    if not isinstance(last, Statement) or (last.name, last.says.kind) != (query.name, query.says.kind):
        return "its last sentence does not settle the query"
    return "" if (last.says == query.says) == label else "its last sentence says the opposite"
