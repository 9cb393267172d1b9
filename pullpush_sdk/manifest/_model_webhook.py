"""What a manifest says of the platform's webhooks: how they are verified, named, told apart and read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import attrs

Json = Any
Rules = Mapping[str, Any]


@attrs.frozen(kw_only=True)
class Part:
    """One piece of a composite: `source` is body, header or query; `path` a path or a plain name."""

    source: Literal["body", "header", "query"] = "body"
    path: str


@attrs.frozen(kw_only=True)
class Verification:
    """How a webhook proves where it comes from; the secret is a template, checked over the raw body.

    `prefix` is dropped from the header's value where it stands there. `signed` is what an HMAC is made over: a template
    over {{body}}, {{timestamp}}, {{headers.name}}, {{fields.name}} and settings; only a stamp that is signed proves
    anything. `field` and `timestamp_field` name pairs of a header of the form `t=1,v1=abc`.
    """

    kind: Literal["hmac-sha256", "hmac-sha1", "hmac-sha512", "header-token", "none"]
    header: str = ""
    secret: str = ""
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""
    signed: str = "{{body}}"
    field: str | None = None
    timestamp_header: str | None = None
    timestamp_field: str | None = None
    tolerance: float = 300.0


@attrs.frozen(kw_only=True)
class EventName:
    """Where the event's name stands: parts joined by `separator`, empty ones left out, else the fallback."""

    parts: Sequence[Part]
    separator: str = "."
    fallback: Part | None = None


@attrs.frozen(kw_only=True)
class TransactionId:
    """What tells a repeated delivery: the parts' values joined; None of them means no id, hence no dedup."""

    parts: Sequence[Part]
    separator: str = "_"
    overrides: Mapping[str, Sequence[Part]] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class NativeId:
    """What names the platform's record that an event is about: events of one id are taken in arrival order.

    `overrides` has other parts per event name. Ids are joined by `_`; where no part has a value, all such events of
    the connection keep one order.
    """

    parts: Sequence[Part]
    overrides: Mapping[str, Sequence[Part]] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Challenge:
    """A handshake: if the body's `field` is `equals`, answer what is at `path`, under `response_field` if set."""

    field: str
    equals: Json
    path: str
    response_field: str | None = None


@attrs.frozen(kw_only=True)
class Handler:
    """What one webhook event becomes: `map` over the body, or a resource's map over the object at `data_path`.

    `partial` means that only the mapped fields are spoken of. `refetch` reads the record again by the resource's
    details request instead of trusting the body; `record` maps a name that this asks for to its path in the webhook's
    object, where that calls it otherwise.
    """

    event: str
    canonical_type: str
    verb: Literal["created", "updated", "deleted"] = "updated"
    resource: str | None = None
    data_path: str = "$"
    map: Rules | None = None
    partial: bool = False
    refetch: bool = False
    record: Mapping[str, str] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class CustomerExtraction:
    """The customer inside a webhook: `map` (canonical contact field to rule) over the object at `base_path`.

    It becomes a contact event beside the event of its handler. `overrides` names another path per event name.
    """

    base_path: str
    map: Rules
    overrides: Mapping[str, str] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Webhook:
    """Everything about webhooks that come in.

    `alternatives` are further proofs beside `verification`: one that holds is enough. `grants` names events that
    bring the connection's own OAuth 2 token, each with the path of the token fields in its body; such an event is
    stored as the token and becomes no canonical event.
    """

    verification: Verification | None = None
    alternatives: Sequence[Verification] = ()
    grants: Mapping[str, str] = attrs.field(factory=dict)
    event_name: EventName | None = None
    event_type_map: Mapping[str, str] = attrs.field(factory=dict)
    array_path: str | None = None
    challenge: Challenge | None = None
    transaction_id: TransactionId | None = None
    native_id: NativeId | None = None
    customer: CustomerExtraction | None = None
    handlers: Mapping[str, Handler] = attrs.field(factory=dict)
    response_status: int = 200
    response_body: Json = None
