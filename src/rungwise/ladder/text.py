"""The wording of a ladder problem, in sentences that the reader of published CLadder files reads too."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from rungwise.causal.graph import bits
from rungwise.ladder.problem import LadderProblem
from rungwise.problems.problem import Fact
from rungwise.problems.streams import make_dice, shuffled

_OPENINGS = (
    "",
    "Imagine a world with only these conditions: ",
    "Suppose that only this holds: ",
    "Take a world without any other causes: ",
)
_GROUPS = ("For those with {}", "For {}")
_OVERALL = ("The overall probability of", "The probability of")
_IN_GENERAL = (
    "We look directly at how {x} correlates with {y} in general",
    "We compare {x} and {y} over all cases",
    "We take the correlation of {x} and {y} as it is",
)
_BY_CASES = (
    "We look at how {x} correlates with {y} case by case according to {z}",
    "We compare {x} and {y} case by case according to {z}",
    "We take their correlation case by case according to {z}",
)
_FORMS = ("Answer Yes or No.", "Answer with Yes or No.", "Reply Yes or No.")


def text(problem: LadderProblem) -> str:
    """Graph, what is displayed, question and answer format; the same for the same problem."""
    dice = make_dice(problem.style, "text")
    opening, form = dice.choice(_OPENINGS), dice.choice(_FORMS)
    parts = [opening + " ".join(_graph(problem, dice)), _displayed(problem, dice), question(problem)]
    return " ".join(part for part in parts if part) + " " + form


def _graph(problem: LadderProblem, dice: Random) -> list[str]:
    graph, events = problem.graph, problem.events
    said = []
    for v in range(graph.n):
        if graph.children[v]:
            effects = [events[c].name for c in shuffled(list(bits(graph.children[v])), dice)]
            said.append(f"{events[v].name.capitalize()} has a direct effect on {_listed(effects)}.")
    said = shuffled(said, dice)
    return said + [f"{events[v].name.capitalize()} is unobserved." for v in bits(problem.hidden)]


def _listed(parts: Sequence[str]) -> str:
    if len(parts) < 3:
        return " and ".join(parts)
    return ", ".join(parts[:-1]) + ", and " + parts[-1]


def _displayed(problem: LadderProblem, dice: Random) -> str:
    q, events = problem.query, problem.events
    x, y, z = (events[v].name for v in (q.x, q.y, q.third))
    if q.kind == "backadj":
        methods = [dice.choice(_IN_GENERAL), dice.choice(_BY_CASES)]
        if problem.direct == 2:
            methods.reverse()
        return " ".join(f"Method {i}: {m.format(x=x, y=y, z=z)}." for i, m in enumerate(methods, 1))
    if q.kind == "collider_bias":
        return (
            f"For {_group(problem)}, the correlation between {events[q.x].phrase(q.x_value)} and "
            f"{events[q.y].phrase(q.y_value)} is {problem.correlation:.2f}."
        )
    if q.kind == "det-counterfactual":
        return _rules(problem)
    return " ".join(_facts(problem, dice))


def _group(problem: LadderProblem) -> str:
    q = problem.query
    return "those with " + problem.events[q.third].phrase(q.third_value)


def _rules(problem: LadderProblem) -> str:
    events, said = problem.events, []
    for rule in sorted(problem.rules, key=lambda rule: rule.child == problem.query.y):  # the outcome's stands last
        causes = (" and " if rule.every else " or ").join(events[c].one for c in problem.graph.causes[rule.child])
        said.append(f"{causes} causes {events[rule.child].phrase(rule.value)}.")
    seen = " and ".join(events[v].phrase(value) for v, value in problem.evidence)
    return "We know that " + " ".join(said) + (f" We observed {seen}." if seen else "")


def _facts(problem: LadderProblem, dice: Random) -> list[str]:
    """One sentence a number; those of one table stand together, tables in random order."""
    group, overall = dice.choice(_GROUPS), dice.choice(_OVERALL)
    tables: dict[object, list[str]] = {}
    for fact in problem.facts:
        target, given = fact.term
        key = ([v for v, _ in target], [v for v, _ in given])
        tables.setdefault(str(key), []).append(_fact(problem, fact, group, overall))
    return [sentence for table in shuffled(list(tables.values()), dice) for sentence in table]


def _fact(problem: LadderProblem, fact: Fact, group: str, overall: str) -> str:
    q, events = problem.query, problem.events
    # Treatment first, then outcome in a joint, and the collider last in a condition.
    target = sorted(fact.term.target, key=lambda pair: (pair[0] == q.y, pair[0]))
    given = sorted(fact.term.given, key=lambda pair: (pair[0] == q.third, pair[0] != q.x, pair[0]))
    what = " and ".join(events[v].phrase(value) for v, value in target)
    percent = f"{100 * fact.value:.{problem.decimals}f}%"
    if given:
        who = group.format(" and ".join(events[v].phrase(value) for v, value in given))
        return f"{who}, the probability of {what} is {percent}."
    return f"{'The probability of' if len(target) > 1 else overall} {what} is {percent}."


def question(problem: LadderProblem) -> str:
    """The question alone."""
    q, events = problem.query, problem.events
    x, y, up = events[q.x], events[q.y], q.up
    asked, else_, seen = x.phrase(q.x_value), x.phrase(1 - q.x_value), y.phrase(q.y_value)
    if q.kind == "marginal":
        return f"Is {seen} {'more' if up else 'less'} likely than {y.phrase(1 - q.y_value)} overall?"
    if q.kind == "correlation":
        return f"Is the chance of {seen} {'larger' if up else 'smaller'} when observing {asked}?"
    if q.kind == "exp_away":
        verb = "increase" if up else "decrease"
        return f"If we look at {_group(problem)}, does the chance of {seen} {verb} when {asked}?"
    if q.kind == "ate":
        return f"Will {asked} {'increase' if up else 'decrease'} the chance of {seen}?"
    if q.kind == "backadj":
        first, second = (1, 2) if up else (2, 1)
        return (
            f"To understand how {x.name} affects {y.name}, is it more correct to use the Method {first} than Method "
            f"{second}?"
        )
    if q.kind == "collider_bias":
        verb = "affects" if up else "does not affect"
        return f"If we look at {_group(problem)}, does it mean that {x.name} {verb} {y.name}?"
    if q.kind == "ett":
        more = "more" if up else "less"
        return f"For those with {asked}, would it be {more} likely to see {seen} if it had been {else_}?"
    if q.kind == "det-counterfactual":
        return f"Would we see {y.phrase(int(up))} if {asked} instead of {else_}?"
    through = _listed([events[m].name for m in bits(problem.graph.mediators(q.x, q.y))])
    how = "positively" if up else "negatively"
    if q.kind == "nde":
        return f"If we disregard the mediation effect through {through}, would {x.name} {how} affect {y.name}?"
    return f"Does {x.name} {how} affect {y.name} through {through}?"
