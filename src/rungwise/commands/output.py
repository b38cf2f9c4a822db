"""How commands speak: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID
    from rich.table import Table

LINE_EVERY = 30.0
"""Seconds between progress lines where stderr is no terminal."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")


def emit(result: Any, as_json: bool, show: Callable[[], None]) -> None:
    """Print the result: as one JSON object, or for people by ``show``."""
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False))
    else:
        show()


def note(text: str) -> None:
    """One line for people, on stderr."""
    click.echo(text, err=True)


def show_table(table: Table) -> None:
    """A rich table on stdout, as wide as it needs where no terminal sets a width."""
    from rich.console import Console

    console = Console()
    Console(width=console.width if console.is_terminal else 160).print(table)


def percent(share: float | None) -> str:
    """As in ``81.2``; nothing where there is no share."""
    return "" if share is None else f"{100 * share:.1f}"


def ends(interval: Sequence[float]) -> str:
    """As in ``78.9-83.1``."""
    return f"{100 * interval[0]:.1f}-{100 * interval[1]:.1f}"


class Bars:
    """Progress with the time left, a bar for each stage; without a terminal a line now and then."""

    def __init__(self) -> None:
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._lined = time.monotonic()

    def __enter__(self) -> Bars:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

            self._bars = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TaskProgressColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.fields[note]}"),
                console=Console(stderr=True),
            )
            self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._bars is not None:
            self._bars.stop()

    def update(self, stage: str, done: float, of: float, text: str = "") -> None:
        """``done`` of ``of`` items or seconds of a stage."""
        if self._bars is not None:
            if stage not in self._tasks:
                self._tasks[stage] = self._bars.add_task(stage, total=of, note="")
            self._bars.update(self._tasks[stage], completed=min(done, of), total=of, note=text)
        elif time.monotonic() - self._lined >= LINE_EVERY:
            self._lined = time.monotonic()
            note(f"{stage}: {done:.0f} of {of:.0f} {text}".rstrip())
