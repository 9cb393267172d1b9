"""Bulk operations: five of a kind at a time, done some seconds later on the sandbox clock, results as JSON lines.

A job has no thread: it goes forward when a request comes, at the latest when somebody asks for it. Its result is
read at the moment at which it completes. `groupObjects` makes no difference: children follow their parent.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from pullpush_shopify.sandbox._call import Call, Desk, UserError, payload
from pullpush_shopify.sandbox._documents import Document
from pullpush_shopify.sandbox._execute import FieldError, Resolver
from pullpush_shopify.sandbox._model import BulkJob

__all__ = ["MUTATIONS", "advance", "file_size", "find", "partial_url", "url"]

_SLOTS = 5
_MAX_CONNECTIONS = 5
_MAX_DEPTH = 2
_MAX_QUERY = 65_535
_STARTS_AFTER = 1.0
_TAKES = 3.0
_OPEN = ("CREATED", "RUNNING", "CANCELING")


def advance(desk: Desk) -> None:
    """Move every job to where it should be by now."""
    now = desk.store.clock.seconds()
    for job in desk.store.jobs.values():
        if job.status == "CANCELING" and now >= job.started + _STARTS_AFTER:
            _finish(job, "CANCELED", desk)
        elif job.status in ("CREATED", "RUNNING") and now >= job.started + _TAKES:
            _complete(job, desk)
        elif job.status == "CREATED" and now >= job.started + _STARTS_AFTER:
            job.status = "RUNNING"


def _complete(job: BulkJob, desk: Desk) -> None:
    lines, job.object_count, job.root_object_count, failed = job.run()
    text = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines)
    # Results print slashes escaped; in JSON that is the same text.
    job.file = text.replace("/", "\\/").encode()
    job.error_code = "ACCESS_DENIED" if failed else None
    _finish(job, "FAILED" if failed else "COMPLETED", desk)


def _finish(job: BulkJob, status: str, desk: Desk) -> None:
    job.status = status
    job.completed_at = job.updated_at = desk.store.now()
    desk.store.emit("bulk_operations/finish", job)


def find(_root: Any, arguments: Mapping[str, Any], call: Call) -> Any:
    """The job of an id, None where there is none.

    Raises:
        FieldError: the id is not one of a bulk operation.
    """
    gid = arguments["id"]
    if not gid.startswith("gid://shopify/BulkOperation/"):
        raise FieldError(f"Invalid global id '{gid}'", "RESOURCE_NOT_FOUND")
    return call.store.by_gid("BulkOperation", gid)


def url(job: BulkJob, _arguments: Mapping[str, Any], call: Call) -> str | None:
    """Where the result lies for seven days; None when there are no rows."""
    if job.status != "COMPLETED" or not job.file:
        return None
    return _address(job, call)


def partial_url(job: BulkJob, _arguments: Mapping[str, Any], call: Call) -> str | None:
    """Where a failed job's rows lie as far as it came; None for any other."""
    return _address(job, call) if job.status == "FAILED" and job.file else None


def _address(job: BulkJob, call: Call) -> str:
    return f"{call.address}/_bulk/{job.id}-{job.secret}.jsonl"


def file_size(job: BulkJob, _arguments: Mapping[str, Any], _call: Call) -> int | None:
    """Bytes of the result, None until it is there."""
    return len(job.file) if job.status == "COMPLETED" else None


def _run_query(_root: Any, arguments: Mapping[str, Any], call: Call) -> Any:
    text = arguments["query"]

    def refuse(message: str, code: str = "INVALID", field: list[str] | None = None) -> Any:
        return payload(bulk_operation=None, user_errors=[UserError(field, message, code)])

    document = call.engine.documents.get(text)
    problem = _problem(text, document)
    if problem is not None:
        return refuse(problem, field=["query"])
    busy = _busy(call, "QUERY")
    if busy is not None:
        return refuse(busy, "OPERATION_IN_PROGRESS")
    job = _new_job(call, "QUERY", text)
    engine, scopes, version = call.engine, call.scopes, call.version

    def run() -> tuple[list[dict[str, Any]], int, int, bool]:
        later = Call(desk=call.desk, engine=engine, scopes=scopes, version=version, address=call.address, is_bulk=True)
        result = engine.run(text, {}, None, later)
        lines = list(_flatten(result.data or {}, None))
        roots = sum("__parentId" not in line for line in lines)
        return lines, len(lines), roots, bool(result.errors)

    job.run = run
    return payload(bulk_operation=job)


def _problem(text: str, document: Document) -> str | None:
    if not text.strip():
        return "Invalid bulk query: syntax error, unexpected end of file"
    if len(text.encode()) > _MAX_QUERY:
        return f"Invalid bulk query: longer than {_MAX_QUERY} bytes"
    if document.errors:
        return f"Invalid bulk query: {document.errors[0]['message']}"
    operation = document.pick(None)
    if operation is None or operation.operation.value != "query":
        return "Invalid bulk query: exactly one query is needed"
    depths = list(_connections(operation, document.fragments))
    if not depths:
        return "Bulk queries must contain at least one connection."
    if len(depths) > _MAX_CONNECTIONS:
        return f"Bulk queries cannot contain more than {_MAX_CONNECTIONS} connections."
    if max(depths) > _MAX_DEPTH:
        return f"Bulk queries cannot contain connections with a nesting depth greater than {_MAX_DEPTH}."
    return None


def _connections(operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]) -> Iterator[int]:
    """The nesting depth of every connection; a field with `edges` or `nodes` below is one."""

    def walk(selections: SelectionSetNode | None, depth: int) -> Iterator[int]:
        for node in selections.selections if selections else ():
            if isinstance(node, (FragmentSpreadNode, InlineFragmentNode)):
                inner = fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
                yield from walk(inner.selection_set, depth)
                continue
            assert isinstance(node, FieldNode)
            below = {n.name.value for n in _fields(node.selection_set)}
            is_connection = bool(below & {"edges", "nodes"})
            if is_connection:
                yield depth + 1
            yield from walk(node.selection_set, depth + is_connection)

    yield from walk(operation.selection_set, 0)


def _fields(selections: SelectionSetNode | None) -> list[FieldNode]:
    return [node for node in (selections.selections if selections else ()) if isinstance(node, FieldNode)]


def _flatten(data: Mapping[str, Any], parent: str | None) -> Iterator[dict[str, Any]]:
    """The nodes of every connection in `data`, each followed by what hangs below it."""
    for value in data.values():
        if not isinstance(value, dict):
            continue
        if "edges" not in value:
            yield from _flatten(value, parent)
            continue
        for edge in value["edges"]:
            node = edge["node"]
            line = {key: below for key, below in node.items() if not _is_connection(below)}
            if parent is not None:
                line["__parentId"] = parent
            yield line
            yield from _flatten({k: v for k, v in node.items() if _is_connection(v)}, node.get("id"))


def _is_connection(value: Any) -> bool:
    return isinstance(value, dict) and "edges" in value


def _busy(call: Call, kind: str) -> str | None:
    advance(call.desk)
    running = [job.gid for job in call.store.jobs.values() if job.type == kind and job.status in _OPEN]
    if len(running) < _SLOTS:
        return None
    call.count_violation("bulk_slots_full")
    return f"A bulk {kind.lower()} operation for this app and shop is already in progress: {', '.join(running)}."


def _new_job(call: Call, kind: str, text: str) -> BulkJob:
    store = call.store
    now = store.now()
    job = BulkJob(
        id=store.new_id("BulkOperation"),
        created_at=now,
        updated_at=now,
        type=kind,
        query=text,
        started=store.clock.seconds(),
        secret=f"{store.random.getrandbits(64):016x}",
    )
    store.jobs[job.id] = job
    return job


def _stage(_root: Any, arguments: Mapping[str, Any], call: Call) -> Any:
    targets = []
    for each in arguments["input"]:
        key = f"tmp/70000000001/bulk/{call.store.random.getrandbits(64):016x}/{each['filename']}"
        parameters = [SimpleNamespace(name="Content-Type", value=each["mimeType"])]
        parameters.append(SimpleNamespace(name="key", value=key))
        address = f"{call.address}/_staged"
        targets.append(SimpleNamespace(url=address, resource_url=f"{address}/{key}", parameters=parameters))
        call.desk.uploads[key] = b""
    return payload(staged_targets=targets)


def _run_mutation(_root: Any, arguments: Mapping[str, Any], call: Call) -> Any:
    text, path = arguments["mutation"], arguments["stagedUploadPath"]

    def refuse(message: str, code: str, field: list[str] | None) -> Any:
        return payload(bulk_operation=None, user_errors=[UserError(field, message, code)])

    document = call.engine.documents.get(text)
    operation = document.pick(None)
    if document.errors or operation is None or operation.operation.value != "mutation":
        return refuse("Invalid bulk mutation.", "INVALID_MUTATION", ["mutation"])
    file = call.desk.uploads.get(path)
    if not file:
        message = "The JSONL file could not be found at stagedUploadPath."
        return refuse(message, "NO_SUCH_FILE", None)
    busy = _busy(call, "MUTATION")
    if busy is not None:
        return refuse(busy, "OPERATION_IN_PROGRESS", None)
    job = _new_job(call, "MUTATION", text)
    engine, scopes = call.engine, call.scopes

    def run() -> tuple[list[dict[str, Any]], int, int, bool]:
        lines = []
        for number, row in enumerate(file.decode().splitlines()):
            later = Call(desk=call.desk, engine=engine, scopes=scopes, version=call.version, address=call.address)
            result = engine.run(text, json.loads(row), None, later)
            shown: dict[str, Any] = {"data": result.data}
            if result.errors:
                shown["errors"] = result.errors
            lines.append({**shown, "__lineNumber": number})
        return lines, len(lines), len(lines), False

    job.run = run
    return payload(bulk_operation=job)


def _cancel(_root: Any, arguments: Mapping[str, Any], call: Call) -> Any:
    job = call.store.by_gid("BulkOperation", arguments["id"])
    if job is None:
        error = UserError(["id"], "Bulk operation does not exist")
        return payload(bulk_operation=None, user_errors=[error])
    advance(call.desk)
    if job.status not in _OPEN:
        message = f"A bulk operation cannot be canceled when it is {job.status.lower()}"
        return payload(bulk_operation=job, user_errors=[UserError(None, message)])
    job.status = "CANCELING"
    return payload(bulk_operation=job)


MUTATIONS: Mapping[str, Resolver] = {
    "bulkOperationCancel": _cancel,
    "bulkOperationRunMutation": _run_mutation,
    "bulkOperationRunQuery": _run_query,
    "stagedUploadsCreate": _stage,
}
