"""A local Shopify: the Admin GraphQL API, tokens, webhooks and bulk operations over one seeded shop.

Refusals are worded as in recorded answers where there are any; what had to be guessed says so where it stands. One
schema, that of 2026-10, answers every version path; a path older than the oldest supported version is answered by
that one, as the header says.

Switches (`SandboxOptions.extra`):

| name | meaning | default |
| --- | --- | --- |
| `currency` | the shop's currency | `SAR` |
| `locations` | how many locations | `1` |
| `shop` | the shop's name | `sandbox-store` |
| `scopes` | granted scopes, comma-separated; without `read_all_orders` orders end after 60 days | all |
| `bucket`, `restore_rate` | points in the bucket and points per second | `2000`, `100` |
| `throttle_http` | HTTP status of a throttled answer: `200` or `429` | `200` |
| `index_lag` | seconds until searches see a write | `0` |
| `orders_per_minute` | bound of `orderCreate`, as in development shops | none |
| `depth_limit` | where a filtered list ends in silence | `25000` |
| `default_status` | `active`: a list of products that names no status shows those only | all |
| `late_bodies` | `yes`: a webhook's body is put together when it is sent, not when it is triggered | `no` |
| `compliance_url` | where the privacy topics go, as set in the app's configuration | nowhere |
| `log_file` | a file that gets the request log | none |

Every written stock figure is an entry of its own in `GET /_sandbox/log`: `{"method": "WRITE", "path": "inventory",
"write": {"item", "sku", "location", "name", "quantity", "expected", "delta", "mutation", "key"}}`.
"""

from __future__ import annotations

from pullpush_shopify.sandbox._build import build

__all__ = ["build"]
