"""What samples of the start model say about a run: the levels worth asking, and why it can't learn.

A level is in the suggested band where pass@k is at least one half and all k are right in at most one half of the
groups. Below, most groups hold nothing to reinforce; above, most hold nothing to push away. A question that the model
solves with probability p gives a group with both in 1 - p^k - (1-p)^k of all cases, which for k = 8 is more than
one half between p = 0.083 and p = 0.917: the same bounds, for a level of like questions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rungwise.posttrain.learnability import Learnability, Row
from rungwise.posttrain.settings import OnlineSettings, TrainRecipe, method_settings

if TYPE_CHECKING:
    from rich.table import Table

HALF = 0.5
"""Share of groups from which on a level is in the band, see above."""
BETTER = 0.1
"""How many more groups must teach at another level before it is suggested: about the standard error of 28 questions."""
NONE, ALL, FLAT, CUT = 0.05, 0.9, 0.75, 0.1
"""pass@k up to which nothing is learnable; shares of groups all right, of groups without spread and of completions cut
off from which on there is a warning."""

NOTE = (
    "a high pass@k says that there are right completions to reinforce, not that training will make them likelier: where"
    " the wrong ones come from a skill that the model lacks, it did not (docs/training.md, What was tried)"
)


@dataclass(frozen=True)
class Advice:
    """What to do.

    Attributes:
        band: the levels that are learnable now.
        level: the best ``level`` for the recipe: its own unless another teaches clearly more.
        warnings: why the run can't learn, or can learn little, and what to change.
    """

    band: tuple[str, ...]
    level: str
    warnings: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """The same for people."""
        best = f"; most groups teach at level={self.level}" if self.band else ""
        yield f"learnable levels: {', '.join(self.band) or 'none'}{best}"
        for warning in self.warnings:
            yield f"warning: {warning}"
        yield f"note: {NOTE}"


def advice(found: Learnability, recipe: TrainRecipe, method: str) -> Advice:
    """What the samples say; warnings are for GRPO and PPO, which learn from samples alone.

    Raises:
        UserError: unknown method.
    """
    settings = method_settings(recipe, method)
    band = [row for row in found.by_level if row.pass_k >= HALF and row.all_k <= HALF]
    now = next((row for row in found.by_level if row.name == recipe.level), None)
    better = [row for row in band if now is None or row.teaching >= now.teaching + BETTER]
    level = max(better, key=lambda row: row.teaching).name if better else recipe.level
    told: Iterator[str] = iter(())
    if isinstance(settings, OnlineSettings):
        told = warnings(found, now, level, settings) if now else iter([_LEFT_OUT.format(level=recipe.level)])
    return Advice(tuple(row.name for row in band), level, tuple(told))


_LEFT_OUT = "level {level} can't be asked of this model (see left out): choose another one, --set level=..."


def warnings(found: Learnability, now: Row, level: str, settings: OnlineSettings) -> Iterator[str]:
    """Why a run on the questions of ``now`` can't learn, and what to change."""
    instead = f"take other questions (--set level={level})" if level != now.name else ""
    if now.pass_k <= NONE:
        yield (
            f"nothing learnable: in {1 - now.pass_k:.0%} of the groups no completion is right, so there is nothing to"
            f" reinforce: do a cold start first{', or ' + instead if instead else ''}"
        )
    elif now.all_k >= ALL:
        harder = max(found.by_level, key=lambda row: row.teaching)
        change = f"--set level={harder.name}" if harder.all_k < ALL else "no level is harder: there is no need to train"
        yield f"nothing to learn: in {now.all_k:.0%} of the groups all completions are right: {change}"
    elif now.no_spread >= FLAT:
        yield (
            f"no spread: in {now.no_spread:.0%} of the groups all completions get the same reward, so about"
            f" {(1 - now.no_spread) * settings.prompts:.0f} of {settings.prompts} questions a step teach anything:"
            f" {instead or 'sample larger groups or at a higher temperature'}"
        )
    if now.cut_off >= CUT:
        yield (
            f"cut off: {now.cut_off:.0%} of the completions run into max_completion={settings.max_completion} and"
            f" teach nothing: raise it or, where worked solutions are shorter, do a cold start first"
        )
    if now.unparsed > HALF:
        yield f"format unknown: {now.unparsed:.0%} of the completions hold no readable answer: do a cold start first"
    zero = [row.name for row in found.by_task if row.questions and row.pass_k == 0]
    if zero and now.pass_k > NONE:
        yield (
            f"at zero: no completion is right in {', '.join(zero)}, so nothing can be reinforced there: give worked"
            f" solutions first (cold_start or sft)"
        )


def tables(found: Learnability) -> Iterator[Table]:
    """By level, by task and by operations."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    titles = {"level": found.by_level, "task": found.by_task, "right estimand": found.by_operations}
    for title, rows in titles.items():
        table = Table(box=SIMPLE_HEAD, header_style="bold", padding=(0, 1, 0, 0))
        table.add_column(title)
        for heading in ("questions", "pass@1", f"pass@{found.k}", f"all {found.k}", "no spread", "cut off", "unparsed"):
            table.add_column(heading, justify="right")
        table.add_column("tokens", justify="right")
        for r in rows:
            shares = (r.pass_1, r.pass_k, r.all_k, r.no_spread, r.cut_off, r.unparsed)
            table.add_row(r.name, str(r.questions), *(f"{100 * s:.0f} %" for s in shares), f"{r.tokens:.0f}")
        yield table
