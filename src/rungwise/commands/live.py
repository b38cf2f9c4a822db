"""The live view of a training run: what it has learnt so far, warnings, and what the model writes."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from rungwise.commands.output import LINE_EVERY, note
from rungwise.files import parse_json

if TYPE_CHECKING:
    from rich.console import Group
    from rich.live import Live
    from rich.table import Table

SHOWN = {
    "reward": "reward",
    "accuracy": "accuracy",
    "loss": "loss",
    "entropy": "entropy",
    "kl": "KL to start",
    "frac_reward_zero_std": "no spread",
    "completions/clipped_ratio": "cut off",
    "completions/mean_length": "tokens written",
    "explained_variance": "critic explains",
    "rewards/margins": "margin",
    "logps/chosen": "log p chosen",
    "mean_token_accuracy": "tokens right",
    "grad_norm": "gradient norm",
    "learning_rate": "learning rate",
}
"""Metrics that are shown where a method has them, in this order, and what they are called."""

LINE = ("loss", "reward", "accuracy", "entropy", "kl")
"""Metrics of a line where there is no terminal."""

BLOCKS = "▁▂▃▄▅▆▇█"
CURVE = 32
"""Columns of a curve."""
SAMPLE_CHARACTERS = 400
"""Of a prompt or a completion."""
TAIL = 2_000_000
"""Bytes from the end of samples.jsonl in which its last line is looked for."""

SHARE = 0.004
"""Share of the time that drawing may take."""
DRAW_EVERY = 0.5
"""Seconds between two drawings at least."""


class TrainingView:
    """``update`` takes the rows of a run's progress; on a terminal a panel is drawn, else a line now and then."""

    def __init__(self, method: str, out: Path, steps: int) -> None:
        """``steps`` is the run's limit beside its seconds; 0: there is none."""
        self.method, self.out, self.steps = method, out, steps
        self.now: Mapping[str, Any] = {"seconds": 0.0, "of": 0.0, "step": 0}
        self.rows: list[Mapping[str, Any]] = []
        self.warnings: list[str] = []
        self.sample: Mapping[str, Any] | None = None
        self._live: Live | None = None
        self._next = 0.0

    def __enter__(self) -> TrainingView:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.live import Live

            self._live = Live(console=Console(stderr=True), auto_refresh=False, redirect_stdout=False)
        else:
            self._next = time.monotonic() + LINE_EVERY
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._live is not None and self._live.is_started:
            self._draw(self._live)
            self._live.stop()
        if kind is KeyboardInterrupt and self.now["step"]:
            note(saved(self.out, int(self.now["step"])))

    def update(self, row: Mapping[str, Any]) -> None:
        """A row of progress: seconds, of, step and, now and then, metrics or a warning."""
        self.now = row
        if "warning" in row:
            self.warnings.append(row["warning"])
            if self._live is None:
                note(f"warning: {row['warning']}")
        if "loss" in row:
            self.rows.append(row)
            if self._live is not None:
                self.sample = last_sample(self.out / "samples.jsonl")
        if time.monotonic() < self._next:
            return
        if self._live is None:
            self._next = time.monotonic() + LINE_EVERY
            note(self._line())
        else:
            started = time.perf_counter()
            self._draw(self._live)
            self._next = time.monotonic() + max(DRAW_EVERY, (time.perf_counter() - started) / SHARE)

    def _draw(self, live: Live) -> None:
        if not live.is_started:  # not before there is something to show
            live.start()
        live.update(panel(self.method, self.now, self.steps, self.rows, self.warnings, self.sample), refresh=True)

    def _line(self) -> str:
        last = self.rows[-1] if self.rows else {}
        numbers = [f"{name} {last[name]:.3f}" for name in LINE if isinstance(last.get(name), float)]
        done = f"{self.method}: step {self.now['step']}, {self.now['seconds']:.0f} of {self.now['of']:.0f} s"
        return ", ".join([done, *numbers])


def saved(out: Path, step: int) -> str:
    """What is saved of a run that was stopped at a step."""
    found = [int(path.name.rpartition("-")[2]) for path in out.glob("checkpoint-*") if (path / "clock.json").exists()]
    if not found:
        return f"no checkpoint yet at step {step}: it will start from the beginning"
    return f"saved in {out}: {max(found)} of {step} steps"


def last_sample(path: Path) -> Mapping[str, Any] | None:
    """The last group of completions in samples.jsonl, if there is one."""
    if not path.exists():
        return None
    with path.open("rb") as file:
        file.seek(max(0, file.seek(0, 2) - TAIL))
        whole = file.read().rpartition(b"\n")[0]
    line = whole.rpartition(b"\n")[2].decode("utf-8", errors="replace")
    found = parse_json(line, str(path)) if line.startswith('{"step"') else None
    return found if isinstance(found, dict) else None


def panel(
    method: str,
    now: Mapping[str, Any],
    steps: int,
    rows: Sequence[Mapping[str, Any]],
    warnings: Sequence[str],
    sample: Mapping[str, Any] | None,
) -> Group:
    """Progress, curves, accuracy by task, warnings and a sample, as rich draws them."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.panel import Panel
    from rich.text import Text

    parts: list[Any] = [_progress(now, steps)]
    if rows:
        parts += [Text(), _curves(rows)]
        tasks = _tasks(rows[-1])
        if tasks:
            parts += [Text(), Text(f"right by task: {tasks}")]
    for warning in warnings:
        parts.append(Padding(Text(f"warning: {warning}", style="yellow"), (1, 0, 0, 0)))
    if sample is not None:
        parts += [Text(), *_sample(sample)]
    return Group(Panel(Group(*parts), title=f"rungwise train, {method}", title_align="left", padding=(0, 1)))


def _progress(now: Mapping[str, Any], steps: int) -> Table:
    from rich.progress_bar import ProgressBar
    from rich.table import Table

    by_time = now["seconds"] / now["of"] if now["of"] else 0.0
    done = min(1.0, max(by_time, now["step"] / steps if steps else 0.0))
    left = clock_text(now["seconds"] * (1 - done) / done) if done else "-:--"
    grid = Table.grid(padding=(0, 2))
    step = f"step {now['step']:,}" + (f" of {steps:,}" if steps else "")
    grid.add_row(ProgressBar(total=1.0, completed=done, width=CURVE), f"{done:4.0%}", step, f"{left} left")
    return grid


def clock_text(seconds: float) -> str:
    """Hours, minutes and seconds as 1:02:03 or 2:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _curves(rows: Sequence[Mapping[str, Any]]) -> Table:
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    grid.add_column()
    grid.add_column(justify="right")
    grid.add_column()
    for name, called in SHOWN.items():
        values = [value for row in rows if isinstance(value := row.get(name), (int, float))]
        if values:
            grid.add_row(called, f"{values[-1]:.3g}", sparkline(values))
    return grid


def sparkline(values: Sequence[float], width: int = CURVE) -> str:
    """A curve of blocks from the lowest value to the highest; each column is a mean over as many values as fall in
    it."""
    columns = min(width, len(values))
    edges = [len(values) * i // columns for i in range(columns + 1)]
    means = [sum(values[a:b]) / (b - a) for a, b in pairwise(edges)]
    low, high = min(means), max(means)
    if high == low:
        return BLOCKS[0] * columns
    return "".join([BLOCKS[min(7, int(8 * (value - low) / (high - low)))] for value in means])


def _tasks(row: Mapping[str, Any]) -> str:
    found = [
        (name.split("/")[1], value)
        for name, value in row.items()
        if name.startswith("task/") and name.endswith("/accuracy")
    ]
    return "  ".join([f"{task} {value:.0%}" for task, value in found])


def _sample(sample: Mapping[str, Any]) -> list[Any]:
    """The best and the worst completion of the group: what the reward tells apart."""
    from rich.text import Text

    ranked = sorted(sample["completions"], key=lambda one: -one["reward"])
    chosen = ranked[:1] if len({one["text"] for one in ranked}) == 1 else [ranked[0], ranked[-1]]
    truth = sample["truth"] or {}
    prompt = clean(sample["prompt"])
    # Text objects, not strings: what a model writes is never read as markup.
    shown = [Text(f"step {sample['step']}, {sample['task']}: {prompt}", style="dim")]
    for one in chosen:
        shown.append(Text(clean(one["text"])))
        shown.append(Text(f"  reward {one['reward']:.2f}, {clean(one['reason'])}", style="dim"))
    if truth.get("value") is not None:
        shown.append(Text(f"  truth {truth['value']:.4f} {truth.get('answer') or ''}".rstrip(), style="dim"))
    return shown


def clean(text: str, most: int = SAMPLE_CHARACTERS) -> str:
    """One line of printable text: no control or direction characters, which a terminal would obey; cut in the
    middle."""
    if len(text) > most:
        text = f"{text[: most // 2]} ... {text[len(text) - most // 2 :]}"
    return "".join([c if c.isprintable() else " " for c in text.replace("\n", " / ")])
