"""The rephrased natural view: its phrasings, and that each of them is read back as what was meant."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rungwise.causal.estimand import term
from rungwise.causal.graph import DAG
from rungwise.errors import UserError
from rungwise.problems.problem import EFFECTS, TASKS, Fact, Problem, Query, Variable
from rungwise.wording import names, phrasings_effects, phrasings_facts, phrasings_world, rephrased
from rungwise.wording.reader import MAX_CHARS, Unread, read

from .strategies import problems

SEEDS = st.integers(0, 2**32)
LISTS: dict[str, tuple[Any, ...]] = {
    "opening": phrasings_world.OPENINGS,
    "events": phrasings_world.EVENTS,
    "event": phrasings_world.EVENT,
    "causes": phrasings_world.CAUSES,
    "cause": phrasings_world.CAUSE,
    "no causes": phrasings_world.NO_CAUSES,
    "instruction": phrasings_world.INSTRUCTIONS,
    "marginal": phrasings_facts.MARGINAL,
    "conditional": phrasings_facts.CONDITIONAL,
    "joint": phrasings_facts.JOINT,
    "joint conditional": phrasings_facts.JOINT_CONDITIONAL,
    **rephrased.QUESTIONS,
}
FEWER: dict[str, tuple[Any, ...]] = {
    "monotone": phrasings_world.MONOTONE,
    "lack": phrasings_world.LACK_LINES,
    "effect": phrasings_world.EFFECT_LINES,
    "bound": phrasings_world.BOUND_LINES,
}


class Wanting(random.Random):
    """Dice that choose one phrasing wherever it can stand."""

    def __init__(self, wanted: Any) -> None:
        super().__init__(0)
        self.wanted = wanted

    def choice(self, seq: Sequence[Any]) -> Any:
        for entry in seq:
            if entry == self.wanted or str(entry[0]).lower() == str(self.wanted).lower():
                return entry
        return super().choice(seq)


FACTS = (
    Fact(term({2: 1}), 0.25),
    Fact(term({2: 1}, {0: 1}), 0.1234),
    Fact(term({2: 0}, {0: 1, 1: 0}), 0.9),
    Fact(term({0: 1, 1: 0, 2: 1}), 0.0),
    Fact(term({1: 0, 2: 1}, {0: 1}), 1.0),
)
SMALL = Problem(
    graph=DAG.from_edges(3, [(0, 1), (0, 2), (1, 2)]),
    variables=(Variable("soil moisture", ("dry", "wet")), Variable("bees (all)"), Variable("the harvest, by weight")),
    query=Query("ATE", 0, 2, x=1, x_ref=0, y=1),
    facts=FACTS,
)


def asking(kind: str) -> list[Problem]:
    """SMALL, asking in each way for what a list of question phrasings is about."""
    task, _, without = kind.partition(" ")
    q = Query(task, 0, 2, x=1, x_ref=0, y=1)
    if task in EFFECTS:
        held = ((1, 0),) if task == "CDE" and not without else ()
        queries = [Query(task, 0, 2, 1, 0, 1, held, None, direction) for direction in ("more", "less")]
    else:
        bounds = ("point",) if task == "PNS" else ("lower", "upper", "point")
        queries = [Query(task, 0, 2, q.x, q.x_ref, q.y, bound=bound) for bound in bounds]
    return [SMALL.with_(query=query) for query in queries]


@pytest.mark.parametrize("kind", LISTS)
def test_there_are_a_dozen_phrasings_of_each_kind(kind: str) -> None:
    assert len(set(LISTS[kind])) == len(LISTS[kind]) >= 12


@pytest.mark.parametrize("kind", FEWER)
def test_there_are_some_phrasings_of_what_matters_less(kind: str) -> None:
    assert len(set(FEWER[kind])) == len(FEWER[kind]) >= 8


def words(template: str) -> str:
    """A template without its holes, case, and punctuation."""
    return " ".join(re.sub(r"\{\w\}|\W", " ", template.replace("'", "")).lower().split())


def test_no_two_phrasings_differ_in_holes_alone() -> None:
    for lists in (phrasings_facts.KINDS.values(), rephrased.QUESTIONS.values(), [phrasings_world.INSTRUCTIONS]):
        said = [words(template) for templates in lists for template in templates]
        assert sorted({w for w in said if said.count(w) > 1}) == []
    assert len({words(cause) for cause in phrasings_world.CAUSE}) == len(phrasings_world.CAUSE)


@pytest.mark.parametrize("task", ["PN", "PS"])
def test_the_question_alone_tells_necessity_from_sufficiency(task: str) -> None:
    said = {"PN": r"necess|need|require|indispensable|but for", "PS": r"suffic|enough|no more than|by itself"}
    other = {"PN": "PS", "PS": "PN"}[task]
    for template in rephrased.QUESTIONS[task]:
        assert re.search(said[task], template), template
        assert not re.search(said[other], template), template


@pytest.mark.parametrize("kind", rephrased.QUESTIONS)
def test_every_question_is_read_back(kind: str) -> None:
    for template in rephrased.QUESTIONS[kind]:
        for problem in asking(kind):
            for instruction in (True, False):
                text = rephrased.text(problem, Wanting(template), instruction)
                assert max(re.split(r"\{\w\}", template), key=len) in text
                assert ("Instruction:" in text) == instruction
                assert read(text) == problem


@pytest.mark.parametrize("kind", [kind for kind in LISTS if kind not in rephrased.QUESTIONS])
def test_every_other_phrasing_is_read_back(kind: str) -> None:
    problem = SMALL.with_(graph=DAG((0, 0, 0))) if kind == "no causes" else SMALL
    for template in LISTS[kind]:
        text = rephrased.text(problem, Wanting(template))
        assert max(re.split(r"\{\w\}", template if kind != "event" else template[0]), key=len) in text
        assert read(text) == problem


@pytest.mark.parametrize("kind", FEWER)
def test_every_closing_line_is_read_back(kind: str) -> None:
    problem = asking("PNS" if kind in ("monotone", "bound") else "ATE")[0]
    for template in FEWER[kind]:
        text = rephrased.text(problem, Wanting(template))
        assert max(re.split(r"\{[YyXxos]\}", template), key=len) in text
        assert read(text) == problem


@pytest.mark.parametrize("task", [*TASKS, "PNS"])
def test_reading_returns_the_very_problem(task: str) -> None:
    @settings(max_examples=60, deadline=None)
    @given(problems(task), SEEDS, st.booleans())
    def check(problem: Problem, seed: int, instruction: bool) -> None:
        assert read(rephrased.text(problem, random.Random(seed), instruction)) == problem

    check()


@settings(max_examples=60, deadline=None)
@given(problems(points=True), SEEDS, st.booleans())
def test_points_are_read_back(problem: Problem, seed: int, instruction: bool) -> None:
    assert read(rephrased.text(problem, random.Random(seed), instruction)) == problem


@pytest.mark.parametrize("kind", ["anti-commonsense", "nonsense"])
def test_names_against_common_sense_are_read_back(kind: str) -> None:
    for seed in range(20):
        dice = random.Random(seed)
        problem = SMALL.with_(variables=names.draw(kind, 3, dice, range(3)))
        assert read(rephrased.text(problem, dice)) == problem


@settings(max_examples=60, deadline=None)
@given(problems(), SEEDS)
def test_annotated_texts_are_read_back(problem: Problem, seed: int) -> None:
    annotated = problem.with_(meta={"annotated": True})
    text = rephrased.text(annotated, random.Random(seed))
    again = read(text)
    assert again == problem
    assert rephrased.text(again, random.Random(seed)) == text


@settings(max_examples=40, deadline=None)
@given(problems(kind="nonsense"), SEEDS)
def test_names_labels_and_numbers_stay_as_they_are(problem: Problem, seed: int) -> None:
    lines = rephrased.text(problem, random.Random(seed)).split("\n")
    paragraph = lines[lines.index(next(line for line in lines if line.startswith("Instruction: "))) - 1]
    assert re.findall(r"\d\.\d{4}", paragraph) == [f"{f.value:.4f}" for f in problem.facts]
    for fact in problem.facts:
        for v, value in fact.term.target + fact.term.given:
            name, label = problem.variables[v].name, problem.variables[v].labels[value]
            assert re.search(f"{name} (is|being) {label}", paragraph)


def differs(text: str, problem: Problem) -> bool:
    """Whether the text is not the problem's: unread, or another one."""
    try:
        return read(text) != problem
    except UserError:
        return True


@settings(max_examples=30, deadline=None)
@given(problems(), SEEDS)
def test_a_changed_number_is_another_problem(problem: Problem, seed: int) -> None:
    text = rephrased.text(problem, random.Random(seed))
    for found in re.finditer(r"\d\.\d{4}", text.partition("Instruction: ")[0]):
        for new in ("0.12345", "7.0000", "0"):
            assert differs(text[: found.start()] + new + text[found.end() :], problem) or float(new) == float(found[0])


@pytest.mark.parametrize("kind", [kind for kind in rephrased.QUESTIONS if kind[:3] in EFFECTS])
def test_the_other_direction_is_another_question(kind: str) -> None:
    for template in rephrased.QUESTIONS[kind]:
        hole = next(hole for hole in phrasings_effects.DIRECTIONS if f"{{{hole}}}" in template)
        more, less = phrasings_effects.DIRECTIONS[hole]
        problem, turned = asking(kind)
        text = rephrased.text(problem, Wanting(template))
        before, mark, question = text.partition("Question: ")
        assert question.count(f"{more}") == 1
        assert read(before + mark + question.replace(more, less)) == turned


@settings(max_examples=60, deadline=None)
@given(problems(kind="real"), SEEDS)
def test_two_names_exchanged_are_another_problem(problem: Problem, seed: int) -> None:
    text = rephrased.text(problem, random.Random(seed))
    lines = text.split("\n")
    a, b = (problem.variables[v].name for v in (problem.query.treatment, problem.query.outcome))
    for i, line in enumerate(lines):
        if not line.startswith(("Instruction: ", "Question: ")) and i != 0:
            continue
        exchanged = line.replace(a, "\x00").replace(b, a).replace("\x00", b)
        assert differs("\n".join([*lines[:i], exchanged, *lines[i + 1 :]]), problem)


@settings(max_examples=60, deadline=None)
@given(problems(kind="real"), SEEDS)
def test_names_exchanged_in_the_graph_are_exchanged_nodes(problem: Problem, seed: int) -> None:
    lines = rephrased.text(problem, random.Random(seed)).split("\n")
    a, b = problem.query.treatment, problem.query.outcome
    first, second = problem.variables[a].name, problem.variables[b].name
    lines[1] = lines[1].replace(first, "\x00").replace(second, first).replace("\x00", second)
    to = {a: b, b: a}
    edges = [(to.get(u, u), to.get(v, v)) for u, v in problem.graph.edges]
    assert read("\n".join(lines)).graph == DAG.from_edges(problem.graph.n, edges)


@settings(max_examples=10, deadline=None)
@given(problems(), SEEDS)
def test_cut_texts_are_refused(problem: Problem, seed: int) -> None:
    text = rephrased.text(problem, random.Random(seed))
    for end in range(1, text.rindex("?") + 1, 5):
        with pytest.raises(UserError):
            read(text[:end])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("The events: ", "The events here: ", "the list of events"),
        ("soil moisture, which can be dry", "soil moisture, which is sometimes dry", "this event and its values"),
        ("bees (all), which", "soil moisture, which", "stated twice"),
        ("low (0) or high (1); the", "low (0) or low (1); the", "a value that is stated twice"),
        ("soil moisture directly affects bees", "soil moisture surely affects bees", "this direct cause"),
        ("soil moisture directly affects bees (all)", "soil directly affects bees (all)", "this direct cause"),
        ("affects the harvest, by weight.", "affects the harvest.", "this direct cause"),
        ("When soil", "Whenever soil", "this as a fact: 'Whenever soil moisture is wet"),
        ("is low is 0.9000", "is low is certain", "this as a fact"),
        ("Work out", "Guess", "this as an instruction"),
        ("average treatment effect (ATE)", "controlled direct effect (CDE)", "another task"),
        ("If soil moisture were", "If soil moisture was", "this as a question"),
        ("rather than dry", "rather than arid", "this as a question"),
        ("If the facts", "Unless the facts", "this after the question"),
    ],
)
def test_errors_say_what_is_not_understood(old: str, new: str, message: str) -> None:
    text = rephrased.text(SMALL, First())
    assert read(text) == SMALL
    assert old in text
    with pytest.raises(Unread, match=re.escape(message)) as caught:
        read(text.replace(old, new, 1))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


class First(random.Random):
    """Dice that choose the first phrasing."""

    def choice(self, seq: Sequence[Any]) -> Any:
        return seq[0]


def test_a_joint_phrasing_of_one_event_is_refused() -> None:
    alone = SMALL.with_(facts=FACTS[:1])
    text = rephrased.text(alone, First())
    with pytest.raises(Unread, match="this as a fact"):
        read(text.replace("The chance that", "The joint probability that"))


def test_a_note_that_contradicts_is_refused() -> None:
    text = rephrased.text(SMALL.with_(meta={"annotated": True}), First())
    assert read(text) == SMALL
    for old, new in (("wet (A=1)", "wet (A=0)"), ("low (B=0)", "low (A=0)"), ("wet (A=1)", "wet (D=1)")):
        for start in (text.index(old), text.rindex(old)):
            with pytest.raises(Unread):
                read(text[:start] + new + text[start + len(old) :])
    assert read(text.replace(" (A=1)", "", 1)) == SMALL


@pytest.mark.parametrize("word", ["a is a direct cause of b", "a, recorded as b", "a responds directly to b", "\ue001"])
def test_names_that_break_a_sentence_are_refused(word: str) -> None:
    with pytest.raises(UserError, match="cannot be written in a sentence"):
        rephrased.text(SMALL.with_(variables=(Variable(word), *SMALL.variables[1:])), random.Random(0))


def test_characters_that_stand_for_phrases_are_refused() -> None:
    text = rephrased.text(SMALL, First())
    with pytest.raises(Unread, match="letters of no alphabet"):
        read(text.replace("soil moisture is wet", "\ue001"))


def test_what_needs_the_statement_is_not_read_without_it() -> None:
    for problem in (*asking("PNS"), *asking("PN")[2:], *asking("PS")[2:]):
        for template in phrasings_world.MONOTONE:
            lines = rephrased.text(problem, Wanting(template)).split("\n")
            with pytest.raises(Unread, match="whether the treatment may lower the outcome"):
                read("\n".join(lines[:2] + lines[3:]))
            turned = lines[2].replace("wet", "\x00").replace("dry", "wet").replace("\x00", "dry")
            with pytest.raises(Unread, match="never lowering its outcome"):
                read("\n".join([*lines[:2], turned, *lines[3:]]))


def test_no_bound_is_asked_for_with_the_statement() -> None:
    statement = rephrased.text(asking("PN")[2], First()).split("\n")[2]
    lines = rephrased.text(asking("PN")[0], First()).split("\n")
    with pytest.raises(Unread, match="whether the treatment may lower the outcome"):
        read("\n".join([*lines[:2], statement, *lines[2:]]))


def _hostile() -> list[str]:
    text, fill = rephrased.text(SMALL, First()), MAX_CHARS - 5000
    world, causes, paragraph, *rest = text.split("\n")
    start = phrasings_world.OPENINGS[0] + " The events: "
    question = next(line for line in rest if line.startswith("Question: "))

    def whole(*lines: str) -> str:
        return "\n".join(lines)[: MAX_CHARS - len("\n".join(rest)) - 1] + "\n" + "\n".join(rest)

    labels = ", ".join(f"a{i} ({i})" for i in range(7000))
    many = "; ".join(f"e{i}, which can be " + ", ".join(f"l{j} ({j})" for j in range(40)) for i in range(63))
    return [
        start + "x" * fill,
        start + "; ".join(["a, which can be b (0) or c (1)"] * (fill // 32)),
        whole(f"{start}{labels} or b (7000).", causes, paragraph),
        whole(f"{start}{many}.", phrasings_world.NO_CAUSES[0], paragraph * 200),
        whole(world, causes[:-1] + "; soil moisture directly affects bees (all)" * (fill // 44) + ".", paragraph),
        whole(world, causes, f"{paragraph} " * (fill // len(paragraph))),
        whole(world, causes, "soil moisture is wet and " * (fill // 26)),
        whole(world, causes, "0.1" * (fill // 3)),
        whole(world, causes, "When soil moisture is wet, the chance that " * (fill // 44)),
        "\n".join([world, causes, paragraph, question.replace(" were set to ", " were set to " * (fill // 14))]),
        "\n".join([world, causes, paragraph, question.replace("soil moisture", "soil moisture, " * (fill // 30))]),
        "".join(random.Random(1).choices([*text.split(" "), " ", "\n"], k=fill // 6)),
        start + "".join(random.Random(2).choices("abc ;.,(01)\n?", k=fill)),
    ]


@pytest.mark.parametrize("case", range(13))
def test_hostile_texts_take_bounded_time(case: int) -> None:
    text = _hostile()[case]
    assert len(text) <= MAX_CHARS
    start = time.process_time()
    with suppress(UserError):
        read(text)
    assert time.process_time() - start < 2


def test_a_megabyte_is_refused_at_once() -> None:
    start = time.process_time()
    with pytest.raises(Unread, match="at most 100000 are read"):
        read(phrasings_world.OPENINGS[0] + "x" * 1_000_000)
    assert time.process_time() - start < 0.01
