"""Linnworks on this machine: a small emulator of the Linnworks.net API, all of its hosts on one origin.

`/api/Auth/...` is the host that opens sessions, `/sN/api/...` the server of session N (a session works at its own
server only), `/v2/...` the regional host, `/_sandbox/...` the control panel. It imports nothing of the connector.

Items repeat in eights: plain; a real zero; untracked at the first location; oversold; without a row at the second
location; with open orders; a variation parent; an untracked composite parent. The third location keeps no stock.

| switch of `SandboxOptions.extra` | values (first = default) | meaning |
| --- | --- | --- |
| `quota_status` | 429, 400 | status of a refusal because of the quota |
| `retry_after` | `true`, `false` | whether such a refusal says when to come back |
| `log_file` | path | the request log as JSON lines |

Changes: `stock` (`sku`, `location`, and of `level`, `in_orders`, `minimum_level` what changes), `order` (`number`,
`processed`, `cancelled`), `expire_sessions`.
"""

from __future__ import annotations

from pullpush_linnworks.sandbox.app import build

__all__ = ["build"]
