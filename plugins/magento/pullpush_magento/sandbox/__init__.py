"""Magento 2 on this machine: an emulator of the REST API, `/rest/<store code>/V1/...`.

`/_sandbox/...` is the control panel. It imports nothing of the connector.

Products repeat in eights: plain; a real zero; stock not managed; below zero with backorders; configurable with two
children, one of which is visible by itself; a fraction of a piece; a bundle; a stock item whose quantity is null. Every
ninth SKU has a slash. Source items stand at `default`, `east` and the disabled `old`, and one names a product that is
gone. Orders hold a plain line, the two lines of a configurable product, and both kinds of bundles. What leaves the shop
(mails, captured payments, reservations) stands in `GET /_sandbox/state`.

| switch of `SandboxOptions.extra` | values (first = default) | meaning |
| --- | --- | --- |
| `bearer` | `on`, `off` | whether an integration's token is taken as bearer (off in a real shop until allowed) |
| `two_factor` | `off`, `on` | the admin token needs the provider's call |
| `admin_ttl` | `14400` | seconds that an admin token lives |
| `deny` | names of resources | permissions that the integration lacks |
| `oauth_encoded` | `accepted`, `refused` | a signature over a path with an encoded slash or ampersand |
| `inventory` | `sources`, `legacy` | multi-source inventory, or a shop whose modules were removed |
| `past_last_page` | `repeat`, `empty` | a page behind the last |
| `empty_items` | `list`, `null` | the items of a list without matches |
| `input_limits` | `off`, `on` | 20 objects per array, `page_limit` per page, 20 where no size is asked for |
| `page_limit` | `300` | that limit |
| `slashes` | `on`, `off` | whether the web server lets an encoded slash pass |
| `unknown_sku` | `stored`, `refused` | a source item of a SKU that no product has |
| `currency` | `SAR` | the base currency |
| `second_currency` | (none) | base currency of a second website |
| `timezone` | `America/Chicago` | time zone of the store views, by whose wall clock special prices begin and end |
| `special_null` | `cleared`, `kept` | whether null takes a special price or one of its dates away |
| `special_end` | `exact`, `day_later` | when a special price ends whose last day has a time |
| `index_lag` | `0` | seconds for which lists do not show new orders, invoices and customers |
| `async_delay`, `async_failures` | `2`, `0` | seconds until a queued operation is carried out; how many fail first |
| `order_throttle`, `order_throttle_status` | `0`, `400` | orders per minute (0: no counter); the answer's status |
| `order_mail` | `on`, `off` | whether the shop mails a placed order to the buyer |
| `broken`, `fatal` | shell pattern of paths | answered once with 500 and a report id; with the shape of a fatal error |
| `events`, `webhook_url` | (none) | a loopback address that signed webhooks of orders, invoices and customers go to |
| `workers`, `latency` | `0`, `100` | requests served at once (0: any number), milliseconds that each takes |
| `log_file` | path | the request log as JSON lines |

Changes (all platforms): `stock` (`sku`, `quantity` or null, `location`), `product` (`sku`, `title`, `price`,
`compare_at`: the price before the offer, absent or null for none), `product_create` (`sku`, `title`, `price`),
`product_delete` (`sku`), `sku` (`sku`, `new_sku`), `order_create` (`items`, `email`), `order_status` (`order`,
`status`), `customer` (`email`, `name`), `customer_create` (`email`, `name`), `customer_delete` (`email`),
`invoice_create` (as of `order_create`). Beside them:
`product` with `special_price`, `special_from_date`, `special_to_date`; `stock` with `manage_stock`, `backorders`,
`qty`; `order` (`increment_id`, `state`); `source` (`source`, `enabled`).
"""

from __future__ import annotations

from pullpush_magento.sandbox.app import build

__all__ = ["build"]
