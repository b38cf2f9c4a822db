"""The one option (yes or no, true or false, an option's number) that a text finally chooses, or why there is none.

What counts as a final answer: an object with "ANSWER"; a statement such as "the answer is no" or "Answer: 2"; a box;
an option on a line of its own; "Yes, ..." at the beginning of the first or the last line; a last sentence that is an
option, or "..., so no" at its end. What only mentions options ("yes or no", "not yes", "whether the answer is yes")
chooses none of them. Every pattern has bounded repetition, and a match looks at a bounded piece of text around it, so
time is linear in the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rungwise.scoring.score import Verdict

OPTIONS_OF = {answer: pair for pair in (("Yes", "No"), ("True", "False")) for answer in pair}
"""An answer -> the two options that it is one of."""
MAX_OBJECT = 10_000
"""Characters of one JSON object."""
_BEFORE = 200
"""Characters before a statement in which a word may make it no statement ("if", "not")."""

_OBJECT = re.compile(r"\{[^{}]*+\}")
_KEY = re.compile(r"""["'“‘]answer\\?["'”’]\s*+:""")
_MARKUP = str.maketrans("", "", "*_`$\\\"'“”‘’(){}[]<>#|~")
"""Left out before words are read: bold, LaTeX, quotes, brackets."""
_LATEX = re.compile(r"\\(?:boxed|text|textbf|mathrm|mathbf|textit|rm|bf)\b")
_STATING = ("answer", "boxed is", "statement is", "claim is", "query is", "conclusion is", "proposition is")
"""How statements begin."""
_BOX = "boxed is: "
"""What stands for a box once its braces are gone."""
_SENTENCE = re.compile(r"[.!?;:—–]+(?!\d)")
_CANCEL = re.compile(r"\b(?:if|whether|unless|not|isn't|isnt|cannot|neither|either|suppose|assuming|should)\b")
_LEAD = frozenset(
    re.findall(
        r"\w+",
        "so thus therefore hence then overall finally in conclusion summary the to this final correct my answer result "
        "question option choice is a boxed",
    )
)
"""The words that may stand before an option in a clause that consists of it."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a text finally chooses.

    Attributes:
        option: one of the options as they were given, None where there is no single one.
        reason: "code: sentence".
    """

    option: str | None
    reason: str


def final_choice(text: str, options: Sequence[str]) -> Choice:
    """The option that a text gives as its final answer; the text never makes it raise.

    Only what follows the last ``</think>`` counts. Case does not matter. Repeats of one option count once, two
    different final answers are none.

    Args:
        options: what can be chosen, different when lower-cased, such as ("Yes", "No").
    """
    final = text.rpartition("</think>")[2].lower()
    if "<think>" in final:
        return Choice(None, "cut_off: the reasoning was opened with <think> and never closed")
    if not final.strip():
        return Choice(None, "empty: there is no text after the reasoning")
    forms = _forms(tuple(options))
    found: set[str] = set()
    if "answer" in final and _KEY.search(final):
        final, failure = _objects(final, forms, found)
        if failure:
            return Choice(None, failure)
    found.update(_stated(final, forms))
    if len(found) > 1:
        return Choice(None, "several_answers: there are two different final answers")
    if found:
        return Choice(forms.given[found.pop()], "found: one final answer")
    if forms.anywhere.search(final):
        return Choice(None, "mentioned_only: an option is mentioned but not given as the answer")
    return Choice(None, "no_final_answer: none of the options is given as the answer")


def choice_verdict(text: str, options: Sequence[str], answer: str) -> Verdict:
    """Whether the option that a text gives as its final answer is the right one."""
    found = final_choice(text, options)
    if found.option is None:
        return Verdict(0, None, None, "unparsed", found.reason, False, False, False)
    right = found.option == answer
    reason = "right: the answer is right" if right else f"wrong_answer: the answer is {answer}"
    return Verdict(int(right), None, found.option, "parsed", reason, False, right, right)


@dataclass(frozen=True, slots=True)
class _Forms:
    """Patterns for one set of options; all of them read lower-cased text without markup.

    Attributes:
        given: option by its lower-cased form.
        anywhere: a whole option.
        stated: a statement that gives an option.
        opening: an option of several letters with which a line begins ("1. ..." and "A ..." open lists and sentences).
    """

    given: dict[str, str]
    anywhere: re.Pattern[str]
    stated: re.Pattern[str]
    opening: re.Pattern[str]


@lru_cache(maxsize=64)
def _forms(options: tuple[str, ...]) -> _Forms:
    given = {option.lower(): option for option in options}
    if len(given) < len(options) or "" in given:
        raise ValueError(f"options must be different and not empty: {options}")
    one = "|".join(re.escape(o) for o in sorted(given, key=len, reverse=True))
    # "no." ends a sentence, "1.5" is another number; "yes because" goes on, "no effect" chooses nothing.
    ends = r"(?=\s*+(?:$|\n)|[.](?!\d)|\s?[,;:!)?—–]|\s?-\s|\s(?:because|since|as|given|due|based|here|under|for)\b)"
    alone = r"(?!\s{0,3}[,]?\s{0,3}(?:or|and/or|unless|if)\b)"
    option = rf"(?:option |choice )?(?P<option>{one}){ends}{alone}"
    glue = r"\s{0,3}(?:(?:to|of) (?:the|this|your) (?:\w{1,20} )?question\s{0,3})?(?:is|=|:|would be|must be|should be)"
    # "the query is true" chooses only where the sentence ends with it; "as the statement is true, ..." goes on.
    said = rf"(?:statement|claim|query|conclusion|proposition) is (?P<said>{one})(?=\s*+(?:$|\n)|[.!](?!\d))"
    return _Forms(
        given,
        re.compile(rf"(?<!\w)(?:{one})(?!\w)"),
        re.compile(rf"(?:answer{glue}|boxed is)\s{{0,3}}:?\s{{0,3}}(?:simply |just |therefore |thus )?{option}|{said}"),
        re.compile(rf"\s*+(?:(?:so|thus|therefore|hence|overall|in conclusion)[,:]? )?(?!\w(?!\w)){option}"),
    )


def _objects(final: str, forms: _Forms, found: set[str]) -> tuple[str, str]:
    """Adds what objects with "ANSWER" give; the text without them, and what is wrong with one ("" where nothing is)."""
    rest = _OBJECT.sub(" ", final)
    if _KEY.search(rest):
        return rest, "cut_off: an answer object is broken or not closed"
    for body in dict.fromkeys(body for body in _OBJECT.findall(final) if _KEY.search(body)):
        if len(body) > MAX_OBJECT or body.count("[") > 100:
            return rest, f"too_long: an answer object has over {MAX_OBJECT} characters or 100 lists"
        try:
            pairs = json.loads(body, object_pairs_hook=list, parse_float=str, parse_int=str, parse_constant=str)
        except json.JSONDecodeError as error:
            return rest, f"broken_json: the answer object is not JSON ({error.msg})"
        for name, value in pairs:
            if name == "answer":
                said = str(value).strip().rstrip(".")
                if said not in forms.given:
                    return rest, "bad_answer: ANSWER is none of the options"
                found.add(said)
    return rest, ""


def _stated(final: str, forms: _Forms) -> Iterator[str]:
    """Every option that the text states as its answer."""
    plain = (_LATEX.sub(f" {_BOX}", final) if "\\" in final else final).translate(_MARKUP)
    for word in _STATING:  # finding these first is ten times as fast as searching for the whole pattern
        at = -1
        while (at := plain.find(word, at + 1)) >= 0:
            before = plain[max(0, at - _BEFORE) : at]
            if (match := forms.stated.match(plain, at)) and not _CANCEL.search(before[_last_end(before) :]):
                yield match["option"] or match["said"]
    lines = [line for line in plain.split("\n") if line.strip(" \t\r-=.:")]
    for line in lines:
        if len(line) < _BEFORE and (alone := _consists_of(line, forms)):
            yield alone
    if lines:
        for line in (lines[0], lines[-1]):
            if opened := forms.opening.match(line):
                yield opened["option"]
        sentences = [sentence for sentence in _SENTENCE.split(lines[-1][-_BEFORE:]) if sentence.strip()]
        last, comma, clause = sentences[-1].rpartition(",") if sentences else ("", "", "")
        if (alone := _consists_of(last + comma + clause, forms)) or (
            comma and (alone := _consists_of(clause, forms)) and clause.strip() != alone  # "sets 1, 2" chooses nothing
        ):
            yield alone


def _last_end(before: str) -> int:
    """Where the last sentence of a piece begins."""
    return max(before.rfind(mark) for mark in (". ", "\n", "! ", "? ", "; ")) + 1


def _consists_of(clause: str, forms: _Forms) -> str | None:
    """The option that is all of a clause, but for words that lead to it."""
    for option in forms.given:
        if option not in clause:
            continue
        words = clause.strip(" \t\r.:,;!?-—–").replace(",", " ").replace(":", " ")
        if words == option:
            return option
        if words.endswith(" " + option) and _LEAD.issuperset(words[: -len(option)].split()):
            return option
    return None
