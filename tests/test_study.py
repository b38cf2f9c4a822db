"""A whole study with a model of a few thousand parameters: cells, workers, kills, the report."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("trl")
pytest.importorskip("matplotlib")

sys.path.append(str(Path(__file__).parent / "posttrain"))

from tiny_runs import save_talking, tiny_recipe

import rungwise.study
from rungwise import cli
from rungwise.errors import UserError
from rungwise.files import write_json
from rungwise.posttrain.settings import StudySettings, TrainRecipe
from rungwise.report.published import BASE
from rungwise.report.words import p_text
from rungwise.study import Forecast, check, deciding, plan, same_seconds, study
from rungwise.study_cells import Cell

ROWS = ["cold_start", "sft", "grpo", "constant", "unadjusted", "graph-blind", "lookup", "exact"]
COMMAND = "rungwise study --out 'a b'"


def recipe(model: Path, **chosen: Any) -> TrainRecipe:
    """Ended by steps, so that every run of it is the same."""
    found = tiny_recipe(model, 600.0)
    settings: dict[str, Any] = {"methods": ("sft", "grpo"), "seeds": 2, "suites": ("base", "insufficient"), "items": 7}
    return replace(
        found,
        cold_start=replace(found.cold_start, steps=6, lr=1e-3),
        sft=replace(found.sft, steps=6),
        grpo=replace(found.grpo, steps=8),
        study=StudySettings(**{**settings, **chosen}),
    )


def ignore(stage: str, row: dict[str, Any]) -> None:
    pass


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_talking(tmp_path_factory.mktemp("talking"))


@pytest.fixture(scope="module")
def finished(model: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], list[Any]]:
    """A study that nobody disturbed: its folder, what it returned and what it reported."""
    out = tmp_path_factory.mktemp("study") / "run"
    told: list[Any] = []
    result = study(recipe(model), out, 1, lambda stage, row: told.append((stage, row)), COMMAND)
    return out, result, told


def test_every_cell_is_an_ordinary_run(finished: tuple[Path, dict[str, Any], list[Any]], model: Path) -> None:
    out, _, _ = finished
    for seed in (0, 1):
        folder = out / f"seed-{seed}"
        start = str(folder / "cold_start" / "model")
        settings = {m: json.loads((folder / m / "settings.json").read_text()) for m in ("cold_start", "sft", "grpo")}
        assert [s["start"] for s in settings.values()] == [str(model), start, start]
        assert {s["seed"] for s in settings.values()} == {seed}
        done = {m: json.loads((folder / m / "done.json").read_text()) for m in settings}
        assert [done[m]["steps"] for m in settings] == [6, 6, 8]
        for name in settings:
            results = json.loads((folder / "evaluate" / name / "base" / "results.json").read_text())
            assert (results["n"], results["seed"], results["model"]) == (7, seed, str(folder / name / "model"))
    ids = [
        [json.loads(line)["id"] for line in (out / place / "base" / "predictions.jsonl").read_text().splitlines()]
        for place in ("seed-0/evaluate/sft", "seed-0/evaluate/grpo", "seed-1/evaluate/sft")
    ]
    assert ids[0] == ids[1]
    assert not set(ids[0]) & set(ids[2])


def test_the_numbers_are_those_of_the_evaluations(finished: tuple[Path, dict[str, Any], list[Any]]) -> None:
    out, result, _ = finished
    assert json.loads((out / "results.json").read_text()) == json.loads(json.dumps(result))
    for suite in ("base", "insufficient"):
        assert list(result["accuracy"][suite]) == ROWS
        for name in ROWS:
            place = name if name in ROWS[:3] else f"references/{name}"
            found = [
                json.loads((out / f"seed-{s}" / "evaluate" / place / suite / "results.json").read_text())
                for s in (0, 1)
            ]
            row = result["accuracy"][suite][name]
            means = [r["mean_over_tasks"]["value_accuracy"] for r in found]
            assert row["value"]["mean"]["by_seed"] == pytest.approx(means)
            assert row["value"]["mean"]["mean"] == pytest.approx(sum(means) / 2)
            strict = [r["by_task"]["ATE"]["accuracy"] for r in found]
            assert row["strict"]["ATE"]["mean"] == pytest.approx(sum(strict) / 2)
    exact = result["accuracy"]["base"]["exact"]["value"]["mean"]
    assert exact["mean"] == 1
    pairs = [(c["question"], c["a"], c["b"]) for c in result["comparisons"]["base"]]
    assert pairs == [("gain", "sft", "cold_start"), ("gain", "grpo", "cold_start"), ("between", "sft", "grpo")]
    assert result["cost"]["grpo"]["steps"] == 8
    assert result["cost"]["grpo"]["samples"] == 8 * 2 * 4 // 2
    assert result["cost"]["sft"]["samples"] == 6 * 4
    wrong = result["errors"]["base"]["sft"]
    assert wrong["answers"] == 14
    assert sum(wrong["kinds"].values()) == sum(wrong["steps"].values()) == wrong["wrong"]


def numbers(value: Any) -> Iterator[float]:
    """Every number in a JSON value."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for part in value:
            yield from numbers(part)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield value


def test_the_report_holds_every_number(finished: tuple[Path, dict[str, Any], list[Any]]) -> None:
    out, result, _ = finished
    text, page = (out / "report.md").read_text(), (out / "report.html").read_text()
    told = set(re.findall(r"[-+]?\d+(?:\.\d+)?", text))
    shares = [*numbers(result["accuracy"])]
    assert {f"{100 * share:.1f}" for share in shares} <= told
    for comparison in (c for rows in result["comparisons"].values() for c in rows):
        assert f"{100 * comparison['difference']:+.1f}" in told
        assert {f"{100 * share:+.1f}" for share in comparison["by_seed"]} <= told
        assert {f"{100 * end:.1f}" for end in comparison["interval"]} <= told
        assert {p_text(comparison[p]).lstrip("< ") for p in ("p_seeds", "p_items", "p", "p_holm")} <= told
    for cost in result["cost"].values():
        assert {f"{cost[k]:.0f}" for k in ("seconds", "steps", "samples")} <= told
    assert {str(int(n)) for n in numbers(result["errors"])} <= told
    for number in told:
        assert number in page
    for name in ("tasks", "suites", "sft-loss", "grpo-reward"):
        assert (out / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert f"![{name}]({name}.png)" in text
    assert page.count("data:image/png;base64,") == text.count("](")
    assert "//" not in re.sub(r"base64,[^\"]*", "", page)
    assert COMMAND in text


def test_published_rows_are_labelled(finished: tuple[Path, dict[str, Any], list[Any]]) -> None:
    out, _, _ = finished
    text = (out / "report.md").read_text()
    assert "another model at another scale: published reference (CauGym, arXiv 2602.06337)" in text
    for name in BASE:
        assert f"| {name} (published) |" in text
    assert "| GRPO 14B (published) | 99.0 | 99.4 | 90.0 | 94.0 | 93.0 | 92.8 | 86.6 | 93.5 |" in text
    assert "| GRPO 14B (published) | 93.5 | 86.0 |" in text
    assert "With 2 seeds the intervals and tests are over items only" in text
    assert "the same for every method" in text


def test_progress_counts_cells_and_says_when(finished: tuple[Path, dict[str, Any], list[Any]]) -> None:
    _, _, told = finished
    rows = [row for stage, row in told if stage == "study"]
    assert {stage for stage, _ in told} <= {"study", "worker 1"}
    assert rows[-1]["note"] == "14 of 14 cells, about 0 min left"
    assert rows[-1]["done"] == pytest.approx(rows[-1]["of"])
    assert all(0 <= row["done"] <= row["of"] + 1e-6 for row in rows)


def test_the_same_call_again_only_reports_and_text_of_models_stays_text(
    finished: tuple[Path, dict[str, Any], list[Any]], model: Path, tmp_path: Path
) -> None:
    out, result, _ = finished
    copy = tmp_path / "copy"
    shutil.copytree(out, copy)
    for name in ("cold_start", "sft", "grpo"):
        path = copy / "seed-0" / "evaluate" / name / "base" / "predictions.jsonl"
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        path.write_text("".join(json.dumps({**r, "text": "</pre>```<script>alert(1)</script>"}) + "\n" for r in rows))
    told: list[Any] = []
    again = study(recipe(model), copy, 2, lambda stage, row: told.append(row), COMMAND)
    assert told == []
    assert {**again, "report": ""} == {**result, "report": ""}
    page = (copy / "report.html").read_text()
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "````text\n</pre>```<script>alert(1)</script>\n````" in (copy / "report.md").read_text()


def test_other_settings_are_refused_by_name_but_a_study_can_grow(
    finished: tuple[Path, dict[str, Any], list[Any]], model: Path
) -> None:
    out, _, _ = finished
    chosen = recipe(model)
    changed = replace(chosen, solutions=3, grpo=replace(chosen.grpo, lr=1.0))
    with pytest.raises(UserError, match=r"other settings \(grpo, solutions\)"):
        study(changed, out, 1, ignore, "")
    with pytest.raises(UserError, match=r"other settings \(study\)"):
        study(recipe(model, items=14), out, 1, ignore, "")
    grown = recipe(model, seeds=5, methods=("sft", "dpo", "grpo"), suites=("base", "hard"), budgets=(4,))
    assert deciding(grown) == deciding(chosen)
    left = [cell for cell in plan(grown) if not cell.finished(out)]
    assert "seed-0/grpo" not in {cell.folder for cell in left}
    assert {"seed-0/dpo", "seed-0/evaluate/grpo", "seed-4/cold_start"} <= {cell.folder for cell in left}


@pytest.mark.parametrize(
    ("chosen", "workers", "message"),
    [
        ({"suites": ("bsae",)}, 1, "unknown suite 'bsae'; did you mean 'base'"),
        ({"suites": ("base", "base")}, 1, "a suite is named twice: base, base"),
        ({"suites": ("rephrased",)}, 1, "natural view"),
        ({"suites": ()}, 1, "at least one method and one suite"),
        ({"methods": ("cold_start", "sft")}, 1, "name only the methods that follow it"),
        ({}, 0, "--workers must be at least 1"),
    ],
)
def test_slips_are_found_before_anything_runs(
    chosen: dict[str, Any], workers: int, message: str, model: Path, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=message):
        study(recipe(model, **chosen), tmp_path / "run", workers, ignore, "")
    with pytest.raises(UserError, match="no model folder"):
        check(replace(recipe(model), model="./nowhere"), 1)
    assert not (tmp_path / "run").exists()


def test_the_plan_shares_what_a_budget_has_already(model: Path) -> None:
    cells = {cell.folder: cell for cell in plan(recipe(model, budgets=(1, 2), seeds=1))}
    assert [f for f in cells if f.startswith("budget")] == [
        "budget-1/seed-0/cold_start",
        "budget-1/seed-0/sft",
        "budget-1/seed-0/grpo",
        "budget-1/seed-0/evaluate/cold_start",
        "budget-1/seed-0/evaluate/sft",
        "budget-1/seed-0/evaluate/grpo",
    ]
    assert cells["budget-1/seed-0/sft"] == Cell("budget-1/seed-0/sft", "sft", 0, "budget-1/seed-0/cold_start", 1)
    assert cells["seed-0/sft"].solutions == 2
    # The first suite alone is asked for budgets; where the folder is the main one, it has all suites.
    assert cells["budget-1/seed-0/evaluate/sft"].suites == ("base",)
    assert cells["seed-0/evaluate/sft"].suites == ("base", "insufficient")


def test_the_study_can_set_all_times(model: Path) -> None:
    own = recipe(model)
    assert same_seconds(own) == own
    found = same_seconds(recipe(model, seconds=7, cold_start_seconds=9))
    assert [getattr(found, m).seconds for m in ("cold_start", "sft", "dpo", "kto", "ppo", "grpo")] == [9, 7, 7, 7, 7, 7]


def test_the_forecast_learns_from_finished_cells(model: Path, tmp_path: Path) -> None:
    chosen = recipe(model, seeds=1)
    cells = plan(chosen)
    forecast = Forecast(chosen, tmp_path, cells, 1)
    cold, sft = cells[0], cells[1]
    assert forecast.seconds(sft) == 605
    half = forecast.heard(0, cold, {"done": 300, "of": 600})
    assert half["done"] == pytest.approx(302.5)
    after = forecast.heard(0, cold, {"finished": 50.0})
    assert after["done"] == 50
    assert after["note"].startswith("1 of 7 cells")
    assert forecast.seconds(cold) == 50
    evaluation = next(cell for cell in cells if cell.kind == "evaluate")
    before = after["of"]
    learnt = forecast.heard(0, evaluation, {"finished": 10.0})
    # Ten of it, and each of the two that are left is taken to need ten as well, not the first guess.
    assert learnt["of"] == pytest.approx(before - 3 * 50)


def test_one_study_at_a_time(
    finished: tuple[Path, dict[str, Any], list[Any]], model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, _, _ = finished
    monkeypatch.setattr(rungwise.study, "PATIENCE", 0.2)
    with (out / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(UserError, match="another study is running in"):
            study(recipe(model), out, 1, ignore, "")


def test_a_failing_cell_stops_the_study_with_its_line(model: Path, tmp_path: Path) -> None:
    chosen = recipe(model, seeds=1)
    for method in ("cold_start", "sft", "grpo"):  # said to be done, but their models are lost
        write_json(tmp_path / "seed-0" / method / "done.json", {"seconds": 1.0})
    with pytest.raises(UserError, match=r"^seed-0/evaluate/\w+: there is no model folder .*seed-0/\w+/model$"):
        study(chosen, tmp_path, 2, ignore, "")


def test_seconds_that_would_be_ignored_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["study", "--out", str(tmp_path / "run"), "--set", "study.seconds=9", "--set", "sft.seconds=5"]
    assert cli.run(given) == 2
    assert "study.seconds decides sft.seconds" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def start(out: Path, given: Path) -> subprocess.Popen[str]:
    """The command line in a process group of its own."""
    environment = {**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1]), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "rungwise.cli", "study", "--recipe", str(given), "--workers", "2", "--json"]
    return subprocess.Popen(
        [*command, "--out", str(out)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )


def children(pid: int) -> list[int]:
    """Processes that a process started."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found]


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def wait(what: Callable[[], bool], process: subprocess.Popen[str] | None = None, seconds: float = 400.0) -> None:
    give_up = time.monotonic() + seconds
    while not what():
        assert process is None or process.poll() is None, process.communicate()
        assert time.monotonic() < give_up
        time.sleep(0.02)


@pytest.mark.slow
def test_killed_anywhere_it_ends_as_if_nothing_had_happened(
    finished: tuple[Path, dict[str, Any], list[Any]], model: Path, tmp_path: Path
) -> None:
    out, given = tmp_path / "run", tmp_path / "recipe.yaml"
    given.write_text(yaml.safe_dump(json.loads(json.dumps(asdict(recipe(model))))))
    moments: list[tuple[str, str]] = [
        ("parent", "seed-0/cold_start/settings.json"),
        ("worker", "seed-0/cold_start/checkpoint-4"),
        ("parent", "seed-0/grpo/metrics.jsonl"),
        ("interrupt", "seed-0/evaluate/cold_start/base/predictions.jsonl"),
        ("worker", "seed-1/evaluate/sft/base/results.json"),
    ]
    for who, file in moments:
        process = start(out, given)
        # The file may be there from before, when the workers are not yet.
        wait(lambda path=out / file, pid=process.pid: path.exists() and len(children(pid)) == 2, process)  # type: ignore[misc]
        workers = children(process.pid)
        if who == "worker":
            os.kill(workers[0], signal.SIGKILL)
        else:
            os.kill(process.pid, signal.SIGKILL if who == "parent" else signal.SIGINT)
        _, errors = process.communicate(timeout=200)
        wait(lambda pids=workers: all(map(gone, pids)), seconds=20)  # type: ignore[misc]
        assert not (out / "results.json").exists()
        if who == "worker":
            assert process.returncode == 2
            assert "its process ended with -9; the same command resumes" in errors
        if who == "interrupt":
            assert process.returncode == 130
    process = start(out, given)
    printed, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    found, (_, whole, _) = json.loads(printed), finished
    for part in ("accuracy", "comparisons", "errors", "seeds", "methods"):
        assert found[part] == json.loads(json.dumps(whole[part])), part
    steps = {method: cost["steps"] for method, cost in found["cost"].items()}
    assert steps == {method: cost["steps"] for method, cost in whole["cost"].items()}
    metrics = [json.loads(line)["step"] for line in (out / "seed-0/grpo/metrics.jsonl").read_text().splitlines()]
    assert metrics == sorted(metrics)


@pytest.mark.slow
def test_budgets_make_a_figure(model: Path, tmp_path: Path) -> None:
    result = study(recipe(model, seeds=1, suites=("base",), budgets=(1, 2)), tmp_path, 1, ignore, COMMAND)
    found = [(point["solutions"], point["method"]) for point in result["budgets"]]
    assert found == [(b, m) for b in (1, 2) for m in ("cold_start", "sft", "grpo")]
    main = result["accuracy"]["base"]["grpo"]["value"]["mean"]
    assert result["budgets"][-1]["accuracy"] == pytest.approx(main["mean"])
    text = (tmp_path / "report.md").read_text()
    assert "## What worked solutions buy" in text
    assert (tmp_path / "budgets.png").read_bytes().startswith(b"\x89PNG")
    for point in result["budgets"]:
        assert f"{100 * point['accuracy']:.1f} ({100 * point['lo']:.1f} to {100 * point['hi']:.1f})" in text
