"""Worked solutions in the seven parts of CLadder's causal chain of thought (variables, graph, query, estimand, numbers,
arithmetic, conclusion), and the check of one that somebody wrote."""

from __future__ import annotations

import re
from fractions import Fraction

from rungwise.causal.estimand import Expr, Term
from rungwise.ladder.digits import lookup
from rungwise.ladder.problem import LadderProblem
from rungwise.ladder.queries import NUMERIC, estimand
from rungwise.ladder.rules import run
from rungwise.problems.problem import Step
from rungwise.scoring.expression import ExpressionError, evaluate

PARTS = ("variables", "graph", "query", "estimand", "numbers", "arithmetic", "conclusion")
PLACES = 4
"""Decimals of a worked value."""
_EQUATION = re.compile(r"^([0-9.+\-*/() ]{1,2000})=\s{0,3}(-?[0-9]{1,3}(?:\.[0-9]{1,12})?)$")


def letters(problem: LadderProblem) -> tuple[str, ...]:
    """X and Y for treatment and outcome, V1, V2, ... for the others in order."""
    q = problem.query
    others = [v for v in range(problem.graph.n) if v not in (q.x, q.y)]
    names = {q.x: "X", q.y: "Y"} | {v: f"V{i}" for i, v in enumerate(others, 1)}
    return tuple([names[v] for v in range(problem.graph.n)])


def worked(problem: LadderProblem) -> tuple[Step, ...]:
    """The solution from what is displayed, one step for each of PARTS."""
    names = letters(problem)
    order = sorted(range(problem.graph.n), key=lambda v: names[v])
    variables = "; ".join(f"{names[v]} = {problem.events[v].name}" for v in order)
    graph = ", ".join(f"{names[a]}->{names[b]}" for a, b in problem.graph.edges)
    if problem.query.kind in NUMERIC:
        rest = _numeric(problem, names)
    elif problem.query.kind == "det-counterfactual":
        rest = _deterministic(problem, names)
    else:
        rest = _graphical(problem, names)
    contents = (variables, graph, *rest)
    return tuple([Step(part, content) for part, content in zip(PARTS, contents, strict=True)])


def _symbol(problem: LadderProblem) -> str:
    q = problem.query
    x, x0, y, c = q.x_value, 1 - q.x_value, q.y_value, q.third_value
    return {
        "marginal": f"P(Y={y}) - 1/2",
        "correlation": f"P(Y={y}|X={x}) - P(Y={y}|X={x0})",
        "exp_away": f"P(Y={y}|X={x},C={c}) - P(Y={y}|X={x0},C={c})",
        "ate": f"P(Y={y}|do(X={x})) - P(Y={y}|do(X={x0}))",
        "ett": f"P(Y_{{X={x}}}={y}|X={x}) - P(Y_{{X={x0}}}={y}|X={x})",
        "nde": f"P(Y_{{X={x},M_{{X={x0}}}}}={y}) - P(Y_{{X={x0}}}={y})",
        "nie": f"P(Y_{{X={x0},M_{{X={x}}}}}={y}) - P(Y_{{X={x0}}}={y})",
    }[q.kind]


def _estimand(problem: LadderProblem) -> Expr:
    found = estimand(problem.graph, problem.hidden, problem.query)
    assert found is not None
    return found


def exact(problem: LadderProblem) -> Fraction:
    """A numeric type's value from the displayed numbers."""
    numbers = {f.term: Fraction(f"{f.value:.{2 + problem.decimals}f}") for f in problem.facts}
    value: Fraction = _estimand(problem).evaluate(lambda term: Fraction(lookup(numbers, term)))
    return value


def _numeric(problem: LadderProblem, names: tuple[str, ...]) -> tuple[str, ...]:
    q, places = problem.query, 2 + problem.decimals
    numbers = {f.term: Fraction(f"{f.value:.{places}f}") for f in problem.facts}

    def shown(term: Term) -> str:
        return f"{float(lookup(numbers, term)):.{places}f}"

    formula, value = _estimand(problem), exact(problem)
    sign = ">" if value > 0 else "<"
    wanted = q.up if q.kind != "ett" else not q.up  # "more likely if it were otherwise" is a negative effect
    why = f"{float(value):.{PLACES}f} {sign} 0; asked for {'>' if wanted else '<'} 0; the answer is {problem.answer}"
    return (
        _symbol(problem).replace("C=", f"{names[q.third]}="),
        formula.text(lambda term: term.text(names)),
        "\n".join(f"{f.term.text(names)} = {f.value:.{places}f}" for f in problem.facts),
        f"{formula.text(shown)} = {float(value):.{PLACES}f}",
        why,
    )


def _graphical(problem: LadderProblem, names: tuple[str, ...]) -> tuple[str, ...]:
    q, z = problem.query, names[problem.query.third]
    if q.kind == "collider_bias":
        path = problem.graph.has_path(q.x, q.y)
        said = "a" if path else "no"
        return (
            f"does X affect Y, among those with {z}={q.third_value}",
            f"X affects Y if there is a directed path; {z} is a common effect, and given it X and Y correlate anyway",
            f"correlation given {z}={q.third_value}: {problem.correlation:.2f}",
            f"{said} directed path from X to Y",
            f"X {'affects' if path else 'does not affect'} Y; the answer is {problem.answer}",
        )
    sets = ("nothing", z) if problem.direct == 1 else (z, "nothing")
    masks = {"nothing": 0, z: 1 << q.third}
    right = [problem.graph.is_backdoor_set(1 << q.x, q.y, masks[s]) for s in sets]
    return (
        f"is method {1 if q.up else 2} more correct than method {2 if q.up else 1}",
        "a method is right if it adjusts for a back-door set of X and Y",
        "\n".join(f"method {i} adjusts for {s}" for i, s in enumerate(sets, 1)),
        "\n".join(f"{s}: {'a' if ok else 'no'} back-door set" for s, ok in zip(sets, right, strict=True)),
        f"method {right.index(True) + 1} is right; the answer is {problem.answer}",
    )


def _deterministic(problem: LadderProblem, names: tuple[str, ...]) -> tuple[str, ...]:
    q, graph = problem.query, problem.graph
    rules = {rule.child: rule for rule in problem.rules}
    state = run(graph, problem.rules, dict(problem.evidence), {q.x: q.x_value})
    equations, lines = [], []
    for v in graph.order:
        if v in rules:
            word = " and " if rules[v].every else " or "
            right = word.join(names[c] for c in graph.causes[v])
            values = word.join(str(state[c]) for c in graph.causes[v])
            if not rules[v].value:
                right, values = f"not ({right})", f"not ({values})"
            equations.append(f"{names[v]} = {right}")
            if v != q.x and graph.ancestors[q.y] >> v & 1 | (v == q.y):
                lines.append(f"{names[v]} = {values} = {state[v]}")
    seen = [f"{names[v]} = {value}" for v, value in problem.evidence]
    return (
        f"Y under do(X={q.x_value})",
        "\n".join(equations),
        "\n".join([*seen, f"X = {q.x_value}"]),
        "\n".join(lines),
        f"Y = {state[q.y]}; asked for Y = {int(q.up)}; the answer is {problem.answer}",
    )


def faults(problem: LadderProblem, steps: tuple[Step, ...]) -> list[str]:
    """What is wrong with a worked solution, empty where nothing is.

    The arithmetic of a numeric type may be written in any way that has the right value. All other parts must say what
    ours say, up to white space and the order of lines.
    """
    own = {step.kind: step.content for step in worked(problem)}
    given = {step.kind: step.content for step in steps}
    out = [f"{part}: missing" for part in PARTS if part not in given]
    out += [f"{part}: given twice" for part in given if sum(step.kind == part for step in steps) > 1]
    for part in PARTS:
        if part not in given:
            continue
        if part == "arithmetic" and problem.query.kind in NUMERIC:
            fault = _arithmetic_fault(given[part], exact(problem))
            out += [f"{part}: {fault}"] if fault else []
        elif _lines(given[part], part) != _lines(own[part], part):
            out.append(f"{part}: should say {own[part]!r}")
    return out


def _lines(content: str, part: str) -> list[str]:
    separator = {"variables": ";", "graph": ","}.get(part, "\n")
    return sorted("".join(line.split()) for line in content.split(separator) if line.strip())


def _arithmetic_fault(content: str, value: Fraction) -> str:
    """Why an equation is not one of the right value, "" where it is."""
    found = _EQUATION.match(" ".join(content.split()))
    if found is None:
        return "not of the form EXPRESSION = NUMBER"
    try:
        left = evaluate(found[1].strip())
    except ExpressionError as error:
        return str(error)
    slack = Fraction(6, 10 ** (PLACES + 1))
    if abs(left - Fraction(found[2])) > slack:
        return f"{found[1].strip()} is {float(left):.{PLACES}f}"
    return "" if abs(left - value) <= slack else f"the value is {float(value):.{PLACES}f}"
