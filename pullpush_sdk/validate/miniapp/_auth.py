"""Rules 12 to 19: auth and secrets."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Any

from pullpush_sdk.errors import Problem
from pullpush_sdk.validate._case import Case

from ._document import SECRET_NAME, MiniApp, Part, bags_in, targets_of, texts_of

Json = Any
_KINDS = ("bearer_token", "apikey", "oauth2")
_PUBLIC = frozenset({"client_id", "clientId", "client_secret", "clientSecret"})
_BASIC = re.compile(r"Basic\s+\[\[[^\[\]]+\]\]\s*\[\[[^\[\]]+\]\]")
_SYSTEM = frozenset({"webhookUrl", "subdomain", "uid", "code", "redirect_uri", "state"})
_FIELDS = ("text", "password")
_NAME = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}", re.ASCII)
_CREDENTIAL = re.compile(r"^authorization$|token|secret|password|(^|[-_])key$|api-?key", re.IGNORECASE)
_NOT_SECRET = re.compile(
    r"(^|_)(public|publishable|key_?name|token_?type|tokenUrl|token_?url)|type$|url$", re.IGNORECASE
)


def check(_case: Case, app: MiniApp) -> Iterator[Problem]:
    """The `auth` block of a whole document."""
    auth = app.root.part("auth")
    if not app.whole or not auth:
        return
    if auth.text("type") not in _KINDS:
        yield app.problem(12, auth.at("type"), f"expected one of {', '.join(_KINDS)}", "auth.type selects the form")
    yield from _sensitive(app, auth)
    yield from _values(app, auth)
    yield from _oauth2(app, auth)
    yield from _bags(app, auth)
    yield from _placeholders(app, auth)
    yield from _clear(app)
    for name, field in auth.part("form").parts():
        if field.has("type") and field.value["type"] not in _FIELDS:
            message = f"the field `{name[:40]}` is of no known type"
            yield app.document.problem(message, field.at("type"), "text or password", code="miniapp-value")
    for text, path in texts_of(app.root.value, "$"):
        if _BASIC.search(text):
            yield app.problem(
                18, path, "two credentials of HTTP Basic without the colon", "Basic [[user]]:[[password]]"
            )
    if not auth.has("userDetails") and not auth.has("test_token"):
        yield app.problem(
            19,
            auth.path,
            "neither userDetails nor test_token: nothing tries the connection",
            "state a request that needs the credentials",
        )


def _sensitive(app: MiniApp, auth: Part) -> Iterator[Problem]:
    keys = auth.value.get("sensitiveKeys")
    listed = {each for each in keys if isinstance(each, str)} if isinstance(keys, list) else set()

    def lacks(name: str, path: str) -> Iterator[Problem]:
        if name not in listed:
            yield app.problem(
                13,
                path,
                f"`{name[:40]}` is a secret and not in sensitiveKeys",
                f"add {name[:40]} to auth.sensitiveKeys",
            )

    config, form = auth.part("config"), auth.part("form")
    for name in config.value:
        if _is_secret(name) and name not in {"client_id", "clientId"}:
            yield from lacks(name, config.at(name))
    for name, field in form.parts():
        if field.text("type") == "password":
            yield from lacks(name, field.path)
    for step in ("get_token", "refresh_token"):
        block = auth.part(step)
        for name in targets_of(block.value.get("mapping")):
            if _is_secret(name):
                yield from lacks(name, block.at("mapping"))
    verification = app.root.part("webhook").part("verification")
    key = verification.text("secretKey")
    if key and key not in listed:
        yield app.document.problem(
            f"`{key[:40]}` signs webhooks and is not in sensitiveKeys",
            verification.at("secretKey"),
            f"add {key[:40]} to auth.sensitiveKeys",
            code="miniapp-13-webhook",
        )


def _is_secret(name: str) -> bool:
    return bool(SECRET_NAME.search(name)) and not _NOT_SECRET.search(name)


def _values(app: MiniApp, auth: Part) -> Iterator[Problem]:
    keys = auth.value.get("sensitiveKeys")
    listed = {each for each in keys if isinstance(each, str)} if isinstance(keys, list) else set()
    config = auth.part("config")
    for name, value in config.value.items():
        if value in ("", None, [], {}) or (name not in listed and not _is_secret(name)):
            continue
        if name in _PUBLIC:
            yield app.document.problem(
                f"`{name}` has a value",
                config.at(name),
                "only for an app whose client is public",
                code="miniapp-14-client",
            )
        else:
            yield app.problem(
                14,
                config.at(name),
                f"the secret `{name[:40]}` has a value in clear",
                "leave it empty: whoever installs the app fills it in",
            )


def _oauth2(app: MiniApp, auth: Part) -> Iterator[Problem]:
    oauth2 = auth.text("type") == "oauth2"
    for key in ("auth_url", "get_token") if oauth2 else ():
        if not auth.part(key).has("url"):
            yield app.problem(15, auth.at(key), f"oauth2 without `{key}`", "state its url and method")
    refreshes = auth.value.get("auto_refresh") is True
    if refreshes and not auth.has("refresh_token"):
        yield app.problem(15, auth.at("auto_refresh"), "auto_refresh without `refresh_token`", "state that request")
    mapping = targets_of(auth.part("get_token").value.get("mapping"))
    if "refreshToken" in mapping and not refreshes:
        yield app.document.problem(
            "a refresh token is stored and never used",
            auth.at("auto_refresh"),
            "auto_refresh: true",
            code="miniapp-15-refresh",
        )
    exchange = auth.part("get_token")
    if exchange and "accessToken" not in mapping and "accessToken" in bags_in(app.root.value):
        where = exchange.at("mapping")
        yield app.problem(16, where, "get_token gives no accessToken, and [[accessToken]] is used", "map accessToken")


def _clear(app: MiniApp) -> Iterator[Problem]:
    """Credentials written into the headers of every request."""
    headers = app.sync.part("headers")
    for name, value in headers.value.items():
        if not isinstance(value, str) or "[[" in value or "{{" in value or not _CREDENTIAL.search(name):
            continue
        word = value.strip().removeprefix("Bearer ").removeprefix("Basic ").strip()
        if re.fullmatch(r"[\[{<]?\w+[\]}>]?", word) and word[:1] in "[{<":
            yield app.problem(17, headers.at(name), f"`{value[:40]}` is no placeholder", "write [[key]]")
        elif word:
            yield app.document.problem(
                f"the header {name[:40]} looks like a credential in clear",
                headers.at(name),
                "write [[key]], and revoke it: it has leaked",
                code="manifest-secret",
            )


def _placeholders(app: MiniApp, auth: Part) -> Iterator[Problem]:
    """`{{key}}` that no form, config or earlier step gives."""
    known = {*auth.part("config").value, *auth.part("form").value, *_SYSTEM}
    for step in ("get_token", "refresh_token", "userDetails", "test_token"):
        known |= set(targets_of(auth.part(step).value.get("mapping")))
    for part in ("baseUrl", "headers"):
        if app.sync.has(part):
            yield from _unknown(app, app.sync.value[part], app.sync.at(part), known, strict=True)
    for each, path in app.root.list("actions"):
        if isinstance(each, dict):
            yield from _of_action(app, Part(value=each, path=path), known)


def _of_action(app: MiniApp, action: Part, known: set[str]) -> Iterator[Problem]:
    known = known | set(action.part("parameters").part("properties").value)
    strict = True
    for each, path in action.list("requests"):
        if not isinstance(each, dict):
            continue
        for key in ("url", "headers", "queryParams", "body", "args"):
            if key in each:
                yield from _unknown(app, each[key], f"{path}.{key}", known, strict=strict)
        known = known | set(targets_of(each.get("mapping")))
        # What a function returns is known when it runs; only near misses can be told from then on.
        strict = strict and each.get("type") != "function"


def _unknown(app: MiniApp, value: Json, path: str, known: set[str], *, strict: bool) -> Iterator[Problem]:
    for text, place in texts_of(value, path):
        for name in sorted(set(_NAME.findall(text)) - known):
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.6 if strict else 0.8)
            if near or strict:
                hint = f"did you mean {{{{{near[0]}}}}}?" if near else "give it in config, form, or an earlier step"
                yield app.problem(17, place, f"nothing supplies {{{{{name[:40]}}}}}", hint)


def _bags(app: MiniApp, auth: Part) -> Iterator[Problem]:
    known = {*auth.part("config").value, *auth.part("form").value}
    for step in ("get_token", "refresh_token", "userDetails", "test_token"):
        known |= set(targets_of(auth.part(step).value.get("mapping")))
    for each, _ in auth.list("registrationRequests"):
        if isinstance(each, dict):
            known |= set(targets_of(each.get("mapping")))
    for text, path in texts_of(app.root.value, "$"):
        if "[[" not in text or path.startswith("$.description"):
            continue
        for name in sorted(bags_in(text)):
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                hint = f"did you mean [[{near[0]}]]?" if near else "give it in config, form, get_token or userDetails"
                yield app.problem(17, path, f"nothing supplies [[{name[:40]}]]", hint)
