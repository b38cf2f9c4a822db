"""The main job from end to end with a tiny model: its files, its result, and two kills on the way."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")
pytest.importorskip("matplotlib")

from caugym_rows import ATE, ETT, LACK, PN, UNREADABLE, ZERO, write
from killed import kill
from ticks import Ticks

import rungwise.evaluate.run
import rungwise.posttrain.run
from rungwise.errors import UserError
from rungwise.posttrain import common
from rungwise.pretrain.tokenizer import make_tokenizer
from rungwise.pretrain.train import PretrainRecipe, make_model
from rungwise.problems.baselines import BASELINES
from rungwise.problems.problem import TASKS
from rungwise.quickstart import STAGES, quickstart

KEYS = ["seconds", "cold_start", "sft_control", "grpo", "real", "report"]
RESULTS = {"suite", "view", "model", "n", "samples", "accuracy", "value_accuracy", "answer_accuracy"}
RESULTS |= {"unparsed", "unread", "by_task", "interval", "baselines"}
SECONDS = 30.0
"""Of every training stage, on a clock that counts how often it is read."""
REAL = [ATE, ETT, PN, ZERO, LACK, UNREADABLE]


def start(out: Path, report: Any, *, real: Path | None = None, seed: int = 0) -> Any:
    overrides = [f"model={out.parent / 'tiny'}", "solutions=2", "questions=14", "grpo.max_completion=8"]
    for method in ("cold_start", "sft", "grpo"):
        overrides += [f"{method}.seconds={SECONDS}", f"{method}.save_every=4"]
    overrides += ["cold_start.batch=4", "sft.batch=4", "grpo.prompts=4", "grpo.group=4", "ppo.prompts=4"]
    return quickstart(out, seed, real, True, overrides, report, "rungwise quickstart --smoke")


def stall(out: Path, stage: str, after: int) -> None:
    """Run, and stop moving in one stage. For a process that is going to be killed."""

    def report(name: str, row: dict[str, Any]) -> None:
        if name == stage and row.get("step", row.get("done")) >= after:
            (out / f"stalled in {name}").touch()
            time.sleep(1000)

    common.time = Ticks()  # type: ignore[assignment]
    start(out, report)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], list[str]]:
    """A run that was killed during GRPO and again while it was evaluated; then the stages that the last start went
    through."""
    out = tmp_path_factory.mktemp("quickstart") / "run"
    make_model(PretrainRecipe(hidden=32, layers=1, heads=2)).save_pretrained(out.parent / "tiny")
    make_tokenizer().save_pretrained(out.parent / "tiny")
    for stage, after in (("GRPO", 6), ("evaluate sft_control", 60)):
        kill(stall, out, stage, after, when=(out / f"stalled in {stage}").exists)
    stages: list[str] = []
    real = write(out.parent / "real.json", REAL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(common, "time", Ticks())
        result, _ = start(out, lambda name, row: stages.append(name), real=real)
    return out, result, list(dict.fromkeys(stages))


def test_the_result_is_the_interfaces(finished: tuple[Path, dict[str, Any], list[str]]) -> None:
    out, result, _ = finished
    assert list(result) == KEYS
    assert json.loads(json.dumps(result)) == result
    assert result["seconds"] > 0
    assert result["report"] == str(out / "report.md")
    for stage in STAGES:
        assert result[stage].keys() >= RESULTS
        assert (result[stage]["n"], result[stage]["view"]) == (70, "slots")
        assert result[stage]["model"] == str(out / stage / "model")
        assert result[stage]["baselines"].keys() == set(BASELINES)
    assert result["real"]["n"] == len(REAL)
    assert result["real"]["model"] == str(out / "grpo" / "model")
    assert result["real"]["unread"] == pytest.approx(1 / len(REAL))


def test_every_stage_trained_for_its_time_in_spite_of_the_kills(
    finished: tuple[Path, dict[str, Any], list[str]],
) -> None:
    out, _, stages = finished
    done = {stage: json.loads((out / stage / "done.json").read_text()) for stage in STAGES}
    assert all(found["seconds"] >= SECONDS for found in done.values())
    assert [found["method"] for found in done.values()] == ["cold_start", "sft", "grpo"]
    steps = [json.loads(line)["step"] for line in (out / "grpo" / "metrics.jsonl").read_text().splitlines()]
    assert steps == sorted(set(steps))
    assert steps[-1] == done["grpo"]["steps"] > 4
    # What was done before the last kill is not done again.
    assert not set(stages) & {"cold start", "SFT control", "GRPO", "evaluate cold_start"}
    assert stages == ["evaluate sft_control", "evaluate grpo", "evaluate real-real"]


def test_the_stages_start_where_they_should(finished: tuple[Path, dict[str, Any], list[str]]) -> None:
    out, _, _ = finished
    settings = {stage: json.loads((out / stage / "settings.json").read_text()) for stage in STAGES}
    assert settings["cold_start"]["start"] == str(out.parent / "tiny")
    assert settings["sft_control"]["start"] == settings["grpo"]["start"] == str(out / "cold_start" / "model")
    assert settings["sft_control"]["sft"]["seconds"] == settings["grpo"]["grpo"]["seconds"]
    assert settings["sft_control"]["solutions"] == settings["cold_start"]["solutions"]
    assert [settings[stage]["method"] for stage in STAGES] == ["cold_start", "sft", "grpo"]


def test_the_report_shows_table_pictures_and_three_problems(finished: tuple[Path, dict[str, Any], list[str]]) -> None:
    out, _, _ = finished
    text = (out / "report.md").read_text()
    assert f"| task | {' | '.join(BASELINES)} | cold start | SFT control | GRPO | exact |" in text
    for task in (*TASKS, "mean"):
        assert re.search(rf"^\| {task} \|( \d+\.\d \(\d+-\d+\) \|){{{len(BASELINES) + 4}}}$", text, re.MULTILINE)
    assert text.count("### Problem") == text.count("Before GRPO:") == text.count("After GRPO:") == 3
    assert len(set(re.findall(r"^ask (\w+) ", text, re.MULTILINE))) == 3
    assert "rungwise quickstart --smoke" in text
    for name in re.findall(r"!\[[^]]*\]\(([^)]*)\)", text):
        assert (out / name).read_bytes().startswith(b"\x89PNG")
    assert (out / "accuracy.png").exists()
    assert (out / "reward.png").exists()


def test_the_same_call_again_only_reports(
    finished: tuple[Path, dict[str, Any], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    out, result, _ = finished

    def never(*given: Any) -> Any:
        raise AssertionError("everything is done: no model is needed")

    monkeypatch.setattr(rungwise.posttrain.run, "load_for_training", never)
    monkeypatch.setattr(rungwise.evaluate.run, "load_model", never)
    stages: list[str] = []
    again, rows = start(out, lambda name, row: stages.append(name), real=out.parent / "real.json")
    assert stages == []
    assert {**again, "seconds": 0} == {**result, "seconds": 0}
    assert result["seconds"] <= again["seconds"] < result["seconds"] + 30
    assert list(rows) == [*BASELINES, *STAGES.values(), "exact"]
    assert rows["exact"]["value_accuracy"] == 1
    without, _ = start(out, lambda name, row: None)
    assert without["real"] is None


def test_slips_do_no_harm(finished: tuple[Path, dict[str, Any], list[str]], tmp_path: Path) -> None:
    out, _, _ = finished
    with pytest.raises(UserError, match=r"other settings \(seed\)"):
        start(out, None, seed=1)
    with pytest.raises(UserError, match="no model folder"):
        quickstart(tmp_path / "run", 0, None, True, ["model=./nowhere"], lambda name, row: None, "")
    assert not (tmp_path / "run").exists()
