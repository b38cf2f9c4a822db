"""Evaluations to report on: real folders, and folders with whatever a model may write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rungwise.evaluate.questions import load_suite
from rungwise.evaluate.results import scored_row, summary
from rungwise.evaluate.run import evaluate

HOSTILE = (
    "<script>window.owned = 1; alert(1)</script>",
    "</script><script>window.owned = 2</script>",
    "</pre></textarea></style></title><img src=http://127.0.0.1:9/a.png onerror=window.owned=3>",
    "<!-- <script> --><svg onload=window.owned=4>",
    "{{constructor.constructor('window.owned=5')()}} ${window.owned=6} <%= 7*7 %>",
    "| a | b |\n|---|---|\n`` ` ``` ~~~ [x](javascript:alert(1)) ![i](http://127.0.0.1:9/b.png) $x$",
    "\\input{/etc/passwd} \\write18{ls} % \\end{tabular} \\\\ & # _ ^ ~ { }",
    "red\x1b[31m nul\x00 bell\x07 right\u202eto left\u202c zero\u200bwidth line\u2028separator\u2029",
    "half a pair \ud800 and \udfff",
    "javascript:window.owned=8//'\"><iframe srcdoc='<script>top.owned=9</script>'>",
)


def write_run(out: Path, model: str, texts: dict[tuple[int, int], str], n: int = 14, **more: Any) -> Path:
    """A finished evaluation on ``base`` whose answers are ``texts`` by (item, sample), the right answer elsewhere.

    ``more`` goes into the settings; ``cut_off`` and ``thinking`` hold what rows say, by (item, sample).
    """
    cut_off, thinking = more.pop("cut_off", set()), more.pop("thinking", {})
    suite = load_suite("base", "natural", n, 0)
    samples = 1 + max((sample for _, sample in texts), default=0)
    rows = []
    for question in suite.questions:
        for sample in range(samples):
            text = texts.get((question.index, sample), question.problem.answer_text("natural"))
            row = scored_row(question, text, sample)
            row |= {"cut_off": True} if (question.index, sample) in cut_off else {}
            row |= {"thinking": thinking[question.index, sample]} if (question.index, sample) in thinking else {}
            rows.append(row)
    results = {"suite": "base", "view": "natural", "model": model, "samples": samples, "seed": 0, **summary(rows)}
    settings = {"model": model, "suite": "base", "view": "natural", "n": n, "seed": 0, "suite_sha256": suite.sha256}
    out.mkdir(parents=True)
    (out / "predictions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (out / "results.json").write_text(json.dumps(results))
    (out / "settings.json").write_text(json.dumps({**settings, "samples": samples, **more}))
    return out


def shortcut_run(out: Path, name: str, n: int = 14) -> Path:
    """A real evaluation of a shortcut or the solver."""
    evaluate(name, "base", view="natural", n=n, out=out)
    return out
