"""The sections `push` and `webhook` of a drafted manifest as text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from .notices import DraftedWebhook
from .requests import Opened, list_request
from .writing import DraftedWrite, Writing
from .yamltext import flow

__all__ = ["push_lines", "webhook_lines"]

Json = Any
Check = Callable[[str, str], str]
Path = Callable[[str], str]


def push_lines(kind: str, writing: Writing, opened: Opened, check: Check) -> list[str]:
    """One canonical type's writes; `opened` is what the connection brings."""
    place, found = f"push.{kind}", writing.finding
    named = f"{{{{record.{found.key}}}}}"
    if found.param:
        listed, _ = list_request(writing.listing, opened)
        look_up: dict[str, Json] = {"path": listed["path"], "params": {**listed.get("params", {}), found.param: named}}
    else:
        look_up = {"path": f"{opened.path(found.address[: found.address.rindex('{')])}{named}"}
    response: Mapping[str, Json] = {"records": found.records} if found.records else {}
    lines = [
        f"  {kind}:",
        "    find:",
        f"      request: {flow(look_up)}" + check(f"{place}.find", found.check),
        *([f"      response: {flow(response)}"] if response else []),
        f"      match: {flow({found.native: found.key})}",
    ]
    for part, write in (("create", writing.create), ("update", writing.update)):
        if write is not None:
            lines += _write_lines(f"{place}.{part}", part, write, opened.path, check)
    return lines


def _write_lines(place: str, part: str, write: DraftedWrite, path: Path, check: Check) -> list[str]:
    stem = write.operation.path
    ended = re.fullmatch(r"(.*)\{[^{}/]+\}/?", stem) if part == "update" else None
    address = path(stem) if ended is None else f"{path(ended[1])}{{{{native.{write.native}}}}}"
    request = {"method": write.operation.method, "path": address}
    words = "does POST change what is there?" if part == "update" and write.operation.method == "POST" else ""
    lines = [f"    {part}:", f"      request: {flow(request)}" + check(f"{place}.request", words)]
    indent = "        "
    lines.append("      body:")
    if write.wrapper:
        lines.append(f"{indent}{flow(write.wrapper)}:")
        indent += "  "
    for field in write.fields:
        marked = check(f"{place}.body.{field.name}", field.check).removeprefix("  # ")
        told = f"{indent}{flow(field.name)}: {flow(field.rule)}  # {field.certainty:.2f}"
        lines.append(f"{told} {marked}".rstrip())
    return lines


def webhook_lines(webhook: DraftedWebhook, check: Check) -> list[str]:
    """The webhooks."""
    lines = ["webhook:"]
    for name, value in webhook.section.items():
        lines.append(f"  {name}: {flow(value)}" + check(f"webhook.{name}", webhook.checks.get(name, "")))
    lines.append("  handlers:")
    for each in webhook.handlers:
        handler = {"resource": each.resource, "verb": each.verb, "data_path": each.data_path}
        lines.append(f"    {flow(each.event)}: {flow(handler)}")
    return lines
