"""How ``evaluate --invariance`` shows what it found."""

from __future__ import annotations

from typing import Any

import click

from rungwise.commands.output import ends, percent, show_table


def show_invariance(found: dict[str, Any]) -> None:
    """A row a variant, and the figures over all of them."""
    from rich.table import Table

    table = Table("asked another way", "items", "right", "95 %", "unvaried", "points", "95 %", "consistent", "95 %")
    for name, cell in found["variants"].items():
        table.add_row(
            name,
            str(cell["n"]),
            percent(cell["accuracy"]),
            ends(cell["interval"]),
            percent(cell["original"]),
            f"{100 * cell['difference']:+.1f}",
            " to ".join(f"{100 * end:+.1f}" for end in cell["difference_interval"]),
            percent(cell["consistency"]),
            ends(cell["consistency_interval"]),
        )
    show_table(table)
    click.echo(
        f"consistent over variants: {percent(found['consistency'])} ({ends(found['interval'])}) of {found['n']} items;"
        f" over all of an item's: {percent(found['always'])} ({ends(found['always_interval'])}),"
        f" and right: {percent(found['right'])}"
    )
    if found["same_prompt"] is not None:
        same, drop = found["same_prompt"], found["drop"]
        low, high = (100 * end for end in drop["interval"])
        click.echo(
            f"two samples of one prompt: {percent(same['consistency'])} ({ends(same['interval'])});"
            f" what varying costs beyond: {100 * drop['difference']:.1f} points ({low:+.1f} to {high:+.1f})"
        )
