"""Where the named recipes are; known without reading them, so that listing them needs no extra."""

from __future__ import annotations

from pathlib import Path

import rungwise


def recipes_folder() -> Path:
    """A folder for each recipe, with ``recipe.yaml``, whose first line says what it is for, and README.md."""
    package = Path(rungwise.__file__).parent
    installed = package / "recipes"
    return installed if installed.is_dir() else package.parents[1] / "recipes"


def recipe_names() -> dict[str, str]:
    """The named recipes, each with the first line of its file."""
    found = {}
    for path in sorted(recipes_folder().glob("*/recipe.yaml")):
        with path.open(encoding="utf-8") as lines:
            found[path.parent.name] = lines.readline().lstrip("# ").strip()
    return found
