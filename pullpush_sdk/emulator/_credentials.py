"""Which credentials an emulated platform hands out, and which requests it believes.

Samples show credentials as `{{name}}`; wherever a recorded request has one, a request must have its value.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from pullpush_sdk.manifest import ChoiceAuth, Manifest, placeholders, required_placeholders
from pullpush_sdk.manifest.patterns import accepts
from pullpush_sdk.samples import Asked, Exchange, Samples
from pullpush_sdk.sandbox import SandboxClock

from ._inputs import Where, inputs_of, is_placeholder
from ._leaves import leaves, put

__all__ = ["Credentials", "Demand", "connection_of", "demands_of", "filled", "leaf_names"]

Json = Any
_NAME = re.compile(r"\{\{\s*([\w.]+)\s*(?:\|[^}]*)?\}\}")
_LONGEST = 1_000
_CANDIDATES = ("sandbox", "sandbox.example", "https://sandbox.example", "sandbox@example.com", "12345", "sandbox12345")


@attrs.frozen(kw_only=True)
class Demand:
    """A credential that a request must bring: a header, or an input; `template` has its placeholders."""

    template: str
    header: str = ""
    where: Where | None = None

    @property
    def names(self) -> list[str]:
        """The placeholders in the template."""
        return _NAME.findall(self.template)

    def given(self, asked: Asked) -> Json:
        """What a request has at this place, None where it has nothing."""
        return (
            asked.headers.get(self.header) if self.header else inputs_of(asked).get(self.where) if self.where else None
        )


def demands_of(asked: Asked) -> list[Demand]:
    """The credentials that a recorded request brought."""
    headers = [Demand(header=name, template=text) for name, text in asked.headers.items() if is_placeholder(text)]
    inputs = inputs_of(asked).items()
    return headers + [Demand(where=where, template=value) for where, value in inputs if is_placeholder(value)]


def filled(exchange: Exchange, values: Mapping[str, Json], open_ones: Mapping[str, Json]) -> Exchange:
    """The exchange with the placeholders of its path replaced, and in its answer those of `open_ones`.

    These are the settings that are no secret: other names in an answer are tokens.
    """
    body = exchange.body
    for place, leaf in leaves(body):
        if is_placeholder(leaf):
            body = put(body, place, _filled(leaf, open_ones))
    return attrs.evolve(exchange, path=_filled(exchange.path, values), body=body)


def _filled(text: str, values: Mapping[str, Json]) -> str:
    return _NAME.sub(lambda found: str(values.get(found[1], found[0])), text)


@attrs.define
class Credentials:
    """What the platform knows of its callers: fixed values by name, and the tokens that it gave.

    A name without a value is a token's: it is good once it was given. `lifetimes` maps a token to the sandbox second
    of its end.
    """

    values: Mapping[str, Json]
    clock: SandboxClock
    issued: dict[str, dict[str, float | None]] = attrs.field(factory=dict)
    _count: int = 0

    def reset(self) -> None:
        """Forget every token."""
        self.issued.clear()

    def refused(self, demands: Iterable[Demand], asked: Asked) -> list[Demand]:
        """The demands that a request does not meet."""
        return [each for each in demands if not self._meets(each, each.given(asked))]

    def _meets(self, demand: Demand, given: Json) -> bool:
        if given is None:
            return False
        text, template = str(given), demand.template
        if template.lower().startswith("basic ") and ":" in template:
            text = _decoded(text)
        elif template.lower().startswith("oauth ") and demand.header:
            return text.lower().startswith("oauth ") and "oauth_signature=" in text
        found = re.fullmatch(_pattern(template), text, re.DOTALL)
        if found is None:
            return False
        return all(self._knows(name, part) for name, part in zip(demand.names, found.groups(), strict=True))

    def _knows(self, name: str, text: str) -> bool:
        if name in self.issued and text in self.issued[name]:
            end = self.issued[name][text]
            return end is None or self.clock.seconds() < end
        return name in self.values and text == str(self.values[name])

    def issue(self, name: str, lifetime: float | None) -> str:
        """A new token under a name, good for so many sandbox seconds."""
        self._count += 1
        token = f"sandbox-{name.replace('_', '-')}-{self._count}"
        end = None if lifetime is None else self.clock.seconds() + lifetime
        self.issued.setdefault(name, {})[token] = end
        return token

    def revoke(self, name: str, token: str) -> None:
        """A token that was good once is good no more."""
        self.issued.get(name, {}).pop(token, None)


def _pattern(template: str) -> str:
    parts = _NAME.split(template)
    return "".join("(.+?)" if index % 2 else re.escape(part) for index, part in enumerate(parts))


def _decoded(text: str) -> str:
    scheme, _, encoded = text.partition(" ")
    try:
        return f"{scheme} {base64.b64decode(encoded, validate=True).decode()}"
    except (binascii.Error, UnicodeDecodeError):
        return ""


def connection_of(manifest: Manifest, samples: Samples) -> tuple[dict[str, Json], dict[str, str]]:
    """Settings and secrets of a connection to the emulated platform: whatever the manifest and the samples ask for.

    A setting with a default is left to it. Names that only samples know are tokens, and get no value.
    """
    properties: Mapping[str, Any] = manifest.settings.get("properties", {})
    wanted = set(manifest.settings.get("required", ())) | _asked(manifest, samples) & set(properties)
    settings = {
        name: _value(name, properties[name] if isinstance(properties.get(name), Mapping) else {}, manifest.base_url)
        for name in sorted(wanted - set(manifest.secrets))
        if "default" not in properties.get(name, {})
    }
    secrets = {name: str(_value(name, properties.get(name, {}), "")) for name in manifest.secrets}
    for hook in samples.webhooks:
        secrets |= {name: f"sandbox-{name}" for name in hook.secrets if name in secrets}
    if isinstance(manifest.auth, ChoiceAuth) and manifest.auth.by not in properties:
        settings[manifest.auth.by] = next(iter(manifest.auth.options))
    return settings, secrets


def _asked(manifest: Manifest, samples: Samples) -> set[str]:
    named = set(placeholders([manifest.base_url, *manifest.hosts, dict(manifest.headers)]))
    named |= required_placeholders(attrs.asdict(manifest.auth))
    for exchange in samples.exchanges:
        named |= {name for text in _texts(exchange) for name in _NAME.findall(text)}
    return named


def _texts(exchange: Exchange) -> Iterator[str]:
    yield exchange.path
    yield from exchange.headers.values()
    yield from (value for _, value in exchange.params)
    yield from (leaf for _, leaf in leaves(exchange.sent) if isinstance(leaf, str))


def _value(name: str, schema: Mapping[str, Any], base_url: str) -> Json:
    """A value that a setting's schema accepts: the schema's own example first."""
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    for key in ("enum", "examples"):
        if schema.get(key):
            return schema[key][0]
    kind = schema.get("type")
    if kind in ("integer", "number"):
        return schema.get("minimum", 1)
    if kind == "boolean":
        return False
    if kind == "array":
        return []
    if kind == "object":
        return {}
    if base_url.startswith(f"{{{{{name}}}}}") or schema.get("format") in ("uri", "url"):
        return "https://sandbox.example"
    texts = (f"sandbox-{name.replace('_', '-')}", *_CANDIDATES) if not _in_host(name, base_url) else _CANDIDATES
    pattern = schema.get("pattern")
    least, most = min(schema.get("minLength", 0), _LONGEST), schema.get("maxLength", _LONGEST)
    sized = [text.ljust(least, "x")[:most] for text in texts]
    fitting = accepts(pattern, sized) if pattern is not None else [True]
    return next((text for text, fits in zip(sized, fitting or (), strict=False) if fits), texts[0])


def _in_host(name: str, base_url: str) -> bool:
    return any(name == found for found in _NAME.findall(base_url))


def leaf_names(body: Json) -> dict[tuple[str | int, ...], str]:
    """Places of an answer that hold a credential, with its name."""
    found = {}
    for place, leaf in leaves(body):
        if is_placeholder(leaf) and (named := _NAME.search(leaf)) is not None:
            found[place] = named[1]
    return found
