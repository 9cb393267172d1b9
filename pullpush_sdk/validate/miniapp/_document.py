"""A MiniApp document as its rules read it: parts that may be missing or of a wrong type, and where they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from pullpush_sdk.errors import Problem
from pullpush_sdk.manifest import Document
from pullpush_sdk.validate.places import below

Json = Any
SECRET_NAME = re.compile(
    r"(token|secret|password|passwd|api_?key|private_?key|access_?key|consumer_?key)", re.IGNORECASE
)
BAG = re.compile(r"\[\[\s*([^\[\]]*?)\s*\]\]")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@attrs.frozen(kw_only=True)
class Part:
    """An object of the document and its path; empty where it is not there."""

    value: Mapping[str, Json]
    path: str

    def __bool__(self) -> bool:
        return bool(self.value)

    def part(self, key: str) -> Part:
        """An inner object."""
        inner = self.value.get(key)
        return Part(value=inner if isinstance(inner, dict) else {}, path=below(self.path, key))

    def list(self, key: str) -> list[tuple[Json, str]]:
        """The items of an inner list with their paths."""
        inner = self.value.get(key)
        path = below(self.path, key)
        return [(each, below(path, at)) for at, each in enumerate(inner)] if isinstance(inner, list) else []

    def parts(self) -> Iterator[tuple[str, Part]]:
        """The objects inside by name."""
        for key, each in self.value.items():
            if isinstance(each, dict):
                yield key, Part(value=each, path=below(self.path, key))

    def has(self, key: str) -> bool:
        """Whether the key is there and neither null nor empty."""
        return self.value.get(key) not in (None, "", {}, [])

    def text(self, key: str) -> str:
        """A text, empty where there is none."""
        each = self.value.get(key)
        return each if isinstance(each, str) else ""

    def at(self, key: str) -> str:
        """The path of a key: its own where it is there, else this object's."""
        return below(self.path, key) if key in self.value else self.path


@attrs.frozen(kw_only=True)
class MiniApp:
    """The document's parts; `whole` is false for a bare block, whose missing parts are elsewhere."""

    document: Document
    root: Part
    sync: Part
    whole: bool

    @classmethod
    def of(cls, document: Document) -> MiniApp:
        """The parts of a document or of a block."""
        root = Part(value=document.value, path="$")
        whole = bool(root.value.keys() & {"ns", "auth", "triggers", "webhook"}) or "sync" in root.value
        if whole:
            return cls(
                document=document,
                root=root,
                sync=root.part("sync"),
                whole="ns" in root.value or "auth" in root.value or "triggers" in root.value,
            )
        if root.value.keys() & {"apiMapping", "endpoints", "contentType"}:
            sync = Part(value={"resources": {str(root.value.get("name") or "records"): root.value}}, path="$")
        elif root.value.keys() & {"resources", "webhooks", "baseUrl", "syncConfiguration"}:
            sync = root
        else:
            sync = Part(value={"resources": root.value}, path="$")
        return cls(document=document, root=Part(value={}, path="$"), sync=sync, whole=False)

    def resources(self) -> Iterator[tuple[str, Part]]:
        """Resources by key, with their own paths also in a bare block."""
        if self.sync.path == "$" and "resources" not in self.document.value:
            for key, each in self.sync.part("resources").parts():
                bare = each.value is self.document.value
                yield key, Part(value=each.value, path="$" if bare else below("$", key))
            return
        yield from self.sync.part("resources").parts()

    def handlers(self) -> Iterator[tuple[str, Part]]:
        """Handlers of `sync.webhooks` by event."""
        yield from self.sync.part("webhooks").part("handlers").parts()

    def triggers(self) -> list[tuple[Part, str]]:
        """Triggers that are objects, with their paths."""
        return [
            (Part(value=each, path=path), path) for each, path in self.root.list("triggers") if isinstance(each, dict)
        ]

    def events(self) -> set[str]:
        """The events that triggers name."""
        return {each.text("event") for each, _ in self.triggers() if each.text("event")}

    def problem(self, number: int, path: str, message: str, hint: str = "") -> Problem:
        """A finding of the rule of that number."""
        return self.document.problem(message, path, hint, code=f"miniapp-{number:02d}")


def texts_of(value: Json, path: str) -> Iterator[tuple[str, str]]:
    """Every text in a value with its path."""
    from pullpush_sdk.validate.places import texts  # noqa: PLC0415

    yield from texts(value, path)


def bags_in(value: Json) -> set[str]:
    """The names in `[[…]]` of every text of a value."""
    return {name for text, _ in texts_of(value, "$") for name in BAG.findall(text)}


def targets_of(mapping: Json) -> dict[str, Json]:
    """Target to path of an object or array mapping."""
    if isinstance(mapping, dict):
        return dict(mapping)
    if isinstance(mapping, list):
        return {str(each.get("name")): each.get("value") for each in mapping if isinstance(each, dict)}
    return {}
