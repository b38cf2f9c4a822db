"""Work in a process of its own that is ended by SIGKILL, as by a crash or an impatient user."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Callable
from typing import Any

# One server imports the libraries once; every killed process is a fork of it, and none of this one.
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["rungwise.quickstart", "rungwise.pretrain.train"])

PATIENCE = 120.0


def kill(work: Callable[..., Any], *args: Any, when: Callable[[], bool]) -> None:
    """Start ``work(*args)`` and kill it as soon as ``when()`` holds; it must not have ended by then."""
    process = CONTEXT.Process(target=work, args=args, daemon=True)
    process.start()
    give_up = time.monotonic() + PATIENCE
    try:
        while not when():
            assert process.is_alive(), f"the work ended by itself with {process.exitcode}"
            assert time.monotonic() < give_up, "what was waited for did not happen"
            time.sleep(0.02)
    finally:
        process.kill()
        process.join()
    assert process.exitcode == -signal.SIGKILL
