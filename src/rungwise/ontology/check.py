"""Checks written proofs: each sentence must be told, or follow from what stands before it by one rule of deduction.

The rules are those of ``theory.DEDUCTIONS`` and modus tollens (from "each A is a B" and "not a B" to "not an A"). A
rule of the theory need not be cited before it is used, but a cited one must be told. What is concluded from an
assumption is forgotten when its part of the proof ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from rungwise.ontology.problem import Formula, OntologyProblem, one
from rungwise.ontology.text import LEADS
from rungwise.suites.published.prontoqa_logic import Literal, sentences
from rungwise.wording.reader import MAX_CHARS

MAX_STEPS = 500
MAX_SENTENCE = 300
"""Characters."""
_CONNECTIVES = re.compile(r"\A(?:so|therefore|thus|hence|then|but|and|since|because),? ")
_ANSWER = re.compile(r"\A(?:the )?(?:final )?answer(?: is|:) ")
_ARTICLE = re.compile(r"\Aan? ")


@dataclass(frozen=True, slots=True)
class Checked:
    """What a written proof is worth.

    Attributes:
        correct: every sentence follows, and the last ones give the query or its negation and the answer that fits.
        steps: how many sentences at its beginning are in order.
        fault: "code: sentence" about the first one that is not; "" where there is none.
        sentence: that sentence, "" where the fault is that something is missing.
    """

    correct: bool
    steps: int
    fault: str
    sentence: str


@dataclass
class _Part:
    """A part of a proof: the whole, or what follows from an assumption."""

    kind: str
    assumed: Literal | None = None
    known: list[Formula] = field(default_factory=list)
    other: list[Formula] = field(default_factory=list)
    """Of the second case: what was known at the end of the first."""


class _Fault(Exception):
    pass


def check(text: str, problem: OntologyProblem) -> Checked:
    """The first fault of a written proof; only what follows the last ``</think>`` counts. The text never makes it
    raise."""
    final = text.rpartition("</think>")[2]
    if len(final) > MAX_CHARS:
        return Checked(False, 0, f"too_long: over {MAX_CHARS} characters", "")
    lines = [sentence for line in final.splitlines() for sentence in sentences(line)]
    if len(lines) > MAX_STEPS:
        return Checked(False, 0, f"too_long: over {MAX_STEPS} sentences", "")
    proof = _Proof(problem)
    for i, line in enumerate(lines):
        try:
            answer = _answer(line)
            if answer is None:
                proof.add(line)
                continue
            proof.close(answer)
            if i + 1 < len(lines):
                raise _Fault("goes_on: the proof goes on after its answer")
        except _Fault as fault:
            return Checked(False, i, str(fault), line)
        return Checked(True, len(lines), "", "")
    return Checked(False, len(lines), "no_answer: the answer is missing", "")


def _answer(line: str) -> str | None:
    said = _ANSWER.sub("", line.lower()).rstrip(".! ")
    return said.capitalize() if said in ("true", "false") else None


class _Proof:
    """A proof as far as it is read."""

    def __init__(self, problem: OntologyProblem) -> None:
        self.problem = problem
        self.parts = [_Part("whole")]
        self.last: Formula | None = None
        self.singular = {kind.name.lower(): kind.name for kind in problem.kinds}
        self.plural = {kind.plural.lower(): kind.name for kind in problem.kinds}
        self.nouns = {kind.name for kind in problem.kinds if kind.noun}

    def add(self, line: str) -> None:
        """Takes one sentence; raises _Fault where it is not in order."""
        said = line.lower().rstrip(".! ")
        if len(said) > MAX_SENTENCE:
            raise _Fault(f"unread: the sentence has over {MAX_SENTENCE} characters")
        lead, kind = next(((lead, kind) for lead, kind in LEADS if said.startswith(lead)), ("", ""))
        said = said[len(lead) :] if kind else _CONNECTIVES.sub("", said)
        name = f"{self.problem.name.lower()} is "
        if said.startswith(name):
            formula = self._formula(said[len(name) :], plural=False)
            self._say(kind, formula)
            self.last = formula
        elif kind:
            raise _Fault(f"unread: after {lead.strip()!r} nothing is said of {self.problem.name}")
        else:
            given, then = self._rule(said)
            if not any(r.given and r.given.same(given) and r.then.same(then) for r in self.problem.rules):
                raise _Fault("not_told: this rule is not told")

    def close(self, answer: str) -> None:
        """Takes the answer."""
        if len(self.parts) > 1:
            raise _Fault("open: an assumption is not closed before the answer")
        query = self.problem.query
        if self.last not in (one(query), one(~query)):
            raise _Fault("unsettled: the last sentence is neither the query nor its negation")
        if (self.last == one(query)) != (answer == "True"):
            raise _Fault("wrong_answer: the answer is not what was proved")

    def _say(self, kind: str, formula: Formula) -> None:
        part = self.parts[-1]
        literal = formula.literals[0]
        if kind and formula.op:
            raise _Fault("unread: an assumption or conclusion of a part of the proof is no single literal")
        if kind == "suppose":
            self.parts.append(_Part("suppose", literal, [formula]))
        elif kind == "case one":
            if not any(known.op == "or" and literal in known.literals for known in self._known()):
                raise _Fault("no_case: no known 'or' has this case")
            self.parts.append(_Part("case one", literal, [formula]))
        elif kind == "case two":
            if part.kind != "case one" or part.assumed is None:
                raise _Fault("no_case: there is no first case before it")
            self.parts.pop()
            both = Formula("or", (part.assumed, literal))
            if not any(known.same(both) for known in self._known()):
                raise _Fault("no_case: no known 'or' has these two cases")
            self.parts.append(_Part("case two", literal, [formula], part.known))
        elif kind == "both cases":
            if part.kind != "case two":
                raise _Fault("no_case: there are no two cases before it")
            if not (_among(formula, part.known) and _among(formula, part.other)):
                raise _Fault("no_case: it was not concluded in both cases")
            self.parts.pop()
            self.parts[-1].known.append(formula)
        elif kind == "contradiction":
            said = {known.literals[0] for known in self._known() if not known.op}
            if part.kind != "suppose" or part.assumed is None:
                raise _Fault("no_contradiction: nothing is supposed")
            if not any(~one_ in said for one_ in said):
                raise _Fault("no_contradiction: nothing contradicts what is supposed")
            if literal != ~part.assumed:
                raise _Fault("no_contradiction: it is not the negation of what was supposed")
            self.parts.pop()
            self.parts[-1].known.append(formula)
        else:
            self._follows(formula)
            part.known.append(formula)

    def _known(self) -> list[Formula]:
        return [formula for part in self.parts for formula in part.known]

    def _follows(self, formula: Formula) -> None:
        known = self._known()
        if _among(formula, (fact.then for fact in self.problem.facts)) or _among(formula, known):
            return
        literals = {literal for said in known for literal in said.literals if said.op != "or"}
        introduced = formula.op and (all if formula.op == "and" else any)(one in literals for one in formula.literals)
        eliminated = not formula.op and formula.literals[0] in literals
        implied = any(
            rule.given is not None and rule.then.same(formula) and _among(rule.given, known)
            for rule in self.problem.rules
        )
        tollens = not formula.op and any(
            rule.given == one(~formula.literals[0])
            and any(~literal in literals for literal in rule.then.literals if rule.then.op != "or")
            for rule in self.problem.rules
        )
        if not (introduced or eliminated or implied or tollens):
            raise _Fault("not_following: this does not follow from what stands before it")

    def _rule(self, said: str) -> tuple[Formula, Formula]:
        for lead in ("everything that is ", "anything that is "):
            if said.startswith(lead):
                given, _, then = said[len(lead) :].partition(" is ")
                return self._formula(given, plural=False), self._formula(then, plural=False)
        for lead, verb in (("each ", " is "), ("every ", " is "), ("all ", " are "), ("", " are ")):
            if said.startswith(lead) and verb in said:
                subject, _, then = said[len(lead) :].partition(verb)
                kind = (self.plural if verb == " are " else self.singular).get(subject)
                if kind is None or kind not in self.nouns:
                    raise _Fault(f"unread: the problem has no kind {subject[:60]!r}")
                return one(Literal(kind)), self._formula(then, plural=verb == " are ")
        raise _Fault("unread: the sentence is neither a rule nor a statement of known form")

    def _formula(self, said: str, plural: bool) -> Formula:
        op = "and" if " and " in said else "or" if " or " in said else ""
        literals = []
        for part in said.split(f" {op} ") if op else [said]:
            holds = not part.startswith("not ")
            word = part if holds else part[len("not ") :]
            bare = _ARTICLE.sub("", word)
            kind = self.plural.get(word) if plural else self.singular.get(bare)
            if kind is None or (not plural and (bare != word) != (kind in self.nouns)):
                raise _Fault(f"unread: the problem has nothing that is called {word[:60]!r}")
            literals.append(Literal(kind, holds))
        return Formula(op, tuple(literals))


def _among(formula: Formula, others: Iterable[Formula]) -> bool:
    return any(formula.same(other) for other in others)
