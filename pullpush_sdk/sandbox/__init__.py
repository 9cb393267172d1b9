"""Toolkit for local emulators of platforms ("sandboxes"): clock, limits, faults, request log, webhooks, server.

A platform's sandbox is an ASGI app that speaks the platform's wire format, wrapped by `instrument`, which adds
the control routes under `/_sandbox` and applies the fault plan. A connector ships one as a function
`build(options: SandboxOptions) -> Sandbox`. The toolkit knows no platform, no connector and no canonical type:
an emulator that shared code with its connector would agree with the connector's bugs.
"""

from __future__ import annotations

from pullpush_sdk.sandbox.clock import SandboxClock
from pullpush_sdk.sandbox.control import ChangeError, Control, instrument
from pullpush_sdk.sandbox.faults import Answer, FaultPlan, FaultPlanError, FaultRule
from pullpush_sdk.sandbox.limits import Admission, LeakyBucket, Violations, WindowLimit
from pullpush_sdk.sandbox.log import RequestLog
from pullpush_sdk.sandbox.model import Sandbox, SandboxOptions
from pullpush_sdk.sandbox.server import serve
from pullpush_sdk.sandbox.webhooks import OutgoingWebhook, WebhookOutbox, is_loopback

__all__ = [
    "Admission",
    "Answer",
    "ChangeError",
    "Control",
    "FaultPlan",
    "FaultPlanError",
    "FaultRule",
    "LeakyBucket",
    "OutgoingWebhook",
    "RequestLog",
    "Sandbox",
    "SandboxClock",
    "SandboxOptions",
    "Violations",
    "WebhookOutbox",
    "WindowLimit",
    "instrument",
    "is_loopback",
    "serve",
]
