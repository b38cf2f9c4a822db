"""Tables, pictures and the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rungwise.evaluate import plots
from rungwise.evaluate.report import cells, fenced, final_table, printable, table_markdown, write_report
from rungwise.evaluate.run import evaluate

EVIL = "```\n# Not a heading\n\x1b[31m<script>alert(1)</script>\n````\n"
CURVE = [{"step": i, "reward": i / 40, "seconds": 2.0 * i} for i in range(40)]


@pytest.fixture(scope="module")
def rows() -> dict[str, dict[str, Any]]:
    return {name: evaluate(name, "base", n=14) for name in ("constant", "graph-blind", "exact")}


def picture_size(path: Path) -> tuple[int, int]:
    """Width and height of a PNG."""
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


def test_cells_are_value_accuracies_and_their_mean(rows: dict[str, dict[str, Any]]) -> None:
    found = cells(rows["exact"])
    assert list(found) == [*rows["exact"]["by_task"], "mean"]
    assert found["ATE"][0] == found["mean"][0] == 1.0
    assert found["ATE"][1] < found["mean"][1] < 1, "the mean of seven tasks is known better than one of them"


def test_tables_have_the_rows_in_order(rows: dict[str, dict[str, Any]]) -> None:
    lines = table_markdown(rows).splitlines()
    assert lines[0] == "| task | constant | graph-blind | exact |"
    assert len(lines) == 2 + 7 + 1
    assert lines[-1].startswith("| mean |")
    assert lines[2].endswith("| 100.0 (34-100) |")
    table = final_table(rows)
    assert [column.header for column in table.columns] == ["task", "constant", "graph-\nblind", "exact"]
    assert table.row_count == 8


def test_eight_columns_fit_a_terminal(rows: dict[str, dict[str, Any]]) -> None:
    from rich.console import Console

    names = ["constant", "unadjusted", "graph-blind", "lookup", "cold start", "SFT control", "GRPO", "exact"]
    console = Console(width=80, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(final_table(dict.fromkeys(names, rows["exact"])))
    text = console.export_text()
    assert all(word in text for name in names for word in name.replace("-", "- ").split())
    assert "100.0" in text


def test_the_report_holds_everything_and_text_of_models_stays_text(
    rows: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    facts = {
        "command": "rungwise quickstart --out 'a b'",
        "seconds": 612,
        "training seconds": {"GRPO": 240},
        "difference": (0.08, 0.03, 0.13),
        "real": {**rows["exact"], "strict_corrected": {"accuracy": 0.9}},
    }
    example = {
        "prompt": "graph A->B", "before": EVIL, "after": '{"PROB": "v1-v2"}', "truth": {"value": 0.5, "answer": "Yes"},
        "solution": "path:yes;",
    }  # fmt: skip
    text = write_report(tmp_path, rows, CURVE, [example] * 3, facts).read_text()
    assert text.count("### Problem") == 3
    assert "rungwise quickstart --out 'a b'" in text
    assert "| training seconds | GRPO 240 |" in text
    assert "GRPO is better than continuing the SFT for the same seconds: +8.0 points" in text
    assert "not a general reasoner" in text
    assert "\x1b" not in text
    assert "\n`````text\n```\n# Not a heading\n\\x1b[31m<script>" in text
    for name in ("accuracy.png", "reward.png"):
        assert f"]({name})" in text
        assert picture_size(tmp_path / name)[0] > 500
    assert sorted(p.name for p in tmp_path.iterdir()) == ["accuracy.png", "report.md", "reward.png"]


@pytest.mark.parametrize(
    ("difference", "words"), [((0.01, -0.02, 0.04), "can't be told apart"), ((-0.1, -0.2, -0.05), "is worse")]
)
def test_the_verdict_is_honest(
    difference: tuple[float, float, float], words: str, rows: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    assert words in write_report(tmp_path, rows, [], [], {"difference": difference}).read_text()
    assert not (tmp_path / "reward.png").exists()


def test_fences_are_longer_than_what_they_hold() -> None:
    assert fenced("a").splitlines() == ["```text", "a", "```"]
    assert fenced("``````").splitlines() == ["```````text", "``````", "```````"]
    assert "characters more" in fenced("x" * 20_000)
    assert printable("a\r\x00\tb\n") == "a\\x0d\\x00    b\n"


def test_pictures(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    points = [
        {"method": m, "solutions": s, "accuracy": a, "lo": a - 0.05, "hi": a + 0.05}
        for m, values in {"SFT": (0.2, 0.5, 0.7), "GRPO": (0.4, 0.55, 0.6)}.items()
        for s, a in zip((25, 100, 3500), values, strict=True)
    ]
    made = [
        plots.crossover(points, tmp_path / "new" / "crossover.png"),
        plots.reward_curve(CURVE[:1], tmp_path / "one.png"),
        plots.reward_curve([], tmp_path / "none.png"),
        plots.bar_chart({"GRPO": {"ATE": (0.5, 0.4, 0.6)}, "exact": {"ATE": (1.0, 0.9, 1.0), "PN": (1.0, 0.9, 1.0)}},
                        tmp_path / "bars.png"),
    ]  # fmt: skip
    for path in made:
        width, height = picture_size(path)
        assert width > height > 300
    assert not list(tmp_path.glob(".*"))
