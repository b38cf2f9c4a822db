"""The one final answer in what a model wrote, or the reason why there is none.

Everything here is a single pass: patterns have no nested or overlapping repetition, candidate objects do not
overlap, and each is short; so a megabyte of anything is read in linear time.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from fractions import Fraction

from rungwise.problems.problem import LACK_CONDITION
from rungwise.scoring.expression import ExpressionError, parse

MAX_OBJECT = 10_000
"""Characters of one JSON object."""
MAX_LISTS = 100
"""Opening brackets in one JSON object, so that the JSON reader never recurses deeply."""
MAX_SPELLINGS = 20
"""Different spellings of the same answer that are compared before the text counts as several answers."""

# Innermost braces only: an answer object holds no other braces, so candidates cannot nest or overlap.
_OBJECT = re.compile(r"\{[^{}]*+\}")
# Any quotes, so that an answer in broken or foreign notation is noticed and never passes for prose.
_KEY = re.compile(r"""["'“‘](?:PROB|ANSWER)\\?["'”’]\s*+:""", re.IGNORECASE | re.ASCII)
# As IGNORECASE would read it; but a pattern that begins with a set of letters is searched for several times as fast.
_LACK = re.compile(
    r"[Ll](?<!\w[Ll])[Aa][Cc][Kk]\\?_" + "".join(f"[{c}{c.lower()}]" for c in "CONDITION") + r"(?!\w)", re.ASCII
)
_QUOTES = str.maketrans("'‘’“”", '"""""')

_PART = re.compile(r"[\n;]")  # compact solutions are one line, their steps end with ";"
_WORD = re.compile(r"\w+")
_LEAD_WORDS = frozenset(
    ["lack_condition", "the", "final", "answer", "is", "output", "so", "thus", "therefore", "boxed", "text", "textbf"]
)
"""The words that may stand beside a bare LACK_CONDITION; "not", "or" and "if" are not among them."""
_MARKUP = frozenset(" \t\r*#>:.,\"'`$\\{}[]()“”")


@dataclass(frozen=True, slots=True)
class Extraction:
    """What a text finally says.

    Attributes:
        status: "parsed" or "unparsed" (then the other fields are empty).
        prob: the PROB as written (a number or an expression), None when there is none.
        answer: "Yes", "No", or None when there is none.
        lack: the answer is LACK_CONDITION; prob and answer are None.
        reason: "code: sentence".
    """

    status: str
    prob: str | None
    answer: str | None
    lack: bool
    reason: str


def extract(text: str) -> Extraction:
    """Find the final answer; never raises.

    Only what follows the last ``</think>`` counts. It must hold exactly one answer (identical repeats count once):
    a JSON object with "PROB" and/or "ANSWER", or LACK_CONDITION, in such an object or on a line of its own.
    """
    final = text.rpartition("</think>")[2]
    if "<think>" in final:
        return _unparsed("cut_off", "the reasoning was opened with <think> and never closed")
    if not final.strip():
        return _unparsed("empty", "there is no text after the reasoning")

    rest = _OBJECT.sub(" ", final)
    if _KEY.search(rest) or _open_braces(rest) > 0:
        return _unparsed("cut_off", "an answer object is broken or not closed")
    bodies = dict.fromkeys(body for body in _OBJECT.findall(final) if _KEY.search(body))
    if len(bodies) > MAX_SPELLINGS:
        return _unparsed("several_answers", f"there are more than {MAX_SPELLINGS} different answer objects")
    answers: list[Extraction] = []
    for body in bodies:
        answer = _read(body)
        if answer.status == "unparsed":
            return answer
        if answers and _identity(answer) != _identity(answers[0]):
            return _unparsed("several_answers", "there are two different final answers")
        answers.append(answer)

    if _LACK.search(final):
        if not all(answer.lack for answer in answers):
            return _unparsed("several_answers", f"{LACK_CONDITION} stands beside another final answer")
        if answers or any(_says_only_lack(part) for part in _PART.split(final) if _LACK.search(part)):
            return _LACKING
        return _unparsed("mentioned_only", f"{LACK_CONDITION} is mentioned but not given as the answer")
    if not answers:
        return _unparsed("no_final_answer", "there is no JSON object with PROB or ANSWER")
    return answers[0]


def _read(body: str) -> Extraction:
    """The answer in one JSON object."""
    if len(body) > MAX_OBJECT or body.count("[") > MAX_LISTS:
        return _unparsed("too_long", f"an answer object has over {MAX_OBJECT} characters or {MAX_LISTS} lists")
    body = body[:-1].rstrip("\\") + "}"  # LaTeX writes \{ ... \}
    if '"' not in body:
        body = body.translate(_QUOTES)
    try:
        fields = _DECODER.decode(body)
    except json.JSONDecodeError as error:
        return _unparsed("broken_json", f"the answer object is not JSON ({error.msg})")
    names = [name for name, _ in fields if name in ("PROB", "ANSWER")]
    if len(names) != len(set(names)):
        return _unparsed("several_answers", "the answer object gives the same key twice")
    given = {name: value for name, value in fields if name in names and value is not None}
    if not given:
        return _unparsed("no_final_answer", "PROB and ANSWER are null")
    if not all(isinstance(value, str) for value in given.values()):
        return _unparsed("bad_type", "PROB must be a number or a string, ANSWER a string")
    lacking = [bool(_LACK.fullmatch(value.strip())) for value in given.values()]
    if all(lacking):
        return _LACKING
    answer = given["ANSWER"].strip().capitalize() if "ANSWER" in given else None
    if answer not in ("Yes", "No", None):
        return _unparsed("bad_answer", "ANSWER must be Yes, No or, alone, LACK_CONDITION")
    if any(lacking):
        return _unparsed("several_answers", f"the answer object gives {LACK_CONDITION} and an answer")
    return Extraction("parsed", given.get("PROB"), answer, False, "found: one final answer")


def _pairs(pairs: list[tuple[str, object]]) -> list[tuple[str, object]]:
    return [(name.upper(), value) for name, value in pairs]


# Numbers stay text: the expression grammar reads them exactly, and refuses NaN, Infinity and 1e999.
_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_float=str, parse_int=str, parse_constant=str)


def _identity(answer: Extraction) -> tuple[bool, str | None, Fraction | str | None]:
    """Equal for two answers that say the same: numbers by value, expressions by their text without spaces."""
    prob: Fraction | str | None = answer.prob
    if answer.prob is not None:
        prob = "".join(answer.prob.split())
        try:
            parsed = parse(answer.prob)
            prob = parsed.evaluate() if parsed.is_plain_number else prob
        except ExpressionError:
            prob = answer.prob  # outside the grammar: the same only when written the same
    return answer.lack, answer.answer, prob


def _open_braces(rest: str) -> int:
    """Braces opened and not closed, those escaped for LaTeX left out (sets, \\left\\{ ... \\right.)."""
    return rest.count("{") - rest.count("\\{") - rest.count("}") + rest.count("\\}")


def _says_only_lack(part: str) -> bool:
    plain = part.replace("\\_", "_").lower()
    return _LEAD_WORDS.issuperset(_WORD.findall(plain)) and _MARKUP.issuperset(_WORD.sub("", plain))


def _unparsed(code: str, sentence: str) -> Extraction:
    return Extraction("unparsed", None, None, False, f"{code}: {sentence}")


_LACKING = Extraction("parsed", None, None, True, f"found: {LACK_CONDITION}")
