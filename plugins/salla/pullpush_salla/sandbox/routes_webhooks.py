"""`/webhooks` and below."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from starlette.responses import Response

from pullpush_salla.sandbox.check import Check
from pullpush_salla.sandbox.records import Subscription
from pullpush_salla.sandbox.routing import Call, Endpoint
from pullpush_salla.sandbox.rules import is_rule
from pullpush_salla.sandbox.wire import command, not_found, ok, paged
from pullpush_salla.sandbox.words import STORE_EVENTS, pick

__all__ = ["ENDPOINTS"]

_URL = ("لابد أن يكون الرابط صالحاً", "The url must be valid and must not hold localhost or test.")


def _view(hook: Subscription) -> dict[str, Any]:
    return {
        "id": hook.id,
        "name": hook.name,
        "event": hook.event,
        "type": "manual",
        "url": hook.url,
        "version": hook.version,
        "rule": hook.rule,
        "headers": dict(hook.headers),
    }


def _check_url(check: Check) -> str | None:
    url = check.text("url")
    if url is None:
        return None
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host or "localhost" in host or "test." in host:
        check.fail("url", _URL)
    return url


def _read(check: Check) -> dict[str, Any]:
    version = check.whole("version", least=1)
    if version is not None and version > 2:
        check.fail("version", ("الإصدار غير صالح", "The version must be 1 or 2"))
    rule = check.text("rule")
    if rule and version == 1:
        check.fail("rule", ("الشروط للإصدار الثاني فقط", "Rules need version 2"))
    headers = None
    if check.has("headers"):
        headers = {}
        for i, given in enumerate(check.rows("headers")):
            row = check.nested(f"headers.{i}", given)
            row.required("key", "value")
            headers[str(row.body.get("key"))] = str(row.body.get("value"))
    fields = {"name": check.text("name"), "version": version, "rule": rule, "headers": headers}
    return {key: value for key, value in fields.items() if value is not None}


def _check_rule(check: Check, rule: str | None, event: str | None) -> None:
    if rule and event and not is_rule(rule, event):
        check.fail("rule", ("الشرط غير صالح", "The rule is not valid for this event"))


def _subscribe(call: Call) -> Response:
    """The same event at the same address again updates the hook; whether another event replaces it, is a switch."""
    check = Check(call.body)
    check.required("event", "url")
    event, url = check.text("event"), _check_url(check)
    if event and event not in STORE_EVENTS:
        check.fail("event", ("حقل event غير صالح", "The event is not valid"))
    fields = _read(check)
    _check_rule(check, fields.get("rule"), event)
    check.done()
    assert event is not None
    assert url is not None
    hooks = call.store.subscriptions
    replaces = call.platform.switches.same_url_replaces_event
    hook = next((h for h in hooks.values() if h.url == url and (replaces or h.event == event)), None)
    if hook is None:
        hook = Subscription(call.store.new_id(), event, event, url, 2, "", {})
        hooks[hook.id] = hook
    hook.event = event
    for key, value in fields.items():
        setattr(hook, key, value)
    return ok(_view(hook))


def _update(call: Call) -> Response:
    hook = call.store.subscriptions.get(call.params["hook"])
    if hook is None:
        raise not_found()
    check = Check(call.body)
    url, fields = _check_url(check), _read(check)
    _check_rule(check, fields.get("rule"), hook.event)
    strategy, secret = check.choice("security_strategy", ("signature", "token")), check.text("secret")
    if strategy == "signature" and not (secret or hook.secret):
        check.required("secret")
    check.done()
    for key, value in {**fields, "url": url, "strategy": strategy, "secret": secret}.items():
        if value is not None:
            setattr(hook, key, value)
    # The secret is never shown again.
    return ok({**_view(hook), "security": {"strategy": hook.strategy or "signature", "secret": None}})


def _list(call: Call) -> Response:
    return paged(list(call.store.subscriptions.values()), _view, call.query, path="/webhooks")


def _events(call: Call) -> Response:
    rows = enumerate(STORE_EVENTS.items(), start=1)
    return ok([{"id": n, "label": pick(label, call.lang), "event": event} for n, (event, label) in rows])


def _unsubscribe(call: Call) -> Response:
    """By id one hook, by address all at it."""
    check = Check(call.query)
    if not check.has("id") and not check.has("url"):
        check.required("id")
    check.done()
    hooks = call.store.subscriptions
    wanted, url = call.query.get("id"), call.query.get("url")
    gone = [h.id for h in hooks.values() if str(h.id) == wanted or (wanted is None and h.url == url)]
    if not gone:
        raise not_found()
    for number in gone:
        del hooks[number]
    return command(("تم إلغاء الاشتراك", "The webhook was removed"), call.lang, 202)


ENDPOINTS = (
    Endpoint("POST", "/webhooks/subscribe", "webhooks", _subscribe),
    Endpoint("DELETE", "/webhooks/unsubscribe", "webhooks", _unsubscribe),
    Endpoint("GET", "/webhooks/events", "webhooks", _events),
    Endpoint("GET", "/webhooks", "webhooks", _list),
    Endpoint("PUT", "/webhooks/{hook:int}", "webhooks", _update),
)
