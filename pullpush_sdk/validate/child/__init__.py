"""The process in which a connector under check is imported and run, and the one place that starts it."""

from ._parent import ChildResult, Limits, run_child

__all__ = ["ChildResult", "Limits", "run_child"]
