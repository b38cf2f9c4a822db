"""The clock over several runs, checkpoints that count, settings that must not change, folders that appear whole."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from transformers import TrainerControl
from transformers.utils import logging as transformers_logging

from rungwise.errors import UserError
from rungwise.posttrain.common import CLOCK, METRICS, Clock, check_reporters, last_checkpoint, quiet, save_model, settle


def write_checkpoint(out: Path, step: int, seconds: float | None) -> Path:
    """A checkpoint as the trainer leaves it; without its clock where the process died before that."""
    folder = out / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    (folder / "trainer_state.json").write_text(json.dumps({"global_step": step}))
    if seconds is not None:
        (folder / CLOCK).write_text(json.dumps({"seconds": seconds, "over": False}))
    return folder


def train(clock: Clock, first: int, last: int) -> list[int]:
    """What the trainer calls for these steps; returns the steps done before the clock stopped it."""
    control = TrainerControl()
    clock.on_train_begin(None, None, control)
    done = []
    for step in range(first, last + 1):
        state = SimpleNamespace(global_step=step)
        clock.on_step_end(None, state, control)
        clock.on_log(None, state, control, {"loss": 1.0 / step})
        done.append(step)
        if control.should_training_stop:
            break
    return done


@pytest.mark.usefixtures("ticks")
def test_the_time_limit_counts_all_runs_of_a_folder(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = []
    clock = Clock(tmp_path, 20.0, rows.append)
    assert train(clock, 1, 3) == [1, 2, 3]
    assert rows[0] == {"seconds": 1.0, "of": 20.0, "step": 1}
    write_checkpoint(tmp_path, 3, None)
    clock.on_save(SimpleNamespace(output_dir=str(tmp_path)), SimpleNamespace(global_step=3), TrainerControl())
    spent = json.loads((tmp_path / "checkpoint-3" / CLOCK).read_text())["seconds"]
    assert spent == 10  # three readings of the clock a step, and one to save it

    again = Clock(tmp_path, 20.0, rows.append)
    assert again.before == spent
    assert train(again, 4, 100) == [4, 5, 6, 7]  # the second reading of step 7 is the eleventh
    assert 20 < again.seconds < 24
    assert train(Clock(tmp_path, spent, rows.append), 4, 100) == [4]  # a run that had its time makes one step more


@pytest.mark.usefixtures("ticks")
def test_metrics_after_the_last_checkpoint_are_dropped(tmp_path: Path) -> None:
    train(Clock(tmp_path, 1000.0, lambda row: None), 1, 5)
    write_checkpoint(tmp_path, 3, 7.0)
    with (tmp_path / METRICS).open("a") as log:
        log.write('{"step": 6, "lo')  # the process died here
    Clock(tmp_path, 1000.0, lambda row: None)
    rows = [json.loads(line) for line in (tmp_path / METRICS).read_text().splitlines()]
    assert [row["step"] for row in rows] == [1, 2, 3]
    assert rows[2]["loss"] == 1 / 3


@pytest.mark.usefixtures("ticks")
def test_without_a_checkpoint_everything_starts_anew(tmp_path: Path) -> None:
    train(Clock(tmp_path, 1000.0, lambda row: None), 1, 5)
    clock = Clock(tmp_path, 1000.0, lambda row: None)
    assert clock.before == 0
    assert (tmp_path / METRICS).read_text() == ""


@pytest.mark.usefixtures("ticks")
def test_a_line_comes_before_every_checkpoint_and_at_the_end(tmp_path: Path) -> None:
    """What is counted between two lines is in no checkpoint, so nothing may be left to count when one is written."""
    clock, state = Clock(tmp_path, 100.0, lambda row: None), SimpleNamespace(global_step=1)
    clock.on_train_begin(None, state, None)
    for given, logs in ({}, False), ({"should_save": True}, True), ({"should_training_stop": True}, True):
        control = TrainerControl(**given)
        clock.on_step_end(None, state, control)
        assert control.should_log == logs
    over = TrainerControl()
    Clock(tmp_path, 0.0, lambda row: None).on_step_end(None, state, over)
    assert over.should_training_stop
    assert over.should_log


@pytest.mark.usefixtures("ticks")
def test_what_is_no_number_is_null_in_the_metrics(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = []
    clock = Clock(tmp_path, 100.0, rows.append)
    clock.on_log(None, SimpleNamespace(global_step=1), None, {"loss": float("nan"), "kl": float("inf"), "reward": 0.5})
    (line,) = (tmp_path / METRICS).read_text().splitlines()
    row = json.loads(line, parse_constant=pytest.fail)
    assert (row["loss"], row["kl"], row["reward"]) == (None, None, 0.5)
    assert rows == [{**row, "of": 100.0}]


@pytest.mark.usefixtures("ticks")
@pytest.mark.parametrize(("counted", "expected"), [(0, 1_300), (999, 300)])
def test_tokens_go_on_where_the_checkpoint_ends(counted: int, expected: int, tmp_path: Path) -> None:
    """SFT, DPO and KTO count from 0 after a resume; GRPO keeps its count in the trainer's state."""
    log = [{"step": step, "seconds": 1.0, "num_tokens": 250 * step} for step in range(1, 7)]
    (tmp_path / METRICS).write_text("".join(json.dumps(row) + "\n" for row in log))
    write_checkpoint(tmp_path, 4, 7.0)
    clock, logs = Clock(tmp_path, 100.0, lambda row: None), {"num_tokens": 300}
    clock.on_log(None, SimpleNamespace(global_step=5, num_input_tokens_seen=counted), None, logs)
    assert json.loads((tmp_path / METRICS).read_text().splitlines()[-1])["num_tokens"] == expected
    assert logs["num_tokens"] == expected  # reporters come after


def test_a_reporter_that_is_not_installed_says_what_to_do() -> None:
    check_reporters([])
    with pytest.raises(UserError, match="pip install not_there"):
        check_reporters(["json", "not_there"])


def test_unfinished_checkpoints_are_removed(tmp_path: Path) -> None:
    assert last_checkpoint(tmp_path / "nowhere") is None
    assert last_checkpoint(tmp_path) is None
    good = write_checkpoint(tmp_path, 8, 5.0)
    write_checkpoint(tmp_path, 12, None)
    write_checkpoint(tmp_path, 100, None)
    assert last_checkpoint(tmp_path) == good
    assert [folder.name for folder in tmp_path.iterdir()] == ["checkpoint-8"]
    (good / CLOCK).unlink()
    assert last_checkpoint(tmp_path) is None
    assert not list(tmp_path.iterdir())


def test_changed_settings_are_refused_by_name(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "run"
    settle(out, {"a": 1, "b": {"c": 2.5, "d": None}, "path": Path("x")})
    settle(out, {"a": 1, "b": {"c": 2.5, "d": None}, "path": Path("x")})
    with pytest.raises(UserError, match=r"\(a, b, new\).*--out"):
        settle(out, {"a": 2, "b": {"c": 2.5, "d": 0}, "path": Path("x"), "new": 1})
    with pytest.raises(UserError, match=r"\(path\)"):
        settle(out, {"a": 1, "b": {"c": 2.5, "d": None}})
    assert json.loads((out / "settings.json").read_text())["a"] == 1


def test_a_model_folder_appears_whole_and_replaces_the_old_one(tmp_path: Path, tiny_folder: Path) -> None:
    from rungwise.language_models import load_model

    model, tokenizer = load_model(tiny_folder)
    folder, half = tmp_path / "model", tmp_path / "model.tmp"
    folder.mkdir()
    (folder / "pytorch_model.bin").write_bytes(b"old")
    half.mkdir()
    (half / "rest").write_text("of a killed run")
    save_model(model, tokenizer, folder)
    assert not half.exists()
    assert {path.suffix for path in folder.iterdir()} == {".json", ".safetensors"}
    again, _ = load_model(folder)
    assert all((a == b).all() for a, b in zip(model.parameters(), again.parameters(), strict=True))


def test_quiet_hides_bars_and_brings_them_back() -> None:
    assert transformers_logging.is_progress_bar_enabled()
    with quiet():
        assert not transformers_logging.is_progress_bar_enabled()
    assert transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()
    try:
        with quiet():
            pass
        assert not transformers_logging.is_progress_bar_enabled()
    finally:
        transformers_logging.enable_progress_bar()
