"""The gallery is what its script makes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from rungwise.problems.problem import TASKS

DOCS = Path(__file__).parents[2] / "docs"
ROOT = DOCS.parent


def test_the_page_is_what_the_script_makes() -> None:
    command = [sys.executable, DOCS / "gallery.py", "--check"]
    found = subprocess.run(command, cwd=ROOT, env={"PYTHONPATH": str(ROOT / "src")}, capture_output=True, text=True)
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


def test_every_task_in_every_view_and_every_link_has_its_place() -> None:
    page = (DOCS / "gallery.md").read_text(encoding="utf-8")
    titles = [line.removeprefix("## ") for line in page.splitlines() if line.startswith("## ")]
    links = [line.partition("](#")[2].rstrip(")") for line in page.splitlines() if line.startswith("- [")]
    assert links == [title.lower().replace(" ", "-").replace(":", "") for title in titles]
    for name in (*TASKS, "PN as a point", "PS as a point", "PNS as a point"):
        section = page.partition(f"\n## {name}: ")[2].partition("\n## ")[0]
        for view in ("natural", "formal", "slots"):
            assert section.count(f"<summary>{view}: ") == 1
