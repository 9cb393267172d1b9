"""Magento 2 on this machine: a small emulator of the REST API, `/rest/<store code>/V1/...`.

`/_sandbox/...` is the control panel. It imports nothing of the connector.

Products repeat in eights: plain; a real zero; stock not managed; below zero with backorders; configurable with two
children, one of which is visible by itself; a fraction of a piece; a bundle; a stock item whose quantity is null. Every
ninth SKU has a slash. Source items stand at `default`, `east` and the disabled `old`, and one names a product that is
gone. Orders hold a plain line, the two lines of a configurable product, and both kinds of bundles.

| switch of `SandboxOptions.extra` | values (first = default) | meaning |
| --- | --- | --- |
| `bearer` | `true`, `false` | whether integration tokens are accepted as bearer (off by default in a real shop) |
| `past_last_page` | `repeat`, `empty` | a page behind the last |
| `log_file` | path | the request log as JSON lines |

Changes: `stock` (`sku`, `quantity`, `source`, `manage_stock`), `product` (`sku`, `price`, `name`), `order`
(`increment_id`, `state`).
"""

from __future__ import annotations

from pullpush_magento.sandbox.app import build

__all__ = ["build"]
