"""A connector's manifest as data: what its document says, checked and typed, with nothing looked up yet.

Texts marked *template* may hold `{{setting}}` (a setting or secret of the connection), `{{token}}` in a placement's
format, and in requests what the runtime offers there: `{{since}}` and `{{item.id}}` in lists, `{{record.id}}` in
details and attached lists, `{{record.sku}}`, `{{native.id}}` and `{{delivery.id}}` in writes. Paging adds its own
parameters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import attrs

from ._model_auth import Auth, NoAuth
from ._model_http import Limits, Pagination, Request, Response
from ._model_webhook import Webhook

Json = Any
Rules = Mapping[str, Any]
"""Target field to rule, as written; the mapping package parses it."""


@attrs.frozen(kw_only=True)
class Incremental:
    """How only changes are read.

    The stored cursor is the moment at which the last complete read began, minus `overlap` seconds at the next one.
    `param` (or a variable of the query) receives it in `format` (strftime, `iso`, `unix` or `unix_ms`) in `timezone`,
    wrapped by the template `template` where the platform wants a filter text over {{since}}; without both the request
    itself says {{since}}, in a header or in its body. Without a filter, `newest_first` says that the list is sorted by
    update time, latest first: reading stops behind the first page that holds a record older than the cursor.

    `whole` is what the parameter receives where there is no moment. `depth` says that a filtered list ends silently
    after so many records: where it did, an `oldest_first` list is asked for anew from its last update time on, any
    other is read without the filter. `changes_only` leaves the list out of whole reads: another resource holds them.
    """

    param: str | None = None
    variable: str | None = None
    format: str = "iso"
    timezone: str = "UTC"
    template: str = "{{since}}"
    overlap: float = 300.0
    newest_first: bool = False
    oldest_first: bool = False
    depth: int | None = None
    whole: str | None = None
    changes_only: bool = False


@attrs.frozen(kw_only=True)
class ForEach:
    """Read the list once per record of another list; its record is `@item` in rules and {{item.…}} in requests.

    `bind` names further values per item. An empty outer list reads nothing.
    """

    list: Request
    pagination: Pagination = Pagination()
    response: Response = Response()
    where: Mapping[str, Json] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Attach:
    """A further request per record, whose records are put into the record's list at `into` (appended to what is there).

    `when` is a path in the record that must be true for the request to be made; `cursor` the path of where its
    paging starts (a nested list that the platform cut off).
    """

    request: Request
    into: str
    pagination: Pagination = Pagination()
    response: Response = Response()
    when: str | None = None
    cursor: str | None = None


@attrs.frozen(kw_only=True)
class Resource:
    """One readable list of the platform.

    `list` None means that the connector's own `pullpush_pull` reads it. `where` keeps only records whose values at
    these paths are the named ones, or one of them. `details` is fetched per record and laid over it;
    `details_records` is where the record stands in that answer, and an answer that has nothing there is the record
    itself. With `list_is_whole` they are fetched only for records that a webhook names. `version` names what orders
    its states: the record's `updated_at`, or `observed`, the moment at which the request that read it was started.
    `native_id` holds the paths of the platform's own id of the record, joined by `_` where they are several: None for
    the usual `id`, empty where nothing names it.
    """

    name: str
    canonical_type: str
    title: str = ""
    list: Request | None = None
    details: Request | None = None
    details_records: str = ""
    list_is_whole: bool = False
    attach: Sequence[Attach] = ()
    pagination: Pagination = Pagination()
    response: Response = Response()
    incremental: Incremental | None = None
    for_each: ForEach | None = None
    where: Mapping[str, Json] = attrs.field(factory=dict)
    canonical_map: Rules = attrs.field(factory=dict)
    version: Literal["updated_at", "observed"] = "observed"
    native_id: Sequence[str] | None = None
    snapshot: bool = True
    enabled: bool = True


@attrs.frozen(kw_only=True)
class Locations:
    """The platform's stock locations: a list, and the paths of each one's id, name and whether it is in use."""

    list: Request
    pagination: Pagination = Pagination()
    response: Response = Response()
    id: str = "id"
    name: str = "name"
    active: Mapping[str, Json] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Find:
    """How the native record of a canonical one is found: `response.records` lists candidates.

    `match` maps a path in a candidate to a rule over the canonical record; only an exact match counts, and more than
    one is an error that names them.
    """

    request: Request
    response: Response = Response()
    match: Mapping[str, Any] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Write:
    """One writing request; `body` is a template of rules over the canonical record, `@native` the found record.

    `body_at` is where in `request.json`, the envelope, the body goes; `$` lays its fields over it.
    `item_errors` names where a bulk answer lists failures per item and `item_index` its index or key in there;
    `item_key` is where that key stands in an item's body.
    `reads_back` is the path of the written record in the answer.
    """

    request: Request
    body: Json = None
    body_at: str | None = None
    items_at: str | None = None
    item_errors: str | None = None
    item_index: str | None = None
    item_key: str | None = None
    reads_back: str | None = None


@attrs.frozen(kw_only=True)
class Push:
    """How one canonical type is written.

    `find_by` holds other ways to find the record, by the wire field that a flow may match by. With `bulk`, a batch is
    one request whose `items_at` holds a list of item bodies. Otherwise each record is found,
    then updated, or created where nothing was found. A missing `create` makes an unknown record a dead letter; a
    missing `update` makes a known one `unchanged`. All three None means that the connector's own `pullpush_push`
    writes it. `absolute` says that repeating a write changes nothing. `index_lag` is how many seconds after a write
    a look-up may still miss it: a write whose answer was lost is looked up that much later.
    """

    canonical_type: str
    batch: int = 1
    find: Find | None = None
    find_by: Mapping[str, Find] = attrs.field(factory=dict)
    create: Write | None = None
    update: Write | None = None
    bulk: Write | None = None
    archive: Write | None = None
    absolute: bool = True
    index_lag: float = 0.0


@attrs.frozen(kw_only=True)
class Waiver:
    """A rule of validation that is set aside: its code, why, and until which day (`2027-01-31`)."""

    rule: str
    reason: str
    until: str


@attrs.frozen(kw_only=True)
class Check:
    """A harmless request that proves the credentials; `identity` is the path of the account's name in its answer."""

    request: Request
    identity: str | None = None


@attrs.frozen(kw_only=True)
class Refusal:
    """An answer that says in its body what others say by their status.

    It counts as `status` where the value at `path` is `equals` (or one of them), or, with `equals` None, where there
    is anything but null, false and the empty. `reason` is the path of what the platform says about it.
    """

    path: str
    status: int
    equals: Json = None
    reason: str | None = None


@attrs.frozen(kw_only=True)
class Manifest:
    """One connector's whole description.

    `hosts` are all hosts that may be called and may see credentials, beside the base URL's. `settings` is a JSON
    Schema of what a user fills in; names listed in `secrets` are never shown. `extra` keeps keys of a foreign
    document that were not understood. `origin` says which front end read it; `absent` lists parts of a document
    that a bare block does not have.
    """

    name: str
    title: str
    version: str
    base_url: str = ""
    hosts: Sequence[str] = ()
    docs: str = ""
    description: str = ""
    categories: Sequence[str] = ()
    headers: Mapping[str, str] = attrs.field(factory=dict)
    auth: Auth = NoAuth()
    limits: Limits = Limits()
    refusals: Sequence[Refusal] = ()
    settings: Mapping[str, Json] = attrs.field(factory=dict)
    secrets: Sequence[str] = ()
    check: Check | None = None
    locations: Locations | None = None
    resources: Mapping[str, Resource] = attrs.field(factory=dict)
    webhook: Webhook | None = None
    push: Mapping[str, Push] = attrs.field(factory=dict)
    samples: Mapping[str, Json] = attrs.field(factory=dict)
    notes: Mapping[str, str] = attrs.field(factory=dict)
    waivers: Sequence[Waiver] = ()
    origin: Literal["manifest", "miniapp", "miniapp-sync"] = "manifest"
    absent: Sequence[str] = ()
    extra: Mapping[str, Json] = attrs.field(factory=dict)
