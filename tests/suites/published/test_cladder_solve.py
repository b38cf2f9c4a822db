"""CLadder's questions against an oracle that sums over all assignments of models of our own."""

from __future__ import annotations

import time
from contextlib import suppress
from itertools import product
from typing import Any

import numpy as np
import pytest

from rungwise.errors import UserError
from rungwise.suites.published.cladder_answers import solve
from rungwise.suites.published.cladder_model import counterfactual, fit, from_file
from rungwise.suites.published.cladder_place import place, tables
from rungwise.suites.published.cladder_solve import correlation, effect, marginal
from rungwise.suites.published.cladder_solved import Solved
from rungwise.suites.published.cladder_text import Fact, Shown, read, read_question
from suites.published import cladder_rows as rows

EFFECTS = [(kind, graph) for kind, graphs in rows.FACTS.items() for graph in graphs]
IDENTIFIED = [e for e in EFFECTS if e not in (("ate", "IV"), ("ett", "confounding"))]
IDENTIFIED = [(kind, graph) for kind, graph in IDENTIFIED if graph != "arrowhead" or kind in ("ate", "ett")]


def shown(kind: str, graph: str, seed: int, up: bool = True) -> Shown:
    row = rows.row(kind, graph, seed, up)
    return read(f"{row['entry']['background']} {row['given_info']}", row["question"])


def answer(body: str, question: str) -> Solved:
    return solve(read(body, question), {})


@pytest.mark.parametrize(("kind", "graph"), EFFECTS)
@pytest.mark.parametrize("seed", range(6))
def test_what_the_digits_decide_is_what_the_model_says(kind: str, graph: str, seed: int) -> None:
    exact = rows.value(kind, graph, rows.model(graph, seed))
    solved = [solve(shown(kind, graph, seed, up), {}) for up in (True, False)]
    for s in solved:
        assert s.estimate is not None
        assert s.estimate.low - 1e-9 <= exact <= s.estimate.high + 1e-9
        assert s.second == s.yes
    assert (solved[0].yes is None) == (solved[1].yes is None)
    if solved[0].yes is not None:
        assert solved[0].yes == ((exact > 0) == (kind != "ett"))
        assert solved[1].yes != solved[0].yes


@pytest.mark.parametrize(("kind", "graph"), IDENTIFIED)
def test_identified_effects_are_exact_for_exact_numbers(kind: str, graph: str) -> None:
    numbers = exact_numbers(kind, graph, 3)
    x, y, dag, names = numbers["x"], numbers["y"], numbers["graph"], numbers["names"]
    estimate = effect(kind, dag, numbers["tables"], x, y, 1, names)
    exact = rows.value(kind, graph, rows.model(graph, 3))
    assert estimate.exact
    assert estimate.point == pytest.approx(exact, abs=1e-9)
    for start in range(2):
        model = fit(dag, numbers["tables"], start)
        assert model is not None
        assert counterfactual(kind, model, x, y, 1) == pytest.approx(exact, abs=1e-6)


def exact_numbers(kind: str, graph: str, seed: int) -> dict[str, Any]:
    """The tables that a prompt shows, with the model's own numbers in place of the rounded ones."""
    view = shown(kind, graph, seed)
    (numbers,) = place(view, {}, {}, (rows.NAMES["X"] if kind in ("ate", "ett") else "", ""))
    symbol = {view.node(name): v for v, name in rows.NAMES.items() if v in rows.GRAPHS[graph]}
    m = rows.model(graph, seed)
    exact = {}
    for v, given in numbers.tables:
        table = np.empty((2,) * len(given))
        for values in np.ndindex(table.shape):
            table[values] = rows.rate(
                graph, m, {symbol[v]: 1}, {symbol[c]: value for c, value in zip(given, values, strict=True)}
            )
        exact[v, given] = table
    return {
        "tables": exact,
        "graph": view.graph,
        "names": view.names,
        "x": view.node(rows.NAMES["X"]),
        "y": view.node(rows.NAMES["Y"]),
    }


@pytest.mark.parametrize("kind", ["nde", "nie"])
def test_the_bounds_for_a_hidden_confounder_of_mediator_and_outcome_are_sharp(kind: str) -> None:
    """Models with the same displayed numbers, made by moving P(Y|X,V2,V3) so that P(Y|X,V3) stays, reach both ends."""
    numbers = exact_numbers(kind, "arrowhead", 5)
    estimate = effect(kind, numbers["graph"], numbers["tables"], numbers["x"], numbers["y"], 1, numbers["names"])
    m = {v: dict(table) for v, table in rows.model("arrowhead", 5).items()}
    found = []
    for ends in product((0, 1), repeat=4):
        moved = {**m, "Y": dict(m["Y"])}
        for (x, c), end in zip(product((0, 1), repeat=2), ends, strict=True):
            weight = [
                (m["V2"][()] if k else 1 - m["V2"][()]) * (m["V3"][x, k] if c else 1 - m["V3"][x, k]) for k in (0, 1)
            ]
            total = sum(w * m["Y"][x, k, c] for k, w in enumerate(weight))
            b = min(1.0, max(0.0, (total - weight[0] * end) / weight[1]))
            moved["Y"][x, 1, c] = b
            moved["Y"][x, 0, c] = min(1.0, max(0.0, (total - weight[1] * b) / weight[0]))
        found.append(rows.value(kind, "arrowhead", moved))
    assert not estimate.exact
    # The estimate's range also has the rounding of numbers, so exact ends lie just inside.
    assert estimate.low <= min(found) <= estimate.low + 0.06
    assert estimate.high - 0.06 <= max(found) <= estimate.high


def test_rounding_is_searched_at_its_corners() -> None:
    estimate = marginal(0.5, (0.4, 0.6))
    assert (estimate.point, estimate.low, estimate.high) == pytest.approx((0.0, -0.006, 0.006))
    estimate = correlation(0.5, (0.2, 0.3))
    assert estimate.point == pytest.approx(0.2)
    assert estimate.low == pytest.approx(0.295 / 0.505 - 0.205 / 0.495)
    assert estimate.high == pytest.approx(0.305 / 0.495 - 0.195 / 0.505)
    assert not correlation(0.0, (0.3, 0.0)).exact


GARDEN = (
    "Imagine a world with only these conditions: Watering has a direct effect on soil moisture and plant height. "
    "Soil moisture has a direct effect on plant height. "
)
SEEN = (
    "The overall probability of daily watering is 40%. "
    "For plants that are not watered, the probability of tall plant is 20%. "
    "For plants that are watered, the probability of tall plant is 70%. "
)


@pytest.mark.parametrize(
    ("facts", "question", "yes"),
    [
        (SEEN, "Is tall plant more likely than short plant overall?", False),  # 0.4 * 0.7 + 0.6 * 0.2 = 0.4
        (SEEN, "Is tall plant less likely than short plant overall?", True),
        (SEEN, "Is short plant more likely than tall plant overall?", True),
        (
            "The overall probability of daily watering is 40%. The probability of no watering and tall plant is 12%. "
            "The probability of daily watering and tall plant is 28%. ",
            "Is the chance of tall plant larger when observing daily watering?",
            True,
        ),
        (SEEN.partition("40%. ")[2], "Will daily watering increase the chance of tall plant?", True),
        (
            SEEN.partition("40%. ")[2],
            "For plants that are watered, would it be more likely to see tall plant if the plant had not been watered?",
            False,
        ),
        (
            SEEN.partition("40%. ")[2],
            "For plants that are not watered, would it be more likely to see tall plant if the plant had been watered?",
            True,
        ),
        (  # supposes what is so already
            SEEN.partition("40%. ")[2],
            "For plants that are watered, would it be less likely to see tall plant if the plant was watered?",
            False,
        ),
        (
            "Method 1: We look directly at how watering correlates with plant height in general. "
            "Method 2: We look at this correlation case by case according to soil moisture. ",
            "To understand how watering affects plant height, is it more correct to use the Method 1 than Method 2?",
            True,
        ),
    ],
)
def test_plain_words_are_understood(facts: str, question: str, yes: bool) -> None:
    solved = answer(GARDEN + facts, question)
    assert (solved.yes, solved.second) == (yes, yes)


BEES = (
    "Imagine this: Bees have no say. Bee visits has a direct effect on fruit. Late frost has a direct effect on fruit. "
)


def test_conditioning_on_a_common_effect_makes_no_cause() -> None:
    shown_ = BEES + "For orchards that bear fruit, the correlation between many bee visits and late frost is 0.21. "
    question = "If we look at orchards that bear fruit, does it mean that many bee visits {} late frost?"
    assert answer(shown_, question.format("affects")).yes is False
    assert answer(shown_, question.format("does not affect")).yes is True


def test_explaining_away_needs_no_weight() -> None:
    body = BEES + (
        "The overall probability of late frost is 30%. "
        "For orchards without late frost and with no fruit, the probability of many bee visits is 20%. "
        "For orchards without late frost and with fruit, the probability of many bee visits is 60%. "
        "For orchards with late frost and with no fruit, the probability of many bee visits is 30%. "
        "For orchards with late frost and with fruit, the probability of many bee visits is 80%. "
    )
    solved = answer(
        body, "If we look at orchards with fruit, does the chance of many bee visits increase when late frost?"
    )
    assert (solved.yes, solved.second) == (True, True)
    assert solved.estimate is not None
    assert solved.estimate.point == pytest.approx(0.2)


def test_two_right_methods_decide_nothing() -> None:
    body = BEES + (
        "Method 1: We look directly at how bee visits correlates with fruit in general. "
        "Method 2: We look at this correlation case by case according to late frost."
    )
    solved = answer(
        body, "To understand how bee visits affects fruit, is it more correct to use the Method 1 than Method 2?"
    )
    assert solved.yes is None
    assert "both of the methods are right" in solved.why


def test_a_ratio_of_an_instrument_identifies_no_effect() -> None:
    solved = solve(shown("ate", "IV", 1), {})
    assert solved.yes is None
    values = [float(v) for v in solved.proof.rpartition(": ")[2].split(", ")]
    assert min(values) < max(values) - 0.01


def test_groups_are_split_into_the_values_of_variables() -> None:
    def groups(*given: str) -> list[Fact]:
        return [Fact("rain", g, 0.1 * i) for i, g in enumerate(given, 1)]

    (table,) = tables(
        tuple(groups("salt and pepper and ham", "salt and pepper and eggs", "oil and ham", "oil and eggs"))
    )
    assert table.pairs == (("salt and pepper", "oil"), ("ham", "eggs"))
    assert table.values.tolist() == pytest.approx(np.array([[0.1, 0.2], [0.3, 0.4]]))
    for wrong in (("a", "b", "c"), ("a and b", "a and c", "d and e", "d and f")):
        with pytest.raises(UserError, match="whole variables"):
            tables(tuple(groups(*wrong)))


def test_a_model_file_gives_the_model() -> None:
    m, view = rows.model("frontdoor", 4), shown("ate", "frontdoor", 4)
    model, at = from_file(rows.entry("frontdoor", m, 4), view.names, view.graph)
    for kind in ("ate", "ett", "nde", "nie"):
        assert counterfactual(kind, model, at["X"], at["Y"], 1) == pytest.approx(rows.value(kind, "frontdoor", m))
    broken = rows.entry("frontdoor", m, 4)
    broken["params"]["p(Y | V1, V3)"] = [0.1, 2.0, 0.3, 0.4]
    with pytest.raises(UserError, match=r"outside \[0, 1\]"):
        from_file(broken, view.names, view.graph)
    with pytest.raises(UserError, match="another graph"):
        from_file(rows.entry("chain", rows.model("chain", 4), 4), view.names, view.graph)


def test_numbers_that_no_model_of_the_graph_has_decide_nothing() -> None:
    view = read(
        BEES + "For sites with no late frost, the probability of many bee visits is 10%. "
        "For sites with late frost, the probability of many bee visits is 90%. ",
        "Will late frost increase the chance of many bee visits?",
    )
    visits, frost = view.node("bee visits"), view.node("late frost")
    assert fit(view.graph, {(visits, (frost,)): np.array([0.1, 0.9])}, 0) is None
    solved = solve(view, {})
    assert (solved.yes, solved.second) == (None, None)
    assert "contradicts itself" in solved.why


@pytest.mark.parametrize(
    "text",
    [
        "For a, the probability of " * 700,
        "a has a direct effect on " * 700,
        "x" * 19_000,
        "For those who are not a and b, the probability of c is 10%. " * 300,
        "".join(f"The overall probability of e{i} is 1%. " for i in range(16)),
        "We know that " + "a and b or " * 900 + " causes d. e and f causes g. We observed h and i and j and k.",
    ],
)
def test_hostile_texts_are_refused_in_time(text: str) -> None:
    began = time.process_time()
    body = "E0 has a direct effect on e1 and e2. E3 has a direct effect on e4 and e5. " + text
    for question in ("Will e0 increase the chance of e1?", "Would e1 if e0 instead of e3?", "Is " * 60 + "?"):
        with suppress(UserError):
            answer(body, question)
    assert time.process_time() - began < 5


def test_the_question_says_its_direction() -> None:
    up, down = (
        read_question(f"Does oil {word} affect the price through demand?") for word in ("positively", "negatively")
    )
    assert (up.kind, up.parts, up.up, down.up) == ("nie", ("oil", "the price", "demand"), True, False)
    assert up.neutral == down.neutral
    with pytest.raises(UserError, match="none of the known forms"):
        read_question("What is the effect of oil?")
