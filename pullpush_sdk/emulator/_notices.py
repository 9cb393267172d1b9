"""Webhooks of an emulated platform: recorded ones with what a record says now, signed as the recorded ones verify."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import msgspec

from pullpush_sdk.canonical import dumps, loads
from pullpush_sdk.samples import WebhookSample
from pullpush_sdk.sandbox import ChangeError, OutgoingWebhook, SandboxClock, WebhookOutbox, is_loopback

from ._changes import overlaid
from ._leaves import Place, at, leaves, put, tables
from ._moments import restamped
from ._shop import Collection, Record
from ._signing import Signature

__all__ = ["Notices", "Template", "reaches", "template_of"]

Json = Any
_VERBS: Mapping[str, re.Pattern[str]] = {
    "created": re.compile(r"creat|add|new|insert|placed", re.IGNORECASE),
    "deleted": re.compile(r"delet|remov|trash", re.IGNORECASE),
    "updated": re.compile(r"updat|chang|modif|edit|adjust|set", re.IGNORECASE),
}
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_LEAST = 0.5  # of an object's fields that must be a record's for the webhook to be about it


@attrs.frozen(kw_only=True)
class Template:
    """One recorded webhook: its body as JSON, and what its name says that happened."""

    sample: WebhookSample
    body: Json
    verb: str
    signature: Signature | None


def template_of(sample: WebhookSample, signature: Signature | None) -> Template | None:
    """A recorded webhook as a form to fill in, None where its body is not JSON."""
    try:
        body = loads(sample.body.encode())
    except msgspec.DecodeError:
        return None
    said = " ".join(
        [*sample.headers.values(), *sample.query.values()]
        + [str(leaf) for place, leaf in leaves(body) if len(place) == 1 and isinstance(leaf, str)]
    )
    verb = next((verb for verb, words in _VERBS.items() if words.search(said)), "updated")
    return Template(sample=sample, body=body, verb=verb, signature=signature)


@attrs.define
class Notices:
    """Sends what happened to `url`; nothing is sent while it is empty. `secrets` are those of the connection."""

    templates: Sequence[Template]
    secrets: Mapping[str, str]
    clock: SandboxClock
    outbox: WebhookOutbox
    url: str = ""

    def subscribe(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """The change `subscribe {url}`: where webhooks go from now on, an empty one stops them."""
        url = str(values.get("url", ""))
        if url and not is_loopback(url):
            raise ChangeError(f"a sandbox sends webhooks to this machine only, not to {url}")
        self.url = url
        return {"url": url}

    def tell(self, collection: Collection, record: Record, verb: str, changed: Sequence[Place] = ()) -> None:
        """Queue the webhook for a record that was created, updated or deleted, if one like it was recorded.

        Several lists may read one collection, each with a webhook of its own: one that shows what `changed` goes first.
        """
        if not self.url:
            return
        found = [(*about, each) for each in self.templates if (about := self._about(each, collection)) is not None]
        fitting = [each for each in found if each[2].verb == verb] or (found if verb == "updated" else [])
        showing = [each for each in fitting if all(reaches(at(each[2].body, each[1]), place) for place in changed)]
        if fitting:
            _, place, template = max(showing or fitting, key=lambda each: each[0])
            self.outbox.queue(self._filled(template, place, record))

    def _about(self, template: Template, collection: Collection) -> tuple[float, Place] | None:
        """How much of a webhook's object is a record of the collection, and where it stands."""
        fields = collection.fields.keys()
        found = []
        for place, value in _objects(template.body):
            shared = len(value.keys() & fields)
            if collection.key in value or shared / max(len(value), 1) >= _LEAST:
                found.append((shared / max(len(value), 1) + shared / 1000, place))
        best = max(found, default=None)
        return best if best is not None and best[0] >= _LEAST else None

    def _filled(self, template: Template, place: Place, record: Record) -> OutgoingWebhook:
        sample, moment = template.sample, self.clock.now()
        whole = restamped(template.body, moment) if place else template.body
        body = dumps(put(whole, place, overlaid(at(template.body, place), record)))
        headers = {name: _UUID.sub(lambda _: str(uuid.uuid4()), text) for name, text in sample.headers.items()}
        headers = {name: text for name, text in headers.items() if name not in ("host", "content-length")}
        if template.signature is not None:
            secret = self.secrets.get(template.signature.secret, "")
            headers |= template.signature.headers(body, secret, self.url, moment)
        event = next((text for name, text in headers.items() if re.search("event|topic", name)), template.verb)
        return OutgoingWebhook(event=event, url=self.url, headers=headers, body=body)


def reaches(record: Json, place: Place) -> bool:
    """Whether a record has something at a place, if only null."""
    inner = at(record, place[:-1])
    return isinstance(inner, Mapping) and place[-1] in inner


def _objects(body: Json, place: Place = ()) -> list[tuple[Place, dict[str, Json]]]:
    """Objects of a body that are in no list, and the first of each list."""
    found = [(place, body)] if isinstance(body, dict) else []
    for name, each in body.items() if isinstance(body, dict) else ():
        if isinstance(each, dict):
            found += _objects(each, (*place, name))
    found += [((*place, *where, 0), rows[0]) for where, rows in tables(body) if rows]
    return found
