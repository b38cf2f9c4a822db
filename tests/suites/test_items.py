"""Wordings and annotations of a suite's items: the same problems in other words."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest

import rungwise
from rungwise.errors import UserError
from rungwise.evaluate.questions import load_suite
from rungwise.problems.problem import Problem
from rungwise.suites.folder import write_folder
from rungwise.suites.items import LEVELS, SUITES, WORDINGS, Item, generate, to_text
from rungwise.suites.rows import read_rows
from rungwise.suites.shards import Request
from rungwise.suites.verify import verify_folder

N = 14


def texts(suite: str, n: int = N, **options: object) -> list[str]:
    return [item.text for item in generate(suite, n, 5, **options)]  # type: ignore[arg-type]


def said(item: Item) -> Problem:
    """What the text says, as far as it is said: without model and truth."""
    return item.problem.with_(truth=None, steps=(), model=None)


@pytest.mark.parametrize("suite", ["rephrased", "omitted"])
def test_the_problems_are_those_of_base(suite: str) -> None:
    base, other = list(generate("base", N, 5)), list(generate(suite, N, 5))
    assert [item.id for item in other] == [item.id for item in base]
    assert [item.problem.to_dict() for item in other] == [item.problem.to_dict() for item in base]
    assert not {item.text for item in other} & {item.text for item in base}
    assert texts("base", wording=suite) == [item.text for item in other]
    for item in other:
        assert ("Instruction:" in item.text) == (suite == "rephrased")
        assert rungwise.read(item.text) == said(item)
        assert to_text(item.problem, "natural") != item.text


def test_any_part_can_be_made_alone() -> None:
    whole = texts("rephrased")
    assert [item.text for item in generate("rephrased", 4, 5, start=6)] == whole[6:10]
    assert [item.text for item in islice(generate("rephrased", N, 6), 3)] != whole[:3]


@pytest.mark.parametrize(
    ("suite", "options"),
    [("decisive", {}), ("decisive", {"level": "hard"}), ("insufficient", {}), ("insufficient", {"sufficient": 0.3})],
)
def test_pairs_are_the_same_in_any_pieces(
    suite: str, options: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = [item.problem.to_dict() for item in generate(suite, 60, 5, **options)]  # type: ignore[arg-type]
    at = 0
    for size in (1, 2, 3, 15, 39):
        piece = generate(suite, size, 5, start=at, **options)  # type: ignore[arg-type]
        assert [item.problem.to_dict() for item in piece] == whole[at : at + size]
        at += size
    monkeypatch.setattr("rungwise.problems.sampler.POOL", 7)
    assert [item.problem.to_dict() for item in generate(suite, 60, 5, **options)] == whole  # type: ignore[arg-type]


@pytest.mark.parametrize("suite", [suite for suite in SUITES if suite not in WORDINGS])
def test_every_suite_has_every_wording(suite: str) -> None:
    for wording in WORDINGS:
        for item in generate(suite, 4, 2, wording=wording, annotate=True):
            assert item.problem.meta["annotated"]
            assert rungwise.read(item.text) == said(item)


def test_twins_are_worded_apart() -> None:
    first, second, *_ = generate("base", 2, 5, wording="rephrased", twins=True)
    assert first.problem.meta["twin"] == second.id
    assert first.text.split("\n")[0] != second.text.split("\n")[0]


def test_three_outcome_values_are_said_and_read() -> None:
    for item in generate("rephrased", 5, 1, outcome_values=3):
        assert "in between" in item.text
        assert rungwise.read(item.text) == said(item)


def test_annotated_text_is_made_again_from_the_problem() -> None:
    for plain, item in zip(generate("base", 7, 5), generate("base", 7, 5, annotate=True), strict=True):
        assert item.id == plain.id
        assert item.text != plain.text
        assert to_text(Problem.from_dict(item.problem.to_dict()), "natural") == item.text


@pytest.mark.parametrize(
    ("suite", "view", "options", "message"),
    [
        ("base", "natural", {"wording": "bogus"}, "unknown wording 'bogus'; wordings are plain, rephrased, omitted"),
        ("omitted", "natural", {"wording": "rephrased"}, "omitted has a wording of its own"),
        ("base", "formal", {"wording": "omitted"}, "the wording 'omitted' is for the natural view"),
        ("rephrased", "slots", {}, "the wording 'rephrased' is for the natural view"),
        ("base", "slots", {"annotate": True}, "annotating is for the natural view"),
    ],
)
def test_what_has_no_wording_is_refused(suite: str, view: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        generate(suite, 1, 0, view, **options)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_the_suites_can_be_evaluated_on() -> None:
    found = load_suite("omitted", n=3)
    assert [q.prompt for q in found.questions] == [item.text for item in generate("omitted", 3)]
    assert found.view == "natural"
    with pytest.raises(UserError, match="is for the natural view"):
        load_suite("rephrased", "slots", n=3)


def test_folders_of_them_are_verified_and_read_back(tmp_path: Path) -> None:
    options = {"annotate": True}
    write_folder(tmp_path / "made", Request(("rephrased", "omitted", "monotone"), 21, seed=3, options=options))
    assert verify_folder(tmp_path / "made")["violations"] == []
    rows = [row for _, row in read_rows(tmp_path / "made" / "omitted")]
    assert [q.prompt for q in load_suite(str(tmp_path / "made" / "omitted")).questions] == [r["text"] for r in rows]


def test_a_folder_with_another_number_in_a_text_fails(tmp_path: Path) -> None:
    write_folder(tmp_path / "made", Request(("rephrased",), 7, seed=3))
    (file,) = (tmp_path / "made").glob("rephrased/*.jsonl")
    number = next(iter(generate("rephrased", 1, 3))).problem.facts[0].value
    file.write_text(file.read_text().replace(f" {number:.4f}", " 0.5555", 1))
    assert any("text: it is not the problem's" in found["what"] or found["kind"] == "text"
               for found in verify_folder(tmp_path / "made")["violations"])  # fmt: skip


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("suite", [suite for suite in SUITES if suite not in ("decisive", *WORDINGS)])
def test_every_level_goes_with_every_suite(suite: str, level: str) -> None:
    nodes, _ = LEVELS[level]
    for item in generate(suite, 14, seed=3, level=level):
        assert min(nodes) <= item.problem.graph.n <= max(nodes)
