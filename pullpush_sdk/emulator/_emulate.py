"""From a manifest and its samples to a sandbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

import attrs
from starlette.types import Receive, Scope, Send

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.connector import Connector
from pullpush_sdk.errors import SetupError
from pullpush_sdk.manifest import Manifest, NoAuth, placeholders
from pullpush_sdk.samples import Asked, Exchange, Samples, parsed_body, read_samples
from pullpush_sdk.sandbox import (
    Control,
    FaultPlan,
    RequestLog,
    Sandbox,
    SandboxOptions,
    Violations,
    WebhookOutbox,
    WindowLimit,
    instrument,
)

from ._answers import Refusals, Reply
from ._combined import combined, contradictions
from ._contents import KEYS, contents_of
from ._credentials import Credentials, connection_of, demands_of, filled
from ._documented import described_webhooks, documented
from ._edits import Merchant
from ._endpoints import Endpoint, segments_of
from ._fallback import asked_by, base_path_of, fallbacks, meets, uses_of
from ._findings import NotProven
from ._goods import goods_of, written_uses
from ._inference import endpoints_of
from ._inverse import plain_paths
from ._notices import Notices, Template, template_of
from ._platform import Platform
from ._schemes import demands_by, token_paths
from ._shop import Shop
from ._signing import signature_by, signature_of
from ._tokens import auth_demands, gives_tokens, standard_exchange
from ._writes import Writes

__all__ = ["Emulated", "emulate", "emulate_connector"]

Json = Any
_RETRIES = (60.0, 600.0, 3_600.0)


@attrs.frozen(kw_only=True)
class Emulated(Sandbox):
    """A sandbox made from samples; `not_proven` lists what no sample shows and the manifest had to say."""

    not_proven: tuple[NotProven, ...] = ()


def emulate(
    manifest: Manifest, samples: Samples, options: SandboxOptions | None = None, *, types: CanonicalTypes | None = None
) -> Emulated:
    """The platform that these samples show, as a sandbox for connectors of this manifest.

    Lists that the manifest reads as resources are filled to `options.records` records, others stay as recorded.
    `types` are the canonical types that resources may name, by default those that are built in.

    Raises:
        SetupError: the manifest's auth offers a choice, and no setting makes it.
    """
    options = options or SandboxOptions()
    settings, secrets = connection_of(manifest, samples)
    values: dict[str, Json] = {**_defaults(manifest), **settings, **secrets}
    exchanges = [filled(each, values, {**_defaults(manifest), **settings}) for each in samples.exchanges]
    described = documented(samples.documents, manifest, values, types or CanonicalTypes())
    fixed = len(segments_of(base_path_of(manifest, values)))
    recorded = endpoints_of(exchanges, fixed=fixed, described=described.endpoints)
    known = combined(recorded, described.endpoints)
    endpoints, findings = fallbacks(manifest, samples, known, values, types or CanonicalTypes())
    clock = options.make_clock()
    violations = Violations(clock)
    credentials = Credentials(values=values, clock=clock)
    shop = Shop(
        endpoints,
        number=options.records,
        growing=_growing(manifest, endpoints, values),
        named=_named(manifest),
        now=clock.now(),
    )
    refusals = Refusals([*exchanges, *described.refusals])
    brought = [demand for each in exchanges if each.ok for demand in demands_of(each) if not gives_tokens(each)]
    apis = [each.api for each in samples.documents]
    asked = demands_by(apis, auth_demands(manifest, values))
    everywhere = list(dict.fromkeys(brought)) or asked or auth_demands(manifest, values)
    findings += contradictions(exchanges, described.endpoints, samples.documents, asked)
    unknown = sorted({name for each in everywhere for name in each.names if name not in values})
    exchange = None
    if not any(gives_tokens(each) for each in exchanges):
        exchange, more = standard_exchange(manifest, values, credentials, unknown or ["token"])
        paths = token_paths(apis)
        if exchange is not None and paths:
            exchange = attrs.evolve(exchange, path=exchange.path if exchange.path in paths else paths[0])
        findings += [] if paths else more
    findings += _unproven(manifest, [*exchanges, *described.refusals], brought or asked)
    platform = Platform(
        endpoints=endpoints,
        shop=shop,
        credentials=credentials,
        refusals=refusals,
        clock=clock,
        violations=violations,
        writes=Writes(shop, refusals, clock, violations),
        everywhere=everywhere,
        exchange=exchange,
        meter=_meter(manifest, options, clock),
    )
    faults = FaultPlan()
    outbox = WebhookOutbox(clock=clock, faults=faults, retry_after=_RETRIES)
    templates, more = _recorded_webhooks(manifest, samples)
    notices = Notices(templates=templates, secrets=secrets, clock=clock, outbox=outbox, collections=shop.collections)
    notices.url = options.extra.get("webhook_url", "")
    findings += more
    stalls = goods_of(manifest, endpoints, shop, values)
    stock = manifest.push.get("stocklevel")
    merchant = Merchant(stalls, clock, notices, looks_up=stock is not None and stock.find is not None)
    control = Control(
        name=manifest.name,
        clock=clock,
        log=RequestLog(file=options.extra.get("log_file")),
        faults=faults,
        violations=violations,
        dump=shop.dump,
        reset=platform.reset,
        changes=merchant.changes() | {"subscribe": notices.subscribe},
        shifting=merchant.shifting(),
        outbox=outbox,
        contents=contents_of({name: each for name, each in stalls.items() if each.shows(KEYS.get(name, ""))}),
    )
    return Emulated(
        name=manifest.name,
        app=instrument(_App(platform), control),
        settings=settings,
        secrets=secrets,
        control=control,
        not_proven=tuple(findings),
    )


def emulate_connector(
    connector: Connector, options: SandboxOptions | None = None, *, types: CanonicalTypes | None = None
) -> Emulated:
    """The platform of a connector that ships no sandbox, from its manifest and the samples beside it.

    Raises:
        SetupError: the connector has no manifest.
        ManifestError: its samples are not good.
    """
    if connector.manifest is None:
        raise SetupError(
            f"connector {connector.name!r} ships no sandbox and has no manifest to make one from",
            hint="implement pullpush_sandbox, see docs/reference/hooks.md",
        )
    samples = read_samples(connector.manifest, connector.folder)
    return emulate(connector.manifest, samples, options, types=types)


def _defaults(manifest: Manifest) -> dict[str, Json]:
    properties: Mapping[str, Any] = manifest.settings.get("properties", {})
    return {name: each["default"] for name, each in properties.items() if "default" in each}


def _recorded_webhooks(manifest: Manifest, samples: Samples) -> tuple[list[Template], list[NotProven]]:
    """The webhooks of the platform as forms to fill in, and what they leave unproven."""
    findings = []
    templates = []
    hooks = samples.webhooks or described_webhooks(samples.documents)
    for hook in hooks:
        signature = signature_of(hook)
        if signature is None and hook.secrets:
            findings.append(
                NotProven(
                    code="signature",
                    what="how webhooks are signed",
                    why="no known way gives the recorded signature with the recorded secret",
                    record="record the raw body byte for byte, all headers, the address and the secret",
                )
            )
        elif signature is None and manifest.webhook is not None and manifest.webhook.verification is not None:
            name = next(iter(placeholders(manifest.webhook.verification.secret)), "")
            signature = signature_by(manifest.webhook.verification, name)
        template = template_of(hook, signature)
        if template is not None:
            templates.append(template)
    if manifest.webhook is not None and (not templates or not samples.webhooks):
        shown = "how webhooks are signed" if templates else "how webhooks look and are signed"
        findings.append(
            NotProven(
                code="signature" if templates else "no-webhook",
                what=shown,
                why="no webhook was recorded" + (", and a document does not say it" if templates else ""),
                record="record one with its headers, its raw body and the secret",
            )
        )
    return templates, findings


def _growing(manifest: Manifest, endpoints: list[Endpoint], values: Mapping[str, Json]) -> frozenset[str]:
    """The lists that hold a shop's goods, as opposed to its locations and the like."""
    uses = [use for use in uses_of(manifest) if use.place.startswith("$.resources.") and use.resource is not None]
    uses += written_uses(manifest)
    asked = [asked_by(use, manifest, values) for use in uses if use.kind == "list"]
    return frozenset(each.name for each in endpoints if any(meets(each, one) for one in asked))


def _named(manifest: Manifest) -> frozenset[str]:
    """Names of native fields that become a canonical record's name."""
    names = set()
    for resource in manifest.resources.values():
        for target, path in plain_paths(resource.canonical_map).items():
            if target in ("sku", "email", "handle") or target.endswith(("Id", "Number")):
                names.add(path.rsplit(".", 1)[-1].partition("[")[0])
    return frozenset(names)


def _meter(manifest: Manifest, options: SandboxOptions, clock: Any) -> WindowLimit | None:
    limits = manifest.limits
    if not options.rate_limits or limits.requests is None:
        return None
    return WindowLimit(limit=limits.burst or limits.requests, window=limits.per, clock=clock)


def _unproven(manifest: Manifest, exchanges: Sequence[Exchange], brought: Sequence[Any]) -> list[NotProven]:
    """What every platform has to show once: credentials, a refusal of each kind, its limit."""
    found = []
    if not brought and not isinstance(manifest.auth, NoAuth):
        found.append(
            NotProven(
                code="no-credential",
                what="how requests prove who they are",
                why="no recorded request holds a {{credential}}",
                record="record requests with their headers, and write {{name}} for what is secret",
            )
        )
    statuses = {each.meaning for each in exchanges}
    kinds = [
        ((401, 403), "a request without credentials", not isinstance(manifest.auth, NoAuth)),
        ((404,), "a request for a record that is not there", True),
        ((400, 409, 422), "a write that lacks a field", bool(manifest.push)),
        ((429,), "a request beyond the limit", manifest.limits.requests is not None),
    ]
    for wanted, what, matters in kinds:
        if matters and not statuses & set(wanted):
            why = f"no answer with status {' or '.join(map(str, wanted))} was recorded"
            found.append(NotProven(code="no-refusal", what=f"the answer to {what}", why=why, record="record one"))
    if manifest.limits.requests is not None and not any(
        "limit" in name for e in exchanges for name in e.answer_headers
    ):
        found.append(
            NotProven(
                code="limits",
                what="how many requests are allowed",
                why="no recorded answer tells of a limit",
                record="record an answer with its limit headers",
            )
        )
    return found


@attrs.frozen
class _App:
    """The platform as an ASGI application."""

    platform: Platform

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; what is not HTTP is left alone."""
        if scope["type"] != "http":
            return
        reply = self.platform.answer(await _asked(scope, receive))
        await _send(reply, send)


async def _asked(scope: Scope, receive: Receive) -> Asked:
    body = bytearray()
    while True:
        message = await receive()
        body.extend(message.get("body", b""))
        if not message.get("more_body", False):
            break
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    return Asked(
        method=scope["method"],
        path=scope["path"],
        params=tuple(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
        headers=headers,
        sent=parsed_body(body.decode("utf-8", errors="replace"), headers.get("content-type", "")),
    )


async def _send(reply: Reply, send: Send) -> None:
    content, kind = reply.content()
    headers = {"content-type": kind} if kind else {}
    headers |= {"content-length": str(len(content)), **reply.sent_headers()}
    raw = [(name.encode("latin-1"), text.encode("latin-1")) for name, text in headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": raw})
    await send({"type": "http.response.body", "body": content})
