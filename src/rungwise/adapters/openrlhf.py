"""OpenRLHF (0.11): ``--reward.remote_url FILE.py`` names a file with this function. It is run in threads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from rungwise.adapters.judge import judge, numbers
from rungwise.errors import UserError
from rungwise.language_models import THINK, require

_SPECIAL = re.compile(r"<[|｜][\w▁-]{1,40}[|｜]>|</s>|<eos>|<end_of_turn>")
"""Special tokens, which queries are decoded with: text beside a bare LACK_CONDITION would make it a mere mention."""


def reward_func(queries: Sequence[str], prompts: Sequence[str], labels: Sequence[str], **_: Any) -> dict[str, Any]:
    """Strict scores as tensors of shape (B,). A query is a prompt with its response.

    Raises:
        UserError: a label is damaged, or a query does not begin with its prompt.
    """
    found = [numbers(judge(_response(*pair), label)) for *pair, label in zip(queries, prompts, labels, strict=True)]
    columns = {name: require("torch").tensor([row[name] for row in found]) for name in found[0]}
    return {"rewards": columns["score"], "scores": columns["score"], "extra_logs": columns}


def _response(query: str, prompt: str) -> str:
    if not query.startswith(prompt):  # the prompt shows an answer's format; scored with it, a text has two answers
        raise UserError("a query does not begin with its prompt: it was cut; raise --data.max_len")
    opened = THINK if prompt.rstrip().endswith(THINK) else ""
    return opened + _SPECIAL.sub("", query[len(prompt) :])
