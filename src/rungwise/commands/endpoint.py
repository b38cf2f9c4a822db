"""The options of every command that asks an OpenAI-compatible endpoint."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from rungwise.errors import UserError

if TYPE_CHECKING:
    from rungwise.suites.endpoint import Endpoint

DEFAULT_KEY = "OPENAI_API_KEY"

Command = TypeVar("Command", bound=Callable[..., Any])


def endpoint_options(command: Command) -> Command:
    """Adds --endpoint, --model, --key-env, --concurrency, --tries, --timeout and --temperature."""
    options = (
        click.option(
            "--endpoint",
            required=True,
            help="Base URL of an OpenAI-compatible server, as in http://localhost:8000/v1.",
        ),
        click.option("--model", required=True, help="The model's name at the endpoint."),
        click.option("--key-env", help=f"Environment variable that holds the key.  [default: {DEFAULT_KEY}]"),
        click.option("--concurrency", default=4, show_default=True, help="Items in work at a time."),
        click.option("--tries", default=3, show_default=True, help="Requests for an item at most."),
        click.option("--timeout", default=60.0, show_default=True, help="Seconds for a reply."),
        click.option("--temperature", type=float, help="The endpoint's own by default."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def make_endpoint(
    endpoint: str, model: str, key_env: str | None, timeout: float, temperature: float | None
) -> Endpoint:
    """What these options name, with the key from the environment.

    Raises:
        UserError: the variable is not set, or an option is out of range.
    """
    from rungwise.suites.endpoint import Endpoint

    return Endpoint(endpoint, model, timeout, temperature, key_from(key_env))


def key_from(key_env: str | None) -> str | None:
    """The key in an environment variable, by default DEFAULT_KEY's, where there may be none.

    Raises:
        UserError: the variable that was named is not set.
    """
    key = os.environ.get(key_env or DEFAULT_KEY) or None
    if key_env and not key:
        raise UserError(f"the environment variable {key_env} is not set; it should hold the endpoint's key")
    return key
