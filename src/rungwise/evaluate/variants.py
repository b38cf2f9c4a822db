"""The same question asked another way: with other names, about the other outcome value, with numbers in another form,
facts in another order, irrelevant sentences, or without its instruction.

Our own plain texts are written anew from the problem; other texts (rephrased, published) are edited. What was edited
must read back as the very problem that it is meant to state, or the question has no such variant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from rungwise.errors import UserError
from rungwise.evaluate.questions import Question, Suite
from rungwise.problems.polarity import twin
from rungwise.problems.problem import EFFECTS, Problem, Variable
from rungwise.problems.solve import solve
from rungwise.problems.streams import make_dice, shuffled, stream
from rungwise.suites.items import to_text
from rungwise.wording.names import draw, widen
from rungwise.wording.reader import read
from rungwise.wording.slots import draw_letters

PADDING = (
    "The report was typed on a Tuesday.",
    "Two of the clerks share an office on the third floor.",
    "A map of the region hangs beside the door.",
    "Nobody remembers who chose the colour of the folder.",
    "The archive was moved twice before it was bound.",
    "A cup of tea stood next to the notes.",
    "The author likes long walks along the canal.",
    "The summary was later translated into Welsh.",
    "The pages are numbered in pencil.",
    "An early draft had a different cover.",
)
"""Sentences about nothing that a problem could ask."""
_PADDED = 3

_MARK = re.compile(r"^(?:Instruction|Question):", re.MULTILINE)
_DECIMAL = re.compile(r"(?<![\w.])[01]\.\d+(?!\w)")
_SENTENCES = re.compile(r"(?<=\.)\s+(?=[A-Z])")
_ARTICLE = re.compile(r"^(?:the|an?) ")
_TRIES = 50

Text = tuple[str, Problem]
"""A prompt and the problem that it states."""


def exact(question: Question) -> Problem | None:
    """The question's problem with its exact truth, whatever a published label says; None where there is none."""
    if not question.is_problem or question.prompt is None:
        return None
    if question.published is None:
        return question.problem
    try:
        return solve(question.problem).problem
    except UserError:  # read, but its numbers make no sense together
        return None


def with_variant(suite: Suite, name: str) -> Suite:
    """Every question of a suite in one variant, at its index; those that have none are left out.

    Raises:
        UserError: the suite's view has no such variant, or no question has.
    """
    if name not in VARIANTS[suite.view]:
        known = ", ".join(VARIANTS[suite.view])
        raise UserError(f"the {suite.view} view has no variant {name!r}; it has {known}")
    found = []
    for question in suite.questions:
        problem = exact(question)
        made = VARIANTS[suite.view][name](question, problem) if problem is not None else None
        if made is not None:
            text, other = made
            found.append(replace(question, prompt=text, problem=other, published=None, corrected=None))
    if not found:
        raise UserError(f"no question of {suite.name} has the variant {name!r}")
    return Suite(f"{suite.name}~{name}", suite.view, tuple(found))


def _written(question: Question, other: Problem) -> Text | None:
    return to_text(other, question.view), other


def _is_plain(question: Question, problem: Problem) -> bool:
    return question.view != "natural" or to_text(problem, "natural") == question.prompt


def _read_back(text: str, other: Problem, shown: str | None = None) -> Text | None:
    """``shown`` (or the text) with the problem, if the text reads as just that."""
    try:
        found = read(text)
    except UserError:
        return None
    same = (found.graph, found.query, found.facts) == (other.graph, other.query, other.facts)
    names = [[(v.name.casefold(), v.labels) for v in problem.variables] for problem in (found, other)]
    return (text if shown is None else shown, other) if same and names[0] == names[1] else None


def _renamed(kind: str) -> Callable[[Question, Problem], Text | None]:
    def make(question: Question, problem: Problem) -> Text | None:
        old = problem.variables
        fresh = _fresh_names(kind, problem, make_dice("variant", kind, problem.id))
        if fresh is None:
            return None
        if _is_plain(question, problem):
            return _written(question, problem.with_(variables=fresh, steps=()))
        variables = tuple(Variable(_ARTICLE.sub("", new.name), own.labels) for new, own in zip(fresh, old, strict=True))
        text = _replace_names(question.prompt or "", [v.name for v in old], [v.name for v in variables])
        return _read_back(text, problem.with_(variables=variables, steps=()))

    return make


def _fresh_names(kind: str, problem: Problem, dice: object) -> tuple[Variable, ...] | None:
    """Events that share no name with the problem's, with as many values."""
    known = {v.name.casefold() for v in problem.variables}
    cards = [len(v.labels) for v in problem.variables]
    for _ in range(_TRIES):
        try:
            drawn = draw(kind, problem.graph.n, dice, problem.graph.order)  # type: ignore[arg-type]
        except UserError:  # fewer names than events
            return None
        if max(cards) <= 3 and not known & {v.name.casefold() for v in drawn}:
            return tuple(widen(v) if card == 3 else v for v, card in zip(drawn, cards, strict=True))
    return None


def _replace_names(text: str, old: Sequence[str], new: Sequence[str]) -> str:
    """All names at once, longer ones first; a capital at the beginning stays one."""
    to = {a.casefold(): b for a, b in zip(old, new, strict=True)}
    pattern = "|".join(re.escape(name) for name in sorted(old, key=len, reverse=True))

    def other(found: re.Match[str]) -> str:
        name = to[found[0].casefold()]
        return name[:1].upper() + name[1:] if found[0][:1].isupper() and not _is_upper(found[0], old) else name

    return re.sub(rf"(?<!\w)(?:{pattern})(?!\w)", other, text, flags=re.IGNORECASE)


def _is_upper(said: str, names: Sequence[str]) -> bool:
    """Whether a name begins with a capital wherever it stands."""
    return said in names


def _letters(question: Question, problem: Problem) -> Text | None:
    letters = draw_letters(problem.graph.n, stream("variant", "letters", problem.id))
    return _written(question, problem.with_(meta={**problem.meta, "letters": letters}, steps=()))


def _twin(question: Question, problem: Problem) -> Text | None:
    if _is_plain(question, problem):
        other = twin(problem)
        return None if other is None else _written(question, other)
    q = problem.query
    labels = problem.variables[q.outcome].labels
    if q.task not in EFFECTS or len(labels) != 2:
        return None
    flipped = problem.with_(query=q._replace(y=1 - q.y), truth=None, steps=())
    head, mark, asked = (question.prompt or "").partition("Question:")
    places = [found.start() for found in re.finditer(rf"(?<!\w){re.escape(labels[q.y])}(?!\w)", asked)]
    for at in places[::-1]:
        text = head + mark + asked[:at] + labels[1 - q.y] + asked[at + len(labels[q.y]) :]
        if _read_back(text, flipped) is not None:
            return text, solve(flipped).problem
    return None


def _numbers(form: Callable[[Decimal], str], readable: bool = True) -> Callable[[Question, Problem], Text | None]:
    """Displayed numbers in another form; in place of one that our reader can't read, one that it can is checked."""

    def make(question: Question, problem: Problem) -> Text | None:
        head, tail = _facts_and_rest(question)
        count = len(_DECIMAL.findall(head))
        text = _DECIMAL.sub(lambda found: form(Decimal(found[0])), head) + tail
        if count < len(problem.facts) or text == question.prompt:
            return None
        check = text if readable else _DECIMAL.sub(lambda found: _six(Decimal(found[0])), head) + tail
        return _read_back(check, _as_read(question, problem), text)

    return make


def _as_read(question: Question, problem: Problem) -> Problem:
    """The problem as its text shows it: the formal view shows no names."""
    if question.view == "natural":
        return problem
    return problem.with_(variables=read(question.prompt or "").variables)


def _six(number: Decimal) -> str:
    return f"{number:.6f}"


def _short(number: Decimal) -> str:
    return f"{number:f}".rstrip("0").rstrip(".")


def _percent(number: Decimal) -> str:
    return f"{_short(100 * number) if number else '0'}%"


def _facts_and_rest(question: Question) -> tuple[str, str]:
    """The text before instruction and question, and these; of the formal view before the query."""
    text = question.prompt or ""
    mark = _MARK.search(text) if question.view == "natural" else re.search("^query:", text, re.MULTILINE)
    return (text[: mark.start()], text[mark.start() :]) if mark else (text, "")


def _order(question: Question, problem: Problem) -> Text | None:
    dice = make_dice("variant", "order", problem.id)
    facts = tuple(shuffled(problem.facts, dice))
    if facts == problem.facts:
        facts = facts[::-1]
    if facts == problem.facts:
        return None
    if _is_plain(question, problem):
        return _written(question, problem.with_(facts=facts))
    head, tail = _facts_and_rest(question)
    lines = head.split("\n")
    at = next((i for i, line in enumerate(lines) if _DECIMAL.search(line)), None)
    if at is None:
        return None
    sentences = _SENTENCES.split(lines[at].strip())
    moved = shuffled(sentences, dice)
    lines[at] = " ".join(moved if moved != sentences else moved[::-1])
    text = "\n".join(lines) + tail
    try:
        facts = read(text).facts
    except UserError:
        return None
    same = facts == problem.facts or sorted(facts) != sorted(problem.facts)
    return None if same else _read_back(text, problem.with_(facts=facts))


def _padding(question: Question, problem: Problem) -> Text | None:
    dice = make_dice("variant", "padding", problem.id)
    names = [v.name.casefold() for v in problem.variables]
    spare = [line for line in PADDING if not any(name in line.casefold() for name in names)]
    head, tail = _facts_and_rest(question)
    lines = head.split("\n")
    lines.insert(dice.randrange(1, max(2, len(lines))), " ".join(shuffled(spare, dice)[:_PADDED]))
    return "\n".join(lines) + tail, problem


def _no_instruction(question: Question, problem: Problem) -> Text | None:
    text = question.prompt or ""
    bare = re.sub(r"^Instruction:.*\n", "", text, count=1, flags=re.MULTILINE)
    return None if bare == text else _read_back(bare, problem)


_Make = Callable[[Question, Problem], Text | None]
VARIANTS: Mapping[str, Mapping[str, _Make]] = {
    "natural": {
        "names": _renamed("real"),
        "nonsense": _renamed("nonsense"),
        "anti-commonsense": _renamed("anti-commonsense"),
        "twin": _twin,
        "percent": _numbers(_percent, readable=False),
        "digits": _numbers(_six),
        "short": _numbers(_short),
        "order": _order,
        "padding": _padding,
        "no-instruction": _no_instruction,
    },
    "formal": {
        "letters": _letters,
        "twin": _twin,
        "digits": _numbers(_six),
        "short": _numbers(_short),
        "order": _order,
    },
    "slots": {"letters": _letters, "twin": _twin},
}
"""View -> name -> what makes the variant of a question.

names, nonsense, anti-commonsense: other events (see ``wording.names``), letters: other letters. twin: the other value
of the outcome. percent, digits, short: 0.1200 as 12%, 0.120000 and 0.12. order: the facts'. padding: irrelevant
sentences. no-instruction: the question alone says which task it is."""
