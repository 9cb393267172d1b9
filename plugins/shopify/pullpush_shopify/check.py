"""Looking whether a connection works: credentials, permissions, API version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pullpush_sdk.connector import Connection, Finding
from pullpush_sdk.errors import RemoteError, SetupError

from .answers import API_VERSION
from .graphql import ask

_SHOP = """
query ShopInfo {
  shop { name myshopifyDomain currencyCode }
  currentAppInstallation { accessScopes { handle } }
  publicApiVersions { handle supported }
}
"""

SCOPES: Mapping[str, str] = {
    "read_locations": "listing the places that keep stock",
    "read_inventory": "reading stock",
    "write_inventory": "writing stock",
    "read_products": "reading products",
    "write_products": "writing products",
    "read_orders": "reading orders of the last 60 days",
    "read_all_orders": "reading older orders; Shopify grants it on request",
    "write_orders": "writing orders",
    "read_customers": "reading the buyers of orders",
    "write_customers": "writing the buyers of new orders",
}
"""Permission to what it is for."""

_OPTIONAL = frozenset({"read_all_orders"})


async def check(connection: Connection) -> Sequence[Finding]:
    """One finding for the credentials, each permission and the API version."""
    try:
        data = await ask(connection, _SHOP)
    except SetupError as error:
        return [Finding(name="shop", ok=False, message=error.message, hint=error.hint)]
    except RemoteError as error:
        said = f": {error.answer}" if error.answer else ""
        return [Finding(name="credentials", ok=False, message=f"{error.message}{said}", hint=error.hint)]
    shop = data["shop"]
    who = f"accepted by {shop['name']} ({shop['myshopifyDomain']}), which sells in {shop['currencyCode']}"
    granted = {each["handle"] for each in data["currentAppInstallation"]["accessScopes"]}
    return [
        Finding(name="credentials", ok=True, message=who),
        *(_scope(name, use, granted) for name, use in SCOPES.items()),
        _version({each["handle"] for each in data["publicApiVersions"] if each["supported"]}),
    ]


def _scope(name: str, use: str, granted: set[str]) -> Finding:
    """A permission to write includes the one to read."""
    if name in granted or name.replace("read_", "write_", 1) in granted:
        return Finding(name=f"permission {name}", ok=True, message=f"granted: {use}")
    hint = f"add {name} to the app's scopes and install it again, if flows need it"
    return Finding(name=f"permission {name}", ok=name in _OPTIONAL, message=f"not granted: {use}", hint=hint)


def _version(supported: set[str]) -> Finding:
    if API_VERSION in supported:
        return Finding(name="API version", ok=True, message=f"{API_VERSION} is supported")
    message = f"{API_VERSION} is no longer supported; Shopify answers with {min(supported, default='another')}"
    return Finding(name="API version", ok=False, message=message, hint="update pullpush-shopify")
