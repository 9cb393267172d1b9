"""Pieces of pullpush.toml as text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pullpush_sdk.sandbox import Sandbox


def variable(connection: str, secret: str) -> str:
    """The environment variable that a secret of a connection is looked for in: `SHOP_ACCESS_TOKEN`."""
    return re.sub(r"\W+", "_", f"{connection}_{secret}").upper()


def key(name: str) -> str:
    """A TOML key, quoted where it must be."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name)


def value(plain: Any) -> str:
    """A TOML value; texts, numbers, booleans and lists of them."""
    if isinstance(plain, list | tuple):
        return f"[{', '.join(value(item) for item in plain)}]"
    return json.dumps(plain, ensure_ascii=False)


def sandbox_connection(
    name: str, connector: str, sandbox: Sandbox, address: str, kept: Mapping[str, Mapping[str, str]]
) -> str:
    """The table of a connection that points at a running sandbox; `kept` says where each secret is."""
    lines = [f"[connections.{key(name)}]", f"connector = {value(connector)}", f"sandbox = {value(address)}"]
    lines += [f"{key(setting)} = {value(given)}" for setting, given in sandbox.settings.items()]
    for secret in sandbox.secrets:
        ((kind, target),) = kept[secret].items()
        lines.append(f"{key(secret)} = {{{kind} = {value(target)}}}")
    return "\n".join(lines)
