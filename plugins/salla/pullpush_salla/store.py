"""Facts of the store that hardly change: its currency and its branches; asked for once per connection."""

from __future__ import annotations

from typing import Any

from pullpush_sdk.connector import Connection
from pullpush_sdk.errors import ContractError, SetupError
from pullpush_sdk.http import Call

Json = Any


async def currency_of(connection: Connection) -> str:
    """The currency of every price in the store.

    Raises:
        ContractError: the platform names none.
    """

    async def load() -> str:
        answer = await connection.client.send(Call(url="/store/info"))
        currency = answer.json()["data"].get("currency")
        if not isinstance(currency, str) or not currency:
            raise ContractError("the store's information names no currency", status=answer.status)
        return currency

    return await connection.once("salla.currency", load)


async def branch_of_orders(connection: Connection) -> int:
    """The branch that created orders take their stock from: the setting's, else the store's default.

    Raises:
        SetupError: neither is there.
    """
    chosen = connection.settings.get("order_branch")
    if chosen:
        return int(chosen)

    async def load() -> int:
        answer = await connection.client.send(Call(url="/branches", params={"is_default": "1"}))
        defaults = [each["id"] for each in answer.json()["data"] if each.get("is_default")]
        if not defaults:
            raise SetupError("the store has no default branch", hint="name one in the setting order_branch")
        return int(defaults[0])

    return await connection.once("salla.branch", load)
