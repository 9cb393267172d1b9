"""The one long-running process: flows on their schedules, and what it answers over HTTP."""

from ._log_lines import LOG_FORMATS, log_to
from ._run import Serving, listen, run_project

__all__ = ["LOG_FORMATS", "Serving", "listen", "log_to", "run_project"]
