"""Linnworks on this machine: an emulator of the Linnworks.net API, all of its hosts on one origin.

`/api/Auth/...` is the host that opens sessions, `/<random>/api/...` the server of one session (a session works at its
own server only), `/v2/...` the regional host, `/_sandbox/...` the control panel. It imports nothing of the connector.

Items repeat in eights: plain; a real zero; untracked at the first location; oversold; without a row at the second
location; with open orders; a variation parent; an untracked composite parent. The third location keeps no stock.

| switch of `SandboxOptions.extra` | values (first = default) | meaning |
| --- | --- | --- |
| `quota_status` | 429, 400 | status of a refusal because of the quota |
| `retry_after` | `true`, `false` | whether such a refusal says when to come back |
| `state` | `AVAILABLE`, `LOCKED_BASIC`, `LOCKED_FULL`, `MAINTENANCE` | the account's state, in every session's answer |
| `index_lag` | 0, seconds | how long look-ups by SKU or reference, and the refusal of repeats, miss what is new |
| `search` | `kept`, `live` | whether a search's pages stand still, or move with the orders |
| `stamps` | `ticks`, `seconds` | resolution of times: a ten millionth of a second with its zeros cut, or a second |
| `zone` | `Z`, `offset` | how times in answers end: `Z` or `+00:00` |
| `bulk_answer` | `full`, `empty` | whether UpdateStockLevelsBulk answers with a body |
| `sparse` | `false`, `true` | optional fields (`AutoAdjust`, `BinRack`, ...) come and go between calls |
| `currency` | `GBP`, a code | the account's currency |
| `shuffle` | `false`, `true` | whether item lists have another order at every change of the list |
| `log_file` | path | the request log as JSON lines |

Changes (`control.changes`, `POST /_sandbox/change`); each answers with the canonical `key` of what it changed:

| kind | values |
| --- | --- |
| `stock` | `sku`, `location` (absent: Default), `quantity` (what is available; null: no longer tracked) |
| `stock` | `sku`, `location`; and of `level`, `in_orders`, `minimum_level` what changes |
| `stock_row_delete` | `sku`, `location`: the item has no row there any more |
| `location` | `location`, `trackable` (true, false) |
| `product` | `sku`, `title`, `price` |
| `product_create` | `sku`, `title`, `price` |
| `product_delete` | `sku`: archived |
| `sku` | `sku`, `new_sku`; `which` of those that carry it (0): one may be taken, as after an unarchiving |
| `order_create` | `items` [{`sku`, `quantity`}], `email`, `name` |
| `order_status` | `order` (canonical id), `status`: `completed`, `cancelled`, `processing`, `on_hold`, `pending` |
| `order_delete` | `order` (canonical id): it is in no list any more |
| `order` | `number`; `processed`, `cancelled` |
| `customer` | `email`, `name`: in all of the buyer's orders |
| `customer_create` | `email`, `name`: buyers exist in orders only, so a new buyer's order is made |
| `customer_delete` | `email`: the buyer's data are blanked in all of his orders, whose times stay |
| `state` | `state`: as the switch |
| `expire_sessions` | |
"""

from __future__ import annotations

from pullpush_linnworks.sandbox.app import build

__all__ = ["build"]
