"""The pictures of a study beside those of any report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rungwise.evaluate.plots import COLOURS, figure
from rungwise.report.runs import Curve

SMOOTH = 20
"""A running mean over a twentieth of the points lies over them."""


def curve_picture(metric: str, lines: Mapping[str, Curve], path: Path) -> Path:
    """A metric against seconds of training, one line a run: faintly as logged, and its running mean.

    Raises:
        UserError: matplotlib is not installed.
    """
    with figure(path, (6, 3.4)) as axes:
        for k, (run, points) in enumerate(lines.items()):
            seconds, values = [x for x, _ in points], [y for _, y in points]
            width = max(1, len(values) // SMOOTH)
            windows = [values[max(0, i - width + 1) : i + 1] for i in range(len(values))]
            colour = COLOURS[k % len(COLOURS)]
            axes.plot(seconds, values, color=colour, alpha=0.25, linewidth=0.8)
            axes.plot(seconds, [sum(w) / len(w) for w in windows], color=colour, linewidth=1.8, label=run)
        axes.set(xlabel="seconds of training", ylabel=metric, title=path.stem)
        axes.legend(frameon=False, fontsize="small")
    return path
