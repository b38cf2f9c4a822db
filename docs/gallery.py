"""Makes gallery.md: python docs/gallery.py > docs/gallery.md; with --check, 1 if the page is another."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import fill

from rungwise.problems.evidence import evidence
from rungwise.problems.problem import TASKS, Problem
from rungwise.problems.tasks import POINT_TASKS, task
from rungwise.suites.items import SUITES, VIEWS, Item, generate, to_text
from rungwise.wording.answers import solution_text

PAGE = Path(__file__).with_suffix(".md")
LEVEL = "easy"
WIDTH = 110
AT_MOST = 70
"""Items looked at for one that is wanted."""

HEAD = f"""# Gallery

One example of everything, from `rungwise generate SUITE --level {LEVEL}`: small graphs keep the page readable.
`docs/gallery.py` makes it and a test holds the two together. `rungwise show SUITE#NUMBER` tells all that is known about
an item: its causal model, the readings, the value recomputed by independent roads. Long lines are wrapped at {WIDTH}
characters here. In the questions `C_{{A=1}}` is C had A been 1.
"""

Section = tuple[str, list[str]]


def main() -> int:
    """Prints the page, or compares it with the one in the folder."""
    page = made_page()
    if "--check" not in sys.argv[1:]:
        print(page, end="")
        return 0
    if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page:
        print(f"{PAGE} is not what this makes: python docs/gallery.py > docs/gallery.md", file=sys.stderr)
        return 1
    return 0


def made_page() -> str:
    """The whole page."""
    sections = [*tasks(), *points(), lacking(), decisive(), redundant(), *wordings()]
    contents = [f"- [{title}](#{anchor(title)})" for title, _ in sections]
    parts = ["\n".join([HEAD, *contents])]
    parts += ["\n\n".join([f"## {title}", *paragraphs]) for title, paragraphs in sections]
    return "\n\n".join(parts) + "\n"


def anchor(title: str) -> str:
    """The address that GitHub gives a heading."""
    return "".join(c for c in title.lower().replace(" ", "-") if c.isalnum() or c in "-_")


def tasks() -> Iterator[Section]:
    """One item of each task of `base`."""
    for name in TASKS:
        yield f"{name}: {task(name).TITLE}", in_every_view(asked("base", name))


def points() -> Iterator[Section]:
    """One item of each task of `monotone`."""
    for name in POINT_TASKS:
        yield f"{name} as a point: {task(name).TITLE}", in_every_view(asked("monotone", name))


def asked(suite: str, name: str) -> Problem:
    """The first problem of a task whose value is not 0 (CDE: that holds a mediator)."""
    for item in generate(suite, AT_MOST, level=LEVEL):
        q, value = item.problem.query, item.problem.truth and item.problem.truth.value
        if q.task == name and value and (name != "CDE" or q.held):
            return item.problem
    raise AssertionError(f"no {name} among the first {AT_MOST} of {suite}")


def lacking() -> Section:
    """An item that nothing determines, with its second model."""
    problem = next(
        item.problem
        for item in generate("insufficient", AT_MOST, level=LEVEL)
        if item.problem.truth and item.problem.truth.value is None
    )
    second_model = evidence(problem)["witness"]
    first, second = second_model["values"]
    assert second_model["largest_difference"] < 1e-12
    proof = (
        "Two causal models over this graph agree on every displayed fact (to twelve decimals) and give different "
        f"values, {first:.4f} and {second:.4f}. So nothing that is displayed can tell which of them is right."
    )
    return "LACK_CONDITION: a needed fact is missing", [fill(proof, 120), *in_every_view(problem)]


def decisive() -> Section:
    """Two problems that differ in the graph alone."""
    made = (item.problem for item in generate("decisive", 28))
    pair = next(pair for pair in zip(made, made, strict=True) if not any(problem.meta["zero"] for problem in pair))
    said = [f"same question, same facts; {edges(problem)}: {truth(problem)}" for problem in pair]
    paragraphs = ["Only the graphs, and so the values, are different:", "\n".join(f"- {line}" for line in said)]
    for number, problem in enumerate(pair, 1):
        paragraphs += [f"**{number} of the pair**", *in_every_view(problem)]
    return "A decisive pair", paragraphs


def redundant() -> Section:
    """An item padded with true facts that no reading needs."""
    (item,) = generate("redundant", 1, level=LEVEL)
    hard = item.problem.meta["difficulty"]
    said = f"{hard['facts']} facts are displayed, {hard['distractors']} of them are not needed."
    return "A redundant item", [said, *in_every_view(item.problem)]


def wordings() -> Iterator[Section]:
    """One item of each suite that words the problems of `base` in its own way."""
    for suite in ("rephrased", "omitted"):
        (item,) = generate(suite, 1, level=LEVEL)
        yield f"The suite {suite}", [f"{SUITES[suite].capitalize()}.", summary(item.problem), example(item)]


def in_every_view(problem: Problem) -> list[str]:
    """A line about the problem, then its text, reference answer and worked solution in each view."""
    return [summary(problem), *[example(Item(problem, view, to_text(problem, view))) for view in VIEWS]]


def summary(problem: Problem) -> str:
    """Graph, question and truth on a line each."""
    lines = [edges(problem), f"question `{evidence(problem)['definition']}`", f"truth {truth(problem)}"]
    return "\n".join(f"- {line}" for line in lines)


def edges(problem: Problem) -> str:
    """The graph in letters."""
    return f"graph `{' '.join(f'{problem.letters[a]}->{problem.letters[b]}' for a, b in problem.graph.edges)}`"


def truth(problem: Problem) -> str:
    """As in ``0.1234, Yes``."""
    found = problem.truth
    assert found is not None
    return ", ".join([*([f"{found.value:.4f}"] if found.value is not None else []), *filter(None, [found.answer])])


def example(item: Item) -> str:
    """Prompt and worked solution, which ends in the reference answer, folded away."""
    prompt, solution = (
        "\n".join(fill(line, WIDTH, break_long_words=False) for line in text.split("\n"))
        for text in (item.text.strip(), solution_text(item.problem, item.view))
    )
    return (
        f"<details><summary>{item.view}: <code>{item.problem.answer_text(item.view)}</code></summary>\n\n"
        f"```text\n{prompt}\n```\n\nWorked solution:\n\n```text\n{solution}\n```\n\n</details>"
    )


if __name__ == "__main__":
    sys.exit(main())
