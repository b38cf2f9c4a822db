from __future__ import annotations

import json
import random
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from rungwise.errors import UserError
from rungwise.problems.problem import EFFECTS, Problem
from rungwise.wording.reader import MAX_CHARS, Unread, read

OPENING = "Input Info: Picture an isolated scenario governed solely by these relationships, with no others: "
WORLD = "Tide directly influences both wind and foam. Additionally, wind itself has a direct causal impact on foam. "
FACTS = (
    "When wind is low and tide is at a low level, the likelihood of foam being high is 0.3512. Conversely, when both "
    "wind and tide are high, this probability drops to 0.1. The overall chance of low tide is 0.25.\n"
)
ASK = "Instruction: Evaluate the average treatment effect (ATE) of wind on foam.\n"
QUESTION = "Question: Does reducing wind to a low level increase the probability of foam being high?\n"
TRAILER = 'Provide the result in JSON format, like {"ANSWER": "Yes", "PROB": "0.1234"}:'
TEXT = OPENING + WORLD + FACTS + ASK + QUESTION + TRAILER


def shown(p: Problem) -> list[str]:
    letters = [v.name[0] for v in p.variables]
    return [f"{f.term.text(letters)}={f.value}" for f in p.facts]


def edges(p: Problem) -> set[str]:
    names = [v.name[0] for v in p.variables]
    return {f"{names[a]}{names[b]}" for a, b in p.graph.edges}


def test_a_reworded_item() -> None:
    p = read(TEXT)
    assert [v.name for v in p.variables] == ["tide", "wind", "foam"]
    assert [v.labels for v in p.variables] == [("low", "high"), ("low", "high"), ("not high", "high")]
    assert edges(p) == {"tw", "tf", "wf"}
    assert shown(p) == ["P(f=1|t=0,w=0)=0.3512", "P(f=1|t=1,w=1)=0.1", "P(t=0)=0.25"]
    q = p.query
    assert (q.task, q.treatment, q.outcome, q.x, q.x_ref, q.y, q.direction) == ("ATE", 1, 2, 0, 1, 1, "more")


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Tide directly influences wind, which in turn directly affects foam.", {"tw", "wf"}),
        ("Tide directly influences wind and foam, while wind also directly affects foam.", {"tw", "tf", "wf"}),
        ("Wind is directly influenced by tide. Foam is also directly impacted by tide and wind.", {"tw", "tf", "wf"}),
        ("The level of tide exerts a direct effect on wind; and wind directly affects foam.", {"tw", "wf"}),
        ("Tide directly affects wind and also impacts foam.", {"tw", "tf"}),
        ("Tide directly affects wind, wind directly affects foam, and tide directly alters foam.", {"tw", "wf", "tf"}),
    ],
)  # fmt: skip
def test_forms_of_the_graph(sentence: str, expected: set[str]) -> None:
    assert edges(read(f"{OPENING}{sentence} {FACTS}{ASK}{QUESTION}")) == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("For individuals with low wind and high tide, the chance of high foam is 0.5.", ["P(f=1|t=1,w=0)=0.5"]),
        ("Given these conditions: When wind is low, P(foam=high) = 0.5", ["P(f=1|w=0)=0.5"]),
        ("Given these:\n- P(wind=low) = 0.5\n- If wind is low: P(foam=low) = 0.1", ["P(w=0)=0.5", "P(f=0|w=0)=0.1"]),
        ("The joint probability of both wind being low and foam being high is 0.5.", ["P(w=0,f=1)=0.5"]),
        ("The joint probability of wind and foam being low is 0.5.", ["P(w=0,f=0)=0.5"]),
        ("When wind is low, foam has a 0.5 chance of being high.", ["P(f=1|w=0)=0.5"]),
        ("With low wind, there's a 0.5 probability of high foam.", ["P(f=1|w=0)=0.5"]),
        ("The likelihood of low foam given low wind is 0.5.", ["P(f=0|w=0)=0.5"]),
        ("The chance of wind being low is 0.5, while the chance of low foam is 0.1.", ["P(w=0)=0.5", "P(f=0)=0.1"]),
    ],
)  # fmt: skip
def test_forms_of_the_facts(sentence: str, expected: list[str]) -> None:
    assert shown(read(f"{OPENING}{WORLD}{sentence}\n{ASK}{QUESTION}")) == expected


LOW_FOAM = "the chance of foam being low"
HIGHER = "have a higher probability of being low"


@pytest.mark.parametrize(
    ("task", "question", "direction"),
    [
        ("ETT", f"Among individuals whose wind is currently high, would their foam {HIGHER} if their wind had instead "
         "been low?", "more"),
        ("ETT", f"For individuals with high wind, had their wind instead been low, would {LOW_FOAM} be lower?", "less"),
        ("NDE", f"If the mediator (tide) remains fixed while wind is set to low, would {LOW_FOAM} increase?", "more"),
        ("NDE", f"If wind were set to a low level while holding the mediator fixed, would foam {HIGHER}?", "more"),
        ("NIE", "If wind remains fixed while the mediator adjusts to the value it would take if wind were set to low, "
         f"would this decrease {LOW_FOAM}?", "less"),
        ("CDE", f"Given that tide is held at high, would setting wind to low increase {LOW_FOAM}?", "more"),
        ("CDE", f"Holding tide constant at high levels, would foam {HIGHER} if wind were low?", "more"),
        ("ATE", f"When wind is set to low, does {LOW_FOAM} increase?", "more"),
        ("PN", "Under the condition that wind was high and foam was high, determine the minimal possible value for the "
         "probability that foam would have been low had wind instead been low.", "lower"),
        ("PS", "If wind was low and foam was low, what is the maximum possible probability that foam would have been "
         "high had wind been high instead?", "upper"),
    ],
)  # fmt: skip
def test_forms_of_the_question(task: str, question: str, direction: str) -> None:
    p = read(f"{OPENING}{WORLD}{FACTS}Question: {question} {TRAILER}")
    q = p.query
    assert (q.task, q.treatment, q.outcome, q.x, q.y) == (task, 1, 2, int(task == "PS"), int(task == "PS"))
    assert q.x_ref == 1 - q.x
    assert (q.direction if task in EFFECTS else q.bound) == direction
    assert q.held == (((0, 1),) if task == "CDE" else ())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("solely", "mostly", "this opening"),
        ("Tide directly influences", "Tide surely shapes", "this as a direct cause"),
        ("wind itself has", "the tide level has", "can't tell whether 'the tide level' and 'tide' are one event"),
        ("impact on foam", "impact on its foam", "this as the name of an event: 'its foam'"),
        ("both wind and foam.", "both wind and foam, which directly affects rain.", "meant by 'which'"),
        ("Conversely, when", "Oddly, when", "this as a fact"),
        ("foam being high is 0.3512. Conversely", "froth being high is 0.3512. Conversely", "events in"),
        ("low tide is 0.25", "faint tide is 0.25", "'tide' has other values than two"),
        ("wind and tide are high", "wind and tide are faint", "'low' and 'faint' are one value of 'tide'"),
        ("is 0.25.", "is 0.25, while the chance of high tide is 1.75.", "outside"),
        ("The overall chance of", "Under low wind, the chance of high tide is 0, and the chance of", "the condition"),
        (FACTS[: FACTS.index("Conv")], "", "which probability"),
        ("Evaluate the average", "Ponder the average", "this as an instruction"),
        ("(ATE) of wind", "(ATE) of tide", "other events than the question's"),
        ("average treatment effect (ATE)", "probability of necessity (PN)", "another task"),
        ("increase the", "increase or decrease the", "this as a question"),
        ("high?\n", "high?\nThe sea is calm.\n", "this sentence: 'The sea is calm.'"),
    ],
)  # fmt: skip
def test_what_the_rules_do_not_cover_is_refused(old: str, new: str, message: str) -> None:
    assert old in TEXT
    with pytest.raises(UserError, match=message):
        read(TEXT.replace(old, new, 1))


def test_two_words_for_one_value_are_refused() -> None:
    facts = "When wind is strong, the chance of foam being high is 0.5.\n"
    question = "Question: Does reducing wind to vigorous increase the probability of foam being high?"
    with pytest.raises(Unread, match="can't tell whether 'vigorous' and 'strong' are one value of 'wind'"):
        read(OPENING + WORLD + facts + question)


def _hostile() -> list[str]:
    n = MAX_CHARS - 200
    return [
        "Consider a " + "only " * (n // 5),
        OPENING + "Given " * (n // 6),
        OPENING + "Tide directly affects wind and " * (n // 31),
        OPENING + "Tide directly affects wind and foam, which " * 12 + ". ",
        OPENING + (("When " + "a is low and " * 40 + "the chance of b is 0.5. ") * (n // 550)),
        OPENING + ("the probability of " * 30 + "is 0.5. ") * (n // 580),
        OPENING + WORLD + "Question: " + "Among individuals whose x, had their x been low, " * 11 + "?",
        OPENING + WORLD + "Question: If " + "x were set to low while holding the mediator fixed, would " * 9,
        OPENING + WORLD + "Question: " + "would x have a higher probability of being low if x were low " * 9,
        OPENING + "".join(random.Random(1).choices("a is low and the chance of ,.:0.5\n", k=n)),
    ]  # fmt: skip


@pytest.mark.parametrize("case", range(10))
def test_hostile_texts_take_bounded_time(case: int) -> None:
    text = _hostile()[case]
    assert len(text) <= MAX_CHARS
    start = time.process_time()
    with suppress(UserError):
        read(text)
    assert time.process_time() - start < 2


@pytest.mark.parametrize("name", ["rephrased", "omitted"])
def test_what_is_read_of_the_published_rewordings_is_right(published: Path, name: str) -> None:
    """The rewordings stand in the order of the base set, so that a read item must say what its original says."""
    originals = json.loads((published / "caugym" / "base_dataset.json").read_text())
    items = json.loads((published / "caugym" / f"{name}_dataset.json").read_text())
    n_read = 0
    for item, original in zip(items, originals, strict=True):
        with suppress(Unread):
            p, o = read(item["problem"]), read(original["problem"])
            n_read += 1
            assert p.shape == o.shape
            assert p.query.bound == o.query.bound
            sizes, other = (Counter((len(f.term.target), len(f.term.given), f.value) for f in r.facts) for r in (p, o))
            assert sizes == other
    assert n_read >= 30
