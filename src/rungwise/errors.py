"""The one exception for mistakes a user can make."""

from __future__ import annotations


class UserError(ValueError):
    """Something the user gave is wrong; the message is one line that says what to do about it.

    The command line prints the message without a traceback and exits with 2.
    """
