"""CaLM's published scoring rules, and ours.

The published rules are those of CaLM's repository (github.com/OpenCausaLab/CaLM, ``calm/evaluation``; the same in
OpenCompass), told again in our own code for its English files and its prompt style "basic":

- numbers: the first JSON object with a "prob", repaired where words or quotes need it; right when both numbers are the
  same rounded to four decimals. Nothing else in the text counts. A bare JSON 0 is taken for no answer ("0" is not).
- yes or no of the five natural sets: the same with "answer"; it must be the word and nothing else.
- other yes or no, and options: a text that begins with the answer gives it, else one of a long list of phrases in it,
  the first of the list that is found, unless a phrase for another answer stands before. So "not ..." at the beginning
  is No, and "the answer (yes or no?): no" in the middle of a text is Yes. The phrases in Chinese, and those that one
  model's answer once put on the list, are left out here; a text that uses one of them scores 0.
- explanations (CEG): the share of the published words that the text holds in their order (ROUGE-L recall).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from rungwise.errors import UserError
from rungwise.problems.problem import LACK_CONDITION, TOLERANCE
from rungwise.scoring.choice import final_choice
from rungwise.scoring.expression import ExpressionError, parse
from rungwise.scoring.extract import extract
from rungwise.scoring.score import Verdict
from rungwise.suites.published.calm_tasks import YES_NO, kind_of
from rungwise.suites.published.item import PublishedItem, Truth

MOST_WORDS = 1_000
"""Words of a text and of an explanation that are compared."""

_OBJECT = re.compile(r"\{+.*?\}+", re.DOTALL)
_BARE = re.compile(r"(?<=[:,])\s*+(\w+)\s*+(?=[,:\]})])")
_QUOTES = str.maketrans("“”'", '"""')


def _tails(phrases: Sequence[str], least: int) -> tuple[str, ...]:
    """The ends of these phrases that have so many letters or more: a text may repeat the end of what asks for it."""
    return tuple(dict.fromkeys(phrase[i:] for phrase in phrases for i in range(len(phrase) - least + 1)))


_ASKED = tuple(f"answer (yes or no{gap}):" for gap in ("?", "? ", " ?", " ? "))
_LEADS = (
    *(f"{asked} " for asked in _ASKED), "answer is ", '"', "say ", "as follows:\n\n", "answer: ", "answer is: ",
    "answer is:\n\n", "answer is:\n", "should be ", "is ", "chose ", "\n\n", "```\n", *_ASKED, "output: ",
)  # fmt: skip
"""After one of these "yes" or "no" is an answer; those with a quote or a fence need it closed."""
_CLOSED = {'"': '"', "```\n": "\n\n```"}
_YES = (
    *(lead + "yes" + _CLOSED.get(lead, "") for lead in _LEADS),
    *("is identified", "is identifiable", "does cause", "so yes", "therefore, yes", "method 1 is correct"),
    *("correct to use method 1", "yes, it would", "hence yes", "in short, yes", "thus, yes", "hence answering yes"),
    *("therefore yes", "thus answering yes", "making the answer yes", "must have a causal relationship"),
    *("answer would be yes", "a causal relationship exists between", "answer(yes", "answer (yes", "the answer yes"),
    *('answer "yes', 'the answer is "yes'),
)
_NO = (
    *(lead + "no" + _CLOSED.get(lead, "") for lead in _LEADS),
    *("is not identified", "does not cause", "method 2 is correct", "correct to use method 2", "hence answering no"),
    *("answer would be no", "answer:no", "answer is:no", "making the answer no", "answer(no)", "answering no"),
    *("thus, no", "answer is, no", 'answer is "no', "answer is “no"),
)
_OWN_YES = {
    "CORR": ("method 1 is more correct",), "CEI": ("can be identified", "is identified."),
    "PCD": ("there is a causal relationship",), "ECI": ("is a causal relationship", "leads to", "the result of"),
    "CA": ("serves as the parent node of", "serves as a parent node of"),
}  # fmt: skip
_OWN_NO = {
    "CORR": ("method 2 is more correct",), "CEI": ("not identified", "cannot be identified"),
    "PCD": ("there is no causal relationship",),
    "ECI": ("there is no causal relationship", "is not a causal relationship"),
}  # fmt: skip
_REPEATED = [asked + gap for asked in _ASKED for gap in (" ", " \n\n", "", " - ")]
_YES_STARTS = (
    *_tails([start + "yes" for start in _REPEATED], 3),
    *_tails([*(start + "true" for start in _REPEATED[:8]), "answer(yes)"], 4),
)
_NO_STARTS = _tails([start + "no" for start in _REPEATED], 2) + _tails(["answer (no)", "answer(no)"], 3)
_FALSE_STARTS = _tails([start + "false" for start in _REPEATED[:8]], 5)
_CLADDER = ("CORR", "EAE", "CB", "BAS", "CR")
_LISTED = {2: "1 or option 2", 3: "1 or 2 or 3", 4: "1 or 2 or 3 or 4"}
_WORDS = ("one", "two", "three", "four")


def official(text: str, item: PublishedItem) -> float:
    """What CaLM's rule for the item's file makes of a text: 0 or 1, for explanations a share."""
    label, kind = _label(item), kind_of(item)
    said = text.strip().lower()
    if kind.number:
        assert label.value is not None
        found = _number(_field(said, "prob"))
        return float(found is not None and round(found, 4) == round(label.value, 4))
    assert label.answer is not None
    if kind.solver == "effect":
        return float(_field(said, "answer") == label.answer.lower())
    if kind.options == YES_NO:
        return float(_yes_no(said, item.task.partition("-")[0]) == label.answer)
    if kind.options:
        return float(_option(said, item, len(kind.options)) == label.answer)
    return _recall(said.split(), label.answer.lower().split())


def _label(item: PublishedItem) -> Truth:
    if item.label is None:
        raise UserError(f"{item.id} has no label to score against; --model exact and audit give its answer")
    return item.label


def _field(said: str, name: str) -> Any:
    """The first value of this name in an object; None where there is none."""
    # The added brace closes what was cut off, and makes every run of opening braces end: so time is linear.
    for match in _OBJECT.finditer(said + "}"):
        body = match[0]
        if body.startswith("{{"):
            body = body[1:-2] if body.endswith("}}}") else body[1:-1] if body.endswith("}}") else body[1:]
        elif body.endswith("}}"):
            body = body[:-1]
        value = _object(body).get(name)
        if value is not None:
            return value
    return None


def _object(body: str) -> dict[str, Any]:
    for attempt in (body, _BARE.sub(r' "\1" ', body).translate(_QUOTES)):
        try:
            found = json.loads(attempt)
        except (ValueError, RecursionError):
            continue
        return found if isinstance(found, dict) else {}
    return {}


def _number(value: Any) -> float | None:
    if not value:  # a bare 0 too
        return None
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _yes_no(said: str, task: str) -> str | None:
    if said.startswith(_YES_STARTS):
        return "Yes"
    # Of AR and CA the list for No is cut to the length of that for Yes, and so "false" is not on it.
    if said.startswith(_NO_STARTS) or (task not in ("AR", "CA") and said.startswith(_FALSE_STARTS)):
        return "No"
    if task == "AC" and "- yes" in said and "- no" in said:
        return None
    own = "CORR" if task in _CLADDER else task
    yes, no = (*_OWN_YES.get(own, ()), *_YES), (*_OWN_NO.get(own, ()), *_NO)
    at = next((place for phrase in yes if (place := said.find(phrase)) >= 0), None)
    relation = {"AR": ("causes", "does cause"), "CA": ("is the parent of", "is the ancestor of", "is an ancestor of")}
    if at is None and "yes" in said and any(words in said for words in relation.get(task, ())):
        at = len(said)
    places = [place for phrase in no if (place := said.find(phrase)) >= 0]
    if at is not None:
        return "No" if any(place < at for place in places) else "Yes"
    return "No" if places else None


def _option(said: str, item: PublishedItem, count: int) -> str | None:
    """The number of the option that the text gives."""
    fields = {2: "hypothesis{}", 3: "option{}", 4: "Answer{}"}[count]
    texts = [str(item.given[fields.format(i)]).strip().lower() for i in range(1, count + 1)]
    several = any(words in said for words in ("option 1 or option 2", "option2 or option 3"))
    if count == 3 and (not said or several or all(f"option {i}" in said for i in (1, 2, 3))):
        return None
    for i, (own, starts) in enumerate(zip(texts, _starts(texts), strict=True), 1):
        part = len(own) > 1 and len(said) > (count == 2) and (said in own or (count == 4 and own in said))
        if said.startswith(starts) or said == own or part:
            return str(i)
    chosen, low = None, len(said)
    for i, own in enumerate(texts, 1):
        places = [place for phrase in _phrases(i, own, count) if (place := said.find(phrase)) >= 0]
        if chosen is None and places:
            chosen, low = i, places[0] if i == 1 else low
        elif places and min(places) < low:
            chosen = i
        elif chosen is not None:
            break
    return str(chosen) if chosen else None


def _starts(texts: Sequence[str]) -> list[tuple[str, ...]]:
    """For each option how a text begins that chooses it: its number, its number in words, or what it says.

    The rule keeps these in a table by the least number of letters, so what an option says takes the place of its number
    in words where it has a letter more; and of three or four such tables it reads as many columns as the shortest has.
    So a text that begins with the third of three sets such as "a, c", and goes on, does not choose it.
    """
    count = len(texts)
    asked = f"answer (option {_LISTED[count]}{'?' if count > 2 else ''})"
    clash = [len(own) - 1 == len(word) and count > 2 for own, word in zip(texts, _WORDS, strict=False)]
    found = []
    for i, (own, word, taken) in enumerate(zip(texts, _WORDS, clash, strict=False), 1):
        starts = _tails([f"{asked} : option {i}", f"{asked} : option{i}", f"{asked}:{i}", f"{asked}: {i}"], 1)
        if count == 2:
            starts += (*_tails([f"answer: option {i}", f"the answer is option {i}"], 1), own)
        if not taken:
            starts += _tails([f"{asked} : option {word}"], len(word))
        if taken or not any(clash):
            starts += _tails([f"{asked}:{own[:-1]}", f"{asked}: {own[:-1]}"], max(len(own) - 1, 1))
        found.append(starts)
    return found


def _phrases(i: int, own: str, count: int) -> list[str]:
    """What chooses option i in the middle of a text, in the order in which it is looked for."""
    asked = f"(option {_LISTED[count]}"
    found = [f"answer {asked} ?): {own[:-1]}", f"answer {asked} ?): option {i}", f"{asked}?): option {i}"]
    if count == 2:
        found += [f"because {own[:-1]}", f"answer is option {i}", own[:-1]]
    return [*found, f"should be {i}", f"is {i}", f"option {i}", f"option {_WORDS[i - 1]}"]


def _recall(said: Sequence[str], words: Sequence[str]) -> float:
    """The longest common subsequence's share of the published words."""
    said, words = said[:MOST_WORDS], words[:MOST_WORDS]
    row = [0] * (len(words) + 1)
    for own in said:
        before = 0
        for j, word in enumerate(words, 1):
            before, row[j] = row[j], before + 1 if own == word else max(row[j], row[j - 1])
    return row[-1] / len(words) if words else 0.0


def strict(text: str, item: PublishedItem) -> Verdict:
    """Ours: one final answer after the last ``</think>``; a number within TOLERANCE of the label, else the label's
    option or word. An explanation is right only word for word: it has no exact truth."""
    label, kind = _label(item), kind_of(item)
    if kind.number:
        return _strict_number(text, label)
    assert label.answer is not None
    if not kind.options:
        right = text.rpartition("</think>")[2].lower().split() == label.answer.lower().split()
        reason = "right: word for word" if right else "other_text: not the published words; others may be as good"
        return Verdict(int(right), None, None, "parsed", reason, False, right, right)
    found = final_choice(text, kind.options)
    if found.option is None:
        return Verdict(0, None, None, "unparsed", found.reason, False, False, False)
    right = found.option == label.answer
    reason = "right: the answer is right" if right else f"wrong_answer: the answer is {label.answer}"
    return Verdict(int(right), None, found.option, "parsed", reason, False, right, right)


def _strict_number(text: str, label: Truth) -> Verdict:
    assert label.value is not None
    found = extract(text)
    reason = "no_value: PROB is missing" if found.status == "parsed" and not found.lack else found.reason
    if found.prob is None:
        status = found.status
        return Verdict(0, None, LACK_CONDITION if found.lack else None, status, reason, False, False, False)
    try:
        parsed = parse(found.prob)
        value = parsed.evaluate()
    except ExpressionError as error:
        return Verdict(0, None, None, "unparsed", f"{error.code}: {error}", False, False, False)
    # str gives the shortest decimal that is this float, the number the data states; so the edge is exact.
    right = abs(value - Fraction(str(label.value))) <= Fraction(str(TOLERANCE))
    reason = "right: the value is right" if right else f"wrong_value: the value is {label.value:.4f}"
    return Verdict(int(right), float(value), None, "parsed", reason, not parsed.is_plain_number, right, True)


def write(item: PublishedItem, truth: Truth) -> str:
    """What the prompt asks for, and nothing else."""
    kind = kind_of(item)
    if truth.answer == LACK_CONDITION:
        return LACK_CONDITION
    if kind.number:
        return f'{{"PROB": "{truth.value:.4f}"}}'
    if kind.solver == "effect":
        return f'{{"ANSWER": "{truth.answer}"}}'
    return f"Option {truth.answer}" if kind.options and kind.options != YES_NO else str(truth.answer)
