"""A test set in CauGym's format, in our own words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

WORLD = (
    "Input Info: Imagine a self-contained world with only these conditions: "
    "Rain has a direct effect on mud. Rain has a direct effect on late trains. "
    "Mud has a direct effect on late trains.\n"
)
FORM = '\nProvide the calculation result in JSON format, like {"ANSWER": "Yes", "PROB": "0.1234"}:'


def fact(number: float, event: str, given: str = "") -> str:
    """One displayed probability."""
    start = f"For those with {given}, the probability of " if given else "The probability of "
    return f"{start}{event} is {number}. "


def row(task: str, facts: str, instruction: str, question: str, answer: str) -> dict[str, Any]:
    """One item of the file."""
    text = f"{WORLD}{facts}\nInstruction: Consider the {instruction}.\nQuestion: {question}{FORM}"
    return {"problem": text, "answer": answer, "Reason": {}, "Type": task}


def said(prob: str, answer: str | None = None) -> str:
    """An answer as the files have it: JSON inside a string."""
    return json.dumps({"ANSWER": answer, "PROB": prob} if answer else {"PROB": prob})


SIMPLE = fact(0.8, "mud being high", "rain being high") + fact(0.3, "mud being high", "rain being low")
ATE = row(
    "ATE",
    SIMPLE,
    "average treatment effect (ATE) of rain on mud",
    "If rain is changed to be high, will mud be more likely to be high?",
    said("0.5000", "Yes"),
)
ETT = row(  # the value is right and the answer is not, as in most published ETT items: mud would be less likely
    "ETT",
    SIMPLE,
    "effect of treatment on the treated (ETT) of rain on mud",
    "For those with rain being high, if their rain had been low, would mud have been more likely to be high?",
    said("0.5000", "Yes"),
)
PN = row(
    "PN",
    SIMPLE + fact(0.5, "mud being high") + fact(0.32, "rain being high and mud being high"),
    "probability of necessity (PN) of rain on mud",
    "Given that rain was high and mud was high, what is the lower bound of the probability of mud would have been low "
    "if rain had been low?",
    said("0.6250"),
)
ZERO = row(
    "ATE",
    "",
    "average treatment effect (ATE) of mud on rain",
    "If mud is changed to be high, will rain be more likely to be high?",
    said("0", "No"),
)
LACK = row(
    "ATE",
    fact(0.8, "mud being high", "rain being high"),
    "average treatment effect (ATE) of rain on mud",
    "If rain is changed to be high, will mud be more likely to be high?",
    "LACK_CONDITION",
)
WRONG_LABEL = {**ATE, "answer": said("0.4321", "Yes")}
UNREADABLE = {**ATE, "problem": "Nobody knows what this says."}


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    """The file."""
    path.write_text(json.dumps(rows))
    return path
