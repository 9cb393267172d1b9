"""What a user fills in for a MiniApp: the fields of its form, its config, and names that only templates mention.

A secret that the document holds in clear is not taken over: the user fills it in.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from ._document import Json
from ._miniapp_report import Block, Report
from ._requests import OFFERED_TO_MINIAPPS

_OAUTH_WORDS = frozenset({"grant_type", "response_type", "scope"})
"""Constants of the exchange, which the auth has taken over: nobody fills them in."""


@attrs.frozen(kw_only=True)
class Settings:
    """A JSON Schema of the settings, and which of them are secret."""

    schema: dict[str, Json]
    secrets: tuple[str, ...]


def read_settings(auth: Block | None, *, used: Iterable[str], managed: frozenset[str], report: Report) -> Settings:
    """The settings of a document whose templates use the names `used`; `managed` ones are got by exchange."""
    used = frozenset(used)
    secrets: dict[str, None] = {}
    properties: dict[str, Json] = {}
    if auth is not None:
        for index, name in enumerate(auth.entries("sensitiveKeys")):
            if isinstance(name, str):
                secrets[name] = None
            else:
                report.wrong("expected text", f"{auth.at('sensitiveKeys')}[{index}]")
        _read_form(auth, properties, secrets)
        _read_config(auth, properties, secrets, managed | (_OAUTH_WORDS - set(used)))
    _add_mentioned(auth, sorted(used - managed), properties, secrets, report=report)
    required = [name for name in properties if name in used and "default" not in properties[name]]
    schema: dict[str, Json] = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    return Settings(schema=schema, secrets=tuple(name for name in secrets if name in properties))


def _read_form(auth: Block, properties: dict[str, Json], secrets: dict[str, None]) -> None:
    for name, field in auth.blocks("form"):
        schema: dict[str, Json] = {"type": "string"}
        if label := field.text("label"):
            schema["title"] = label
        if placeholder := field.text("placeholder"):
            schema["description"] = f"for example {placeholder}"
        if field.text("type", "text") == "password":
            secrets[name] = None
        field.boolean("required", default=True)
        field.close()
        properties[name] = schema


def _read_config(auth: Block, properties: dict[str, Json], secrets: dict[str, None], managed: frozenset[str]) -> None:
    config = auth.block("config")
    if config is None:
        return
    for name in config.value:
        value = config.any(name)
        if name in managed:
            config.report.keep(config.at(name), None if name in secrets else value)
            continue
        if name == "client_secret":
            secrets[name] = None
        schema = properties.setdefault(name, {"type": "string"})
        if name in secrets:
            if value:
                config.report.note(f"the value of `{name}` is not taken over", config.at(name), "it is a secret")
        elif isinstance(value, str) and value:
            schema["default"] = value
        elif isinstance(value, (list, dict)):
            properties[name] = {"type": "array" if isinstance(value, list) else "object", "default": value}
        elif isinstance(value, bool):
            properties[name] = {"type": "boolean", "default": value}
        elif value is not None and value != "":
            properties[name] = {"type": "number", "default": value}


def _add_mentioned(
    auth: Block | None,
    used: Iterable[str],
    properties: dict[str, Json],
    secrets: dict[str, None],
    *,
    report: Report,
) -> None:
    """Names that templates use and nothing declares; a credential among them is a secret unless it is metadata."""
    metadata = _metadata(auth)
    for name in used:
        if name in OFFERED_TO_MINIAPPS or "." in name:
            continue
        if name not in properties:
            properties[name] = {"type": "string"}
            if auth is not None:
                why = "userDetails fills it there, not here" if name in metadata else "nothing in auth supplies it"
                report.note(f"`{name}` is a setting to fill in", auth.path, why)
        if name in report.credentials and name not in metadata:
            secrets[name] = None


def _metadata(auth: Block | None) -> frozenset[str]:
    details = auth.value.get("userDetails") if auth is not None else None
    mapping = details.get("mapping") if isinstance(details, dict) else None
    return frozenset(mapping) if isinstance(mapping, dict) else frozenset()
