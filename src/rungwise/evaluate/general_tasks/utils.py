"""What the task files beside this one name."""

from rungwise.evaluate.general import process_results

__all__ = ["process_results"]
