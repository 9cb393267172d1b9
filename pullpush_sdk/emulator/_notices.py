"""Webhooks of an emulated platform: recorded ones with what a record says now, signed as the recorded ones verify."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

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
_LEAST = 0.5  # of an object's fields that must be a record's for the webhook to hold it
_FEWEST = 3  # such fields: less is a reference, and every list has an `id`
_TELLING = 6  # characters of a name that are replaced inside other texts too


@attrs.frozen(kw_only=True)
class Template:
    """One recorded webhook: its body as JSON, and what its name says that happened."""

    sample: WebhookSample
    body: Json
    verb: str
    signature: Signature | None


@attrs.frozen(kw_only=True)
class _About:
    """Which collection a webhook is about: its record stands at `place`, or is only named there by its key."""

    template: Template
    collection: Collection
    place: Place
    score: float
    named: bool = False


def template_of(sample: WebhookSample, signature: Signature | None) -> Template | None:
    """A recorded webhook as a form to fill in, None where its body is not JSON."""
    try:
        body = loads(sample.body.encode())
    except msgspec.DecodeError:
        return None
    said = " ".join(_words(sample, body, signature))
    verb = next((verb for verb, words in _VERBS.items() if words.search(said)), "updated")
    return Template(sample=sample, body=body, verb=verb, signature=signature)


def _words(sample: WebhookSample, body: Json, signature: Signature | None) -> Iterator[str]:
    """What a webhook says beside its record; a signature may hold any word by chance."""
    signing = signature.header.lower() if signature is not None else ""
    yield from (text for name, text in sample.headers.items() if name != signing)
    yield from sample.query.values()
    rows = body[:1] if isinstance(body, list) else next((rows[:1] for _, rows in tables(body) if rows), [])
    for each in (body, *rows):
        yield from (text for place, text in leaves(each) if len(place) == 1 and isinstance(text, str))


@attrs.define
class Notices:
    """Sends what happened to `url`; nothing is sent while it is empty. `secrets` are those of the connection.

    Each recorded webhook is about the records of one of the `collections`, of the one that it has most of.
    """

    templates: Sequence[Template]
    secrets: Mapping[str, str]
    clock: SandboxClock
    outbox: WebhookOutbox
    collections: Sequence[Collection]
    url: str = ""
    _abouts: list[_About] | None = None

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
        if self._abouts is None:
            found = (_about(each, self.collections) for each in self.templates)
            self._abouts = [each for each in found if each is not None]
        mine = [each for each in self._abouts if each.collection is collection]
        others = [each for each in mine if each.template.verb != "deleted"] if verb != "deleted" else []
        fitting = [each for each in mine if each.template.verb == verb] or others
        showing = [
            each for each in fitting if all(reaches(at(each.template.body, each.place), place) for place in changed)
        ]
        if fitting:
            self.outbox.queue(self._filled(max(showing or fitting, key=lambda each: each.score), record))

    def _filled(self, about: _About, record: Record) -> OutgoingWebhook:
        template, place = about.template, about.place
        sample, moment = template.sample, self.clock.now()
        form, key = at(template.body, place), about.collection.key
        if about.named:
            body = _renamed(restamped(template.body, moment), place, form, record.get(key))
        else:
            whole = restamped(template.body, moment) if place else template.body
            body = put(whole, place, overlaid(form, record))
            named = _named_in(template.body, about.collection)
            if named is not None and place and named not in (record.get(key), str(record.get(key))):
                body = _elsewhere(body, place, named, record.get(key))
        text = dumps(body)
        headers = {name: _UUID.sub(lambda _: str(uuid.uuid4()), text) for name, text in sample.headers.items()}
        headers = {name: text for name, text in headers.items() if name not in ("host", "content-length")}
        if template.signature is not None:
            secret = self.secrets.get(template.signature.secret, "")
            headers |= template.signature.headers(text, secret, self.url, moment)
        event = next((text for name, text in headers.items() if re.search("event|topic", name)), template.verb)
        query = f"?{urlencode(sample.query)}" if sample.query else ""
        return OutgoingWebhook(event=event, url=f"{self.url}{query}", headers=headers, body=text)


def _about(template: Template, collections: Sequence[Collection]) -> _About | None:
    """Of which collection a webhook holds a record, else of which one it names a record by its key."""
    found = []
    for collection in collections:
        fields = collection.fields.keys()
        for place, value in _objects(template.body):
            shared = len(value.keys() & fields)
            # An order may have every field of an invoice: then it lacks others.
            score = shared / max(len(value), 1) + shared / 1000 + shared / max(len(fields), 1) / 10_000
            if shared >= _FEWEST and score >= _LEAST:
                found.append(_About(template=template, collection=collection, place=place, score=score))
    return max(found, key=lambda each: each.score) if found else _reference(template, collections)


def _reference(template: Template, collections: Sequence[Collection]) -> _About | None:
    """The record that a webhook names; where records of several lists are called so, the list that it speaks of."""
    found = []
    for collection in collections:
        keys = _keys(collection)
        place = next((place for place, value in leaves(template.body) if str(value) in keys), None)
        if place is not None:
            found.append(_About(template=template, collection=collection, place=place, score=0.0, named=True))
    if len(found) < 2:
        return found[0] if found else None
    said = f"{template.sample.headers} {template.sample.query} {template.sample.body}".lower()
    return next((each for each in found if any(word in said for word in _titles(each.collection))), None)


def _titles(collection: Collection) -> Iterator[str]:
    """What the records of a collection are called by the paths of its lists, one of them."""
    for each in collection.lists:
        fixed = [part for part in each.segments if part is not None]
        yield from (part.lower().removesuffix("s") for part in fixed[-1:])


def _keys(collection: Collection) -> set[str]:
    return {str(each[collection.key]) for each in collection.recorded if each.get(collection.key) not in (None, "")}


def _named_in(body: Json, collection: Collection) -> Json:
    """The name of the record that a body is about, None where it has none."""
    keys = _keys(collection)
    return next((value for _, value in leaves(body) if str(value) in keys), None)


def _renamed(body: Json, place: Place, old: Json, new: Json) -> Json:
    """The body with another record's name at a place, and in all texts that hold the old one."""
    changed = put(body, place, type(old)(new) if isinstance(old, str | int) and new is not None else new)
    return _elsewhere(changed, place, old, new)


def _elsewhere(body: Json, place: Place, old: Json, new: Json) -> Json:
    """The body with another record's name in every text outside a place that holds the old one."""
    if len(str(old)) < _TELLING or new is None:
        return body
    for where, value in leaves(body):
        if where[: len(place)] != place and isinstance(value, str) and str(old) in value:
            body = put(body, where, value.replace(str(old), str(new)))
    return body


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
