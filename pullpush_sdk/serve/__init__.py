"""The one long-running process: flows on their schedules, and what it offers to the outside.

`run_project` is all of it. `webhook_routes` are the routes of an ASGI app that keeps genuine requests durably before it
answers; `work_inbox` turns what was kept into events of every flow that reads them, `receive_waiting` does so once for
a command. `make_server` and `listen` serve an app with limits on time and size that no request of any route gets round.
"""

from ._inbox_worker import work_inbox
from ._limits import Limits
from ._log_lines import LOG_FORMATS, log_to
from ._routes import direct, webhook_routes
from ._run import LISTENING, Serving, run_project
from ._server import listen, make_server
from ._target import Target
from ._waiting import receive_waiting

__all__ = [
    "LISTENING",
    "LOG_FORMATS",
    "Limits",
    "Serving",
    "Target",
    "direct",
    "listen",
    "log_to",
    "make_server",
    "receive_waiting",
    "run_project",
    "webhook_routes",
    "work_inbox",
]
