"""Salla on this machine: an emulator of the Merchant API v2 and of its accounts host, on one origin.

`/admin/v2/...` is the API, `/oauth2/...` the accounts host, `/_sandbox/...` the control panel (see
`pullpush_sdk.sandbox.control`; edits by the merchant: `changes`). It imports nothing of the connector.

Where the platform's behaviour is not published, the sandbox shows the form that a careful client must survive, and
has a switch in `SandboxOptions.extra` for the other one:

| switch | values (first = default) | what is not known |
| --- | --- | --- |
| `abuse_after` | 0 = never, 1, ... | refusals in a row after which access is restricted (403) for five minutes |
| `app_webhook_url` | text | where `app.*` events go; none are sent without it |
| `branches` | 1, ... | number of branches; every third is inactive |
| `bulk_branch_id` | `false`, `true` | whether a bulk row's `branch_id` counts as `branch` |
| `bulk_delay` | 0 (sandbox seconds) | how long a bulk write waits |
| `bulk_max_rows` | 100; 0 = any number | rows per bulk write |
| `bulk_negative` | `clamp`, `keep`, `skip` | a decrement below zero |
| `bulk_unknown` | `ignore`, `refuse` | a bulk row whose identifier nobody has |
| `carts`, `customers`, `orders` | half (carts: a fifth) of `records` | how many are seeded |
| `code_expiry_field` | `expires`, `expires_in` | name of the life time in a code exchange |
| `custom_item_taxed` | `true`, `false` | whether a line that is no product is taxed |
| `deprecated_events` | `false`, `true` | whether `product.updated` and `product.available` still come |
| `index_lag` | 0 (sandbox seconds) | how long lists and searches miss a new order or customer |
| `item_prices` | `decimal`, `whole` | whether the price of an order's line may have a fraction |
| `list_order` | `newest`, `oldest` | order of lists without a sort |
| `number_clears_unlimited` | `false`, `true` | whether writing a number ends "unlimited" |
| `order_date_zone` | `store`, `utc` | `utc`: an order's `date` is UTC in spite of its label |
| `order_detail` | `light`, `full` | whether the detail holds items |
| `oversell` | `false`, `true` | whether an order may take more than there is |
| `past_last_page` | `empty`, `404` | a page behind the last |
| `plan` | `plus`, `basic`, `pro`, `special` | 120, 60, 360, 720 requests a minute; the 60 is a guess |
| `product_time_zone` | `store`, `utc` | zone of a product's `updated_at` |
| `quantities_per_page` | `honoured`, `ignored` | `per_page` on the quantities list |
| `quantities_total` | `sum`, `default_branch` | what a quantity without `branch` is |
| `refresh_days` | 30; 0 = for ever | life of a refresh token |
| `refresh_grace` | 0 (sandbox seconds) | how long a used refresh token still works |
| `refresh_reuse_status` | 401 or 400 | HTTP status of a refused refresh |
| `sale_above_price` | `kept`, `ended`, `refused` | a sale price that is not below the regular one |
| `same_url_replaces_event` | `false`, `true` | subscribing another event at the same address |
| `scopes` | all, separated by blanks | what the app was granted; `offline_access` gives refresh tokens |
| `stock_touches_updated_at` | `false`, `true` | whether a quantity moves the product's `updated_at` |
| `unset_strategy` | `signature`, `none` | how hooks without a strategy are signed |
| `webhook_accepts` | `200,201`, `2xx` | which answers count as delivered |
| `webhook_retries` | `300,300` (sandbox seconds) | pauses between the tries |
| `webhooks` | `auto`, `manual` | `manual`: only `POST /_sandbox/webhooks/flush` sends |
| `log_file` | path | the request log as JSON lines |

Orders and customers can be edited as the platform allows, lines of orders included; drafts, coupons other than
`SAVE10`, and special offers are not played.
"""

from __future__ import annotations

from pullpush_salla.sandbox.app import build

__all__ = ["build"]
