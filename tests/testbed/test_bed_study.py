"""The test bed's study: its plan, and one run through real processes."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

pytest.importorskip("torch")
pytest.importorskip("trl")
pytest.importorskip("matplotlib")

from rungwise.posttrain.settings import recipe
from rungwise.study import study
from rungwise.testbed.study import plan


def test_every_cell_is_there_once_and_after_what_it_starts_from():
    cells = plan(recipe("capt-tiny"))
    folders = [cell.folder for cell in cells]
    assert len(set(folders)) == len(folders)
    for i, cell in enumerate(cells):
        assert not cell.start or cell.start in folders[:i]
    kinds = [cell.kind for cell in cells]
    trunks, seeds, bases = 2, 3, 3 + 1  # three strengths of the first family, one of the second
    trained = 2 * 4 + 2 * 2 + 3 * 2  # the table's modes; two more strengths; three more counts
    assert kinds.count("pretrain") == trunks + seeds * bases
    assert kinds.count("sft") == seeds * trained
    assert kinds.count("grpo") == seeds * 2
    assert kinds.count("answers") == seeds * (trained + 2 + 2 * bases)


def test_arms_of_a_seed_differ_in_what_is_done_to_names_alone():
    cells = [c for c in plan(recipe("capt-tiny")) if c.kind == "sft" and c.folder.startswith("ladder")]
    about = {mode: [c for c in cells if c.about["mode"] == mode] for mode in ("none", "order", "random", "original")}
    starts = [[(c.seed, c.start, c.about["count"], c.about["strength"]) for c in own] for own in about.values()]
    assert len(starts[0]) == 3
    assert all(own == starts[0] for own in starts)


@pytest.mark.slow
def test_a_small_study_runs_is_reported_and_is_not_done_twice(tmp_path):
    sets = [
        "study.seeds=2", "study.items=12", "testbed.families=ladder", "testbed.grpo=true", "sft.steps=2",
        "testbed.hidden=32", "testbed.layers=1", "testbed.heads=2", "grpo.steps=1", "grpo.prompts=4", "grpo.group=2",
    ]  # fmt: skip
    chosen = recipe("capt-tiny", sets, smoke=True)
    told = []
    results = study(chosen, tmp_path / "bed", 2, lambda name, row: told.append(row), "rungwise study")
    table = results["table"]["ladder"]
    assert list(table) == [
        "common sense alone", "none", "order", "random", "original", "grpo", "base-none", "base-random",
    ]  # fmt: skip
    assert table["common sense alone"]["id"]["mean"] > 0.7 > 0.3 > table["common sense alone"]["anti"]["mean"]
    assert table["common sense alone"]["non"]["mean"] == 0.5
    for row in table.values():
        for cell in row.values():
            assert 0 <= cell["interval"][0] <= cell["mean"] <= cell["interval"][1] <= 1
    # Names abstracted and put back are the names: the same texts, seeds and steps give the same model.
    assert table["none"] == table["original"]
    for name in ("strengths.png", "counts.png", "report.md", "report.html"):
        assert (tmp_path / "bed" / name).stat().st_size > 1000
    rows = (tmp_path / "bed/ladder/bias-0.95/seed-1/20/answers-random/anti/predictions.jsonl").read_text().splitlines()
    assert len(rows) == 12
    assert all(json.loads(row)["treated"] for row in rows)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "bed").rglob("*.safetensors")}
    again = study(chosen, tmp_path / "bed", 2, lambda name, row: None, "rungwise study")
    assert again["table"] == results["table"]
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "bed").rglob("*.safetensors")}
    changed = replace(chosen, sft=replace(chosen.sft, lr=2e-3))
    with pytest.raises(Exception, match="sft"):
        study(changed, tmp_path / "bed", 2, lambda name, row: None, "rungwise study")
