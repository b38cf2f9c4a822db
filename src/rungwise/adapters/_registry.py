"""What Inspect finds through the entry point ``inspect_ai``."""

from rungwise.adapters.inspect import causal, strict

__all__ = ["causal", "strict"]
