"""What a running process offers to the outside: the webhook receiver, and the worker behind it.

`webhook_routes` are the routes of an ASGI app that keeps genuine requests durably before it answers; `work_inbox` turns
what was kept into events of every flow that reads them. `make_server` and `listen` serve an app with limits on time and
size that no request of any route gets round. Needs the extra `serve`.
"""

from ._inbox_worker import work_inbox
from ._limits import Limits
from ._routes import direct, webhook_routes
from ._server import listen, make_server
from ._target import Target

__all__ = ["Limits", "Target", "direct", "listen", "make_server", "webhook_routes", "work_inbox"]
