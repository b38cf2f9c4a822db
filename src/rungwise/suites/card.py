"""The data set card of a generated folder: YAML that ``datasets.load_dataset`` reads, and what a reader must know."""

from __future__ import annotations

from typing import Any

from rungwise.problems.baselines import BASELINES
from rungwise.suites.items import SUITES

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def card(manifest: dict[str, Any]) -> str:
    """README.md for a folder with this manifest."""
    total = sum(entry["items"] for entry in manifest["contents"].values())
    size = next((name for limit, name in _SIZES if total < limit), "1M<n<10M")
    configs = "".join(
        f"- config_name: {suite}\n  data_files:\n  - split: {entry['split']}\n"
        f"    path: {suite}/{entry['split']}-*.{manifest['format']}\n"
        for suite, entry in manifest["contents"].items()
    )
    rows = "".join(
        f"| `{suite}` | {SUITES[suite]} | {entry['items']:,} | {entry['split']} | "
        + " | ".join(f"{100 * entry['baselines'][name]:.1f}" for name in BASELINES)
        + " |\n"
        for suite, entry in manifest["contents"].items()
    )
    canaries = "".join(f"- {line}\n" for line in sorted({entry["canary"] for entry in manifest["contents"].values()}))
    return f"""---
license: apache-2.0
language: en
task_categories:
- question-answering
tags:
- causal-inference
- synthetic
size_categories:
- {size}
configs:
{configs}---

# Causal problems with exactly known answers

Made by rungwise {manifest["rungwise"]} in the view `{manifest["view"]}`. Every item has a causal graph, a question,
displayed probabilities, the exact answer and a certificate: the full causal model, from which everything can be
recomputed.

| suite | what | items | split | {" | ".join(BASELINES)} |
|---|---|---:|---|{"---:|" * len(BASELINES)}
{rows}
The last columns are what no causal reasoning at all would score (value right, in %): always 0; the plain difference;
the solver that never reads the graph; the most frequent formula.

## Columns

`text` is the prompt, `answer` the reference answer, `value` its number (null: not determined), `solution` the worked
solution, `problem` the certificate (JSON), `twin` the id of the same question about the other outcome value, `id` a
hash of structure, numbers and query. Splits never share a causal structure.

## Made by, checked by

```
{_command(manifest)}
rungwise verify FOLDER
```

## Canary

{canaries}"""


def _command(manifest: dict[str, Any]) -> str:
    if manifest["seed"] is None:
        return f"# the seed is committed to ({manifest['commitment']}) and revealed later"
    options = "".join(
        f" --{key.replace('_', '-')}" + ("" if value is True else f" {value}")
        for key, value in manifest["options"].items()
    )
    return (
        f"rungwise generate {' '.join(manifest['suites'])} --n {manifest['n']} --seed {manifest['seed']} "
        f"--view {manifest['view']} --names {manifest['names']} --format {manifest['format']} "
        f"--shard-size {manifest['shard_size']}{options} --out FOLDER"
    )
