"""From a test bed's folder to results.json, two figures, report.md and report.html."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rungwise.capt.intervention import MODES
from rungwise.evaluate.plots import COLOURS, figure
from rungwise.evaluate.study_statistics import compare, estimate, holm
from rungwise.files import read_json, read_json_lines, replacing, write_json
from rungwise.posttrain.settings import TrainRecipe
from rungwise.report.document import Block, Code, Heading, Pictures, Points, Table, Text, html, markdown
from rungwise.testbed.cells import PREDICTIONS, SUITES
from rungwise.testbed.study import ARMS, BASE, GRPO, answers, seed_folder
from rungwise.versions import versions

SUITE_NAMES = {"id": "ID", "anti": "OOD-anti", "non": "OOD-non"}
NAMES = {
    "none": "SFT, names as they are",
    "order": "SFT + CAPT, symbols in order",
    "random": "SFT + CAPT, random symbols",
    "original": "SFT, names abstracted and put back",
    GRPO: "SFT + GRPO + CAPT, random symbols",
    "base-none": "base model, asked directly",
    "base-random": "base model, asked directly, random symbols at test time only",
}
ABOUT = (
    "A small decoder is pre-trained on texts of one family with questions about what they say. Half of the texts use"
    " words of a world in which two words are related or not; there the text's own question is answered True or Yes for"
    " related words as often as the strength says. Then it is fine-tuned on worked solutions of ID samples, whose names"
    " have the same bias. ID: test problems with that bias (common sense is right). OOD-anti: the same problems, with"
    " names of the opposite bias. OOD-non: made-up names. Test problems share no structure with training. With CAPT the"
    " events of each test text are found without its answer and replaced as in training. All answers are greedy."
    " Intervals are at 95 %, over seeds and items (see docs/studies.md)."
)

Rows = list[list[dict[str, Any]]]
"""The predictions of a suite by seed, then item."""


def write_test_bed(out: Path, recipe: TrainRecipe, command: str) -> dict[str, Any]:
    """Write the report of a finished test bed.

    Returns:
        What is in ``results.json``: what was run; "table" (family -> row -> suite -> estimate), "strengths" and
        "counts" (level -> row -> suite -> estimate), "differences" (random less none, with p-values).

    Raises:
        UserError: matplotlib is not installed.
    """
    results = collect(out, recipe, command)
    _draw(results["strengths"], "how often common sense is right in pre-training", out / "strengths.png")
    _draw(results["counts"], "samples for post-training", out / "counts.png")
    blocks = _blocks(results, out)
    for name, text in (("report.md", markdown(blocks)), ("report.html", html(blocks))):
        with replacing(out / name) as file:
            file.write(text)
    write_json(out / "results.json", results)
    return results


def collect(out: Path, recipe: TrainRecipe, command: str) -> dict[str, Any]:
    """All numbers, see ``write_test_bed``."""
    bed, seeds = recipe.testbed, range(recipe.seed, recipe.seed + recipe.study.seeds)
    first = bed.families[0]

    def rows(family: str, strength: float, count: int, arm: str) -> dict[str, Rows]:
        return {
            suite: [
                _read(out / answers(_place(family, strength, seed, count, arm), arm.removeprefix("base-")) / suite)
                for seed in seeds
            ]
            for suite in SUITES
        }

    def cell(strength: float, count: int) -> dict[str, Any]:
        return {arm: _estimates(rows(first, strength, count, arm)) for arm in ARMS}

    arms = [*MODES, *([GRPO] if bed.grpo else []), "base-none", "base-random"]
    found = {family: {arm: rows(family, bed.strength, bed.count, arm) for arm in arms} for family in bed.families}
    return {
        "command": command,
        "strength": bed.strength,
        "count": bed.count,
        "seeds": list(seeds),
        "items": recipe.study.items,
        "versions": versions(),
        "settings": asdict(bed),
        "table": {
            family: {
                "common sense alone": _estimates(by_arm["none"], "related"),
                **{arm: _estimates(by_suite) for arm, by_suite in by_arm.items()},
            }
            for family, by_arm in found.items()
        },
        "untreated": {
            family: {arm: _untreated(by_suite) for arm, by_suite in by_arm.items()} for family, by_arm in found.items()
        },
        "differences": {family: _differences(by_arm) for family, by_arm in found.items()},
        "strengths": {f"{strength:g}": cell(strength, bed.count) for strength in sorted(bed.strengths)},
        "counts": {str(count): cell(bed.strength, count) for count in sorted(bed.counts)},
        "pretraining": {family: _pretraining(out / family / "trunk") for family in bed.families},
        "examples": {family: _examples(by_arm) for family, by_arm in found.items()},
        "report": str(out / "report.md"),
    }


def _place(family: str, strength: float, seed: int, count: int, arm: str) -> str:
    above = seed_folder(family, strength, seed)
    return above if arm.startswith(BASE) else f"{above}/{count}"


def _read(folder: Path) -> list[dict[str, Any]]:
    return [row for _, row in read_json_lines(folder / PREDICTIONS)]


def _estimates(by_suite: Mapping[str, Rows], field: str = "score") -> dict[str, Any]:
    """Suite -> accuracy; of "related" how often it is the answer. Made-up names say nothing: half."""
    found = {}
    for suite, by_seed in by_suite.items():
        values = [[_value(row, field) for row in rows] for rows in by_seed]
        found[suite] = asdict(estimate([values]))
    return found


def _value(row: Mapping[str, Any], field: str) -> float:
    if field == "score":
        return float(row["score"])
    return 0.5 if row["related"] is None else float(row["related"] == (row["truth"] in ("True", "Yes")))


def _untreated(by_suite: Mapping[str, Rows]) -> int:
    return sum(not row["treated"] for by_seed in by_suite.values() for rows in by_seed for row in rows)


def _differences(by_arm: Mapping[str, Mapping[str, Rows]]) -> dict[str, Any]:
    """Suite -> random less none, paired; p is corrected over the suites (Holm)."""
    found = {}
    for suite in SUITES:
        a, b = ([[float(row["score"]) for row in rows] for rows in by_arm[arm][suite]] for arm in ("random", "none"))
        found[suite] = compare(a, b, [["all"] * len(rows) for rows in a])
    corrected = holm([result.p for result in found.values()])
    return {suite: {**asdict(result), "p_holm": p} for (suite, result), p in zip(found.items(), corrected, strict=True)}


def _pretraining(folder: Path) -> dict[str, Any]:
    *_, (_, last) = read_json_lines(folder / "metrics.jsonl")
    return {key: last[key] for key in ("batch", "loss", "seconds")} | {
        "parameters": read_json(folder / "finished.json")["parameters"]
    }


def _examples(by_arm: Mapping[str, Mapping[str, Rows]]) -> list[dict[str, Any]]:
    """The first OOD-anti item that none gets wrong and random right, or else the first, as both see it."""
    pairs = list(zip(by_arm["none"]["anti"][0], by_arm["random"]["anti"][0], strict=True))
    shown = next((pair for pair in pairs if pair[1]["score"] > pair[0]["score"]), pairs[0])
    return [{key: row[key] for key in ("prompt", "text", "truth")} for row in shown]


def _draw(levels: Mapping[str, Mapping[str, Any]], label: str, path: Path) -> None:
    """Accuracy against a level, a colour a suite, with CAPT solid and without it dashed."""
    xs = list(range(len(levels)))
    with figure(path, (8.4, 4.4)) as axes:
        for k, suite in enumerate(SUITES):
            for arm, style, shift in (("none", "--", -0.03), ("random", "-", 0.03)):
                cells = [level[arm][suite] for level in levels.values()]
                axes.errorbar(
                    [x + shift for x in xs],
                    [c["mean"] for c in cells],
                    yerr=[
                        [max(0.0, c["mean"] - c["interval"][0]) for c in cells],
                        [max(0.0, c["interval"][1] - c["mean"]) for c in cells],
                    ],
                    color=COLOURS[k], linestyle=style, marker="o" if arm == "random" else "x", capsize=3,
                    label=f"{SUITE_NAMES[suite]}, {'random symbols' if arm == 'random' else 'names'}",
                )  # fmt: skip
        axes.axhline(0.5, color="#999999", linewidth=0.8)
        axes.set_xticks(xs, list(levels))
        axes.set(xlabel=label, ylabel="accuracy", ylim=(0, 1.02))
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False)


def _blocks(results: Mapping[str, Any], out: Path) -> list[Block]:
    blocks: list[Block] = [
        Heading("Test bed: names out of texts (CAPT)", 1),
        Points(summary(results)),
        Text(ABOUT),
        Code(results["command"]),
        Text(
            f"Seeds {', '.join(map(str, results['seeds']))}; {results['items']} items a suite and seed. Base models: "
            + "; ".join(
                f"{family} {p['parameters']:,} parameters, {p['batch']} batches before the biased ones"
                for family, p in results["pretraining"].items()
            )
            + f". {', '.join(f'{name} {version}' for name, version in results['versions'].items())}."
        ),
        Heading(f"All modes, strength {results['strength']:g}, {results['count']} samples"),
    ]
    for family, rows in results["table"].items():
        blocks += [Heading(family, 3), _table(rows), Text(_said_untreated(results["untreated"][family]))]
    blocks += [Heading("Random symbols less names, paired"), _difference_table(results["differences"])]
    family = results["settings"]["families"][0]
    for key, title in (("strengths", "Strength of the bias"), ("counts", "Samples")):
        blocks += [Heading(f"{title} ({family})"), Pictures([out / f"{key}.png"]), _level_table(results[key])]
    for family, pair in results["examples"].items():
        blocks.append(Heading(f"An OOD-anti question ({family})", 3))
        for row, name in zip(pair, ("names", "random symbols"), strict=True):
            blocks += [Text(f"{name}; the answer is {row['truth']}"), Code(f"{row['prompt']}\n---\n{row['text']}")]
    return blocks


def summary(results: Mapping[str, Any]) -> list[str]:
    """What came out, in sentences."""
    said = []
    for family, suites in results["differences"].items():
        for suite, found in suites.items():
            points, (lo, hi) = 100 * found["difference"], (100 * end for end in found["interval"])
            real = "real" if found["p_holm"] < 0.05 else "not told apart from none"
            said.append(
                f"{family}, {SUITE_NAMES[suite]}: random symbols {points:+.1f} points against names ({lo:+.1f} to"
                f" {hi:+.1f}; {real}, corrected p {found['p_holm']:.3g})."
            )
    return said


def _table(rows: Mapping[str, Mapping[str, Any]]) -> Table:
    shown = [[NAMES.get(arm, arm), *(_cell(by_suite[suite]) for suite in SUITES)] for arm, by_suite in rows.items()]
    return Table(("accuracy, %", *SUITE_NAMES.values()), shown)


def _cell(found: Mapping[str, Any]) -> str:
    lo, hi = found["interval"]
    return f"{100 * found['mean']:.1f} ({100 * lo:.0f}-{100 * hi:.0f})"


def _said_untreated(counts: Mapping[str, int]) -> str:
    some = {NAMES.get(arm, arm): count for arm, count in counts.items() if count}
    if not some:
        return "Every test text could be abstracted."
    return "Asked as they are, because no faultless abstraction was found: " + ", ".join(
        f"{count} ({arm})" for arm, count in some.items()
    )


def _difference_table(differences: Mapping[str, Mapping[str, Any]]) -> Table:
    rows = []
    for family, suites in differences.items():
        for suite, d in suites.items():
            lo, hi = d["interval"]
            seeds = ", ".join(f"{100 * one:+.1f}" for one in d["by_seed"])
            difference = f"{100 * d['difference']:+.1f} ({100 * lo:+.1f} to {100 * hi:+.1f})"
            rows.append([f"{family}, {SUITE_NAMES[suite]}", difference, seeds, f"{d['p_holm']:.3g}"])
    return Table(("", "points", "by seed", "corrected p"), rows)


def _level_table(levels: Mapping[str, Mapping[str, Any]]) -> Table:
    header = ("", *(f"{SUITE_NAMES[suite]}, {arm}" for suite in SUITES for arm in ARMS))
    rows: Sequence[Sequence[str]] = [
        [level, *(_cell(by_arm[arm][suite]) for suite in SUITES for arm in ARMS)] for level, by_arm in levels.items()
    ]
    return Table(header, rows)
