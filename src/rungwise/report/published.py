"""The rows of CauGym's tables (arXiv 2602.06337), to stand beside ours: another model at another scale.

Accuracies in %, in the order of COLUMNS. Means of five sampled answers; the paper gives no variances.
"""

from __future__ import annotations

from pathlib import Path

SOURCE = "another model at another scale: published reference (CauGym, arXiv 2602.06337)"

COLUMNS = ("ATE", "CDE", "ETT", "NDE", "NIE", "PN", "PS", "mean")

BASE: dict[str, tuple[float, ...]] = {
    "Llama-3.3-70B": (57.2, 37.2, 28.8, 43.0, 20.0, 1.0, 1.0, 26.9),
    "Qwen3-235B": (0.4, 0.0, 18.0, 23.0, 0.0, 0.0, 0.0, 5.9),
    "DeepSeek-R1-0528-671B": (74.0, 54.0, 22.0, 46.0, 45.0, 78.0, 80.0, 57.0),
    "Gemini 2.5 Pro": (76.0, 71.0, 32.0, 59.0, 47.0, 24.0, 5.0, 44.8),
    "R1-Distill-Qwen-14B": (59.4, 36.4, 21.0, 44.2, 21.2, 1.4, 6.6, 27.2),
    "OpenAI o3": (84.0, 59.0, 30.0, 43.0, 72.0, 45.0, 55.0, 55.4),
    "cold start 14B": (63.4, 55.0, 15.6, 29.4, 43.4, 78.8, 71.4, 51.0),
    "SFT 14B": (85.2, 82.8, 47.0, 56.0, 60.4, 85.8, 76.6, 70.2),
    "DPO 14B": (65.6, 51.4, 19.8, 28.2, 51.0, 80.6, 70.8, 52.4),
    "KTO 14B": (71.6, 67.4, 23.2, 41.2, 47.2, 81.2, 70.0, 57.4),
    "PPO 14B": (97.2, 98.2, 80.6, 92.6, 92.4, 94.0, 90.2, 92.1),
    "GRPO 14B": (99.0, 99.4, 90.0, 94.0, 93.0, 92.8, 86.6, 93.5),
}
"""Model -> its row on CaLM, which is the base set."""

GRPO_BY_SUITE: dict[str, tuple[float, ...]] = {
    "base": BASE["GRPO 14B"],
    "rephrased": (94.8, 98.2, 85.6, 89.0, 88.8, 77.8, 81.6, 88.0),
    "omitted": (93.5, 96.3, 83.7, 93.4, 83.8, 90.0, 90.7, 90.2),
    "deconfounding": (97.6, 98.6, 85.4, 57.2, 87.2, 95.2, 84.8, 86.6),
    "redundant": (97.2, 96.6, 91.8, 85.0, 88.8, 93.4, 91.0, 92.0),
    "insufficient": (88.4, 90.2, 68.6, 69.6, 95.8, 94.0, 95.4, 86.0),
}
"""The published set of the same name -> the row of its GRPO model there."""


def published_rows(suite: str) -> dict[str, tuple[float, ...]]:
    """The rows for a suite of ours that is made like a published set, or for CauGym's own file or subset of it."""
    name = suite
    if suite.startswith("caugym:"):
        path, _, subset = suite.removeprefix("caugym:").partition("#")
        name = subset or Path(path).stem.removesuffix("_dataset")
    if name == "base":
        return BASE
    return {"GRPO 14B": GRPO_BY_SUITE[name]} if name in GRPO_BY_SUITE else {}
