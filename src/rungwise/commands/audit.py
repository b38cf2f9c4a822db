"""audit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from rungwise.commands.output import Bars, emit, json_option, note, show_table


@click.command(
    epilog="""\b
Examples:
  rungwise audit caugym:base_dataset.json
  rungwise audit calm:calm_lite#ETT --out audit
  rungwise audit caugym:DIR#rephrased --original caugym:DIR#base --out audit
  rungwise audit cladder:DIR --predictions answers.jsonl --skip-bad --out audit"""
)
@click.argument("suite", metavar="NAME:PATH[#SUBSET]")
@click.option("--original", help="The set that this one rewords, item by item, as NAME:PATH[#SUBSET].")
@click.option(
    "--predictions",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Outputs (or a run's folder) whose score is shown with published and with corrected labels.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Take only the first items.")
@click.option("--skip-bad", is_flag=True, help="Pass over damaged rows, and count them.")
@click.option("--workers", type=click.IntRange(min=1), help="Processes; by default as many as there are cores.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for audit.md, audit.parquet and patch.jsonl.")
@json_option
def audit(
    suite: str,
    original: str | None,
    predictions: tuple[Path, ...],
    limit: int | None,
    skip_bad: bool,
    workers: int | None,
    out: Path | None,
    as_json: bool,
) -> int:
    """Check the labels of a published benchmark, item by item.

    Every item is solved from what it displays, by two roads; each label gets a verdict, a reason and a proof that can
    be checked by hand. Exit code 1 when a label is wrong.
    """
    from rungwise.audit.corrections import changes
    from rungwise.audit.moves import moves
    from rungwise.audit.report import check_parquet, summary, write
    from rungwise.audit.run import audit as run
    from rungwise.suites.published import benchmark
    from rungwise.suites.published.patch import as_patch

    if out is not None:
        check_parquet()
    with Bars() as bars:
        found = run(
            suite,
            original=original,
            limit=limit,
            skip_bad=skip_bad,
            workers=workers,
            progress=lambda done, of: bars.update("audit", done, of),
        )
    moved = moves(found, benchmark(suite.partition(":")[0]), as_patch(changes(found)), predictions)
    result = summary(found, moved)
    if out is not None:
        write(found, result, out)
        note(f"wrote audit.md, audit.parquet, audit.json and patch.jsonl in {out}")
    emit(result, as_json, lambda: _show(result))
    if found.skipped:
        note(f"{len(found.skipped)} damaged rows were passed over; the first: {found.skipped[0]}")
    return 1 if result["outcomes"].get("wrong") else 0


def _show(result: dict[str, Any]) -> None:
    from rich.table import Table

    outcomes = list(result["outcomes"])
    table = Table("", *outcomes)
    for task, counts in result["by_task"].items():
        table.add_row(task, *(str(counts.get(outcome, "")) for outcome in outcomes))
    table.add_section()
    table.add_row("all", *(str(count) for count in result["outcomes"].values()))
    show_table(table)
    click.echo(
        f"reproduced: {result['values_reproduced']} of {result['values']} values, {result['answers_reproduced']} of"
        f" {result['answers']} answers; the roads agree on {result['roads_agree']} of {result['solved']} solved items"
    )
    click.echo("classes: " + (", ".join(f"{kind} {count}" for kind, count in result["kinds"].items()) or "none"))
    if result["shortcuts"]:
        shares = ", ".join(f"{name} {100 * share:.1f} %" for name, share in result["shortcuts"].items())
        click.echo(f"published values that shortcuts give: {shares}")
    for model in result["models"]:
        for rule in ("official", "strict"):
            if rule in model:
                cell = model[rule]
                click.echo(
                    f"{model['model']} ({rule}): {100 * cell['published']:.1f} with the published labels,"
                    f" {100 * cell['corrected']:.1f} with the corrected ones"
                )
