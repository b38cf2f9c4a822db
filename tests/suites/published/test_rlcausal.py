"""RLCausal: rows of our own in its format, solved, judged and scored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from causal.strategies import outcome_of, worlds
from hypothesis import given, settings
from hypothesis import strategies as st

from rungwise.causal.graph import bits
from rungwise.causal.scm import SCM, random_dag, random_scm
from rungwise.errors import UserError
from rungwise.suites.published import rlcausal
from rungwise.suites.published.item import PublishedItem, Truth, refuse
from rungwise.suites.published.rlcausal_solve import by_elimination, by_joint, products, reach
from rungwise.suites.published.rlcausal_text import read_question

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

# Rain wets the road, and so does a sprinkler.
GRAPH = "digraph {\nrain;\nsprinkler;\nwet;\nrain -> wet;\nsprinkler -> wet;\n}"
TABLES = """P(rain) = [0.75, 0.25]
P(sprinkler) = [0.6, 0.4]
P(wet | rain=0,sprinkler=0) = [0.9, 0.1]
P(wet | rain=0,sprinkler=1) = [0.2, 0.8]
P(wet | rain=1,sprinkler=0) = [0.1, 0.9]
P(wet | rain=1,sprinkler=1) = [0.0, 1.0]"""
WET = 0.75 * (0.6 * 0.1 + 0.4 * 0.8) + 0.25 * (0.6 * 0.9 + 0.4)


def text(given: str, *, tables: str = TABLES, target: str = "wet") -> str:
    return f"{GRAPH}\n\n{tables}\n\nQuestion: What is the marginal distribution of {target}{given}?\n"


def item(given: str, label: tuple[float, ...] | None, **said: str) -> PublishedItem:
    truth = None if label is None else Truth(shares=label)
    return PublishedItem("0", "observational", text(given, **said), truth)


def row(level: str, index: int, prompt: str, label: Any) -> dict[str, Any]:
    return {
        "data_source": f"{level}_dist",
        "prompt": [{"role": "system", "content": "Answer with a list."}, {"role": "user", "content": prompt}],
        "reward_model": {"ground_truth": label, "style": "rule"},
        "extra_info": {"index": index, "answer": str(label)},
    }


def written(path: Path, rows: list[dict[str, Any]]) -> Path:
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def exact(given: str, **said: str) -> list[float]:
    found = rlcausal.audit(item(given, None, **said))
    assert found.outcome == "unlabelled"
    assert found.truth is not None
    assert found.second is not None
    assert found.truth.shares == pytest.approx(found.second.shares, abs=1e-12)
    return list(found.truth.shares or ())


def test_the_three_levels_by_hand() -> None:
    assert exact("")[1] == pytest.approx(WET)
    assert exact(" given it is observed that wet=1", target="rain")[1] == pytest.approx(0.25 * 0.94 / WET)
    assert exact(" given it is observed that wet=1", target="wet") == [0.0, 1.0]
    assert exact(" given we intervened to set rain to 1")[1] == pytest.approx(0.6 * 0.9 + 0.4)
    assert exact(" given we intervented to set wet to 1", target="rain") == pytest.approx([0.75, 0.25])
    # Seen wet, then rain is prevented. With rain before, the road's selectors without rain are fresh; without, the road
    # stays wet. P(wet, no rain) = 0.285; with rain the sprinkler's share is 0.25 (0.6 0.9, 0.4 1.0).
    after = " given we first observed wet = 1 and then intervened to set rain to 0"
    with_rain = 0.25 * (0.6 * 0.9 * 0.1 + 0.4 * 1.0 * 0.8)
    assert exact(after)[1] == pytest.approx((0.285 + with_rain) / WET)
    assert exact(after, target="sprinkler")[1] == pytest.approx((0.75 * 0.4 * 0.8 + 0.25 * 0.4) / WET)


def random_question(seed: int, n: int, decimals: int = 2) -> tuple[SCM, str, dict[int, int], dict[int, int], int]:
    rng = np.random.default_rng(seed)
    graph = random_dag(n, 0.5, rng)
    while max(p.bit_count() for p in graph.parents) > 2:
        graph = random_dag(n, 0.5, rng)
    drawn = random_scm(graph, rng, low=0.02, high=0.98)
    model = SCM(
        graph, tuple(np.stack([t[..., 0].round(decimals), 1 - t[..., 0].round(decimals)], -1) for t in drawn.tables)
    )
    target, seen, do = (int(v) for v in rng.integers(0, n, 3))
    level = int(rng.integers(0, 4))
    seen_values, do_values = {seen: int(rng.integers(0, 2))}, {do: int(rng.integers(0, 2))}
    said = [
        "",
        f" given it is observed that v{seen}={seen_values[seen]}",
        f" given we intervented to set v{do} to {do_values[do]}",
        f" given we first observed v{seen} = {seen_values[seen]} and then intervened to set v{do} to {do_values[do]}",
    ][level]
    lines = ["digraph {", *(f"v{v};" for v in range(n)), *(f"v{a} -> v{b};" for a, b in graph.edges), "}"]
    for v in rng.permutation(n):
        parents = list(bits(graph.parents[v]))
        shuffled = [int(p) for p in rng.permutation(parents)]
        for values in np.ndindex(*(2,) * len(parents)):
            given = ",".join(f"v{p}={values[parents.index(p)]}" for p in shuffled)
            shown = [round(float(x), decimals) for x in model.tables[v][values]]
            lines.append(f"P(v{v}{' | ' if given else ''}{given}) = {shown}")
    lines.append(f"Question: What is the marginal distribution of v{target}{said}?")
    return model, "\n".join(lines), seen_values if level in (1, 3) else {}, do_values if level in (2, 3) else {}, target


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_both_roads_are_what_the_selectors_make_of_it(seed: int) -> None:
    model, prompt, seen, do, target = random_question(seed, 4)
    expected = np.zeros(2)
    for chance, responses in worlds(model):
        before, after = outcome_of(model, responses, {}), outcome_of(model, responses, do)
        if all(before[v] == x for v, x in seen.items()):
            expected[after[target]] += chance
    q = read_question(prompt)
    assert (q.seen, q.do, q.target) == (seen, do, target)
    np.testing.assert_allclose(by_elimination(q), expected, atol=1e-12)
    np.testing.assert_allclose(by_joint(q), expected, atol=1e-12)
    terms = products(q, 1)
    if terms is not None:
        assert sum(float(np.prod(term)) for term in terms) == pytest.approx(expected[1], abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_no_rounding_moves_an_answer_beyond_the_reach(seed: int) -> None:
    _, prompt, _, _, _ = random_question(seed, 4)
    q = read_question(prompt)
    here = by_elimination(q)
    furthest = [reach(q, wanted) for wanted in (-1.0, 2.0)]
    rng = np.random.default_rng(seed)
    for _ in range(20):
        ones = [np.clip(t[..., 1] + rng.choice([-0.005, 0.005], t.shape[:-1]), 0, 1) for t in q.model.tables]
        other = by_elimination(q, [np.stack([1 - p, p], -1) for p in ones])
        assert furthest[0].value - 1e-9 <= other[1] / other.sum() <= furthest[1].value + 1e-9
        assert abs(other[1] / other.sum() - here[1] / here.sum()) <= furthest[0].bound + 1e-12


def test_verdicts_on_labels() -> None:
    share = round(WET, 2)
    right = rlcausal.audit(item("", (1 - share, share)))
    assert (right.outcome, right.kinds) == ("confirmed", ())
    assert "P(wet=1) = 0.75*0.6*0.1 + 0.75*0.4*0.8 + 0.25*0.6*0.9 + 0.25*0.4*1 = 0.520000" in right.proof
    cause = rlcausal.audit(item(" given we first observed wet = 1 and then intervened to set rain to 0", (0.39, 0.61)))
    assert "P(wet=1 once rain=0 is set, wet=1 before) = 0.75*0.6*0.1 + " in cause.proof
    near = rlcausal.audit(item("", (0.47, 0.53)))
    assert (near.outcome, near.kinds) == ("rounding", ("rounding",))
    assert "P(rain=1)=0.255" in near.proof
    far = rlcausal.audit(item("", (0.4, 0.6)))
    assert (far.outcome, far.kinds) == ("wrong", ("exact", "unreachable"))
    assert "at most 0.015" in far.proof
    between = rlcausal.audit(item("", (0.462, 0.538)))
    assert (between.outcome, between.kinds) == ("wrong", ("exact",))
    longer = rlcausal.audit(item("", (0.4, 0.3, 0.3)))
    assert (longer.outcome, longer.kinds) == ("wrong", ("exact",))


def test_a_second_label_in_the_row_that_disagrees_is_noted() -> None:
    one = PublishedItem("0", "observational", text(""), Truth(shares=(0.48, 0.52)), "", {"answer": "[0.3, 0.7]"})
    assert rlcausal.audit(one).kinds == ("own-solution",)


def test_what_can_not_be_observed_decides_nothing() -> None:
    tables = TABLES.replace("P(rain) = [0.75, 0.25]", "P(rain) = [1.0, 0.0]")
    found = rlcausal.audit(item(" given it is observed that rain=1", (0.5, 0.5), tables=tables))
    assert (found.outcome, found.truth, found.kinds) == ("undetermined", None, ("undetermined",))
    assert "rain=1" in found.why


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("rain -> wet;", "rain -- wet;", "no node and no edge"),
        ("rain -> wet;", "rain -> wet;\nwet -> rain;", "cycle"),
        ("P(rain) = [0.75, 0.25]", "", "lacks a row"),
        ("P(rain) = [0.75, 0.25]", "P(rain) = [0.75, 0.35]", "sums to 1.1"),
        ("P(rain) = [0.75, 0.25]", "P(rain) = [0.75, nan]", "not two probabilities"),
        ("P(rain) = [0.75, 0.25]", "P(rain) = [0.5, 0.25, 0.25]", "not two probabilities"),
        ("P(rain) = [0.75, 0.25]", "P(snow) = [0.75, 0.25]", "'snow' is no variable"),
        ("P(rain)", "P(rain) = [0.75, 0.25]\nP(rain)", "twice"),
        ("P(rain)", "P(sprinkler | rain=0) = [0.75, 0.25]\nP(rain)", "parents that the graph does not have"),
        ("marginal distribution of wet", "probability of wet", "0 questions"),
        ("marginal distribution of wet", "marginal distribution of snow", "'snow' is no variable"),
        ("rain;\n", "rain;\n" + "".join(f"w{i};\n" for i in range(40)), "43 variables"),
    ],
)
def test_what_can_not_be_read_says_why(old: str, new: str, why: str) -> None:
    prompt = text("").replace(old, new)
    found = rlcausal.audit(PublishedItem("0", "observational", prompt, Truth(shares=(0.5, 0.5))))
    assert (found.outcome, found.kinds) == ("unread", ("unread",))
    assert why in found.why


def test_items_come_from_files_and_folders(tmp_path: Path) -> None:
    one = row("observational", 7, text(""), [0.48, 0.52])
    two = row("interventional", 7, text(" given we intervened to set rain to 1"), [0.06, 0.94])
    written(tmp_path / "a.parquet", [one])
    written(tmp_path / "b.parquet", [two])
    (tmp_path / "deep").mkdir()
    written(tmp_path / "deep" / "test.parquet", [one, {**one, "extra_info": {"index": 8, "answer": ""}}])
    items = list(rlcausal.load(tmp_path, None, refuse))
    assert [(i.id, i.task) for i in items] == [
        ("observational-7", "observational"),
        ("interventional-7", "interventional"),
    ]
    assert items[0].text == "Answer with a list.\n\n" + text("")
    assert items[0].label == Truth(shares=(0.48, 0.52))
    assert [i.id for i in rlcausal.load(tmp_path, "deep/test", refuse)] == ["observational-7", "observational-8"]
    with pytest.raises(UserError, match="there: a, b, deep/test"):
        list(rlcausal.load(tmp_path, "c", refuse))
    with pytest.raises(UserError, match="no subset 'a'"):
        list(rlcausal.load(tmp_path / "a.parquet", "a", refuse))


def test_damaged_rows_are_named_and_passed_over(tmp_path: Path) -> None:
    good = row("observational", 0, text(""), [0.48, 0.52])
    damaged = [
        row("observational", 1, text(""), [0.48, float("nan")]),
        row("observational", 2, text(""), [0.48, 1.52]),
        row("observational", 3, text(""), [0.48, 0.32]),
        row("observational", 4, text(""), None),
        {**good, "data_source": "other"},
        {**good, "prompt": None},
        {**good, "prompt": [{"role": "user", "content": None}]},
        good,
        row("observational", 9, "x" * 200_000, [0.48, 0.52]),
    ]
    path = written(tmp_path / "a.parquet", [good, *damaged, row("observational", 10, text(""), [0.5, 0.5])])
    said: list[str] = []
    items = list(rlcausal.load(path, None, lambda error: said.append(str(error))))
    assert [i.id for i in items] == ["observational-0", "observational-10"]
    assert len(said) == len(damaged)
    for number, line in enumerate(said, 1):
        assert line.startswith(f"{path} row {number}")
    with pytest.raises(UserError, match="row 1: 'ground_truth'"):
        list(rlcausal.load(path, None, refuse))


def test_a_model_that_knows_the_answer_is_right() -> None:
    one = item(" given it is observed that wet=1", (0.55, 0.45), target="rain")
    found = rlcausal.audit(one)
    assert found.truth is not None
    said = rlcausal.write(one, found.truth)
    assert said == "ANSWER\n[0.5481, 0.4519]"
    assert rlcausal.strict(said, one).score == 1
    assert rlcausal.official(said, one) == 1.0
    assert rlcausal.strict(said, one).value == pytest.approx(0.4519)


LABEL = item("", (0.48, 0.52))


@pytest.mark.parametrize(
    ("said", "theirs", "ours"),
    [
        ("ANSWER\n[0.48, 0.52]", 1, 1),
        ("ANSWER [0.48, 0.52]\nANSWER [0.9, 0.1]", 1, 0),  # theirs takes the first
        ("ANSWER [0.9, 0.1]\nANSWER [0.48, 0.52]", 0, 0),
        ("<think>ANSWER [0.48, 0.52]</think>ANSWER [0.9, 0.1]", 1, 0),
        ("<think>ANSWER [0.9, 0.1]</think>ANSWER [0.48, 0.52]", 0, 1),
        ("<think>ANSWER [0.48, 0.52]", 1, 0),
        ("ANSWER: [0.48, 0.52]", 0, 1),  # theirs wants nothing between
        ("**ANSWER**\n\n[0.48, 0.52]", 0, 1),
        ("ANSWER [0.48,0.52]", 0, 1),  # and a blank after the comma
        ("ANSWER \\[0.48, 0.52\\]", 0, 1),
        ('{"ANSWER": [0.48, 0.52]}', 0, 1),
        ("The answer is $[0.48, 0.52]$.", 0, 1),
        ("P(wet) = [0.48, 0.52]", 0, 1),
        ("P(rain) = [0.75, 0.25]\nANSWER\nP(wet) = [0.48, 0.52]", 0, 1),
        ("P(rain) = [0.75, 0.25]\nso P(wet) = [0.48, 0.52]", 0, 0),
        ("ANSWER [0.48, 0.52] or [0.5, 0.5]", 1, 0),
        ("ANSWER [0.48, 0.52]\nANSWER [0.480, 0.520]", 1, 1),
        ("ANSWER [0.4800, 0.5200]", 1, 1),
        ("ANSWER [0.485, 0.515]", 1, 1),
        ("ANSWER [0.495, 0.505]", 0, 0),
        ("ANSWER [0.48, 0.5]", 0, 0),
        ("ANSWER [0.48, 0.26, 0.26]", 0, 0),
        ("ANSWER [-0.48, 1.48]", 0, 0),
        ("ANSWER [0.4.8, 0.52]", 0, 0),
        ("", 0, 0),
        ("I do not know.", 0, 0),
    ],
)
def test_both_scorings(said: str, theirs: int, ours: int) -> None:
    assert (rlcausal.official(said, LABEL), rlcausal.strict(said, LABEL).score) == (theirs, ours)


def test_floats_decide_their_edge_and_not_ours() -> None:
    theirs = {}
    for cents in range(1, 99):
        label = item("", ((100 - cents) / 100, cents / 100))
        said = f"ANSWER\n[{(99 - cents) / 100}, {(cents + 1) / 100}]"
        theirs[cents] = rlcausal.official(said, label)
        assert rlcausal.strict(said, label).score == 1
    assert set(theirs.values()) == {0.0, 1.0}


def test_their_reward_pays_for_form_length_and_distance() -> None:
    assert rlcausal.reward("no", LABEL) == 0
    assert rlcausal.reward("ANSWER [0.1, 0.1, 0.8]", LABEL) == pytest.approx(0.1)
    assert rlcausal.reward("ANSWER [0.38, 0.62]", LABEL) == pytest.approx(0.2 + 0.8 * 0.9)
    assert rlcausal.reward("ANSWER [9, 9]", LABEL) == pytest.approx(0.2)


@pytest.mark.parametrize(
    "piece", ["ANSWER [0.1, ", "ANSWER [0.1, 0.9] ", "[0.1, 0.9", "answer is ", "digraph {v0; ", "1", " "]
)
def test_a_long_text_takes_no_long_time(piece: str) -> None:
    said = piece * (1_000_000 // len(piece))
    assert rlcausal.official(said, LABEL) == 0
    assert rlcausal.strict(said, LABEL).score == 0


def test_the_published_slice(published: Path) -> None:
    items = list(rlcausal.load(published / "rlcausal", None, refuse))
    if not items:
        pytest.skip("no slice")
    off, exceptions = 0, []
    for one in items[::7]:
        found = rlcausal.audit(one)
        assert found.truth is not None
        assert found.second is not None
        assert found.truth.shares == pytest.approx(found.second.shares, abs=1e-9)
        assert found.outcome in ("confirmed", "rounding")
        off += found.outcome == "rounding"
        if not rlcausal.official(rlcausal.write(one, found.truth), one):
            exceptions.append(one.id)
    assert len(exceptions) <= 1
    assert 0 < off < len(items[::7]) / 4
