"""What a schema cannot say: rules across the fields of a manifest. Every one collects; none stops."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit

import attrs

from pullpush_sdk.errors import Problem

from ._auth import ways_of
from ._document import Json, below
from ._model import Manifest, Push, Resource
from ._model_auth import (
    ApiKeyAuth,
    Auth,
    BasicAuth,
    BearerAuth,
    ChoiceAuth,
    OAuth1Auth,
    OAuth2Auth,
    Placement,
    SessionAuth,
    TokenField,
)
from ._model_http import Pagination, Request, Response
from ._model_webhook import Verification, Webhook
from ._reading_rules import check_graphql, check_incremental
from ._requests import OFFERED_TO_MINIAPPS, Site, exchange_of, requests_of
from ._template import is_malformed, placeholders, texts
from .patterns import endless_pattern

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_SECRET_HEADERS = ("authorization", "token", "secret", "api-key", "apikey", "password")
_SECRET_KEYS = ("secret", "password", "passwd", "apikey", "privatekey", "accesskey")
_NEEDED = {
    "cursor": (("next_cursor", "where the next cursor stands"),),
    "next_url": (("next_url", "where the next URL stands"),),
    "graphql": (
        ("next_cursor", "where the end cursor stands"),
        ("has_next", "where it stands whether more follows"),
    ),
}


def check_fields(manifest: Manifest) -> list[Problem]:
    """Every problem that can be seen without knowing the canonical types."""
    return [
        *_check_settings(manifest),
        *_check_limits(manifest),
        *_check_auth(manifest),
        *_check_urls(manifest),
        *_check_requests(manifest),
        *(problem for name, each in manifest.resources.items() for problem in _check_resource(name, each)),
        *_check_changes(manifest),
        *(_check_webhook(manifest.webhook, manifest) if manifest.webhook is not None else ()),
        *(problem for name, each in manifest.push.items() for problem in _check_push(name, each)),
    ]


def _problem(code: str, message: str, path: str, hint: str = "") -> Problem:
    return Problem(code=f"manifest-{code}", message=message, path=path, hint=hint)


# Settings, secrets and templates


def _check_settings(manifest: Manifest) -> Iterator[Problem]:
    properties = manifest.settings.get("properties", {})
    for index, name in enumerate(manifest.settings.get("required", ())):
        if name not in properties:
            yield _problem("settings", f"required setting `{name}` is not declared", f"$.settings.required[{index}]")
    for name in manifest.secrets:
        for word in ("default", "const", "enum", "examples"):
            if word in properties.get(name, {}):
                path = below(below("$.settings.properties", name), word)
                yield _problem("secret", f"the secret `{name}` has a value in clear", path, f"remove `{word}`")
    yield from _check_setting_schemas(properties)
    for name, value in manifest.headers.items():
        path = below("$.headers", name)
        yield from _check_template(value, path, _known(manifest))
        if any(word in name.lower() for word in _SECRET_HEADERS) and not placeholders(value):
            yield _problem("secret", f"the header {name} looks like a credential in clear", path, "write {{name}}")


def _check_setting_schemas(properties: Mapping[str, Json]) -> Iterator[Problem]:
    if not properties:
        return
    from jsonschema import Draft202012Validator, SchemaError  # noqa: PLC0415 - takes long to import

    for name, schema in properties.items():
        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError as error:
            path = "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in error.absolute_path)
            place = f"{below('$.settings.properties', name)}{path}"
            yield _problem("settings", "not a JSON Schema", place, f"{error.json_path}: {error.validator}")
            continue
        if isinstance(schema, Mapping) and "default" in schema:
            endless = endless_pattern(schema, schema["default"])
            if endless is not None:
                what, mend = "a pattern that does not come to an end", f"no repeat within a repeat: {endless[:100]}"
                yield _problem("settings", what, below("$.settings.properties", name), mend)
                continue
            wrong = next(iter(Draft202012Validator(schema).iter_errors(schema["default"])), None)
            if wrong is not None:
                path = below(below("$.settings.properties", name), "default")
                yield _problem("settings", "the default is none of its own values", path, wrong.message[:200])


def _known(manifest: Manifest, *offers: str) -> frozenset[str]:
    system = OFFERED_TO_MINIAPPS if manifest.origin != "manifest" else frozenset()
    return frozenset({*manifest.settings.get("properties", {}), *manifest.secrets, *offers, *system})


def _check_template(value: Json, path: str, known: frozenset[str]) -> Iterator[Problem]:
    for text, place in texts(value, path):
        if is_malformed(text):
            yield _problem("template", "`{{` opens no placeholder", place, "write {{name}}")
        for name in sorted(placeholders(text)):
            if name not in known and name.split(".")[0] not in known:
                yield _problem("template", f"{{{{{name}}}}} is not known here", place, _meant(name, known))


def _meant(name: str, known: Iterable[str]) -> str:
    head, dot, within = name.partition(".")
    close = difflib.get_close_matches(head, known, n=1)
    if not close:
        return "declare it under settings.properties or secrets"
    return f"did you mean {{{{{close[0]}{dot}{within}}}}}?"


def _check_limits(manifest: Manifest) -> Iterator[Problem]:
    limits = manifest.limits
    if limits.paths and not (limits.per_path and limits.requests):
        yield _problem("limits", "numbers of paths that nobody counts", "$.limits.paths", "set requests and per_path")


# Auth


def _check_auth(manifest: Manifest) -> Iterator[Problem]:
    if isinstance(manifest.auth, ChoiceAuth):
        yield from _check_choice(manifest.auth, manifest)
    for path, auth in ways_of(manifest.auth):
        yield from _check_way(auth, path, manifest)


def _check_choice(auth: ChoiceAuth, manifest: Manifest) -> Iterator[Problem]:
    setting = manifest.settings.get("properties", {}).get(auth.by)
    if setting is None:
        yield _problem("auth", f"the setting `{auth.by}` is not declared", "$.auth.by", "declare it under settings")
    elif set(setting.get("enum", ())) != set(auth.options):
        path = below("$.settings.properties", auth.by) + (".enum" if "enum" in setting else "")
        names = ", ".join(auth.options)
        yield _problem("auth", "its values are not the options of auth", path, f"write enum: [{names}]")
    elif "default" not in setting and auth.by not in manifest.settings.get("required", ()):
        path = below("$.settings.properties", auth.by)
        yield _problem("auth", "nothing is chosen where it is left out", path, "give it a default, or require it")


def _check_way(auth: Auth, path: str, manifest: Manifest) -> Iterator[Problem]:
    known = _known(manifest)
    if isinstance(auth, ChoiceAuth):
        yield _problem("auth", "an option is a choice itself", path, "name all ways in one choice")
        return
    for name in _CREDENTIALS.get(type(auth), ()):
        text = getattr(auth, name)
        if text and not placeholders(text):
            yield _problem("secret", "a credential in clear", f"{path}.{name}", "name a secret: {{name}}")
    for attribute in attrs.fields(type(auth)):
        value = getattr(auth, attribute.name)
        if isinstance(value, Placement):
            yield from _check_placement(value, f"{path}.{attribute.name}", known)
        elif attribute.name == "also":
            yield from _check_beside(value, f"{path}.also", known)
        elif value == attribute.default and isinstance(value, str):
            yield from _check_unwritten(attribute.name, value, path, known)
        elif attribute.name != "exchange":
            yield from _check_template(value, f"{path}.{attribute.name}", known)
    if isinstance(auth, OAuth2Auth):
        yield from _check_oauth2(auth, path)
    exchange = exchange_of(auth)
    if exchange is not None:
        yield from _check_request(Site(path=f"{path}.exchange", request=exchange), manifest)
        yield from _check_exchanged(exchange, f"{path}.exchange")
        yield from _check_url(exchange.path, f"{path}.exchange.path")


def _check_exchanged(exchange: Request, path: str) -> Iterator[Problem]:
    """Credentials in clear in the request that opens a session."""
    for part in ("params", "headers", "json", "form"):
        for text, place in texts(getattr(exchange, part), f"{path}.{part}"):
            name = place.rpartition(".")[2].lower().replace("_", "").replace("-", "")
            if text and not placeholders(text) and any(word in name for word in _SECRET_KEYS):
                yield _problem("secret", "a credential in clear", place, "name a secret: {{name}}")


def _check_unwritten(key: str, value: str, path: str, known: frozenset[str]) -> Iterator[Problem]:
    """Placeholders of a default: the author wrote none of them, so none of them is a slip of the pen."""
    for name in sorted(placeholders(value) - known):
        yield _problem(
            "template",
            f"{{{{{name}}}}} is not declared, and `{key}` is that where the document does not say it",
            f"{path}.{key}",
            f"declare `{name}` under settings.properties or secrets, or write `{key}`",
        )


_CREDENTIALS: Mapping[type, tuple[str, ...]] = {
    BearerAuth: ("token",),
    ApiKeyAuth: ("key",),
    BasicAuth: ("password",),
    OAuth1Auth: ("consumer_secret", "token", "token_secret"),
    OAuth2Auth: ("client_secret", "access_token", "refresh_token"),
}


def _check_beside(fields: Iterable[TokenField], path: str, known: frozenset[str]) -> Iterator[Problem]:
    for index, field in enumerate(fields):
        yield from _check_placement(field.place, f"{path}[{index}].place", known)
        yield from _check_template(field.value or "", f"{path}[{index}].value", known)
        if field.value and not placeholders(field.value):
            yield _problem("secret", "a credential in clear", f"{path}[{index}].value", "name a secret: {{name}}")


def _check_placement(place: Placement, path: str, known: frozenset[str]) -> Iterator[Problem]:
    if "token" not in placeholders(place.format):
        yield _problem("auth", "the format leaves the credential out", f"{path}.format", "write {{token}} in it")
    yield from _check_template(place.format, f"{path}.format", known | {"token"})


def _check_oauth2(auth: OAuth2Auth, path: str) -> Iterator[Problem]:
    given = auth.access_token or auth.refresh_token
    if auth.grant == "authorization_code" and auth.authorize_url is None and not given:
        yield _problem("auth", "authorization_code needs authorize_url", path, "or a refresh_token from settings")
    yield from _check_url(auth.token_url, f"{path}.token_url")
    if auth.authorize_url is not None:
        yield from _check_url(auth.authorize_url, f"{path}.authorize_url")


# URLs and requests


def _check_urls(manifest: Manifest) -> Iterator[Problem]:
    known = _known(manifest)
    if manifest.base_url:
        yield from _check_url(manifest.base_url, "$.base_url")
        if "?" in manifest.base_url or "#" in manifest.base_url:
            message = "a base_url with a query: what comes behind it is no path"
            yield _problem("url", message, "$.base_url", "write parameters into params of the requests")
        yield from _check_template(manifest.base_url, "$.base_url", known)
    for index, host in enumerate(manifest.hosts):
        yield from _check_template(host, f"$.hosts[{index}]", known)


def _check_url(url: str, path: str) -> Iterator[Problem]:
    """An absolute URL: https, or http on a loopback host; one that begins with a placeholder is seen at run time."""
    if url.startswith("{{"):
        return
    try:
        parts = urlsplit(url)
    except ValueError:
        yield _problem("url", "not a URL", path)
        return
    if not parts.scheme or not parts.netloc:
        yield _problem("url", "expected an absolute URL", path, "write https://host/path")
    elif parts.scheme != "https" and not (parts.scheme == "http" and _host(url) in _LOOPBACK):
        yield _problem("url", f"expected https, found {parts.scheme}", path, "only loopback hosts may use http")
    elif "@" in parts.netloc:
        yield _problem("secret", "a URL with user name or password", path, "credentials belong into auth")


def _host(url: str) -> str:
    """The host of a URL or of a `hosts` entry, without its port; placeholders stay as written."""
    rest = url.partition("://")[2] or url
    host = rest.partition("/")[0].partition("?")[0]
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower() if "{{" not in host else host


def _check_requests(manifest: Manifest) -> Iterator[Problem]:
    for site in requests_of(manifest):
        yield from _check_request(site, manifest)
        yield from _check_target(site, manifest)
        around = site.path.removesuffix(".list").removesuffix(".request")
        yield from check_graphql(site.path, around, site.request, site.pagination)
        if site.pagination is not None and site.response is not None:
            yield from _check_paging(site, site.pagination, site.response)


def _check_request(site: Site, manifest: Manifest) -> Iterator[Problem]:
    request = site.request
    known = _known(manifest, *site.offers)
    for name in ("path", "params", "headers", "json", "form", "variables"):
        yield from _check_template(getattr(request, name), f"{site.path}.{name}", known)
    bodies = [name for name in ("json", "form", "query") if getattr(request, name) is not None]
    if len(bodies) > 1:
        yield _problem("request", f"has {' and '.join(bodies)}: one body only", site.path)
    if request.variables and request.query is None:
        yield _problem("request", "variables belong to a GraphQL query", f"{site.path}.variables", "add query")


def _check_target(site: Site, manifest: Manifest) -> Iterator[Problem]:
    path, place = site.request.path, f"{site.path}.path"
    if path.startswith("{{"):
        return
    if "://" not in path:
        has_base = manifest.base_url or any(
            isinstance(auth, SessionAuth) and auth.base_url for _, auth in ways_of(manifest.auth)
        )
        if not has_base and not any(part.endswith("baseUrl") for part in manifest.absent):
            yield _problem("url", "a relative path without a base_url", place, "add base_url")
        return
    yield from _check_url(path, place)
    declared = {_host(url) for url in (manifest.base_url, *manifest.hosts) if url}
    host = _host(path)
    if host not in declared and not any(each.startswith("*.") and host.endswith(each[1:]) for each in declared):
        yield _problem("url", f"{host} is not a declared host", place, f"add {host} to hosts")


def _check_paging(site: Site, pagination: Pagination, response: Response) -> Iterator[Problem]:
    around = site.path.removesuffix(".list").removesuffix(".request")
    for name, about in _NEEDED.get(pagination.kind, ()):
        if getattr(response, name) is None:
            message = f"{pagination.kind} pagination needs response.{name}: {about}"
            yield _problem("pagination", message, f"{around}.pagination", f"add response.{name}")
    if pagination.max_size is not None and pagination.size > pagination.max_size:
        yield _problem("pagination", "size is larger than max_size", f"{around}.pagination.size")
    if pagination.place == "body" and site.request.json is None and site.request.form is None:
        yield _problem("pagination", "paging in a body that the request does not have", f"{around}.pagination.place")


# Resources, webhooks, writing


def _check_resource(name: str, resource: Resource) -> Iterator[Problem]:
    path = below("$.resources", name)
    if resource.list is not None and not resource.canonical_map:
        yield _problem("map", "a list without canonical_map", path, "say which field comes from where")
    if resource.details is not None:
        if resource.list is None:
            yield _problem("request", "details without a list", f"{path}.details", "add list")
        if "record" not in {each.split(".")[0] for each in placeholders(attrs.asdict(resource.details))}:
            message = "details asks for the same thing every time"
            yield _problem("request", message, f"{path}.details", "name the record, such as {{record.id}}")
    targets = {target.replace("_", "").lower() for target in resource.canonical_map}
    if resource.version == "updated_at" and resource.canonical_map and "updatedat" not in targets:
        yield _problem("map", "version is updated_at, which the map does not fill", f"{path}.version", "map updatedAt")


def _check_changes(manifest: Manifest) -> Iterator[Problem]:
    for name, each in manifest.resources.items():
        yield from check_incremental(f"{below('$.resources', name)}.incremental", each, _known(manifest, "since"))


def _check_webhook(webhook: Webhook, manifest: Manifest) -> Iterator[Problem]:
    if webhook.handlers and webhook.event_name is None and manifest.origin == "manifest":
        yield _problem("webhook", "handlers without event_name: no event is told apart", "$.webhook", "add event_name")
    for native, event in webhook.event_type_map.items():
        if event not in webhook.handlers:
            path = below("$.webhook.event_type_map", native)
            yield _problem("webhook", f"no handler `{event}`", path, _handlers(event, webhook))
    yield from _check_verification(webhook, manifest)
    yield from _check_grants(webhook, manifest)
    for event, handler in webhook.handlers.items():
        path = below("$.webhook.handlers", event)
        resource = manifest.resources.get(handler.resource or "")
        if handler.resource is not None and resource is None:
            close = difflib.get_close_matches(handler.resource, manifest.resources, n=1)
            hint = f"did you mean {close[0]}?" if close else "add it to resources"
            yield _problem("webhook", f"no resource `{handler.resource}`", f"{path}.resource", hint)
        if handler.map is None and handler.resource is None:
            yield _problem("webhook", "neither map nor resource", path, "say how the body is mapped")
        if handler.record and not handler.refetch:
            yield _problem("webhook", "record is of refetch", f"{path}.record", "write refetch: true")
        if handler.refetch and (resource is None or resource.details is None or resource.list is None):
            yield _problem("webhook", "refetch needs a resource with list and details", f"{path}.refetch")


def _handlers(event: str, webhook: Webhook) -> str:
    close = difflib.get_close_matches(event, webhook.handlers, n=1)
    return f"did you mean {close[0]}?" if close else "add it to handlers"


def _check_grants(webhook: Webhook, manifest: Manifest) -> Iterator[Problem]:
    """A token that comes by webhook needs a proof of its origin and somebody who uses it."""
    if not webhook.grants:
        return
    path = "$.webhook.grants"
    if not any(isinstance(auth, OAuth2Auth) for _, auth in ways_of(manifest.auth)):
        yield _problem("webhook", "a token by webhook needs auth of kind oauth2", path, "describe auth")
    proofs = [each for each in (webhook.verification, *webhook.alternatives) if each is not None]
    if not proofs or any(proof.kind == "none" for proof in proofs):
        message = "anybody could bring a token: grants need a verification"
        yield _problem("webhook", message, "$.webhook.verification", "state how the platform signs")
    for event in webhook.grants:
        if event in webhook.handlers:
            yield _problem("webhook", "an event is a grant or has a handler, not both", below(path, event))


def _check_verification(webhook: Webhook, manifest: Manifest) -> Iterator[Problem]:
    if webhook.verification is not None:
        yield from _check_proof(webhook.verification, "$.webhook.verification", manifest)
    for index, proof in enumerate(webhook.alternatives):
        yield from _check_proof(proof, f"$.webhook.alternatives[{index}]", manifest)


def _check_proof(verification: Verification, path: str, manifest: Manifest) -> Iterator[Problem]:
    if verification.kind == "none":
        return
    for name in ("header", "secret"):
        if not getattr(verification, name):
            yield _problem("webhook", f"{verification.kind} needs {name}", path, f"add {name}")
    if verification.secret and not placeholders(verification.secret):
        yield _problem("secret", "a secret in clear", f"{path}.secret", "name a secret: {{name}}")
    yield from _check_template(verification.secret, f"{path}.secret", _known(manifest))
    offered = _known(manifest, "body", "timestamp", "headers", "fields") - set(manifest.secrets)
    yield from _check_template(verification.signed, f"{path}.signed", offered)
    names = placeholders(verification.signed)
    if "body" not in names:
        yield _problem("webhook", "the signature does not cover the body", f"{path}.signed", "write {{body}} in it")
    if "timestamp" in names and verification.timestamp_header is None and verification.timestamp_field is None:
        yield _problem("webhook", "{{timestamp}} without timestamp_header", f"{path}.signed", "name its header")


def _check_push(name: str, push: Push) -> Iterator[Problem]:
    path = below("$.push", name)
    if push.update is not None and push.find is None:
        yield _problem("push", "update without find: nothing is ever known to exist", path, "add find, or use create")
    if push.find is not None and not any((push.create, push.update, push.archive)):
        yield _problem("push", "find without create, update or archive", f"{path}.find")
    if push.find_by and push.find is None:
        yield _problem("push", "find_by without find: flows match by the type's own key first", path, "add find")
    if push.create is not None and push.find is None and not (push.absolute or push.create.request.idempotent):
        yield _problem("push", "create without find writes a repeated delivery twice", f"{path}.create", "add find")
    if push.bulk is not None and push.bulk.items_at is None:
        yield _problem("push", "a bulk body needs items_at: where its list stands", f"{path}.bulk", "add items_at")
    for part in ("create", "update", "archive", "bulk"):
        write = getattr(push, part)
        if write is not None and write.item_index is not None and write.item_errors is None:
            yield _problem("push", "item_index without item_errors", f"{path}.{part}.item_index", "add item_errors")
        if write is not None and write.item_key is not None and write.item_index is None:
            yield _problem("push", "item_key without item_index", f"{path}.{part}.item_key", "add item_index")
        if write is not None and write.body_at is not None and (write.body is None or write.request.json is None):
            yield _problem("push", "body_at without a body and request.json", f"{path}.{part}.body_at", "add both")
        if write is not None and write.body is not None and write.request.json is not None and write.body_at is None:
            yield _problem("push", "body and request.json: one body only", f"{path}.{part}.body", "name body_at")
