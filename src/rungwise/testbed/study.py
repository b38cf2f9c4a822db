"""The cells of a test bed's study, in the order in which they are preferred.

ontology/trunk                                   pre-trained without bias
ontology/bias-0.95/seed-0/base                   from it, with bias
ontology/bias-0.95/seed-0/100/{none,random,...}  from the base: SFT on 100 samples; grpo: from random
.../answers-{none,random,...}                    what each writes about the three suites, beside its folder
"""

from __future__ import annotations

from rungwise.capt.intervention import MODES
from rungwise.posttrain.settings import TrainRecipe
from rungwise.study_cells import Cell

BASE, GRPO = "base", "grpo"
ARMS = ("none", "random")
"""What the figures compare; the table has all of MODES."""


def plan(recipe: TrainRecipe) -> list[Cell]:
    """All cells: first what every seed needs, then the table, then the figures."""
    bed = recipe.testbed
    seeds = range(recipe.seed, recipe.seed + recipe.study.seeds)
    cells = [Cell(trunk(family), "pretrain", recipe.seed, about={"family": family}) for family in bed.families]
    for family in bed.families:
        for seed in seeds:
            cells += _base(family, bed.strength, seed)
            cells += _arms(family, bed.strength, seed, bed.count, MODES, bed.grpo)
    for family in bed.families[:1]:
        for seed in seeds:
            for strength in bed.strengths:
                cells += _base(family, strength, seed) + _arms(family, strength, seed, bed.count, ARMS)
            for count in bed.counts:
                cells += _arms(family, bed.strength, seed, count, ARMS)
    return list({cell.folder: cell for cell in cells}.values())


def trunk(family: str) -> str:
    """Folder of the model without bias."""
    return f"{family}/trunk"


def seed_folder(family: str, strength: float, seed: int) -> str:
    """Folder of all that is made from one base model."""
    return f"{family}/bias-{strength:g}/seed-{seed}"


def answers(folder: str, arm: str) -> str:
    """Where the answers of a model are, beside the folder that it is in."""
    return f"{folder}/answers-{arm}"


def _base(family: str, strength: float, seed: int) -> list[Cell]:
    place, about = seed_folder(family, strength, seed), {"family": family, "strength": strength}
    base = Cell(f"{place}/{BASE}", "pretrain", seed, trunk(family), about=about)
    asked = [
        Cell(answers(place, mode), "answers", seed, base.folder, about={**about, "mode": mode, "direct": True})
        for mode in ARMS
    ]
    return [base, *asked]


def _arms(
    family: str, strength: float, seed: int, count: int, modes: tuple[str, ...], grpo: bool = False
) -> list[Cell]:
    above = seed_folder(family, strength, seed)
    place = f"{above}/{count}"
    cells = []
    for mode in modes:
        about = {"family": family, "strength": strength, "count": count, "mode": mode}
        cells.append(Cell(f"{place}/{mode}", "sft", seed, f"{above}/{BASE}", about=about))
        cells.append(Cell(answers(place, mode), "answers", seed, f"{place}/{mode}", about=about))
    if grpo:
        about = {"family": family, "strength": strength, "count": count, "mode": "random"}
        cells.append(Cell(f"{place}/{GRPO}", GRPO, seed, f"{place}/random", about=about))
        cells.append(Cell(answers(place, GRPO), "answers", seed, f"{place}/{GRPO}", about=about))
    return cells
