"""The golden items as files that ``rungwise export`` reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.golden import golden
from rungwise.adapters.export import Request, export


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """(target, view or None for all, further settings) to the folder of an export of the golden items."""
    folder = tmp_path_factory.mktemp("exports")

    def make(target: str, view: str | None = None, **settings: object) -> Path:
        file = folder / f"golden {view}.jsonl"
        rows = [
            {"problem": json.dumps(json.loads(item["truth"])["problem"]), "view": item["view"], "text": item["prompt"]}
            for item in golden()
            if view in (None, item["view"])
        ]
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        out = folder / f"{target} {view} {' '.join(settings)}"
        assert export(Request(str(file), target, **settings), out)["items"] == len(rows)  # type: ignore[arg-type]
        return out

    return make
