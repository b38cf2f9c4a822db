"""Which versions made a result."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version


def versions() -> dict[str, str]:
    """Python, rungwise and the libraries that decide results, as far as they are installed."""
    found = {"python": platform.python_version()}
    for name in (
        "rungwise",
        "numpy",
        "torch",
        "transformers",
        "peft",
        "trl",
        "datasets",
        "vllm",
        "openai",
        "inspect-ai",
    ):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
