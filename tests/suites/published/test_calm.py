"""CaLM's files read, and the labels of its seven tasks judged."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from rungwise.errors import UserError
from rungwise.problems.problem import LACK_CONDITION
from rungwise.suites.published import benchmark
from rungwise.suites.published.calm import audit
from rungwise.suites.published.calm_read import load
from rungwise.suites.published.calm_tasks import FILES, kind_of
from rungwise.suites.published.item import Finding, PublishedItem, Truth, refuse

Row = dict[str, Any]

FORK = ("season->salt", "season->slips", "salt->slips")
CHAIN = ("salt->ice", "ice->slips", "salt->slips")


def fact(number: float, target: str, given: str = "") -> str:
    start = f"For those with {given}, the probability of" if given else "The probability of"
    return f"{start} {target} is {number:.4f}. "


def formal(
    task: str, edges: Sequence[str], facts: Sequence[str], question: str, label: Any = None, ends: str = "", **more: Any
) -> Row:
    """A row of one of the seven tasks, about the effect of salt on slips."""
    titles = {
        "ATE": "average treatment effect", "CDE": "controlled direct effect",
        "ETT": "effect of treatment on the treated", "NDE": "natural direct effect",
        "NIE": "natural indirect effect", "PN": "probability of necessity", "PS": "probability of sufficiency",
    }  # fmt: skip
    sentences = [f"{a.capitalize()} has a direct effect on {b}." for a, b in (edge.split("->") for edge in edges)]
    row: Row = {
        "index": 1,
        "given_info": f"Imagine a self-contained town with only these conditions: {' '.join(sentences)}",
        "Background": {"graph": "", "data_info": "".join(facts)},
        "Instruction": f"Consider the {titles[task]} ({task}) of salt on slips.",
        "Question": question,
        "Type": task,
    }
    row |= {"gt_answer": label} if label is not None else {}
    return row | ({"Reason": {"Step 1": "Look.", "Step 2": ends}} if ends else {}) | more


# P(season), then P(slips = high | salt, season); by hand ATE = (0.2 - 0.5) * 0.4 + (0.3 - 0.9) * 0.6 = -0.48.
CONFOUNDED = (
    fact(0.4, "season being low"),
    fact(0.2, "slips being high", "salt being high and season being low"),
    fact(0.5, "slips being high", "salt being low and season being low"),
    fact(0.3, "slips being high", "salt being high and season being high"),
    fact(0.9, "slips being high", "salt being low and season being high"),
)
# P(ice = high | salt = low) = 0.3 and 0.8 for high; P(slips = high | salt, ice).
MEDIATED = (
    fact(0.3, "ice being high", "salt being low"),
    fact(0.8, "ice being high", "salt being high"),
    fact(0.5, "slips being high", "salt being high and ice being low"),
    fact(0.9, "slips being high", "salt being high and ice being high"),
    fact(0.2, "slips being high", "salt being low and ice being low"),
    fact(0.6, "slips being high", "salt being low and ice being high"),
)
TREATED = (
    fact(0.7, "slips being high", "salt being low"),
    fact(0.5, "season being low", "salt being low"),
    *CONFOUNDED[1:],
)
# By hand: the mean is 0.3333 * 0.1111 + 0.6667 * 0.2222 = 0.18517037, and the bound (0.19 - mean) / 0.01.
BOUND = (
    fact(0.3333, "season being low"),
    fact(0.6667, "season being high"),
    fact(0.1111, "slips being low", "salt being high and season being low"),
    fact(0.2222, "slips being low", "salt being high and season being high"),
    fact(0.19, "slips being low"),
    fact(0.01, "salt being low and slips being low"),
)
Q_ATE = "If salt is changed to be high, will slips be more likely to be high?"
Q_CDE = "Conditioned on ice being high, if salt had been high, would slips have been more likely to be high?"
Q_ETT = "For those with salt being low, if their salt had been high, would slips have been more likely to be high?"
Q_NDE = (
    "Suppose the mediator keeps constant when salt is changed to be high, would slips have been more likely to be high?"
)
Q_NIE = (
    "Suppose salt is held constant and the mediator changes to whatever value it would have attained under salt "
    "changing to be high, would slips have been more likely to be high?"
)
Q_PS = (
    "Given that salt was low and slips was low, what is the lower bound of the probability that slips would have been "
    "high if the salt had been high?"
)
Q_PN = (
    "Given that salt was high and slips was high, what is the upper bound of the probability of the slips would have "
    "been low if the salt had been low?"
)


def write(folder: Path, name: str, *rows: Row) -> Path:
    path = folder / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def found(folder: Path, name: str, row: Row) -> Finding:
    (item,) = load(write(folder, name, row), None, refuse)
    return audit(item)


@pytest.mark.parametrize(
    ("name", "row", "value"),
    [
        ("ATE-P_ATE-basic_EN", formal("ATE", FORK, CONFOUNDED, Q_ATE, -0.48), -0.48),
        ("ETT-P_ETT-hard_EN", formal("ETT", FORK, TREATED, Q_ETT, 0.45), 0.45),
        ("CDE-P_CDE-basic_EN", formal("CDE", CHAIN, MEDIATED[2:], Q_CDE, 0.30000000000000004), 0.3),
        ("NDE-P_NDE-basic_EN", formal("NDE", CHAIN, MEDIATED, Q_NDE, 0.3), 0.3),
        ("NIE-P_NIE-hard_EN", formal("NIE", CHAIN, MEDIATED, Q_NIE, 0.2), 0.2),
        (
            "PN-P_PN-basic_EN",
            formal(
                "PN",
                ("salt->slips",),
                (
                    fact(0.5, "slips being low", "salt being low"),
                    fact(0.2, "salt being low and slips being low"),
                    fact(0.4, "salt being high and slips being high"),
                ),
                Q_PN,
                0.75,
            ),
            0.75,
        ),
    ],
)
def test_values_by_hand_are_found_on_both_roads(tmp_path: Path, name: str, row: Row, value: float) -> None:
    finding = found(tmp_path, name, row)
    assert finding.outcome == "confirmed", finding
    assert finding.truth is not None
    assert finding.second is not None
    assert finding.truth.value == pytest.approx(value, abs=1e-12)
    assert finding.second.value == pytest.approx(value, abs=1e-12)
    assert f"{value:.4f}" in finding.proof
    del row["gt_answer"]  # as the full set has it
    bare = found(tmp_path, name, row)
    assert (bare.outcome, bare.truth) == ("unlabelled", finding.truth)


@pytest.mark.parametrize(
    ("task", "facts", "question", "right"),
    [
        ("ATE", CONFOUNDED, Q_ATE, "No"),
        ("ETT", TREATED, Q_ETT, "No"),  # 0.45 > 0: those observed fare higher than they would have
        ("NIE", MEDIATED, Q_NIE, "Yes"),
    ],
)
def test_signs(tmp_path: Path, task: str, facts: Sequence[str], question: str, right: str) -> None:
    name, edges = f"{task}-B_{task}-natural_EN", CHAIN if task == "NIE" else FORK
    finding = found(tmp_path, name, formal(task, edges, facts, question, right))
    assert (finding.outcome, finding.kinds) == ("confirmed", ())
    wrong = "No" if right == "Yes" else "Yes"
    finding = found(tmp_path, name, formal(task, edges, facts, question, wrong))
    assert (finding.outcome, finding.kinds) == ("wrong", ("exact",))
    assert finding.truth is not None
    assert finding.truth.answer == right


def test_no_path_is_zero_and_no(tmp_path: Path) -> None:
    edges = ("slips->salt",)
    number = found(tmp_path, "ATE-P_ATE-hard_EN", formal("ATE", edges, (), Q_ATE, 0))
    assert (number.outcome, number.kinds, number.truth) == ("confirmed", ("zero",), Truth(0.0, "No"))
    sign = found(tmp_path, "ATE-B_ATE-natural_EN", formal("ATE", edges, (), Q_ATE, "No"))
    assert (sign.outcome, sign.kinds) == ("confirmed", ("zero",))


def test_a_bound_whose_mean_was_rounded(tmp_path: Path) -> None:
    finding = found(tmp_path, "PS-P_PS-basic_EN", formal("PS", FORK, BOUND, Q_PS, 0.48))
    assert (finding.outcome, finding.kinds) == ("rounding", ("rounding",))
    assert finding.truth is not None
    assert finding.truth.value == pytest.approx((0.19 - 0.18517037) / 0.01)
    assert "rounded from 0.185170 to 0.1852 the bound is 0.4800" in finding.proof
    finding = found(tmp_path, "PS-P_PS-basic_EN", formal("PS", FORK, BOUND, Q_PS, 0.482963))
    assert finding.outcome == "confirmed"
    finding = found(tmp_path, "PS-P_PS-basic_EN", formal("PS", FORK, BOUND, Q_PS, 0.7))
    assert (finding.outcome, finding.kinds) == ("wrong", ("exact", "unreachable"))


def test_a_tiny_effect_that_the_label_takes_for_none(tmp_path: Path) -> None:
    facts = (
        fact(0.5002, "slips being high", "salt being high"),
        fact(0.5, "slips being high", "salt being low"),
    )
    finding = found(tmp_path, "ATE-B_ATE-natural_EN", formal("ATE", ("salt->slips",), facts, Q_ATE, "No"))
    assert (finding.outcome, finding.kinds) == ("rounding", ("rounding",))
    assert finding.truth is not None
    assert finding.truth.answer == "Yes"


def test_a_wrong_yes_where_there_is_no_effect(tmp_path: Path) -> None:
    finding = found(tmp_path, "ATE-B_ATE-natural_EN", formal("ATE", ("slips->salt",), (), Q_ATE, "Yes"))
    assert (finding.outcome, finding.kinds) == ("wrong", ("exact", "zero"))
    # 0.5000 against 0.5000 may be any difference from -0.0001 to 0.0001.
    facts = (fact(0.5, "slips being high", "salt being high"), fact(0.5, "slips being high", "salt being low"))
    finding = found(tmp_path, "ATE-B_ATE-natural_EN", formal("ATE", ("salt->slips",), facts, Q_ATE, "Yes"))
    assert finding.outcome == "rounding"
    assert "turn its sign" in finding.why


def test_labels_against_their_own_worked_solution(tmp_path: Path) -> None:
    ends = "ATE=-0.4800<0 so the answer is No."
    sign = found(tmp_path, "ATE-B_ATE-natural_EN", formal("ATE", FORK, CONFOUNDED, Q_ATE, "Yes", ends))
    assert sign.kinds == ("own-solution", "exact")
    assert "worked solution ends with -0.4800 and No" in sign.proof
    number = found(tmp_path, "ATE-P_ATE-basic_EN", formal("ATE", FORK, CONFOUNDED, Q_ATE, 0.48, ends))
    assert number.kinds == ("own-solution", "exact", "unreachable")
    # What the worked solution says about the sign is no contradiction of a label that is a number.
    ends = "ATE=-0.4800<0 so the answer is Yes."
    number = found(tmp_path, "ATE-P_ATE-basic_EN", formal("ATE", FORK, CONFOUNDED, Q_ATE, -0.48, ends))
    assert (number.outcome, number.kinds) == ("confirmed", ())


def test_a_missing_number_leaves_the_label_undetermined(tmp_path: Path) -> None:
    finding = found(tmp_path, "ATE-B_ATE-natural_EN", formal("ATE", FORK, CONFOUNDED[:-1], Q_ATE, "No"))
    assert finding.outcome == "undetermined"
    assert finding.truth == finding.second == Truth(None, LACK_CONDITION)


@pytest.mark.parametrize(
    "change",
    [
        {"Question": "Why is salt high?"},
        {"given_info": "Nothing."},
        {"Instruction": "Consider the average treatment effect (ATE) of salt on ice."},
        {"Background": {"data_info": "The probability of slips being high is unknown. "}},
        {
            "given_info": "Imagine a self-contained town: Salt has a direct effect on slips. "
            "Slips has a direct effect on salt."
        },
    ],
)
def test_what_is_not_understood_is_unread(tmp_path: Path, change: Row) -> None:
    row = formal("ATE", FORK, CONFOUNDED, Q_ATE, -0.48) | change
    finding = found(tmp_path, "ATE-P_ATE-basic_EN", row)
    assert (finding.outcome, finding.kinds, finding.truth) == ("unread", ("unread",), None)
    assert finding.why


def test_proofs_use_the_letters_of_the_item(tmp_path: Path) -> None:
    row = formal("ATE", FORK, CONFOUNDED, Q_ATE, -0.48)
    ours = found(tmp_path, "ATE-P_ATE-basic_EN", row).proof
    assert "P(C=1|A=0,B=1)" in ours  # in the order of mention: season, salt, slips
    row["Background"]["graph"] = "A graph with 3 nodes, and 3 edges C->B, C->A, B->A."
    theirs = found(tmp_path, "ATE-P_ATE-basic_EN", row).proof
    assert "P(A=1|C=0,B=1)" in theirs
    assert "P(C=0)" in theirs
    row["Background"]["graph"] = "A graph with 3 nodes, and 2 edges C->B, C->A."
    assert found(tmp_path, "ATE-P_ATE-basic_EN", row).proof == ours


def test_twins_ask_about_the_other_outcome_value(tmp_path: Path) -> None:
    one = formal("ATE", FORK, CONFOUNDED, Q_ATE, -0.48)
    other = {**one, "index": 2, "Question": Q_ATE.replace("be high?", "be low?"), "gt_answer": 0.48}
    first, second = (audit(item) for item in load(write(tmp_path, "ATE-P_ATE-basic_EN", one, other), None, refuse))
    assert (first.outcome, second.outcome) == ("confirmed", "confirmed")
    assert first.twin == second.twin != ""
    assert found(tmp_path, "ATE-P_ATE-hard_EN", one).twin != first.twin  # the basic and the hard set are two sets


def others() -> dict[str, Row]:
    """A row of every other kind of file, by its name."""
    graph = {"edges": "A causes B, B causes C, and A causes C"}
    sets = graph | {"option1": "A", "option2": "", "option3": "B, C", "treatment": "B", "outcome": "C", "gt_answer": 1}
    cladder = {"given_info": "Tea has a direct effect on sleep.", "question": "Is it so?", "gt_answer": "no"}
    pair = {"premise": "The lamp fell.", "hypothesis": "The lamp broke.", "gt_answer": 1}
    pick = {"premise": "It rained.", "ask-for": "effect", "hypothesis1": "Wet.", "hypothesis2": "Dry.", "gt_answer": 0}
    words = {"words": ["Rain", "fell", "and", "wet", "it"], "events": [[1], [3, 4]], "gt_answer": 0}
    answers = {f"Answer{i}": f"It would be {i}." for i in range(1, 5)}
    rows: dict[str, Row] = {name: sets for name in FILES if name.startswith(("BAS-C", "FAS", "IV"))}
    rows |= {name: cladder for name in FILES if FILES[name].solver == "cladder"}
    rows |= {name: {"di_edges": "A causes B", "bi_edges": "A and B", "treatment": "A", "outcome": "B", "gt_answer": 0}
             for name in FILES if name.startswith("CEI")}  # fmt: skip
    rows |= {name: words for name in FILES if name.startswith("ECI")}
    rows |= {name: pair for name in FILES if name.startswith("PCD-B")}
    rows |= {name: pick for name in FILES if name.startswith("PCD-C")}
    return rows | {
        "AR-B_CaLM-AR": {"ar_edges": "A causes B", "former": "A", "latter": "B", "gt_answer": 1},
        "CA-B_FA": graph | {"sampled_ancestor": "A", "attribution": "C", "gt_answer": 1},
        "CA-B_FP": graph | {"sampled_parent": "C", "attribution": "A", "gt_answer": 0},
        "AC-B_causal_judgement": {"input": "Did the lamp break?", "gt_answer": "Yes"},
        "CR-C_CRASS": {"premise": "It is.", "QCC": "What if not?", **answers, "gt_answer": "4"},
        "CEG-O_E-CARE": {"cause": "Rain.", "effect": "Mud.", "gt_answer": "Water softens soil."},
    }


def test_every_kind_of_file_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    rows = others()
    for name in FILES:
        if name not in rows:
            task = name.partition("-")[0]
            rows[name] = formal(task, FORK, CONFOUNDED, Q_ATE, "No" if "natural" in name else 0.5)
        write(folder / name[:3], f"{name}_EN", {**rows[name], "index": 7})
        write(folder / name[:3], f"{name}_CN", {"index": 7})
    items = list(load(folder, None, refuse))
    assert len(items) == len(FILES) == 46
    by_name = {item.id.removesuffix("_EN/7"): item for item in items}
    assert by_name.keys() == FILES.keys()
    assert len({item.task for item in items}) == 46
    labels = {name: item.label.answer for name, item in by_name.items() if item.label and item.label.answer}
    assert labels["PCD-C_COPA"] == "1"  # numbered from 0 there
    assert (labels["BAS-C_min-BAS"], labels["CR-C_CRASS"]) == ("1", "4")
    assert (labels["CEI-B_0.4-UC"], labels["CORR-B_correlation"], labels["AC-B_causal_judgement"]) == (
        "No",
        "No",
        "Yes",
    )
    assert "Option 2: the empty set\n" in by_name["FAS-C_FAS"].text
    assert '"fell" and "wet it"' in by_name["ECI-B_ESC"].text
    assert "Is A an ancestor of C?" in by_name["CA-B_FA"].text
    assert by_name["ATE-B_ATE-natural"].text.endswith('{"ANSWER": "Yes"}.')
    for item in items:
        if kind_of(item).solver == "none":
            finding = audit(item)
            assert (finding.outcome, finding.kinds) == ("unread", ("unread",))
            assert "everyday events" in finding.why


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("AR-B_CaLM-AR", "Yes"),
        ("CA-B_FA", "Yes"),
        ("CA-B_FP", "No"),
        ("CEI-B_0.6-UC", "No"),  # the bow graph
        ("BAS-C_mix-BAS", "1"),  # B <- A -> C
    ],
)
def test_graphs_are_judged(tmp_path: Path, name: str, right: str) -> None:
    row = others()[name]
    if name.startswith("BAS"):  # A is the set's unobserved variable, so D takes its place
        row = {**row, "edges": "D causes B, B causes C, and D causes C", "option1": "D"}
    (item,) = load(write(tmp_path, f"{name}_EN", row), None, refuse)
    finding = audit(item)
    assert (finding.outcome, finding.truth) == ("confirmed", Truth(None, right)), finding
    assert finding.second == finding.truth


@pytest.mark.parametrize(
    ("subset", "names"),
    [
        ("ATE", ["ATE-B_ATE-natural", "ATE-P_ATE-basic"]),
        ("ATE-P", ["ATE-P_ATE-basic"]),
        ("ATE-basic", ["ATE-P_ATE-basic"]),
        ("ATE-P_ATE-basic", ["ATE-P_ATE-basic"]),
        ("ATE-P_ATE-basic_EN", ["ATE-P_ATE-basic"]),
        (None, ["ATE-B_ATE-natural", "ATE-P_ATE-basic", "CEI-B_0.2-UC"]),
    ],
)
def test_subsets(tmp_path: Path, subset: str | None, names: list[str]) -> None:
    write(tmp_path / "a", "ATE-P_ATE-basic_EN", formal("ATE", FORK, CONFOUNDED, Q_ATE, -0.48))
    write(tmp_path / "a", "ATE-B_ATE-natural_EN", formal("ATE", FORK, CONFOUNDED, Q_ATE, "No"))
    # As in the full set: no label, and an empty list where no variables are confounded.
    write(
        tmp_path / "b", "CEI-B_0.2-UC_EN", {"di_edges": "A causes B", "bi_edges": [], "treatment": "A", "outcome": "B"}
    )
    items = list(load(tmp_path, subset, refuse))
    assert [item.id.partition("_EN/")[0] for item in items] == names
    assert all(item.label for item in items if item.task.startswith("ATE"))
    if subset is None:
        assert items[-1].label is None
        assert "between: no variables." in items[-1].text


def test_what_is_no_such_set_is_refused(tmp_path: Path) -> None:
    row = formal("ATE", FORK, CONFOUNDED, Q_ATE, -0.48)
    path = write(tmp_path / "a", "ATE-P_ATE-basic_EN", row)
    for subset in ("ETT", "ATE-P_ATE-hard_EN", ""):
        with pytest.raises(UserError, match="has no file or task"):
            list(load(tmp_path, subset, refuse))
    with pytest.raises(UserError, match="has no subset 'ATE'"):
        list(load(path, "ATE", refuse))
    for name in ("ATE-P_ATE-basic_CN", "mine", "XYZ-P_XYZ-basic_EN"):
        with pytest.raises(UserError, match="is not named as a file of CaLM's in English"):
            list(load(write(tmp_path / "c", name, row), None, refuse))
    (tmp_path / "none").mkdir()
    with pytest.raises(UserError, match="no file such as"):
        list(load(tmp_path / "none", None, refuse))
    write(tmp_path / "b", "ATE-P_ATE-basic_EN", row)
    with pytest.raises(UserError, match="twice"):
        list(load(tmp_path, None, refuse))


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("ATE-P_ATE-basic", {"Question": None}, "'Question' is missing or no text"),
        ("ATE-P_ATE-basic", {"Background": "low"}, "'Background' with a text 'data_info' is missing"),
        ("ATE-P_ATE-basic", {"Background": {"data_info": 3}}, "'Background' with a text 'data_info' is missing"),
        ("ATE-P_ATE-basic", {"gt_answer": "Yes"}, "gt_answer 'Yes' is no number from -1 to 1"),
        ("ATE-P_ATE-basic", {"gt_answer": 1.5}, "gt_answer '1.5' is no number"),
        ("ATE-P_ATE-basic", {"gt_answer": True}, "gt_answer 'True' is no number"),
        ("ATE-P_ATE-basic", {"gt_answer": "nan"}, "gt_answer 'nan' is no number"),
        ("ATE-P_ATE-basic", {"gt_answer": [0.5]}, "is no number"),
        ("PN-P_PN-basic", {"gt_answer": -0.2}, "is no number from 0 to 1"),
        ("ATE-B_ATE-natural", {"gt_answer": 0.38}, "gt_answer '0.38' is none of 1, 0, yes, no"),
        ("ATE-B_ATE-natural", {"gt_answer": "maybe"}, "is none of"),
        ("ATE-P_ATE-basic", {"index": [1]}, "'index' is neither"),
        ("ATE-P_ATE-basic", {"index": "x" * 50}, "'index' is neither"),
        ("ATE-P_ATE-basic", {"Question": "x" * 100_001}, "characters; at most"),
        ("BAS-C_mix-BAS", {"gt_answer": 4}, "gt_answer '4' is none of 1, 2, 3"),
        ("BAS-C_mix-BAS", {"option2": ["A"]}, "'option2' is missing or no text"),
        ("CEI-B_0.2-UC", {"bi_edges": {"A": "B"}}, "'bi_edges' is neither a text nor empty"),
        ("ECI-B_ESC", {"events": [[1], [9]]}, "'events' is no pair"),
        ("ECI-B_ESC", {"events": [[1]]}, "'events' is no pair"),
        ("ECI-B_ESC", {"events": [[1], [True]]}, "'events' is no pair"),
        ("ECI-B_ESC", {"events": [[1] * 50, [0]]}, "'events' is no pair"),
        ("ECI-B_ESC", {"words": "Rain fell"}, "'words' is no list"),
        ("CEG-O_E-CARE", {"gt_answer": 3}, "'gt_answer' is missing or no text"),
    ],
)  # fmt: skip
def test_a_malformed_row_is_named_and_the_others_are_read(tmp_path: Path, name: str, change: Row, message: str) -> None:
    task = name.partition("-")[0]
    good = others().get(name) or formal(task, FORK, CONFOUNDED, Q_ATE, "No" if "natural" in name else 0.5)
    path = write(tmp_path, f"{name}_EN", {**good, "index": 1}, {**good, "index": 2, **change}, {**good, "index": 3})
    told: list[str] = []
    items = list(load(path, None, lambda error: told.append(str(error))))
    assert [item.id for item in items] == [f"{name}_EN/1", f"{name}_EN/3"]
    assert len(told) == 1
    assert told[0].startswith(f"{path} line 2")
    assert message in told[0]


def test_an_index_that_comes_twice_is_told(tmp_path: Path) -> None:
    row = formal("ATE", FORK, CONFOUNDED, Q_ATE, -0.48)
    path = write(tmp_path, "ATE-P_ATE-basic_EN", row, row, {**row, "index": 2})
    told: list[str] = []
    items = list(load(path, None, lambda error: told.append(str(error))))
    assert [item.id for item in items] == ["ATE-P_ATE-basic_EN/1", "ATE-P_ATE-basic_EN/2"]
    assert told == [f"{path} line 2: the index 1 was there before"]


def test_reading_is_lazy_and_goes_on_past_a_cut(tmp_path: Path) -> None:
    row = formal("ATE", FORK, CONFOUNDED, Q_ATE, -0.48)
    path = write(tmp_path, "ATE-P_ATE-basic_EN", row)
    with path.open("a") as file:
        file.write('{"index": 2, "given_info": "Imagine')
    (first,) = islice(load(path, None, refuse), 1)
    assert first.id == "ATE-P_ATE-basic_EN/1"
    with pytest.raises(UserError, match="line 2 is not JSON"):
        list(load(path, None, refuse))


def slices(published: Path) -> list[PublishedItem]:
    folder = published / "calm_lite"
    if not folder.is_dir():
        pytest.skip(f"no {folder}")
    return list(benchmark("calm").read(folder, None, refuse))


def test_the_published_slices_are_read(published: Path) -> None:
    items = slices(published)
    assert len({item.id for item in items}) == len(items)
    assert {item.id.partition("_EN/")[0] for item in items} == FILES.keys()
    assert all(item.label for item in items)


def test_every_label_of_the_seven_tasks_is_solved_and_explained(published: Path) -> None:
    items = [item for item in slices(published) if kind_of(item).solver == "effect"]
    findings = [audit(item) for item in items]
    for item, finding in zip(items, findings, strict=True):
        assert finding.truth is not None, item.id
        assert finding.second is not None, item.id
        assert finding.truth.value == pytest.approx(finding.second.value, abs=1e-9), item.id
        assert finding.truth.answer == finding.second.answer, item.id
        assert finding.proof, item.id
    count = Counter(finding.outcome for finding in findings)
    assert count.keys() <= {"confirmed", "rounding"}
    assert all("under do() rounded" in finding.proof for finding in findings if finding.outcome == "rounding")
    if len(items) == 380:
        assert count == {"confirmed": 377, "rounding": 3}


def test_changed_labels_are_noticed(published: Path) -> None:
    items = [item for item in slices(published) if kind_of(item).solver == "effect"][::4]
    for item in items:
        assert item.label is not None
        value = item.label.value
        if value is None:
            other = Truth(None, "No" if item.label.answer == "Yes" else "Yes")
        else:
            other = Truth(value + 0.02 if value < 0.5 else value - 0.02)
        finding = audit(replace(item, label=other))
        assert finding.outcome == "wrong", item.id
        assert "exact" in finding.kinds
        withheld = audit(replace(item, label=None, given={**item.given, "Reason": None}))
        assert (withheld.outcome, withheld.truth) == ("unlabelled", finding.truth)


def test_every_slice_item_of_a_formal_kind_is_understood(published: Path) -> None:
    for item in slices(published):
        if kind_of(item).solver in ("graph", "cladder"):
            finding = audit(item)
            assert finding.outcome not in ("unread", "unlabelled"), (item.id, finding.why)
            assert finding.truth is None or finding.truth == finding.second, item.id
