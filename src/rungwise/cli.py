"""The command line: ``rungwise COMMAND``. Exit codes: 0 done, 1 the checked thing fails, 2 a user's mistake."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from rungwise import __version__
from rungwise.commands.audit import audit
from rungwise.commands.compare import compare
from rungwise.commands.evaluate import evaluate
from rungwise.commands.export import export
from rungwise.commands.general import general
from rungwise.commands.generate import generate, reveal
from rungwise.commands.rephrase import rephrase
from rungwise.commands.report import report
from rungwise.commands.reword import reword
from rungwise.commands.score import score
from rungwise.commands.show import show
from rungwise.commands.solve import solve
from rungwise.commands.study import study
from rungwise.commands.suites import list_, verify
from rungwise.commands.train import pretrain, quickstart, train
from rungwise.errors import UserError
from rungwise.files import NO_ROOM

INTERRUPTED = 130
BROKEN_PIPE = 141


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="""\b
Examples:
  rungwise quickstart
  rungwise generate base --n 3
  rungwise evaluate --model exact --suite base""",
)
@click.version_option(__version__, message="%(version)s")
def rungwise() -> None:
    """Turns language models into causal reasoners: exact problems, post-training, honest evaluation."""


for _command in (
    generate, show, list_, verify, reveal, export, rephrase, reword, solve, pretrain, train, study, evaluate, score,
    compare, report, general, audit, quickstart,
):  # fmt: skip
    rungwise.add_command(_command)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; a user's mistake becomes one line on stderr."""
    try:
        code = rungwise.main(list(arguments), prog_name="rungwise", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else "")
        return 0
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        where = context.command_path if context else "rungwise"
        return _mistake(f"{error.format_message().rstrip('.')} (see {where} --help)")
    except UserError as error:
        return _mistake(str(error))
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped; the same command resumes", err=True)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output went away, as in "rungwise ... | head"
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        todo = NO_ROOM.get(error.errno or 0) if where else None
        then = f"; {todo}, then the same command resumes" if todo else ""
        return _mistake(f"{error.strerror or error}{where}{then}")
    return int(code or 0)


def main() -> None:
    """The entry point."""
    # Libraries that are loaded later keep to errors: stderr belongs to our own lines.
    for name, value in (("TRANSFORMERS_VERBOSITY", "error"), ("HF_HUB_DISABLE_PROGRESS_BARS", "1")):
        os.environ.setdefault(name, value)
    sys.exit(run(sys.argv[1:]))


def _mistake(message: str) -> int:
    click.echo(f"error: {' '.join(message.split())}", err=True)
    return 2


if __name__ == "__main__":
    main()
