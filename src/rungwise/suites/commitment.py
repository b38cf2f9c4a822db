"""Commit and reveal: a test set whose seed is bound before it is known.

Before: the data may be published or kept, ``commitment.json`` and the manifest are published. The commitment is
sha256 over the seed, a random salt and the request; it binds the seed, and with the deterministic generator all items,
without telling it. After: ``reveal.json`` tells seed and salt, and anybody can check the hash and make the items again.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rungwise.errors import UserError
from rungwise.files import read_json, write_json
from rungwise.suites.shards import Request

SEED_BITS = 128


@dataclass(frozen=True)
class Commitment:
    """A secret seed with its salt."""

    seed: int
    salt: str

    def digest(self, request: Request) -> str:
        """The commitment to a request made with this seed."""
        public = json.dumps(request.public(), sort_keys=True)
        return hashlib.sha256(f"{self.seed}:{self.salt}:{public}".encode()).hexdigest()


def secret_file(out: Path) -> Path:
    """Where a folder's secret is kept: beside it, never in it."""
    return out.with_name(f"{out.name}.secret.json")


def keep_secret(out: Path, seed: int | None) -> Commitment:
    """The folder's secret: the one kept before, or a new one with a random seed where none is given.

    Raises:
        UserError: another seed was kept before, or the file is damaged.
    """
    path = secret_file(out)
    if path.exists():
        kept = _read(path)
        if seed is not None and seed != kept.seed:
            raise UserError(f"{path} keeps another seed; choose another --out")
        return kept
    made = Commitment(seed if seed is not None else secrets.randbits(SEED_BITS), secrets.token_hex(32))
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(json.dumps({"seed": made.seed, "salt": made.salt}) + "\n")
    return made


def reveal(out: Path) -> Commitment:
    """Write ``reveal.json`` from the secret.

    Raises:
        UserError: the folder is not committed to, or the secret is not its.
    """
    stated, request = _committed(out)
    if not secret_file(out).exists():
        raise UserError(f"there is no {secret_file(out)}; only who made the folder can reveal it")
    kept = _read(secret_file(out))
    if kept.digest(_with_seed(request, kept.seed)) != stated:
        raise UserError(f"{secret_file(out)} is not the secret that {out} is committed to")
    write_json(out / "reveal.json", {"seed": kept.seed, "salt": kept.salt})
    return kept


def revealed_request(out: Path) -> Request:
    """The request of a revealed folder, its seed the one that was committed to.

    Raises:
        UserError: the folder is not committed to or not revealed, or the seed is another one.
    """
    stated, request = _committed(out)
    if not (out / "reveal.json").exists():
        raise UserError(f"{out} is not revealed; 'rungwise reveal {out}' does that")
    kept = _read(out / "reveal.json")
    found = _with_seed(request, kept.seed)
    if kept.digest(found) != stated:
        raise UserError(f"the revealed seed of {out} is not the one that was committed to")
    return found


def _committed(out: Path) -> tuple[str, dict[str, Any]]:
    if not (out / "commitment.json").exists():
        raise UserError(f"{out} holds no commitment.json; make it with 'rungwise generate --commit'")
    stated = read_json(out / "commitment.json")
    try:
        return str(stated["commitment"]), dict(stated["request"])
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{out / 'commitment.json'} is damaged: {error}") from error


def _with_seed(request: dict[str, Any], seed: int) -> Request:
    try:
        given = {key: value for key, value in request.items() if key != "rungwise"}
        return Request(**{**given, "suites": tuple(given["suites"]), "seed": seed})
    except (KeyError, TypeError) as error:
        raise UserError(f"the committed request is damaged: {error}") from error


def _read(path: Path) -> Commitment:
    kept = read_json(path)
    try:
        return Commitment(int(kept["seed"]), str(kept["salt"]))
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path} is damaged: {error}") from error
