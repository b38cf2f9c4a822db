"""The live view: what it shows, that model text can do no harm, how seldom it draws, and what Ctrl-C leaves."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from rungwise.commands import live
from rungwise.commands.live import TrainingView, clean, clock_text, last_sample, panel, saved, sparkline

ROWS: list[dict[str, Any]] = [
    {
        "step": 5 * i,
        "seconds": 6.0 * i,
        "of": 200.0,
        "loss": 0.01,
        "reward": 0.4 + 0.02 * i,
        "accuracy": 0.35 + 0.02 * i,
        "entropy": 0.6 - 0.02 * i,
        "frac_reward_zero_std": 0.3,
        "learning_rate": 3e-4,
        "task/ATE/accuracy": 0.81,
        "task/PN/accuracy": 0.2,
        "reason/right": 0.5,
    }
    for i in range(1, 11)
]
SAMPLE = {
    "step": 40,
    "task": "NDE",
    "prompt": "ask NDE A=1 A=0 B=1\nA->B",
    "truth": {"value": 0.25, "answer": "Yes"},
    "completions": [
        {"text": '{"PROB": "v1"}', "reward": 0.1, "reason": "wrong_value: the value is 0.25"},
        {"text": "edge AB:yes", "reward": 0.0, "reason": "no_final_answer: there is no JSON object"},
        {"text": '{"PROB": "v1-v2"}', "reward": 1.0, "reason": "right: the value is right"},
    ],
}


def drawn(*given: Any, width: int = 100) -> str:
    console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True)
    console.print(panel(*given))
    return console.export_text()


def test_the_panel_shows_what_is_learnt() -> None:
    text = drawn("grpo", ROWS[-1], 0, ROWS, ["20% of the completions are cut off"], SAMPLE)
    assert "rungwise train, grpo" in text
    assert re.search(r"30% +step 50 +2:20 left", text)  # 60 of 200 s
    assert re.search(r"reward +0\.6 +▁.*█", text)
    assert re.search(r"accuracy +0\.55 ", text)
    assert re.search(r"no spread +0\.3 +▁", text)
    assert re.search(r"learning rate +0\.0003 ", text)
    assert "KL to start" not in text  # this run has none
    assert "right by task: ATE 81%  PN 20%" in text
    assert "warning: 20% of the completions are cut off" in text
    assert "step 40, NDE: ask NDE A=1 A=0 B=1 / A->B" in text
    assert text.index('{"PROB": "v1-v2"}') < text.index("reward 1.00, right:") < text.index("edge AB:yes")
    assert '{"PROB": "v1"}' not in text  # the best and the worst are enough
    assert "truth 0.2500 Yes" in text
    assert max(map(len, text.splitlines())) <= 100


def test_steps_may_end_a_run_before_its_seconds() -> None:
    assert re.search(r"50% +step 50 of 100 +1:00 left", drawn("sft", ROWS[-1], 100, ROWS, [], None))


def test_before_anything_is_known() -> None:
    assert re.search(r"0% +step 0 +-:-- left", drawn("sft", {"seconds": 0.0, "of": 0.0, "step": 0}, 0, [], [], None))


HOSTILE = (
    "\x1b[2J\x1b]0;title\x07[bold red]big[/bold red]\u202e\u2028\x9b31m\ud800 [link=http://x]y[/link]" + "z" * 9999
)


def test_what_a_model_writes_is_only_ever_shown() -> None:
    """No escape codes, no markup, no text direction, and not for pages."""
    one = {"text": HOSTILE, "reward": 0.0, "reason": f"grammar: {HOSTILE}"}
    text = drawn("grpo", ROWS[-1], 0, ROWS, [], {**SAMPLE, "prompt": HOSTILE, "completions": [one, one]}, width=300)
    assert "[bold red]big[/bold red]" in text
    assert "[link=http://x]y[/link]" in text
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2028\ud800]", text)
    assert len(text) < 10_000
    assert len(clean(HOSTILE)) < 420
    assert clean("a\nb\tc\x1b[1m") == "a / b c [1m"


def test_curves() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇█"
    assert sparkline([5.0, 5.0]) == "▁▁"
    assert sparkline([0, 2, 4, 8, 8, 8], width=2) == "▁█"
    assert len(sparkline([float(i) for i in range(1000)])) == live.CURVE


def test_time_left_reads_like_a_clock() -> None:
    assert [clock_text(s) for s in (0, 61.2, 3599.6, 86_405)] == ["0:00", "1:01", "1:00:00", "24:00:05"]


def test_the_last_sample_is_the_last_whole_line(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    assert last_sample(path) is None
    path.write_text("")
    assert last_sample(path) is None
    path.write_text(f'{{"step": 0}}\n{json.dumps(SAMPLE)}\n{{"step": 60, "pro')
    assert last_sample(path) == SAMPLE


def test_a_sample_too_long_to_read_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "TAIL", 50)
    path = tmp_path / "samples.jsonl"
    path.write_text(json.dumps(SAMPLE) + "\n")
    assert last_sample(path) is None


def test_without_a_terminal_a_line_now_and_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [100.0]
    monkeypatch.setattr(live, "time", SimpleNamespace(monotonic=lambda: now[0]))
    with TrainingView("grpo", tmp_path, 0) as view:
        for row in ROWS:
            now[0] += 6
            view.update({name: row[name] for name in ("seconds", "of", "step")})
            view.update(row)
        view.update({"step": 50, "seconds": 60.0, "of": 200.0, "warning": "the KL to the start model is 3.00"})
    found = capsys.readouterr()
    assert found.out == ""
    assert found.err.splitlines() == [
        "grpo: step 25, 30 of 200 s, loss 0.010, reward 0.480, accuracy 0.430, entropy 0.520",
        "grpo: step 50, 60 of 200 s, loss 0.010, reward 0.580, accuracy 0.530, entropy 0.420",
        "warning: the KL to the start model is 3.00",
    ]


def test_what_is_saved_when_it_stops(tmp_path: Path) -> None:
    assert saved(tmp_path, 7) == "no checkpoint yet at step 7: it will start from the beginning"
    for step, whole in ((40, True), (80, True), (120, False)):
        (tmp_path / f"checkpoint-{step}").mkdir()
        if whole:
            (tmp_path / f"checkpoint-{step}" / "clock.json").touch()
    assert saved(tmp_path, 130) == f"saved in {tmp_path}: 80 of 130 steps"


SCRIPT = """
import json, sys, time
from pathlib import Path
import click
from rungwise import cli
from rungwise.commands.live import TrainingView

def work():
    with TrainingView("grpo", Path(sys.argv[1]), 0) as view:
        while True:
            for row in json.loads(sys.argv[2]):
                view.update({name: row[name] for name in ("seconds", "of", "step")})
                view.update(row)
                time.sleep(0.02)

cli.rungwise.add_command(click.Command("work", callback=work))
sys.exit(cli.run(["work"]))
"""


def test_on_a_terminal_it_draws_and_ctrl_c_says_what_is_saved(tmp_path: Path) -> None:
    """A process of its own with a terminal for stderr; only the trainer is a stand-in."""
    (tmp_path / "checkpoint-40").mkdir()
    (tmp_path / "checkpoint-40" / "clock.json").touch()
    (tmp_path / "samples.jsonl").write_text(json.dumps(SAMPLE) + "\n")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path), json.dumps(ROWS)],
        stderr=theirs,
        stdout=subprocess.PIPE,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "50"},
    )
    os.close(theirs)
    shown, sent = b"", False
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        shown += part
        if not sent and b"accuracy" in shown:
            process.send_signal(signal.SIGINT)
            sent = True
    out, _ = process.communicate(timeout=30)
    text = re.sub(r"(\r\n)+", "\n", shown.decode())
    assert process.returncode == 130
    assert out == b""  # stdout is for results
    for said in ("rungwise train, grpo", "entropy", "step 40, NDE", "steps\nstopped; the same command resumes"):
        assert said in text
    assert f"saved in {tmp_path}: 40 of" in text.replace("\n", "")
    assert text.count("\x1b[?25h") >= 1  # the cursor is back
