"""The events of CLadder's prompts: which variable and which value every phrase of a prompt names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import permutations
from typing import Any

from rungwise.capt.abstraction import Reading
from rungwise.capt.forms import Event, inside
from rungwise.causal.graph import members
from rungwise.errors import UserError
from rungwise.suites.published.cladder_answers import solve
from rungwise.suites.published.cladder_place import place, tables
from rungwise.suites.published.cladder_text import Shown, key, read
from rungwise.suites.published.cladder_words import means, overlap, side

Nouns = Mapping[str, tuple[str, str]]
"""Name of a variable, without case and article, -> what its values 0 and 1 are called."""
_EFFECTS = ("marginal", "ate", "ett", "nde", "nie")


def cladder_nouns(model: Any) -> Nouns:
    """The names of values from an entry of CLadder's model file, {} where it names none. It is a description of the
    story, and holds no answer that is used here."""
    mapping = model.get("variable_mapping") if isinstance(model, Mapping) else None
    if not isinstance(mapping, Mapping):
        return {}
    out = {}
    for field, name in mapping.items():
        symbol = str(field).removesuffix("name")
        pair = mapping.get(symbol + "0"), mapping.get(symbol + "1")
        if str(field).endswith("name") and all(isinstance(word, str) for word in (name, *pair)):
            out[key(name)] = (str(pair[0]), str(pair[1]))
    return out


def cladder_reading(body: str, question: str, nouns: Nouns) -> Reading:
    """Structure, numbers and exact answer of a prompt.

    Raises:
        UserError: it can't be read.
    """
    shown = read(body, question)
    solved = solve(shown, _by_number(shown, nouns))
    value = None if solved.estimate is None else round(solved.estimate.point, 9)
    facts = tuple(fact.value for fact in shown.facts)
    content = (shown.graph.parents, shown.unobserved, shown.query.kind, shown.query.up, facts, solved.yes, value)
    return Reading(shown.names, content)


def _by_number(shown: Shown, nouns: Nouns) -> dict[int, tuple[str, str]]:
    return {v: nouns[key(name)] for v, name in enumerate(shown.names) if key(name) in nouns}


def cladder_events(body: str, question: str, nouns: Nouns) -> tuple[Event, ...]:
    """The events of a prompt, in the order in which the graph names them.

    Raises:
        UserError: it can't be read, or a phrase can't be placed.
    """
    shown = read(body, question)
    placed = _Phrases(shown, _by_number(shown, nouns))
    placed.place_all()
    return tuple(
        Event(
            inside(name, body),
            (key(name),) if key(name) != name.lower() else (),
            tuple(
                tuple(p for p, where in placed.spots.items() if where == (v, value) and key(p) != key(name))
                for value in (0, 1)
            ),
        )
        for v, name in enumerate(shown.names)
    )


class _Phrases:
    """Phrases with the variable and value that they were found to name."""

    def __init__(self, shown: Shown, nouns: Mapping[int, tuple[str, str]]) -> None:
        self.shown, self.nouns = shown, nouns
        self.spots: dict[str, tuple[int, int]] = {}
        for v, pair in nouns.items():
            for value, phrase in enumerate(pair):
                self.spots.setdefault(phrase, (v, value))

    def place_all(self) -> None:
        """Place every phrase of the prompt.

        Raises:
            UserError: one can't be placed.
        """
        kind, parts = self.shown.query.kind, self.shown.query.parts
        if kind in (*_EFFECTS, "exp_away"):
            self._tables()
        if kind == "correlation":
            self._correlated(parts[0])
        if kind == "collider_bias" and self.shown.correlation is not None:
            group, both, _ = self.shown.correlation
            causes = [self.put(phrase)[0] for phrase in both.split(" and ")]
            # Its words may be quite others ("fame", "people who are famous"): it is what both causes act on.
            children = self.shown.graph.children
            common = members(children[causes[0]] & children[causes[-1]])
            if len(common) == 1:
                v = common[0]
                self.spots.setdefault(group, (v, self._value(group, v)))
        if kind == "det-counterfactual":
            raise UserError("rules of a deterministic world are not abstracted")
        if kind not in ("backadj", "nde", "nie"):  # these name variables only
            for phrase in parts[:2] if kind == "ett" else parts:
                self.put(phrase)
        if kind == "marginal":  # its phrases are of the two values of one variable
            v, value = self.spots[parts[0]]
            self.spots[parts[1]] = v, 1 - value
        if kind == "ett":
            self._supposed(parts[0], parts[2].removeprefix("if "))

    def _tables(self) -> None:
        """The phrases of the numbers, all at once (see ``cladder_place``)."""
        kind, parts = self.shown.query.kind, self.shown.query.parts
        by_noun = {key(noun): v for v, pair in self.nouns.items() for noun in pair}
        found = tables(self.shown.facts)
        fixed = {table.event: by_noun[key(table.event)] for table in found if key(table.event) in by_noun}
        asked = (parts[0], parts[1]) if kind in ("ate", "ett") else ("", "")
        numbers = place(self.shown, dict(self.nouns.items()), fixed, asked)[0]
        for phrase, v in numbers.spots.items():
            if not isinstance(phrase, str):
                for value, one in enumerate(phrase):
                    self.spots.setdefault(one, (v, value))
        for phrase, v in numbers.spots.items():
            if isinstance(phrase, str):
                self.spots.setdefault(phrase, (v, self._value(phrase, v)))

    def _correlated(self, outcome: str) -> None:
        """The phrases of P(X=1), P(X=0,Y=1) and P(X=1,Y=1): two variables, whose words fit best together."""
        end = f" and {outcome}"
        overall = next((fact.target for fact in self.shown.facts if not fact.target.endswith(end)), "")
        scored = sorted(
            (self._fit(overall, x) + self._fit(outcome, y), x, y)
            for x, y in permutations(range(len(self.shown.names)), 2)
        )
        (second, _, _), (best, x, y) = scored[-2:]
        if best <= 0 or best == second:
            raise UserError(f"the phrases {overall[:80]!r} and {outcome[:80]!r} belong to no variables by their words")
        self.spots.setdefault(outcome, (y, self._value(outcome, y)))
        one = self.spots.setdefault(overall, (x, self._value(overall, x)))[1]
        for fact in self.shown.facts:
            joint = fact.target.removesuffix(end)
            self.spots.setdefault(joint, (x, 1 - one))

    def put(self, phrase: str) -> tuple[int, int]:
        """Place one phrase: where an equal one is, else by its words.

        Raises:
            UserError: it shares no word with any variable, or as many with two.
        """
        same = next((where for known, where in self.spots.items() if key(known) == key(phrase)), None)
        if same is None:
            scored = sorted(((self._fit(phrase, v), v) for v in range(len(self.shown.names))), reverse=True)
            if scored[0][0] <= 0 or scored[0][0] == scored[1][0]:
                raise UserError(f"the phrase {phrase[:80]!r} belongs to no variable by its words")
            v = scored[0][1]
            same = v, self._value(phrase, v)
        return self.spots.setdefault(phrase, same)

    def _fit(self, phrase: str, v: int) -> float:
        return max(overlap(phrase, other) + overlap(other, phrase) for other in (self.shown.names[v], *self._known(v)))

    def _known(self, v: int) -> Iterator[str]:
        return (phrase for phrase, (where, _) in list(self.spots.items()) if where == v)

    def _value(self, phrase: str, v: int) -> int:
        """Which value of a variable a phrase names, by each pair of phrases known for it."""
        pairs = [
            (zero, one)
            for zero in self._known(v)
            if self.spots[zero][1] == 0
            for one in self._known(v)
            if self.spots[one][1] == 1
        ]
        if not pairs:
            return int(not phrase.lower().startswith("not "))
        found = [value for pair in pairs if (value := side(phrase, *pair)) is not None]
        return int(2 * sum(found) >= len(found))

    def _supposed(self, group: str, clause: str) -> None:
        """What is supposed of a group: of the same variable, and the other value unless it says so plainly."""
        v, value = self.put(group)
        own = next((p for p in self._known(v) if self.spots[p][1] == value and p != group), group)
        other = next((p for p in self._known(v) if self.spots[p][1] != value), f"not {group}")
        same = means(clause, own, other) or means(clause, group, other)
        self.spots.setdefault(clause, (v, value if same else 1 - value))
