"""The stand-alone script accepts every certificate that is made, and no altered one."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from rungwise.problems.problem import EFFECTS, TASKS
from rungwise.problems.tasks import POINT_TASKS
from rungwise.suites.items import SUITES, generate

SCRIPT = Path(__file__).parents[2] / "docs" / "check_certificate.py"
VARIED: list[tuple[str, dict[str, Any]]] = [
    ("base", {"outcome_values": 3}),
    ("base", {"twins": True}),
    ("base", {"level": "expert"}),
    ("insufficient", {"sufficient": 0.0}),
]

Certificate = dict[str, Any]


def certificates(suite: str, n: int, **options: Any) -> list[Certificate]:
    """As they read back from JSON."""
    return [json.loads(json.dumps(item.problem.to_dict())) for item in generate(suite, n, seed=3, **options)]


def run(folder: Path, certificates: Iterable[Certificate]) -> subprocess.CompletedProcess[str]:
    """The script over files, by itself: without our package on the path."""
    paths = []
    for i, certificate in enumerate(certificates):
        paths.append(folder / f"{i}.json")
        paths[-1].write_text(json.dumps(certificate), encoding="utf-8")
    return subprocess.run([sys.executable, "-I", "-S", SCRIPT, *paths], capture_output=True, text=True)


def test_at_most_thirty_lines_of_the_standard_library() -> None:
    body = SCRIPT.read_text(encoding="utf-8").split('"""', 2)[2]
    lines = [line for line in body.splitlines() if line.strip() and not line.strip().startswith("#")]
    assert len(lines) <= 30
    assert "rungwise" not in body


@pytest.mark.parametrize(("suite", "options"), [*[(suite, {}) for suite in SUITES], *VARIED])
def test_what_is_made_is_right(tmp_path: Path, suite: str, options: dict[str, Any]) -> None:
    made = certificates(suite, 28 if suite in ("decisive", "insufficient") or "twins" in options else 7, **options)
    tasks = POINT_TASKS if suite == "monotone" else EFFECTS if "outcome_values" in options else TASKS
    assert {c["query"]["task"] for c in made} == set(tasks)
    found = run(tmp_path, made)
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.count("OK ") == len(made)


def test_the_numbers_are_told(tmp_path: Path) -> None:
    made = next(c for c in certificates("insufficient", 2) if c["truth"]["value"] is None)
    said = run(tmp_path, [made]).stdout
    assert "LACK_CONDITION" in said
    assert f"second model {made['meta']['witness']['value']:.6f}" in said


def rows_of(certificate: Certificate, v: int) -> list[list[float]]:
    """The rows of the table of variable v."""
    rows = [certificate["model"]["tables"][v]]
    while isinstance(rows[0][0], list):
        rows = [row for part in rows for row in part]
    return rows


def change_table(certificate: Certificate) -> None:
    for row in rows_of(certificate, certificate["query"]["outcome"]):
        row[0], row[1] = row[0] / 2, row[1] + row[0] / 2


def unbalance_row(certificate: Certificate) -> None:
    rows_of(certificate, certificate["query"]["treatment"])[0][0] += 1e-6


def change_fact(certificate: Certificate) -> None:
    fact = certificate["facts"][0]
    fact["value"] = round(fact["value"] + (1e-4 if fact["value"] < 0.5 else -1e-4), 4)


def hide_number(certificate: Certificate) -> None:
    certificate["facts"][0]["value"] = float("nan")


def change_value(certificate: Certificate) -> None:
    certificate["truth"]["value"] += 1e-3


def flip_answer(certificate: Certificate) -> None:
    answers = {"Yes": "No", "No": "Yes", None: "Yes", "LACK_CONDITION": "Yes"}
    certificate["truth"]["answer"] = answers[certificate["truth"]["answer"]]


def flip_direction(certificate: Certificate) -> None:
    certificate["query"]["direction"] = {"more": "less", "less": "more"}[certificate["query"]["direction"]]


def claim_lack(certificate: Certificate) -> None:
    certificate["truth"] = {"value": None, "answer": "LACK_CONDITION"}


def swap_values(certificate: Certificate) -> None:
    q = certificate["query"]
    q["x"], q["x_ref"] = q["x_ref"], q["x"]


def turn_edge(certificate: Certificate) -> None:
    certificate["edges"][0].reverse()


def close_cycle(certificate: Certificate) -> None:
    certificate["edges"] += [certificate["edges"][0][::-1]]


DEFECTS = (
    change_table, unbalance_row, change_fact, hide_number, change_value, flip_answer, claim_lack, swap_values,
    turn_edge, close_cycle,
)  # fmt: skip


@pytest.mark.parametrize("plant", DEFECTS)
def test_an_altered_certificate_is_caught(tmp_path: Path, plant: Callable[[Certificate], None]) -> None:
    made = {c["query"]["task"]: c for c in certificates("base", 14) if c["truth"]["value"]}
    assert len(made) == 7
    for certificate in made.values():
        plant(certificate)
        assert run(tmp_path, [certificate]).returncode == 1, certificate["query"]


def test_the_direction_decides_the_answer(tmp_path: Path) -> None:
    for made in certificates("base", 14)[:5]:
        flip_direction(made)
        if made["truth"]["value"]:
            assert run(tmp_path, [made]).returncode == 1
            flip_answer(made)
        assert run(tmp_path, [made]).returncode == 0


def first_model(certificate: Certificate) -> None:
    certificate["meta"]["witness"]["tables"] = certificate["model"]["tables"]


def other_facts(certificate: Certificate) -> None:
    made = copy.deepcopy(certificate)
    change_table(made)
    certificate["meta"]["witness"]["tables"] = made["model"]["tables"]


def no_witness(certificate: Certificate) -> None:
    del certificate["meta"]["witness"]


@pytest.mark.parametrize("plant", [first_model, other_facts, no_witness, flip_answer, change_fact, turn_edge])
def test_a_witness_that_shows_nothing_is_caught(tmp_path: Path, plant: Callable[[Certificate], None]) -> None:
    made = [c for c in certificates("insufficient", 14) if c["truth"]["value"] is None]
    assert len(made) == 7
    for certificate in made:
        plant(certificate)
        assert run(tmp_path, [certificate]).returncode == 1, certificate["query"]


def test_the_first_failure_is_named(tmp_path: Path) -> None:
    right, wrong = certificates("base", 2)
    change_value(wrong)
    found = run(tmp_path, [right, wrong])
    assert found.returncode == 1
    assert found.stdout.startswith(f"OK {tmp_path / '0.json'}")
    assert found.stderr.startswith(f"FAILS {tmp_path / '1.json'}")
