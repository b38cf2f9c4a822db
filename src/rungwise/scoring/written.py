"""What a line of prose-free mathematics says: yes or no, a set of nodes, probability terms, formulas over these.

Anything outside these small grammars is read as None ("can't be found"). Formulas go through the one parser of
``expression``; nothing a model wrote is run.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from rungwise.causal.estimand import Assignment, Term
from rungwise.causal.graph import mask_of
from rungwise.problems.problem import LACK_CONDITION, Problem
from rungwise.scoring.expression import ExpressionError, Parsed, parse

MAX_CONTENT = 4_000
"""Characters of one step that are read."""

_ANSWER_WORD = re.compile(r"(?<!\w)(?:yes|no|LACK\\?_CONDITION)(?!\w)", re.IGNORECASE)
_WORD = re.compile(r"\w+|∅")
_NUMBER = re.compile(r"[-−]?(?:[0-9]{1,30}\.?[0-9]{0,30}|\.[0-9]{1,30})")
_TERM = re.compile(r"\bP ?\(([^()|]{1,400})(?:\|([^()|]{1,400}))?\)")
_SLOT = re.compile(r"\bv[0-9]")
_END_OF_SET = re.compile(r"[.;(]| because| since", re.IGNORECASE)
_EQUALS = re.compile("[=≈]")
_NONE_WORDS = frozenset(["none", "empty", "nothing", "∅"])
# fmt: off
_FILLER = frozenset([
    "a", "adjust", "adjusting", "adjustment", "and", "are", "back", "backdoor", "condition", "conditioning",
    "covariate", "covariates", "door", "for", "is", "it", "mediator", "mediators", "node", "nodes", "on", "set", "the",
    "variable", "variables", "we", "with",
])
# fmt: on


def yes_or_no(content: str) -> str | None:
    """Yes, No or LACK_CONDITION: the last word where it is one of these, else the only one of them that occurs."""
    content = content.rstrip(" .*_`\"')")
    found = list(_ANSWER_WORD.finditer(content))
    words = [match.group().capitalize() for match in found]
    if not found or (len(set(words)) > 1 and found[-1].end() < len(content)):
        return None
    return words[-1] if words[-1] in ("Yes", "No") else LACK_CONDITION


def nodes_in(content: str, problem: Problem) -> int | None:
    """A set of nodes (bitmask) by letters or names, e.g. ``A, B``, ``{A,B}``, ``Z = {A}``, ``none``, ``the rain``; None
    where other words stand there too."""
    for v in sorted(range(problem.graph.n), key=lambda v: -len(problem.variables[v].name)):
        if len(name := problem.variables[v].name) > 1:
            content = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", f" {problem.letters[v]} ", content, flags=re.I)
    content = content.rpartition("=")[2].strip().strip("$\\").strip()
    if content.replace(" ", "").replace("\\", "") in ("{}", "[]", "()", "-"):
        return 0
    end = _END_OF_SET.search(content, 1)
    found, none = [], False
    for word in _WORD.findall(content[: end.start()] if end else content):
        if word in problem.letters:
            found.append(problem.letters.index(word))
        elif word.lower() in _NONE_WORDS:
            none = True
        elif word.lower() in _FILLER:
            continue
        elif word.upper() in problem.letters:
            found.append(problem.letters.index(word.upper()))
        else:
            return None
    return mask_of(found) if bool(found) != none else None


@dataclass(frozen=True, slots=True)
class Formula:
    """A written formula; slot v1 of ``parsed`` stands for ``terms[0]``, and so on."""

    parsed: Parsed
    terms: tuple[Term, ...] = ()

    def value(self, numbers: Mapping[Term, float]) -> Fraction | None:
        """What it comes to; None where a term has no number or a denominator is 0."""
        if not all(t in numbers for t in self.terms):
            return None
        return self._value([Fraction(str(numbers[t])) for t in self.terms])

    def equals(self, other: Formula) -> bool:
        """Whether both are the same function of their terms: compared at two points that hashes draw (Schwartz 1980),
        where P(v=1|..) is 1 - P(v=0|..)."""
        points = [(_drawn(self.terms, key), _drawn(other.terms, key)) for key in ("first", "second")]
        both = [(self._value(own), other._value(others)) for own, others in points]
        return all(a is not None and a == b for a, b in both)

    def _value(self, numbers: Sequence[Fraction]) -> Fraction | None:
        try:
            return self.parsed.evaluate({f"v{i + 1}": number for i, number in enumerate(numbers)})
        except ExpressionError:
            return None


def read_estimand(content: str, problem: Problem) -> Formula | None:
    """A formula over P(..) terms such as ``ATE = P(B=1|A=1)-P(B=1|A=0)``, by letters and values or labels."""
    if _SLOT.search(content):
        return None
    names: dict[Term, str] = {}
    whole = True

    def name(match: re.Match[str]) -> str:
        nonlocal whole
        found = _term(match, problem)
        whole = whole and found is not None
        return "" if found is None else names.setdefault(found, f"v{len(names) + 1}")

    pieces = _EQUALS.split(_TERM.sub(name, content))
    for parsed in _parsed(pieces) if whole else ():
        if parsed.uses_slots:
            return Formula(parsed, tuple(names))
    return None


def read_sum(content: str) -> Formula | None:
    """The first formula over numbers, as in ``0.5-0.25*0.3 = 0.425``; a number alone is none."""
    for parsed in _parsed(_EQUALS.split(content)):
        if not parsed.is_plain_number and not parsed.uses_slots:
            return Formula(parsed)
    return None


def number_in(content: str) -> Fraction | None:
    """What the part after the last equals sign comes to; in prose the only number there."""
    last = _EQUALS.split(content)[-1]
    for parsed in _parsed([last]):
        return Formula(parsed).value({}) if not parsed.uses_slots else None
    numbers = _NUMBER.findall(last)
    return Formula(parse(numbers[0].replace("−", "-"))).value({}) if len(numbers) == 1 else None


def terms_in(content: str, problem: Problem) -> frozenset[Term]:
    """The P(..) terms that occur, each of two complementary ones as the same; empty where one can't be read."""
    found = [_term(match, problem) for match in _TERM.finditer(content)]
    return frozenset([_canonical(t)[0] for t in found if t is not None]) if None not in found else frozenset()


def _parsed(pieces: Sequence[str]) -> list[Parsed]:
    out = []
    for piece in pieces:
        try:
            out.append(parse(piece.strip(" \t*_`$.,;")))
        except ExpressionError:
            continue
    return out


def _term(match: re.Match[str], problem: Problem) -> Term | None:
    target = _pairs(match.group(1), problem)
    given = _pairs(match.group(2), problem) if match.group(2) else ()
    return None if target is None or given is None else Term(target, given)


def _pairs(text: str, problem: Problem) -> Assignment | None:
    out: dict[int, int] = {}
    for part in text.split(","):
        letter, _, value = (piece.strip() for piece in part.partition("="))
        if letter not in problem.letters:
            letter = letter.upper()
        if letter not in problem.letters:
            return None
        v = problem.letters.index(letter)
        labels = [label.lower() for label in problem.variables[v].labels]
        values = [str(i) for i in range(len(labels))]
        known = values if value in values else labels
        if value.lower() not in known:
            return None
        out[v] = known.index(value.lower())
    return tuple(sorted(out.items()))


def _canonical(t: Term) -> tuple[Term, bool]:
    """The one of two complementary terms that stands for both, and whether this is the other."""
    if len(t.target) == 1 and t.target[0][1] == 1:
        return Term(((t.target[0][0], 0),), t.given), True
    return t, False


def _drawn(terms: Sequence[Term], key: str) -> list[Fraction]:
    out = []
    for t in terms:
        shown, other = _canonical(t)
        digest = hashlib.sha256(f"{key} {shown}".encode()).digest()
        number = Fraction(1 + int.from_bytes(digest[:4], "big"), 2**32 + 1)
        out.append(1 - number if other else number)
    return out
