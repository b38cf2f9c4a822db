"""CaLM's kinds of files: what a row must hold, the prompt that is composed of it, and what its label says.

The files hold no prompt, only its parts. CaLM's own wrappers (in its repository, a dozen styles a task) are not
used: the parts are put together here, with a request for the answer in our words. So scores are comparable with one
another, not with published ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rungwise.errors import UserError
from rungwise.problems.problem import EFFECTS
from rungwise.suites.published.damaged import Row
from rungwise.suites.published.item import PublishedItem, Truth

Solver = Literal["effect", "graph", "cladder", "none"]
"""Whose audit decides: that of the seven tasks, that of graphs, CLadder's, or none: no formal truth exists."""

ENGLISH = "_EN"
"""What ends the name of an English file."""
YES_NO = ("Yes", "No")
MAX_WORDS = 2_000


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file.

    Attributes:
        solver: whose audit decides.
        fields: the texts that a row must hold.
        prompt: the row put together, without the request for the answer.
        asks: the request for the answer.
        options: what can be answered; () for a number or a free text.
        number: whether a number is asked for.
        lowest: of a number: -1 for effects, 0 for probabilities. Of options: the label that stands for the first.
    """

    solver: Solver
    fields: tuple[str, ...]
    prompt: Callable[[Row], str]
    asks: str
    options: tuple[str, ...] = ()
    number: bool = False
    lowest: int = 0

    def text(self, row: Row, where: str) -> str:
        """The whole prompt.

        Raises:
            UserError: a field is missing or no text.
        """
        for name in self.fields:
            _text(row, name, where)
        try:
            return f"{self.prompt(row)}\n{self.asks}"
        except UserError as error:
            raise UserError(f"{where}: {error}") from error

    def label(self, row: Row, where: str) -> Truth | None:
        """What ``gt_answer`` says; None where it is not there or empty, as in the full set.

        Raises:
            UserError: it is none of what this kind can answer.
        """
        said = row.get("gt_answer")
        if said is None or (isinstance(said, str) and not said.strip()):
            return None
        if self.number:
            return Truth(_number(said, self.lowest, where))
        if not self.options:
            return Truth(None, _text(row, "gt_answer", where))
        if self.options == YES_NO:
            meant = {"1": "Yes", "0": "No", "yes": "Yes", "no": "No"}
        else:
            meant = {str(i): option for i, option in enumerate(self.options, self.lowest)}
        name = str(said).strip().lower() if isinstance(said, (str, int)) and not isinstance(said, bool) else ""
        if name not in meant:
            raise UserError(f"{where}: gt_answer {str(said)[:40]!r} is none of {', '.join(meant)}")
        return Truth(None, meant[name])


def _text(row: Row, name: str, where: str) -> str:
    value = row.get(name)
    if not isinstance(value, str):
        raise UserError(f"{where}: {name!r} is missing or no text")
    return value


def _number(said: Any, lowest: int, where: str) -> float:
    # A float of a text ("0.38") is taken too: rows that went through a table have such.
    try:
        value = math.nan if isinstance(said, bool) else float(said)
    except (TypeError, ValueError, OverflowError):
        value = math.nan
    if not lowest - 1e-9 <= value <= 1 + 1e-9:  # not so for NaN either
        raise UserError(f"{where}: gt_answer {str(said)[:40]!r} is no number from {lowest} to 1")
    return value


def _formal(row: Row) -> str:
    background = row.get("Background")
    shown = background.get("data_info") if isinstance(background, dict) else None
    if not isinstance(shown, str):
        raise UserError("'Background' with a text 'data_info' is missing")
    return (
        f"Input Info: {row['given_info']}\n{shown.strip()}\n"
        f"Instruction: {row['Instruction']}\nQuestion: {row['Question']}"
    )


def _options(question: str) -> Callable[[Row], str]:
    def prompt(row: Row) -> str:
        listed = [f"Option {i}: {row[f'option{i}'].strip() or 'the empty set'}" for i in (1, 2, 3)]
        asked = question.format(x=row["treatment"], y=row["outcome"])
        return "\n".join([f"A causal graph: {row['edges']}.", f"Question: {asked}", *listed])

    return prompt


def _identified(row: Row) -> str:
    hidden = row.get("bi_edges") or "no variables"  # an empty list where there are none
    if not isinstance(hidden, str):
        raise UserError("'bi_edges' is neither a text nor empty")
    return (
        f"A causal graph: {row['di_edges']}.\nThere are unobserved confounders between: {hidden}.\n"
        f"Question: Is the causal effect of {row['treatment']} on {row['outcome']} identified?"
    )


def _attributed(relation: str, field: str) -> Callable[[Row], str]:
    def prompt(row: Row) -> str:
        asked = f"Is {row[field]} {relation} of {row['attribution']}?"
        return f"A causal graph: {row['edges']}.\nQuestion: {asked}"

    return prompt


def _events(row: Row) -> str:
    words, events = row.get("words"), row.get("events")
    if not isinstance(words, list) or len(words) > MAX_WORDS or not all(isinstance(word, str) for word in words):
        raise UserError(f"'words' is no list of at most {MAX_WORDS} words")
    if not isinstance(events, list) or len(events) != 2:
        raise UserError("'events' is no pair of lists of places in 'words'")
    first, second = (_words_at(words, places) for places in events)
    return f'{" ".join(words)}\nQuestion: Is there a causal relationship between "{first}" and "{second}"?'


def _words_at(words: Sequence[str], places: Any) -> str:
    known = isinstance(places, list) and all(type(place) is int and 0 <= place < len(words) for place in places)
    if not known or not places or len(set(places)) < len(places):
        raise UserError("'events' is no pair of lists of places in 'words'")
    return " ".join(words[place] for place in places)


def _plain(template: str) -> Callable[[Row], str]:
    return lambda row: template.format_map(row)


_NUMBER = 'Give the value, to four decimals, as JSON in the form {"PROB": "0.1234"}.'
_SIGN = 'Give the answer, Yes or No, as JSON in the form {"ANSWER": "Yes"}.'
_WORD = "Answer with Yes or No."
_OPTION = "Answer with the right one: {}."
_FORMAL = ("given_info", "Instruction", "Question")
_SETS = ("edges", "option1", "option2", "option3", "treatment", "outcome")
_THREE = ("1", "2", "3")


def _listed(options: Sequence[str]) -> str:
    return _OPTION.format(" or ".join(f"Option {option}" for option in options))


def _set_kind(question: str) -> Kind:
    return Kind("graph", _SETS, _options(question), _listed(_THREE), _THREE, lowest=1)


_EFFECT = Kind("effect", _FORMAL, _formal, _NUMBER, number=True, lowest=-1)
_BOUND = Kind("effect", _FORMAL, _formal, _NUMBER, number=True)
_NATURAL = Kind("effect", _FORMAL, _formal, _SIGN, YES_NO)
_CLADDER = Kind("cladder", ("given_info", "question"), _plain("{given_info}\nQuestion: {question}"), _WORD, YES_NO)
_MEETS = "satisfies the {} criterion relative to the ordered pair of variables ({{x}}, {{y}}) in this graph?"
_PAIR = Kind(
    "none",
    ("premise", "hypothesis"),
    _plain("Event A: {premise}\nEvent B: {hypothesis}\nQuestion: Is there a causal relationship between the two?"),
    _WORD,
    YES_NO,
)
_PICK = Kind(
    "none",
    ("premise", "ask-for", "hypothesis1", "hypothesis2"),
    _plain(
        "Event: {premise}\nQuestion: Which of these is the {ask-for} of the event?\n"
        "Option 1: {hypothesis1}\nOption 2: {hypothesis2}"
    ),
    _listed(_THREE[:2]),
    _THREE[:2],
)
_SENTENCE = Kind("none", (), _events, _WORD, YES_NO)
_CRASS = ("Answer1", "Answer2", "Answer3", "Answer4")

FILES: dict[str, Kind] = {
    **{f"{task}-B_{task}-natural": _NATURAL for task in EFFECTS},
    **{f"{task}-P_{task}-{level}": _EFFECT for task in EFFECTS for level in ("basic", "hard")},
    **{f"{task}-P_{task}-{level}": _BOUND for task in ("PN", "PS") for level in ("basic", "hard")},
    "BAS-C_min-BAS": _set_kind(f"Which is the minimal set of variables that {_MEETS.format('back-door')}"),
    "BAS-C_max-BAS": _set_kind(f"Which is the maximal set of variables that {_MEETS.format('back-door')}"),
    "BAS-C_mix-BAS": _set_kind(f"Which set of variables {_MEETS.format('back-door')}"),
    "FAS-C_FAS": _set_kind(f"Which set of variables {_MEETS.format('front-door')}"),
    "IV-C_CaLM-IV": _set_kind("Which variables are instrumental relative to the ordered pair ({x}, {y})?"),
    **{
        f"CEI-B_0.{share}-UC": Kind("graph", ("di_edges", "treatment", "outcome"), _identified, _WORD, YES_NO)
        for share in (2, 4, 6, 8)
    },
    "AR-B_CaLM-AR": Kind(
        "graph",
        ("ar_edges", "former", "latter"),
        _plain("Suppose that {ar_edges}.\nQuestion: Does {former} cause {latter}?"),
        _WORD,
        YES_NO,
    ),
    "CA-B_FA": Kind(
        "graph",
        ("edges", "sampled_ancestor", "attribution"),
        _attributed("an ancestor", "sampled_ancestor"),
        _WORD,
        YES_NO,
    ),
    "CA-B_FP": Kind(
        "graph", ("edges", "sampled_parent", "attribution"), _attributed("a parent", "sampled_parent"), _WORD, YES_NO
    ),
    "CORR-B_correlation": _CLADDER,
    "EAE-B_exp-away": _CLADDER,
    "CB-B_collider-bias": _CLADDER,
    "BAS-B_backadj": _CLADDER,
    "CR-B_det-counterfactual": _CLADDER,
    "PCD-B_COPA": _PAIR,
    "PCD-B_E-CARE": _PAIR,
    "PCD-C_COPA": _PICK,
    "PCD-C_E-CARE": _PICK,
    "ECI-B_CTB": _SENTENCE,
    "ECI-B_ESC": _SENTENCE,
    "ECI-B_MAVEN-ERE": _SENTENCE,
    "AC-B_causal_judgement": Kind("none", ("input",), _plain("{input}"), _WORD, YES_NO),
    "CR-C_CRASS": Kind(
        "none",
        ("premise", "QCC", *_CRASS),
        _plain(
            "{premise}\nQuestion: {QCC}\nOption 1: {Answer1}\nOption 2: {Answer2}\nOption 3: {Answer3}\n"
            "Option 4: {Answer4}"
        ),
        _listed((*_THREE, "4")),
        (*_THREE, "4"),
        lowest=1,
    ),
    "CEG-O_E-CARE": Kind(
        "none",
        ("cause", "effect"),
        _plain("Cause: {cause}\nEffect: {effect}\nQuestion: Why does the cause bring about the effect?"),
        "Answer in one sentence.",
    ),
}  # fmt: skip
"""By a file's name without its language."""


def kind_of(item: PublishedItem) -> Kind:
    """The kind of the file that an item is from; its id begins with the file's name."""
    return FILES[item.id.partition(f"{ENGLISH}/")[0]]


def task_of(name: str) -> str:
    """A file's name as a task's: ``ATE-P_ATE-basic`` is "ATE-P basic", ``CEI-B_0.2-UC`` "CEI-B 0.2"."""
    head, _, detail = name.partition("_")
    own = head.partition("-")[0]
    for part in ("CaLM-", f"{own}-", f"-{own}", "-UC"):
        detail = detail.replace(part, "")
    return head if detail in ("", own) else f"{head} {detail}"
