"""CLadder's deterministic counterfactuals: rules such as "A or B causes C", what was observed, and "if D instead of E".

"A and B causes C" is read as C = A and B, "A causes not B" as B = not A: a phrase on the right holds exactly when the
left side does. Two phrases are the two values of one variable where the question says so ("instead of") or where the
graph has fewer variables than there are phrases.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, pairwise, permutations, product
from math import prod

import numpy as np

from rungwise.causal.counterfactual import pair_joint
from rungwise.causal.graph import DAG
from rungwise.causal.scm import SCM
from rungwise.errors import UserError
from rungwise.suites.published.cladder_text import Shown
from rungwise.suites.published.cladder_words import content, found_in, overlap, says, side

MAX_READINGS = 20_000
"""Ways to split the rules of one text at their connectives."""
_SIDES = re.compile(r"^(.{1,300}) causes (.{1,300})$")


@dataclass(frozen=True, slots=True)
class Rule:
    """A variable's value: ``child`` has value ``value`` exactly when all (or any) of ``causes`` have their value 1."""

    child: int
    value: int
    causes: tuple[int, ...]
    every: bool


@dataclass(frozen=True)
class Rules:
    """A deterministic question.

    Attributes:
        phrases: for each variable the phrase of value 1, and that of value 0 where there is one.
        rules: by child.
        graph: which variable acts on which.
        evidence: observed values.
        action: the treatment and the value it is set to.
        outcome: the outcome and the value asked about.
    """

    phrases: tuple[tuple[str, str | None], ...]
    rules: Mapping[int, Rule]
    graph: DAG
    evidence: Mapping[int, int]
    action: tuple[int, int]
    outcome: tuple[int, int]

    def equations(self) -> str:
        """The rules and what is observed, one a line."""
        lines = []
        for child, rule in sorted(self.rules.items()):
            right = (" and " if rule.every else " or ").join(f"[{self.phrases[c][0]}]" for c in rule.causes)
            right = right if rule.value else f"not ({right})"
            lines.append(f"[{self.phrases[child][0]}] = {right}")
        lines += [f"observed: [{self.phrases[v][0]}] = {value}" for v, value in self.evidence.items()]
        x, value = self.action
        return "\n".join([*lines, f"set: [{self.phrases[x][0]}] = {value}"])


def read_rules(shown: Shown, nouns: tuple[tuple[str, str], ...] = ()) -> Rules:
    """The rules of a prompt, over variables of their own.

    Args:
        nouns: (value 0, value 1) phrases of variables, where a model file gives them.

    Raises:
        UserError: they can't be read in one way; the message says what.
    """
    sentence, new, old = shown.query.parts
    text, _, seen = shown.rules.partition("We observed ")
    written = [s.strip() for s in re.split(r"\.(?:\s|$)|, and we know that ", text) if s.strip()]
    sides = [_SIDES.match(s) for s in written]
    if not written or not all(sides):
        raise UserError("a rule is not of the form 'A causes B'")
    split = [(match[1], match[2]) for match in sides if match]
    degrees = sorted(pa.bit_count() for pa in shown.graph.parents if pa)
    pool = {new, old, *(noun for pair in nouns for noun in pair)}
    pool |= {side for pair in split for side in pair}
    readings = [list(_readings(left, right)) for left, right in split]
    if prod(map(len, readings)) > MAX_READINGS:
        raise UserError("the rules have too many readings")
    best: tuple[int, list[_Parsed]] | None = None
    for parsed in product(*readings):
        if sorted(len(p.causes) for p in parsed for _ in p.effects) != degrees:
            continue
        known = sum(part in pool for p in parsed for part in (*p.causes, *p.effects))
        distinct = len({part for p in parsed for part in (*p.causes, *p.effects)})
        score = 10 * known - distinct
        if best is None or score > best[0]:
            best = score, list(parsed)
    if best is None:
        raise UserError("the rules do not fit the graph")
    return _assembled(shown, best[1], nouns, seen.strip().removesuffix("."), (sentence, new, old))


@dataclass(frozen=True, slots=True)
class _Parsed:
    causes: tuple[str, ...]
    every: bool
    effects: tuple[str, ...]


def _readings(left: str, right: str) -> Iterator[_Parsed]:
    """Every way to split both sides of one rule at its connectives; names may hold connectives themselves."""
    for causes, every in [((left,), True), *((parts, True) for parts in _splits(left, " and "))]:
        for effects in [(right,), *_splits(right, " and ")]:
            yield _Parsed(causes, every, effects)
    for causes in _splits(left, " or "):
        for effects in [(right,), *_splits(right, " and ")]:
            yield _Parsed(causes, False, effects)


def _splits(text: str, at: str) -> list[tuple[str, ...]]:
    """Every way to split a text in two or three at a connective; at most four of them are looked at."""
    pieces = text.split(at)[:5]
    out = []
    for count in (1, 2):
        for cuts in combinations(range(1, len(pieces)), count):
            ends = (0, *cuts, len(pieces))
            out.append(tuple(at.join(pieces[a:b]) for a, b in pairwise(ends)))
    return out


def _assembled(
    shown: Shown, parsed: list[_Parsed], nouns: tuple[tuple[str, str], ...], seen: str, question: tuple[str, str, str]
) -> Rules:
    sentence, new, old = question
    phrases = _variables(parsed, shown.graph.n, [(old, new), *nouns])
    where = {phrase: (v, value) for v, values in enumerate(phrases) for phrase, value in values.items()}
    rules: dict[int, Rule] = {}
    edges = []
    for p in parsed:
        causes = [where[phrase] for phrase in p.causes]
        if any(value != 1 for _, value in causes):
            raise UserError("a rule's left side names the value 0 of a variable")
        for effect in p.effects:
            child, value = where[effect]
            if child in rules:
                raise UserError("two rules say what one variable is")
            rules[child] = Rule(child, value, tuple(v for v, _ in causes), p.every)
            edges += [(v, child) for v, _ in causes]
    graph = DAG.from_edges(len(phrases), edges)
    if graph.canonical([0] * graph.n) != shown.graph.canonical([0] * graph.n):
        raise UserError("the rules do not have the graph that the background describes")
    named: list[tuple[str, str | None]] = []
    for values in phrases:
        by_value = {value: phrase for phrase, value in values.items()}
        named.append((by_value.get(1, f"not {by_value.get(0, '')}"), by_value.get(0)))
    if new not in where:
        raise UserError(f"{new[:60]!r} is in none of the rules")
    x, value = where[new]
    y = where[parsed[-1].effects[-1]][0]
    asked = _value_in(sentence, named[y])
    if asked is None:
        raise UserError(f"{sentence[:80]!r} can't be matched with {named[y][0][:60]!r}")
    roots = [v for v in range(graph.n) if v not in rules and v != x]
    return Rules(tuple(named), rules, graph, _evidence(seen, roots, named), (x, value), (y, asked))


def _variables(parsed: list[_Parsed], n: int, pairs: list[tuple[str, str]]) -> list[dict[str, int]]:
    """The phrases of each variable with the value that each names; the phrase on a left side names value 1."""
    left = list(dict.fromkeys(phrase for p in parsed for phrase in p.causes))
    right = list(dict.fromkeys(phrase for p in parsed for phrase in p.effects))
    groups = [[phrase] for phrase in dict.fromkeys([*left, *right])]

    def join(a: str, b: str) -> None:
        one, two = (next((g for g in groups if phrase in g), None) for phrase in (a, b))
        if one is two:  # one variable already, or neither is in the rules
            return
        if one is None or two is None:
            (one or two or []).append(a if one is None else b)
        else:
            groups.remove(two)
            one.extend(two)

    for a, b in pairs:
        join(a, b)
    # What stands only on the right, but for the outcome, and what stands only on the left can be one variable's values.
    loose_right = [p for p in right if p not in left and p != right[-1] and len(_group(groups, p)) == 1]
    loose_left = [p for p in left if p not in right and len(_group(groups, p)) == 1]
    surplus = len(groups) - n
    if surplus < 0 or surplus > min(len(loose_right), len(loose_left)):
        raise UserError(f"the rules name {len(groups)} variables, the graph {n}")
    if surplus:
        chosen = max(
            (
                list(zip(rights, lefts, strict=True))
                for rights in combinations(loose_right, surplus)
                for lefts in permutations(loose_left, surplus)
            ),
            key=lambda joined: sum(overlap(a, b) + overlap(b, a) for a, b in joined),
        )
        for a, b in chosen:
            join(b, a)
    out = []
    for group in groups:
        if len(group) > 2:
            raise UserError("a variable has more than two values")
        positive = next((p for p in [*left, *right] if p in group), group[0])
        out.append({phrase: int(phrase == positive) for phrase in group})
    return out


def _group(groups: list[list[str]], phrase: str) -> list[str]:
    return next(group for group in groups if phrase in group)


def _value_in(sentence: str, phrases: tuple[str, str | None]) -> int | None:
    """Which value of a variable a sentence names."""
    one, zero = phrases
    if zero is not None:
        found = side(sentence, zero, one)
        if found is not None:
            return found
    said = says(sentence, one)
    return None if said is None else int(said)


def _evidence(seen: str, roots: list[int], named: list[tuple[str, str | None]]) -> dict[int, int]:
    """The observed values of the variables without causes."""
    if not seen:
        return {}
    if not roots:
        raise UserError("something is observed, but no variable without causes is left")
    options = [(seen,)] if len(roots) == 1 else [s for s in _splits(seen, " and ") if len(s) == len(roots)]
    best: tuple[float, dict[int, int]] | None = None
    for parts in options:
        for order in permutations(roots):
            values = [_value_in(part, named[v]) for part, v in zip(parts, order, strict=True)]
            fits = sum(_affinity(part, named[v]) for part, v in zip(parts, order, strict=True))
            if None not in values and (best is None or fits > best[0]):
                best = fits, {v: int(value or 0) for v, value in zip(order, values, strict=True)}
    if best is None:
        raise UserError(f"what was observed can't be matched with the rules: {seen[:100]!r}")
    return best[1]


def _affinity(part: str, phrases: tuple[str, str | None]) -> float:
    words = content(part)[0]
    return max(
        sum(found_in(w, words) for w in content(p)[0]) / max(1, len(content(p)[0])) for p in phrases if p is not None
    )


def by_steps(rules: Rules) -> tuple[set[int], str]:
    """Abduction, action, prediction: the values that the outcome can have, over all causes that agree with what was
    observed, and the worked steps of the last of them."""
    x, value = rules.action
    roots = [v for v in range(rules.graph.n) if v not in rules.rules]
    found, steps = set(), ""
    for values in product((0, 1), repeat=len(roots)):
        state = dict(zip(roots, values, strict=True))
        if any(state.get(v, observed) != observed for v, observed in rules.evidence.items()):
            continue
        state[x] = value
        lines = []
        for v in rules.graph.order:
            if v in rules.rules and v != x:
                rule = rules.rules[v]
                inputs = [state[c] for c in rule.causes]
                holds = all(inputs) if rule.every else any(inputs)
                state[v] = rule.value if holds else 1 - rule.value
                word = " and " if rule.every else " or "
                lines.append(f"[{rules.phrases[v][0]}] = {state[v]} from {word.join(map(str, inputs))}")
        found.add(state[rules.outcome[0]])
        steps = "\n".join(lines)
    return found, steps


def by_two_worlds(rules: Rules) -> float | None:
    """The probability of the outcome asked about after the action given what was observed, in a model with these
    rules whose other causes are fair coins, by its two-world joint; None where what was observed can't be."""
    tables = []
    for v, causes in enumerate(rules.graph.causes):
        table = np.full((2,) * (len(causes) + 1), 0.5)
        if v in rules.rules:
            rule = rules.rules[v]
            for values in np.ndindex((2,) * len(causes)):
                holds = (min if rule.every else max)(values)
                table[values] = (0.0, 1.0) if holds == rule.value else (1.0, 0.0)
        tables.append(table)
    graph, (x, value), (y, asked) = rules.graph, rules.action, rules.outcome
    worlds = pair_joint(SCM(graph, tuple(tables)), {}, {x: value})
    index: list[int | slice] = [slice(None)] * (2 * graph.n)
    for v, observed in rules.evidence.items():
        index[v] = observed
    total = float(worlds[tuple(index)].sum())
    index[graph.n + y] = asked
    return float(worlds[tuple(index)].sum()) / total if total > 0 else None


def premise(rules: Rules) -> str:
    """A remark where the rules and what was observed contradict the "instead of" of the question, else ""."""
    x, value = rules.action
    known = dict(rules.evidence)
    for v in rules.graph.order:
        if v in rules.rules and all(c in known for c in rules.rules[v].causes):
            rule = rules.rules[v]
            inputs = [known[c] for c in rule.causes]
            holds = all(inputs) if rule.every else any(inputs)
            known[v] = rule.value if holds else 1 - rule.value
    return "the rules already give the value that the question supposes instead" if known.get(x) == value else ""
