"""What a raw webhook is about, without mapping it: its event, its id, its record; and the answer to a handshake."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import attrs

from pullpush_sdk.canonical import dumps
from pullpush_sdk.connector import WebhookRequest
from pullpush_sdk.manifest import Challenge, Part, Webhook

from ._values import at
from ._webhook import event_name, part_text, transaction_id

Json = Any

_LONGEST = 200


@attrs.frozen(kw_only=True)
class Label:
    """The event's name (empty where the request names none) and the id that tells its repetition, if it has any."""

    event: str = ""
    transport_id: str | None = None


@attrs.frozen
class Labels:
    """Reads the labels of requests by one webhook section; a body is decoded only where the section looks into it."""

    webhook: Webhook
    _name_in_body: bool = attrs.field(init=False)
    _id_in_body: bool = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        named, ids = self.webhook.event_name, self.webhook.transaction_id
        names = [] if named is None else [*named.parts, *([named.fallback] if named.fallback is not None else ())]
        parts = [] if ids is None else [*ids.parts, *(part for each in ids.overrides.values() for part in each)]
        object.__setattr__(self, "_name_in_body", any(part.source == "body" for part in names))
        object.__setattr__(self, "_id_in_body", any(part.source == "body" for part in parts))

    def label(self, request: WebhookRequest) -> Label:
        """The label by which a repetition is told; without a declared id the event is read only where that is free.

        An event that is named in a body which is no JSON stays empty: what is wrong is found when it is mapped.
        """
        has_ids = self.webhook.transaction_id is not None
        body = decoded(request) if has_ids and (self._name_in_body or self._id_in_body) else None
        event = "" if self._name_in_body and body is None else event_name(self.webhook, request, body)
        id_ = transaction_id(self.webhook, event, request, body)
        return Label(event=short(event), transport_id=None if id_ is None else short(id_))

    def record_of(self, request: WebhookRequest) -> tuple[str, str]:
        """The event's name, and what names its record: empty where nothing does."""
        body = decoded(request)
        event = event_name(self.webhook, request, body)
        handler = self.webhook.handlers.get(event)
        named = self.webhook.native_id
        if named is not None:
            found = [
                text for part in named.overrides.get(event, named.parts) if (text := part_text(part, request, body))
            ]
            native = "_".join(found)
        elif handler is not None:
            native = part_text(Part(path="id"), request, at(body, handler.data_path))
        else:
            native = ""
        return event, short(native)

    def items(self, request: WebhookRequest) -> Sequence[WebhookRequest]:
        """The request, or one per item of the batch that it holds, in order."""
        if self.webhook.array_path is None:
            return (request,)
        found = at(decoded(request), self.webhook.array_path)
        if not isinstance(found, list):
            return (request,)
        return [attrs.evolve(request, body=dumps(item)) for item in found]


def challenge_answer(challenge: Challenge, body: Json) -> Json | None:
    """The token that a handshake asks for; None where the body is no handshake or holds no usable token."""
    asked = at(body, challenge.field)
    if asked is None or asked.__class__ is not challenge.equals.__class__ or asked != challenge.equals:
        return None
    token = at(body, challenge.path)
    return token if token.__class__ in (str, int) and len(str(token)) <= 4 * _LONGEST else None


def decoded(request: WebhookRequest) -> Json | None:
    """The body as JSON, None where it is none."""
    try:
        return request.json()
    except (ValueError, ArithmeticError, RecursionError):
        return None


def short(text: str) -> str:
    """A text that is kept whole up to 200 characters, and told by its hash beyond."""
    if len(text) <= _LONGEST:
        return text
    return f"{text[:100]}…{blake2b(text.encode(errors='replace'), digest_size=16).hexdigest()}"
