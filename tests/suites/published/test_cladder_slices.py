"""CLadder's published files and o1's answers to it, where a copy is at hand."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from rungwise.causal.inference import marginal_joint
from rungwise.scoring.choice import final_choice
from rungwise.suites.published import cladder
from rungwise.suites.published.cladder_audit import audit
from rungwise.suites.published.cladder_model import counterfactual, from_file
from rungwise.suites.published.cladder_text import read
from rungwise.suites.published.item import Finding, PublishedItem, Truth, refuse

Audited = list[tuple[PublishedItem, Finding]]


@pytest.fixture(scope="module")
def questions(published: Path) -> Audited:
    folder = published / "cladder"
    if not folder.is_dir():
        pytest.skip(f"no CLadder in {published}")
    return [(item, audit(item)) for item in cladder.BENCHMARK.read(folder, None, refuse)]


@pytest.fixture(scope="module")
def answered(published: Path) -> Path:
    folder = published / "o1_cladder"
    if not folder.is_dir():
        pytest.skip(f"no o1 answers in {published}")
    return folder


def test_every_item_is_read_and_two_roads_agree(questions: Audited) -> None:
    assert len({item.id for item, _ in questions}) == len(questions)
    for item, finding in questions:
        assert finding.outcome != "unread", (item.id, finding.why)
        assert finding.second == finding.truth, item.id


def test_labels_contradict_what_is_displayed_only_where_rules_leave_the_graph(questions: Audited) -> None:
    """The generator's rule for one variable of its diamondcut graph is not that of the text."""
    wrong = [item for item, finding in questions if finding.outcome == "wrong"]
    assert {(item.task, item.given["meta"]["graph_id"]) for item in wrong} <= {("det-counterfactual", "diamondcut")}
    assert sum(finding.outcome == "confirmed" for _, finding in questions) > 0.9 * len(questions)


def test_undetermined_items_are_of_known_kinds(questions: Audited) -> None:
    reasons = Counter(
        (item.task, item.given["meta"]["graph_id"]) if "do not identify" in finding.why else finding.why.split()[0]
        for item, finding in questions
        if finding.outcome == "undetermined"
    )
    known = {"the", "both", ("ett", "confounding"), ("nde", "arrowhead"), ("nie", "arrowhead"), ("ate", "IV")}
    assert set(reasons) <= known


def test_worked_arithmetic_is_off_in_whole_families(questions: Audited) -> None:
    off: dict[str, list[bool]] = defaultdict(list)
    for item, finding in questions:
        off[item.task].append("own-solution" in finding.kinds)
    assert sum(off["marginal"]) > 0.9 * len(off["marginal"])
    assert sum(off["nde"]) > 0.9 * len(off["nde"])
    assert not any(off["correlation"])


def test_published_values_are_wrong_where_marginals_were_multiplied(published: Path, questions: Audited) -> None:
    """P(Y=1) in seven of ten graphs, effects in arrowhead alone."""
    off: set[tuple[str, str]] = set()
    for entry in json.loads((published / "cladder" / "test-model-meta.json").read_text()):
        if entry["equation_type"] != "bernoulli":
            continue
        shown = read(entry["background"], "Is a more likely than b overall?")
        model, at = from_file(entry, shown.names, shown.graph)
        x, y = at["X"], at["Y"]
        values = {"P(Y=1)": float(marginal_joint(model, [y])[1])}
        values |= {f"{k.upper()}(Y | X)": counterfactual(k, model, x, y, 1) for k in ("ate", "ett", "nde", "nie")}
        for name, value in values.items():
            if abs(value - entry["groundtruth"][name]) > 1e-3:
                off.add((name, entry["graph_id"]))
    assert {graph for name, graph in off if name == "P(Y=1)"} == {
        "IV", "arrowhead", "confounding", "diamond", "diamondcut", "frontdoor", "mediation"
    }  # fmt: skip
    assert {graph for name, graph in off if name != "P(Y=1)"} == {"arrowhead"}
    audited = {
        (item.task, item.given["meta"]["graph_id"])
        for item, finding in questions
        if "is wrong, displayed" in finding.proof
    }
    assert {graph for task, graph in audited if task != "marginal"} <= {"arrowhead"}


def test_calms_rows_have_the_same_audit(published: Path) -> None:
    folder = published / "calm_lite"
    if not folder.is_dir():
        pytest.skip(f"no CaLM in {published}")
    outcomes: Counter[str] = Counter()
    for path in sorted(folder.rglob("*.json")):
        for line in path.read_text().splitlines():
            row: dict[str, Any] = json.loads(line)
            if "desc_id" in row:
                text = f"{row['given_info']}\nQuestion: {row['question']}"
                yes = Truth(answer=row["gt_answer"].capitalize())
                finding = audit(PublishedItem(row["desc_id"], row["meta"]["query_type"], text, yes, given=row))
                assert finding.second == finding.truth
                outcomes[finding.outcome] += 1
    assert set(outcomes) <= {"confirmed", "undetermined"}
    assert outcomes["confirmed"] > 0.9 * outcomes.total()


def test_o1s_answers_score_as_recorded_but_where_there_is_no_answer(answered: Path) -> None:
    """The record has an answer, read by another model, for completions that are empty because they were cut off."""
    items = {i.id: i for i in cladder.BENCHMARK.read(answered / "o1_preview_processed.jsonl", None, refuse)}
    with (answered / "o1_preview_raw.jsonl").open() as file:
        raw = [json.loads(line) for line in file]
    joined = 0
    for row in raw:
        text, recorded = row["raw_inference_result"], row["parsed_result_answer"].capitalize()
        found = final_choice(text, cladder.YES_NO)
        if not text:
            assert found.option is None
            assert row["usage"]["inference"]["completion_tokens"] % 1024 == 0  # the run's limits
            continue
        assert found.option == recorded, (row["question_id"], text)
        item = items.get(str(row["question_id"]))
        if item is not None:
            joined += 1
            right = item.given["parsed_result_answer"] == item.given["answer"]
            assert cladder.strict(text, item).score == right
    assert joined


def test_o1s_table_is_audited(answered: Path) -> None:
    findings = [audit(i) for i in cladder.BENCHMARK.read(answered / "o1_preview_processed.jsonl", None, refuse)]
    assert {finding.outcome for finding in findings} == {"confirmed", "undetermined"}
    assert all(finding.second == finding.truth for finding in findings)
