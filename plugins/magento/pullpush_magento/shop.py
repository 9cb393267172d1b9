"""Facts of the shop that hardly change: currencies, inventory sources, regions; asked for once per connection."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pullpush_sdk.connector import Connection
from pullpush_sdk.declarative import iter_records
from pullpush_sdk.errors import ContractError, SetupError
from pullpush_sdk.http import Call
from pullpush_sdk.manifest import Pagination, Request

from .answers import MISSING
from .native import LIST, send

Json = Any

SOURCES, LEGACY, SALABLE = "sources", "legacy", "salable"
_SOURCES = "magento.sources"
_PAGES = Pagination(
    kind="page", page_param="searchCriteria[currentPage]", size_param="searchCriteria[pageSize]", size=100
)


async def _stores(connection: Connection) -> list[Json]:
    async def load() -> list[Json]:
        return list((await send(connection, "GET", "store/storeConfigs")).json())

    return await connection.once("magento.stores", load)


async def currency_of(connection: Connection) -> str:
    """The currency in which the store view's products have their prices.

    Raises:
        SetupError: no store view has the code of the settings.
        ContractError: it names no currency.
    """
    store = await _store(connection)
    currency = store.get("base_currency_code")
    if not isinstance(currency, str) or not currency:
        raise ContractError(f"the settings of store view {store['code']!r} name no base_currency_code")
    return currency


async def _store(connection: Connection) -> Json:
    """The store view of the settings."""
    wanted = connection.settings["store_code"]
    stores = await _stores(connection)
    store = next((each for each in stores if each.get("code") == wanted), None)
    if store is None:
        names = ", ".join(str(each.get("code")) for each in stores)
        raise SetupError(f"the shop has no store view {wanted!r}", hint=f"store_code is one of {names}")
    return store


async def wall_time(connection: Connection, moment: datetime) -> datetime:
    """A moment by the store view's wall clock, without a zone and in whole seconds, as dates of offers stand there.

    Raises:
        SetupError: no store view has the code of the settings.
        ContractError: its time zone is none.
    """
    return _wall_time(await _store(connection), moment)


async def first_day(connection: Connection, moment: datetime) -> date:
    """The day that it is in every store view, or was: an offer that starts on it runs in all of them.

    Raises:
        ContractError: the time zone of a store view is none.
    """
    return min(_wall_time(store, moment).date() for store in await _stores(connection))


def _wall_time(store: Json, moment: datetime) -> datetime:
    name = store.get("timezone")
    try:
        zone = ZoneInfo(str(name or ""))
    except (ZoneInfoNotFoundError, ValueError):
        raise ContractError(
            f"the settings of store view {store.get('code')!r} name the time zone {name!r}, which is none"
        ) from None
    return moment.astimezone(zone).replace(tzinfo=None, microsecond=0)


async def currencies_of(connection: Connection) -> frozenset[str]:
    """The base currencies of all websites: a price that is written for all of them counts in each."""
    return frozenset(str(each.get("base_currency_code")) for each in await _stores(connection))


async def stock_mode(connection: Connection) -> str:
    """Where quantities stand: `sources`, `legacy` or `salable`; found out once where the settings leave it open."""
    chosen = str(connection.settings.get("stock", "auto"))
    if chosen != "auto":
        return chosen
    return SOURCES if await sources_of(connection) is not None else LEGACY


async def sources_of(connection: Connection) -> Mapping[str, Json] | None:
    """Every inventory source by its code, in use or not; None in a shop without the inventory modules."""

    async def load() -> Mapping[str, Json] | None:
        params = {"searchCriteria[currentPage]": "1", "searchCriteria[pageSize]": "1"}
        url = f"/{connection.settings['store_code']}/V1/inventory/sources"
        answer = await connection.client.send(Call(url=url, params=params, accepts=MISSING))
        return None if answer.status in MISSING else await _all_sources(connection)

    return await connection.once(_SOURCES, load)


async def _all_sources(connection: Connection) -> Mapping[str, Json]:
    params = {"searchCriteria[sortOrders][0][field]": "source_code", "searchCriteria[sortOrders][0][direction]": "ASC"}
    request = Request(path="/{{store_code}}/V1/inventory/sources", params=params)
    return {row["source_code"]: row async for row in iter_records(connection, request, _PAGES, LIST)}


def forget_sources(connection: Connection) -> None:
    """Look again: sources are added and switched off."""
    connection.memo.pop(_SOURCES, None)


async def country_code(connection: Connection, name: str) -> str | None:
    """The code of a country by its English or local name, or by itself; None where the shop has none of that name."""

    async def load() -> Mapping[str, str]:
        listed = (await send(connection, "GET", "directory/countries")).json()
        keys = ("id", "three_letter_abbreviation", "full_name_english", "full_name_locale")
        return {str(row[key]).casefold(): str(row["id"]) for row in listed for key in keys if row.get(key)}

    known = await connection.once("magento.countries", load)
    return known.get(name.strip().casefold())


async def region_id(connection: Connection, country: str, names: tuple[str | None, ...]) -> int | None:
    """The id of a region by its code or name, None where the country has no list or not this one."""

    async def load() -> Mapping[str, int]:
        answer = await send(connection, "GET", f"directory/countries/{country}", accepts=MISSING)
        listed = [] if answer.status in MISSING else answer.json().get("available_regions") or []
        return {str(row[key]).casefold(): int(row["id"]) for row in listed for key in ("name", "code")}

    known = await connection.once(f"magento.regions.{country}", load)
    return next((known[name.casefold()] for name in names if name and name.casefold() in known), None)
