"""`webhook` and `sync.webhooks.handlers` of a MiniApp document; both handler shapes become one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ._document import Json, below
from ._miniapp_fields import DOCUMENTED_RECORD_TYPES, RECORD_TYPES, canonical_map
from ._miniapp_report import Block, Report
from ._model import Resource
from ._model_webhook import (
    Challenge,
    CustomerExtraction,
    EventName,
    Handler,
    Part,
    TransactionId,
    Verification,
    Webhook,
)
from ._schema import meant

_VERBS = {"create": "created", "update": "updated", "upsert": "updated"}
_KINDS = ("hmac-sha256", "hmac-sha1", "header-token", "none")
_SOURCES = ("body", "header", "query")
_PREFIXES = {"hmac-sha256": "sha256=", "hmac-sha1": "sha1="}
_FIRST_PARTY = ("ecommerce", "merchantExtraction", "uninstallEvents")


def read_webhook(
    webhook: Block | None, sync: Block | None, resources: Mapping[str, Resource], report: Report
) -> Webhook | None:
    """Everything about incoming webhooks, None where the document says nothing of them."""
    inner = sync.block("webhooks") if sync is not None else None
    # The checklist lets the extraction stand in either place; the top-level block wins.
    source = webhook if webhook is not None else inner
    if source is None:
        return None
    report.stands_for("$.webhook", source.path)
    found = Webhook(
        verification=_verification(source.block("verification"), report),
        event_name=_event_name(source.block("eventExtraction"), report),
        transaction_id=_transaction_id(source.block("transactionId"), report),
        challenge=_challenge(source.block("challengeResponse")),
        customer=_customer(source.block("customerExtraction"), report),
        handlers={} if inner is None else _handlers(inner, resources, report),
        **_response(source.block("response")),
    )
    for name in _FIRST_PARTY:
        if source.has(name):
            why = "deprecated: use sync.webhooks.handlers" if name == "ecommerce" else "for the vendor's own apps only"
            report.note(f"`{name}` is kept and has no effect", source.at(name), why)
    source.close(_FIRST_PARTY)
    if inner is not None and inner is not source:
        inner.close()
    return found


def _handlers(block: Block, resources: Mapping[str, Resource], report: Report) -> dict[str, Handler]:
    found = {}
    for event, each in block.blocks("handlers"):
        report.stands_for(below("$.webhook.handlers", event), each.path)
        if not each.value:
            report.keep(each.path, {})
            report.note(f"the handler `{event[:60]}` is empty", each.path, "fill it in, or remove it")
            continue
        handler = _handler(event, each, resources, report)
        if handler is not None:
            found[event] = handler
        each.close(("description", "displayName"))
    return found


def _handler(event: str, block: Block, resources: Mapping[str, Resource], report: Report) -> Handler | None:
    operation = block.text("operation", "upsert")
    if operation not in _VERBS:
        hint = "deletes are not part of the format" if operation == "delete" else meant(operation, _VERBS)
        report.wrong(f"expected create, update or upsert, found `{operation[:30]}`", block.at("operation"), hint)
        return None
    by_type, by_resource = block.has("recordType") or block.has("mapping"), block.has("resource")
    if by_type == by_resource:
        message = "both recordType and resource" if by_type else "neither recordType nor resource"
        report.wrong(f"a handler with {message}", block.path, "write recordType + mapping, or resource + dataPath")
        return None
    return (_by_resource if by_resource else _by_type)(event, block, resources, _VERBS[operation], report)


def _by_type(event: str, block: Block, _resources: Mapping[str, Resource], verb: str, report: Report) -> Handler | None:
    """The shape with a map of its own over the whole body; an update speaks only of the fields that it maps."""
    name = block.text("recordType")
    canonical_type = RECORD_TYPES.get(name)
    mapping = block.block("mapping")
    if canonical_type is None or mapping is None:
        if canonical_type is None:
            hint = meant(name, DOCUMENTED_RECORD_TYPES)
            report.wrong(f"`{name[:40]}` is no record type", block.at("recordType"), hint)
        if mapping is None:
            report.wrong("`mapping` is missing", block.path, "field to path, such as code: '$.data.id'")
        return None
    if name not in DOCUMENTED_RECORD_TYPES:
        message = f"recordType `{name}` is not among the documented ones"
        report.note(message, block.at("recordType"), f"documented are {' and '.join(DOCUMENTED_RECORD_TYPES)}")
    path = below("$.webhook.handlers", event)
    report.stands_for(f"{path}.map", mapping.path)
    return Handler(
        event=event,
        canonical_type=canonical_type,
        verb="created" if verb == "created" else "updated",
        data_path=block.text("dataPath", "$"),
        map=canonical_map(mapping, canonical_type, f"{path}.map"),
        partial=verb == "updated" and block.text("operation") == "update",
    )


def _by_resource(
    event: str, block: Block, resources: Mapping[str, Resource], verb: str, report: Report
) -> Handler | None:
    """The shape that uses a resource's map on the object at `dataPath`."""
    name = block.text("resource")
    if name not in resources:
        report.wrong(f"no resource `{name[:40]}`", block.at("resource"), meant(name, resources))
        return None
    path = below("$.webhook.handlers", event)
    report.stands_for(f"{path}.data_path", block.at("dataPath"))
    return Handler(
        event=event,
        canonical_type=resources[name].canonical_type,
        verb="created" if verb == "created" else "updated",
        resource=name,
        data_path=block.text("dataPath", "$"),
    )


def _verification(block: Block | None, report: Report) -> Verification | None:
    if block is None:
        return None
    kind = block.text("type", "none")
    encoding = block.text("encoding", "hex")
    report.stands_for("$.webhook.verification", block.path)
    if kind not in _KINDS:
        report.wrong(f"expected one of {', '.join(_KINDS)}, found `{kind[:30]}`", block.at("type"), meant(kind, _KINDS))
        return None
    if encoding not in ("hex", "base64"):
        report.wrong(f"expected hex or base64, found `{encoding[:30]}`", block.at("encoding"))
        return None
    key = block.text("secretKey")
    if key:
        report.credentials[key] = None
        report.stands_for("$.webhook.verification.secret", block.at("secretKey"))
    found = Verification(
        kind=kind,  # type: ignore[arg-type]  # one of _KINDS
        header=block.text("headerName"),
        secret=f"{{{{{key}}}}}" if key else "",
        encoding="base64" if encoding == "base64" else "hex",
        prefix=_PREFIXES.get(kind, ""),
        timestamp_header=block.text("timestampHeader") or None,
    )
    block.close()
    return found


def _event_name(block: Block | None, report: Report) -> EventName | None:
    """A composite's parts win over the primary path."""
    if block is None:
        return None
    report.stands_for("$.webhook.event_name", block.path)
    composite = block.block("compositeStrategy")
    fallback = block.block("fallback")
    source, path = block.any("source"), block.any("path")
    separator = "."
    if composite is not None:
        parts = _parts(composite.entries("parts"), composite.at("parts"), report)
        separator = composite.text("separator", ".")
        composite.close()
    else:
        parts = _parts([{"source": source or "body", "path": path}], block.path, report)
    found = None
    if fallback is not None:
        found = next(iter(_parts([fallback.value], fallback.path, report)), None)
    block.close()
    if not parts:
        report.wrong("says nowhere where the event's name stands", block.path, "add source and path")
        return None
    return EventName(parts=parts, separator=separator, fallback=found)


def _parts(values: Iterable[Json], path: str, report: Report) -> tuple[Part, ...]:
    """Places as `{source, path}` objects or bare paths into the body."""
    found = []
    for index, value in enumerate(values):
        each = {"path": value} if isinstance(value, str) else value
        place = below(path, index)
        source = each.get("source") or "body" if isinstance(each, Mapping) else None
        if not isinstance(each, Mapping) or not isinstance(each.get("path"), str) or not each["path"]:
            report.wrong("expected a path, or an object with source and path", place)
        elif not isinstance(source, str) or source not in _SOURCES:
            report.wrong(f"expected one of {', '.join(_SOURCES)}", f"{place}.source")
        else:
            found.append(Part(source=source, path=each["path"]))  # type: ignore[arg-type]  # one of _SOURCES
    return tuple(found)


def _transaction_id(block: Block | None, report: Report) -> TransactionId | None:
    """`path` of the older form or `paths`; several that resolve are joined. Without any there is no id, no dedup."""
    if block is None:
        return None
    parts = _listed(block, report)
    overrides = {}
    for event, each in block.blocks("overrides"):
        overrides[event] = _listed(each, report)
        each.close()
    separator = block.text("separator", "_")
    block.text("fallback")
    block.close()
    if not parts:
        report.note("transactionId has no path: repeated deliveries are not told apart by an id", block.path)
        return None
    report.stands_for("$.webhook.transaction_id", block.path)
    return TransactionId(
        parts=parts, separator=separator, overrides={event: each for event, each in overrides.items() if each}
    )


def _listed(block: Block, report: Report) -> tuple[Part, ...]:
    paths = block.entries("paths")
    single = block.any("path")
    source = block.any("source") or "body"
    if not paths and single is not None:
        return _parts([{"source": source, "path": single}], block.path, report)
    return _parts(paths, block.at("paths"), report)


def _challenge(block: Block | None) -> Challenge | None:
    if block is None:
        return None
    found = Challenge(
        field=block.text("identifyField"),
        equals=block.any("identifyValue"),
        path=block.text("challengePath"),
        response_field=block.text("responseField") or None,
    )
    block.close()
    if not found.field or not found.path:
        block.report.wrong("a challenge needs identifyField and challengePath", block.path)
        return None
    return found


def _customer(block: Block | None, report: Report) -> CustomerExtraction | None:
    if block is None:
        return None
    mapping = block.block("mapping")
    overrides = {}
    for event, each in block.blocks("overrides"):
        overrides[event] = each.text("basePath", "$")
        each.close()
    base = block.text("basePath", "$")
    block.close()
    if mapping is None:
        report.wrong("`mapping` is missing", block.path, "customer field to path")
        return None
    report.stands_for("$.webhook.customer", block.path)
    rules = canonical_map(mapping, "contact", "$.webhook.customer.map")
    return CustomerExtraction(base_path=base, map=rules, overrides=overrides)


def _response(block: Block | None) -> dict[str, Json]:
    if block is None:
        return {}
    status = block.number("statusCode", least=100)
    body = block.any("body")
    block.close()
    return {"response_status": status or 200, "response_body": body}
