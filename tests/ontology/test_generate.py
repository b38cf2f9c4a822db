"""Ontology problems: what they hold is so by two other roads, and they come out the same in any slice."""

from __future__ import annotations

from collections import Counter
from itertools import product

import orjson
import pytest

from rungwise.errors import UserError
from rungwise.ontology.check import check
from rungwise.ontology.generate import MAX_HOPS, ORDERINGS, Options, generate
from rungwise.ontology.problem import ONTOLOGIES, Formula, OntologyProblem, Sentence
from rungwise.ontology.shape import order_shape, theory_shape
from rungwise.ontology.text import question, solution
from rungwise.ontology.theory import DEDUCTIONS, DISTRACTORS, LINKS
from rungwise.suites.published import prontoqa
from rungwise.suites.published.item import PublishedItem, Truth
from rungwise.suites.published.prontoqa_logic import Literal, contradiction, forward, read_world, sentences

READ = ("implication", "contradiction")
"""Deductions whose sentences the reader of the published sets reads."""


def made(n: int, split: str = "test", seed: int = 0, start: int = 0, **options: object) -> list[OntologyProblem]:
    return list(generate(n, seed, split, Options(**options), start))  # type: ignore[arg-type]


def by_table(problem: OntologyProblem) -> str | None:
    """The answer by going through every way to be or not be of each kind."""
    kinds = [kind.name for kind in problem.kinds]
    found = set()
    for values in product((False, True), repeat=len(kinds)):
        model = frozenset(kind for kind, value in zip(kinds, values, strict=True) if value)
        if all(sentence.holds(model) for sentence in problem.told):
            found.add((problem.query.kind in model) == problem.query.holds)
    return str(found.pop()) if len(found) == 1 else None


@pytest.mark.parametrize("deduction", DEDUCTIONS)
def test_truth_tables_give_the_answer(deduction: str) -> None:
    for distractors in DISTRACTORS:
        disjoint = "order" if distractors == "none" else "theory"
        hops = (2, 3) if distractors == "none" else (1, 1)
        own = {"distractors": distractors, "deductions": (deduction,), "disjoint": disjoint, "hops": hops}
        small = [p for p in made(8, "train", names="nonsense", **own) if len(p.kinds) <= 10]
        assert small
        for problem in small:
            assert by_table(problem) == problem.answer


@pytest.mark.parametrize("names", ONTOLOGIES)
@pytest.mark.parametrize("deduction", READ)
def test_the_prover_of_the_published_sets_gives_the_answer(names: str, deduction: str) -> None:
    for ordering in ORDERINGS:
        for problem in made(8, names=names, deductions=(deduction,), ordering=ordering):
            text = question(problem)
            chain = solution(problem).split("\n")[:-1]
            given = {"chain": chain if deduction == "implication" else []}
            item = PublishedItem("0", "", text, Truth(answer=problem.answer), "", given)
            finding = prontoqa.audit(item)
            assert (finding.outcome, finding.truth, finding.second) == ("confirmed", item.label, item.label), text
            if deduction == "implication":  # the published check of worked solutions takes ours too
                assert "own-solution" not in finding.kinds
            told, _, query = text.rpartition("True or false: ")
            world = read_world(sentences(told), query)
            assert contradiction(forward(world)) is None
            assert len(world.rules) == len(problem.rules)


@pytest.mark.parametrize("deduction", [d for d in LINKS if d != "implication"])
def test_sentences_of_other_deductions_are_refused_by_that_reader_not_misread(deduction: str) -> None:
    for problem in made(6, deductions=(deduction,), hops=(2, 3)):
        item = PublishedItem("0", "", question(problem), None, "", {"chain": []})
        assert prontoqa.audit(item).outcome == "unread"


@pytest.mark.parametrize("names", ONTOLOGIES)
def test_proofs_are_in_order_and_models_true(names: str) -> None:
    for distractors in ("relevant", "irrelevant"):
        for problem in made(21, names=names, deductions=DEDUCTIONS, hops=(1, 4), distractors=distractors):
            checked = check(solution(problem), problem)
            assert checked.correct, (solution(problem), checked)
            model = frozenset(problem.model)
            assert all(sentence.holds(model) for sentence in problem.told)
            assert str((problem.query.kind in model) == problem.query.holds) == problem.answer
            assert problem.ontology == ONTOLOGIES[names]


def test_a_proof_has_as_many_links_as_asked_for() -> None:
    for problem in made(12, hops=(1, MAX_HOPS)):
        assert sum(step.kind == "implication" for step in problem.proof) == problem.hops


def test_answers_and_polarities_are_balanced() -> None:
    problems = made(48, hops=(2, 4), distractors="irrelevant")
    for hops in (2, 3, 4):
        count = Counter((p.answer, p.query.holds) for p in problems if p.hops == hops)
        assert set(count.values()) == {4}
        assert len(count) == 4


def test_the_not_of_the_query_and_of_its_kinds_rules_do_not_tell_the_answer() -> None:
    """With distractors the theory says both of the query's kind equally often, so a count of them decides nothing."""
    for problem in made(24, hops=(1, 3), deductions=LINKS, distractors="irrelevant"):
        said = [literal for rule in problem.rules for literal in rule.then.literals]
        count = Counter(literal.holds for literal in said if literal.kind == problem.query.kind)
        assert count[True] == count[False] > 0


def test_twins_differ_in_the_query_alone() -> None:
    one, two, *_ = problems = made(8, twins=True)
    assert one.told == two.told
    assert two.query == ~one.query
    assert [p.answer for p in problems[::2]] != [p.answer for p in problems[1::2]]
    assert one.twin().id == two.id != one.id
    assert shape(one) == shape(two)


def shape(problem: OntologyProblem) -> str:
    return theory_shape(problem.told, problem.query.kind)


def test_no_shape_is_in_two_splits() -> None:
    shapes = {}
    for names, split in product(ONTOLOGIES, ("train", "validation", "test")):
        own = made(12, split, names=names, hops=(2, 4), deductions=("implication", "mixed"))
        shapes.setdefault(split, set()).update(map(shape, own))
    assert not shapes["train"] & shapes["test"]
    assert not shapes["validation"] & (shapes["train"] | shapes["test"])
    assert len(shapes["test"]) >= 10


def test_told_orders_are_divided_where_theories_are_too_few() -> None:
    own = {"distractors": "none", "disjoint": "order", "hops": (3, 3)}
    shapes = {split: {order_shape(p.told, p.query.kind) for p in made(24, split, **own)} for split in ("train", "test")}
    assert not shapes["train"] & shapes["test"]
    with pytest.raises(UserError, match="has no theory of 3 hops"):
        [made(8, split, distractors="none", hops=(3, 3)) for split in ("train", "validation", "test")]


def test_a_shape_is_the_same_for_other_names_and_orders() -> None:
    for problem in made(8, deductions=("mixed",), hops=(3, 3)):
        new = {kind.name: f"x{i}" for i, kind in enumerate(reversed(problem.kinds))}

        def named(formula: Formula, new: dict[str, str] = new) -> Formula:
            return Formula(formula.op, tuple(Literal(new[one.kind], one.holds) for one in reversed(formula.literals)))

        told = [Sentence(s.given and named(s.given), named(s.then), 0) for s in reversed(problem.told)]
        assert theory_shape(told, new[problem.query.kind]) == shape(problem)
        less = [s for s in problem.told if s != problem.rules[0]]
        assert theory_shape(less, problem.query.kind) != shape(problem)


def test_every_slice_has_the_same_bytes() -> None:
    own = {"deductions": ("implication", "mixed"), "hops": (1, 3)}

    def rows(problems: list[OntologyProblem]) -> list[bytes]:
        return [orjson.dumps(problem.to_dict()) for problem in problems]

    whole = rows(made(12, **own))
    assert whole == [
        row for at in (0, 5, 6) for row in rows(made(1 if at == 5 else 5 if at == 0 else 6, start=at, **own))
    ]
    assert whole != rows(made(12, seed=1, **own))


def test_vocabularies_tell_the_same_theory() -> None:
    each = [made(8, names=names, deductions=DEDUCTIONS) for names in ONTOLOGIES]
    for problems in zip(*each, strict=True):
        assert len({shape(problem) for problem in problems}) == 1
        assert len({order_shape(problem.told, problem.query.kind) for problem in problems}) == 1
        assert len({(problem.answer, problem.query.holds, problem.name) for problem in problems}) == 1
        assert len({problem.id for problem in problems}) == 3


def test_orderings() -> None:
    for ordering, of in (("postorder", 1), ("preorder", -1)):
        for problem in made(8, ordering=ordering, hops=(3, 4)):
            cited = [step.told for step in problem.proof if step.kind == "rule"]
            assert cited == sorted(cited)[::of]
            assert problem.told[-1].given is None


def test_json_round_trip() -> None:
    for problem in made(7, deductions=DEDUCTIONS):
        row = orjson.loads(orjson.dumps(problem.to_dict()))
        again = OntologyProblem.from_dict(row)
        assert again == problem
        assert again.id == problem.id
        for key in ("kinds", "told", "query", "answer", "proof", "model", "hops", "names", "seed"):
            with pytest.raises(UserError, match="no ontology problem"):
                OntologyProblem.from_dict({**row, key: None})


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"names": "real"}, "unknown names 'real'; choose from commonsense"),
        ({"hops": (0, 3)}, "hops go from 1 to 6"),
        ({"hops": (4, 3)}, "hops go from 1 to 6"),
        ({"deductions": ()}, "unknown deductions"),
        ({"ordering": "up"}, "unknown ordering"),
        ({"distractors": "some"}, "unknown distractors"),
    ],
)
def test_wrong_options(options: dict[str, object], why: str) -> None:
    with pytest.raises(UserError, match=why):
        Options(**options)  # type: ignore[arg-type]


def test_wrong_requests() -> None:
    with pytest.raises(UserError, match="unknown split"):
        generate(1, split="dev")
    with pytest.raises(UserError, match="must not be negative"):
        generate(-1)
