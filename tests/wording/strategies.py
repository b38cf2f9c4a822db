"""Random problems, and a writer for the published English, with names and numbers of our own."""

from __future__ import annotations

from random import Random

from hypothesis import strategies as st

from rungwise.causal.estimand import Term
from rungwise.causal.graph import DAG
from rungwise.problems.problem import TASKS, Fact, Problem, Query, Variable
from rungwise.problems.tasks import POINT_TASKS
from rungwise.problems.tasks import task as task_file
from rungwise.wording import names

# Names that contain each other, separators, verbs, articles, brackets and capitals.
HARD_NAMES = (
    "rain", "rain and wind", "wind", "rain, wind and snow", "the tide", "the mayor's office, east wing",
    "whether the shop is open", "whether the shop is open and staffed", "use of salt (sea, rock) and sugar",
    "GDP growth", "a child's sleep", "light (e.g. lamps)", "temperature on the day and the night before",
    "human being count", "soil, wet or dry", "rock'n'roll", "the high street", "A/B testing", "Überlandbus",
)  # fmt: skip
HARD_LABELS = (
    ("low", "high"), ("no", "yes"), ("not so good", "good"), ("hot and dry", "cold and wet"), ("small, at best", "big"),
    ("off (broken)", "on"), ("poor", "fair", "rich"), ("0", "1", "2", "3"), ("none or few", "many"),
)  # fmt: skip
# The published labels are plain; only our own views state them, and may put a comma in one.
PLAIN_LABELS = tuple(labels for labels in HARD_LABELS if len(labels) == 2 and "," not in labels[0])


@st.composite
def variables(draw: st.DrawFn, kind: str, n: int, binary: bool) -> tuple[Variable, ...]:
    """Events of a vocabulary, or of the hard names above."""
    if kind != "hard":
        return names.draw(kind, n, Random(draw(st.integers(0, 2**32))))
    chosen = draw(st.permutations(HARD_NAMES))[:n]
    labels = PLAIN_LABELS if binary else HARD_LABELS
    return tuple(Variable(name, draw(st.sampled_from(labels))) for name in chosen)


@st.composite
def terms(draw: st.DrawFn, events: tuple[Variable, ...]) -> Term:
    """A marginal, joint or conditional probability of up to four events."""
    vs = draw(st.permutations(range(len(events))))[: draw(st.integers(1, min(4, len(events))))]
    pairs = [(v, draw(st.integers(0, len(events[v].labels) - 1))) for v in vs]
    cut = draw(st.integers(1, len(pairs)))
    return Term(tuple(sorted(pairs[:cut])), tuple(sorted(pairs[cut:])))


@st.composite
def problems(
    draw: st.DrawFn, task: str | None = None, kind: str | None = None, binary: bool = False, points: bool = False
) -> Problem:
    """Any problem that can be written down; it need not have an answer. ``points``: the treatment never lowers the
    outcome (so it is in PNS)."""
    task = task or draw(st.sampled_from(POINT_TASKS if points else TASKS))
    points = points or task == "PNS"
    binary = binary or points
    n = draw(st.integers(2, 7))
    events = draw(variables(kind or draw(st.sampled_from(("real", "nonsense", "hard"))), n, binary))
    order = draw(st.permutations(range(n)))
    pairs = [(order[i], order[j]) for i in range(n) for j in range(i + 1, n)]
    edges = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=12))
    shown = draw(st.dictionaries(terms(events), st.integers(0, 10_000), max_size=8))
    treatment, outcome, *rest = draw(st.permutations(range(n)))
    x, x_ref = draw(st.permutations(range(len(events[treatment].labels))))[:2]
    held = ()
    if task == "CDE":
        held = tuple(sorted((v, draw(st.integers(0, len(events[v].labels) - 1))) for v in rest[: len(rest) // 2]))
    bound = "point" if points else draw(st.sampled_from(("lower", "upper"))) if task in ("PN", "PS") else None
    return Problem(
        graph=DAG.from_edges(n, edges),
        variables=events,
        query=Query(
            task=task,
            treatment=treatment,
            outcome=outcome,
            x=x,
            x_ref=x_ref,
            y=draw(st.integers(0, len(events[outcome].labels) - 1)),
            held=held,
            bound=bound,
            direction="more" if bound else draw(st.sampled_from(("more", "less"))),
        ),
        facts=tuple(Fact(term, number / 10_000) for term, number in shown.items()),
    )


def published_english(p: Problem, notes: bool = False, tight: bool = False, instruction: bool = True) -> str:
    """The problem in the English of the published sets (binary events, one edge or more).

    ``notes`` adds ``(A=0)`` to the facts, ``tight`` drops the spaces of the graph and the last full stop.
    """
    q, names_ = p.query, [v.name for v in p.variables]
    gap = "" if tight else " "
    edges = f".{gap}".join(
        f"{names_[a][:1].upper()}{names_[a][1:]} has a direct effect on {names_[b]}" for a, b in p.graph.edges
    )

    def being(pairs: tuple[tuple[int, int], ...], annotate: bool) -> str:
        said = [
            f"{names_[v]} being {p.variables[v].labels[value]}" + (f" ({p.letters[v]}={value})" if annotate else "")
            for v, value in pairs
        ]
        # As the published generators do it: the last comma of the list becomes "and".
        before, comma, after = ", ".join(said).rpartition(", ")
        return f"{before} and {after}" if comma else after

    facts = " ".join(
        (f"For those with {being(f.term.given, notes)}, the" if f.term.given else "The")
        + f" probability of {being(f.term.target, notes)} is {f.value:.4f}."
        for f in p.facts
    )
    x, y = names_[q.treatment], names_[q.outcome]
    xs, ys = p.variables[q.treatment].labels, p.variables[q.outcome].labels
    likely = f"have been {q.direction} likely to be {ys[q.y]}?"
    seen = f"Given that {x} was {xs[q.x_ref]} and {y} was {ys[1 - q.y]}, what is the {q.bound} bound of the probability"
    would = f"{y} would have been {ys[q.y]} if the {x} had been {xs[q.x]}?"
    question = {
        "ATE": f"If {x} is changed to be {xs[q.x]}, will {y} be {q.direction} likely to be {ys[q.y]}?",
        "CDE": f"Conditioned on {being(q.held, False)}, if the {x} had been {xs[q.x]}, would the {y} {likely}",
        "ETT": f"For those with {x} being {xs[q.x_ref]}, if their {x} had been {xs[q.x]}, would the {y} {likely}",
        "NDE": f"Suppose the mediator keeps constant when {x} is changed to be {xs[q.x]}, would the {y} {likely}",
        "NIE": f"Suppose {x} is held constant and the mediator changes to whatever value it would have attained under "
        f"{x} changing to be {xs[q.x]}, would {y} {likely}",
        "PN": f"{seen} of the {would}",
        "PS": f"{seen} that {would}",
    }[q.task]
    told = f"Instruction: Consider the {task_file(q.task).TITLE} ({q.task}) of {x} on {y}.\n" if instruction else ""
    return (
        f"Input Info: Imagine a self-contained world with only these conditions:{gap}{edges}.\n"
        f"{facts.removesuffix('.') if tight else facts}\n{told}Question: {question}\n"
        'Provide the result in JSON format, like {"PROB": "0.1234"}:'
    )
