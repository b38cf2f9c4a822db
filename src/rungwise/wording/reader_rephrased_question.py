"""Instruction and question of a reworded item -> the same in published words."""

from __future__ import annotations

import re
from functools import lru_cache

from rungwise.wording.reader_events import unread
from rungwise.wording.reader_question import TITLES
from rungwise.wording.reader_rephrased_words import CHANCE, being, events
from rungwise.wording.reader_values import LOW

# Everything is of bounded length, so that no text can make a pattern backtrack for long.
_X, _Y, _T = (rf"(?P<{hole}>[^,?]{{1,70}}?)" for hole in "XYT")
_O, _H, _M = (rf"(?P<{hole}>[^?]{{1,250}}?)" for hole in "OHM")
_LABEL = r"(?:at |in )?(?:an? )?(?P<x>[\w-]{1,30})(?: level| state| value)?"
_SET = rf"(?:set|changed|increased|reduced|decreased) to {_LABEL}"
_BEEN = rf"(?:instead )?been {_LABEL}(?: instead)?"
_SETTING = rf"(?:setting|reducing|increasing) {_X} to {_LABEL}"
_WITH = r"(?: whose| (?:currently )?with| (?:currently )?experiencing)?"
_AMONG = rf"(?:Among|For) (?:individuals|subjects|those|instances){_WITH} {_O}, "
_HELD = rf"(?:Given that|Assuming|When) {_H}, "
_MEDIATOR = r"the mediator(?: [\w-]{1,30})?"
_SAME = r"(?:fixed|steady|unchanged)"
_AGAINST = r"(?: compared to [^?]{1,70}| \((?:compared to|versus) [\w-]{1,30}\))?"
_UP = "increase|raise|rise|be higher|be greater|have been higher|have been greater"
_DOWN = "decrease|be lower|be reduced|have been lower"

# Most questions are the start of one kind, one of these three middles, and the end of the kind.
_MIDDLES = (
    rf"(?:would|does) (?:the|their) {CHANCE} of {_T} (?:also )?(?P<how>{_UP}|{_DOWN})",
    rf"(?:would|does) this (?P<how>increase|decrease) the {CHANCE} of {_T}",
    rf"would (?:their )?{_Y} have (?:had )?a (?P<how>higher|greater|lower) {CHANCE} of being (?P<y>[\w-]{{1,30}})",
)
_KINDS = (
    ("ETT", _AMONG, rf" if their {_X} had {_BEEN}"),
    ("ETT", rf"{_AMONG}had their {_X} {_BEEN}, ", ""),
    ("NDE", rf"If {_MEDIATOR} remains {_SAME} while {_X} is {_SET}, ", ""),
    ("NDE", rf"If {_X} (?:were|is) {_SET} while (?:holding|keeping) {_MEDIATOR} {_SAME}, ", ""),
    (
        "NIE",
        rf"If {_X} remains {_SAME} while {_MEDIATOR} (?:adjusts|shifts) to the (?:value|level) it would (?:take|reach) "
        rf"if (?P=X) were {_SET}, ",
        "",
    ),
    ("CDE", _HELD, rf" if {_X} (?:were|had been) (?:set to )?{_LABEL}{_AGAINST}"),
    (
        "CDE",
        rf"Holding {_M} constant at (?P<m>[\w-]{{1,30}})(?: levels?| values?)?, ",
        rf" if {_X} were (?:set to )?{_LABEL}{_AGAINST}",
    ),
    ("ATE", rf"When {_X} is {_SET}, ", ""),
)
_WHOLE = (
    ("CDE", rf"{_HELD}would {_SETTING}{_AGAINST} (?P<how>increase|decrease) the {CHANCE} of {_T}"),
    ("ATE", rf"Does {_SETTING} (?P<how>increase|decrease) the {CHANCE} of {_T}"),
    (
        "PN",
        rf"(?:If(?: it is observed that)?|Assuming|Under the (?:condition|circumstance) (?:that|where)) {_O}, "
        r"(?:determine|what is) the (?P<B>minim|maxim)(?:al|um) (?:possible )?(?:value for the )?probability that "
        rf"{_Y} would have (?:been|become) (?P<y>[\w-]{{1,30}}) had {_X} {_BEEN}",
    ),
)
_INSTRUCTION = re.compile(
    r"(?:Evaluate|Examine) the (?P<title>[^?]{1,60} \([A-Z]{2,3}\)) (?:of|for|regarding|concerning) (?P<X>[^?]{1,70}?)"
    r"(?:'s (?:impact|effect|influence))? (?:on|regarding|concerning) (?P<Y>[^?]{1,70})\."
)
_PUBLISHED = {
    "ATE": "If {X} is changed to be {x}, will {Y} be {likely}?",
    "CDE": "Conditioned on {H}, if {X} had been {x}, would {Y} have been {likely}?",
    "ETT": "For those with {O}, if their {X} had been {x}, would {Y} have been {likely}?",
    "NDE": "Suppose the mediator keeps constant when {X} is changed to be {x}, would {Y} have been {likely}?",
    "NIE": "Suppose {X} is held constant and the mediator changes to whatever value it would have attained under {X} "
    "changing to be {x}, would {Y} have been {likely}?",
    "PN": "Given that {O}, what is the {B} bound of the probability of {Y} would have been {y} if {X} had been {x}?",
    "PS": "Given that {O}, what is the {B} bound of the probability that {Y} would have been {y} if {X} had been {x}?",
}


@lru_cache(maxsize=1)
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    """Compiled when first needed: it takes longer than the rest of the import."""
    every = [(task, start + middle + end) for task, start, end in _KINDS for middle in _MIDDLES]
    return [(task, re.compile(pattern, re.I)) for task, pattern in (*every, *_WHOLE)]


def published_question(question: str, instruction: str | None) -> str:
    """The lines ``Instruction: ...`` (where there is one) and ``Question: ...``.

    Raises:
        Unread: one of them is in no form known here.
    """
    plain = re.sub(r"(?<=mediator) \([\w -]{1,70}\)", "", question).rstrip("?. ")
    found = next(((task, m) for task, pattern in _patterns() if (m := pattern.fullmatch(plain))), None)
    if found is None:
        raise unread("this as a question", question)
    task, holes = found
    asked = {hole: words for hole, words in holes.groupdict().items() if words}
    told = ""
    if instruction is not None:
        known = _INSTRUCTION.fullmatch(instruction)
        if not known or known["title"] not in TITLES:
            raise unread("this as an instruction", instruction)
        told = f"Instruction: Consider the {known['title']} of {known['X']} on {known['Y']}.\n"
        if task == "PN":  # PS is asked in the same words
            task = TITLES[known["title"]]
    elif task == "PN" and events(asked["O"])[0].rpartition(" ")[2] in LOW:
        task = "PS"  # asked of those with low values
    if task not in _PUBLISHED or ("B" in asked) != (task in ("PN", "PS")):
        raise unread("an instruction for another task than the question's", instruction or question)
    return f"{told}Question: {_PUBLISHED[task].format_map(_fillings(asked))}"


def _fillings(asked: dict[str, str]) -> dict[str, str]:
    """The words for the holes of a published question."""
    out = {"X": asked["X"], "x": asked["x"], "Y": asked.get("Y", ""), "y": asked.get("y", "")}
    if "T" in asked:
        said = events(asked["T"])
        if len(said) != 1:
            raise unread("one outcome in this", asked["T"])
        out["Y"], _, out["y"] = said[0].partition(" being ")
    out["Y"] = out["Y"].removeprefix("their ")
    if "M" in asked:
        out["H"] = being([f"{name} being {asked['m']}" for name in asked["M"].split(" and ")])
    elif "H" in asked:
        out["H"] = being(events(asked["H"]))
    if "O" in asked:
        out["O"] = being(events(asked["O"]))
    if "B" in asked:
        out["B"] = "lower" if asked["B"].lower() == "minim" else "upper"
        out["O"] = out["O"].replace(" being ", " was ")
    else:
        out["likely"] = f"{'less' if asked['how'].lower() in _DOWN.split('|') else 'more'} likely to be {out['y']}"
    return out
