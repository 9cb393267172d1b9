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

Json = Any
Rules = Mapping[str, Any]
"""Target field to rule, as written; the mapping package parses it."""


@attrs.frozen(kw_only=True)
class Limits:
    """How hard the platform may be used.

    `requests` per `per` seconds, at most `concurrency` at once; `timeout` in seconds for one answer; `retries`
    beyond the first try of a request that may be repeated. `cost` names where a GraphQL answer states its budget.
    With `per_path` the rate holds for each path by itself; `paths` names the `requests` of paths with another number.
    `also` are narrower budgets of some paths, which hold beside the general one. `limit_header` names the header in
    which answers state how many requests `per` allows; what it says takes the place of `requests`.
    """

    requests: int | None = None
    per: float = 1.0
    burst: int | None = None
    concurrency: int = 4
    timeout: float = 30.0
    retries: int = 4
    remaining_header: str | None = None
    reset_header: str | None = None
    limit_header: str | None = None
    cost: GraphQLCost | None = None
    per_path: bool = False
    paths: Mapping[str, int] = attrs.field(factory=dict)
    also: Sequence[PathLimit] = ()


@attrs.frozen(kw_only=True)
class PathLimit:
    """A budget of the requests whose path, as the manifest and the connector write it, begins with `path`."""

    path: str
    requests: int
    per: float


@attrs.frozen(kw_only=True)
class GraphQLCost:
    """Where a GraphQL answer says what it cost; paths start at the answer's root."""

    requested: str = "extensions.cost.requestedQueryCost"
    available: str = "extensions.cost.throttleStatus.currentlyAvailable"
    maximum: str = "extensions.cost.throttleStatus.maximumAvailable"
    restore_rate: str = "extensions.cost.throttleStatus.restoreRate"
    throttled_code: str = "THROTTLED"


@attrs.frozen(kw_only=True)
class Placement:
    """Where a credential travels: one header or one query parameter; `format` is a template over {{token}}."""

    header: str | None = None
    query: str | None = None
    format: str = "{{token}}"


@attrs.frozen(kw_only=True)
class NoAuth:
    """Requests carry no credential."""

    kind: Literal["none"] = "none"


@attrs.frozen(kw_only=True)
class BearerAuth:
    """A fixed token in `Authorization: Bearer …`; `token` is a template."""

    kind: Literal["bearer"] = "bearer"
    token: str


@attrs.frozen(kw_only=True)
class ApiKeyAuth:
    """A fixed key in a header or query parameter; `key` is a template."""

    kind: Literal["api_key"] = "api_key"
    key: str
    place: Placement


@attrs.frozen(kw_only=True)
class BasicAuth:
    """HTTP Basic; both parts are templates."""

    kind: Literal["basic"] = "basic"
    username: str
    password: str = ""


@attrs.frozen(kw_only=True)
class OAuth2Auth:
    """OAuth 2. `grant` says how a first token is got; a refresh token, where there is one, renews it.

    `rotates` means that a refresh token is good once: the new one is stored before it is used. `expires` tells how the
    answer's expiry field reads: seconds from now, or an absolute Unix time. `refresh_margin` is in seconds.
    `code_params` go with the exchange of a code alone. `also` are further credentials out of the same answer. `pkce`
    proves with a verifier that the code comes back to who asked for it. `callback_hmac` names the query parameter by
    which the platform signs its callback: the hex HMAC-SHA256, with the client secret, of all other parameters as
    `name=value`, sorted and joined by `&`.
    """

    kind: Literal["oauth2"] = "oauth2"
    grant: Literal["authorization_code", "client_credentials"] = "authorization_code"
    authorize_url: str | None = None
    token_url: str
    client_id: str = "{{client_id}}"
    client_secret: str = "{{client_secret}}"  # noqa: S105 - a template, not a secret
    scopes: Sequence[str] = ()
    authorize_params: Mapping[str, str] = attrs.field(factory=dict)
    token_params: Mapping[str, str] = attrs.field(factory=dict)
    code_params: Mapping[str, str] = attrs.field(factory=dict)
    token_body: Literal["form", "json"] = "form"  # noqa: S105 - an encoding, not a secret
    client_auth: Literal["body", "basic"] = "body"
    access_token: str | None = None
    refresh_token: str | None = None
    rotates: bool = False
    pkce: bool = False
    callback_hmac: str | None = None
    expires_field: str = "expires_in"
    expires: Literal["seconds", "unix"] = "seconds"
    refresh_margin: float = 300.0
    place: Placement = Placement(header="Authorization", format="Bearer {{token}}")
    also: Sequence[TokenField] = ()


@attrs.frozen(kw_only=True)
class TokenField:
    """One more credential of a token answer, by its `field` there; `value` is a template of one the user has."""

    field: str
    value: str | None = None
    place: Placement


@attrs.frozen(kw_only=True)
class OAuth1Auth:
    """OAuth 1.0a with fixed tokens, signed per request; all four are templates."""

    kind: Literal["oauth1"] = "oauth1"
    consumer_key: str
    consumer_secret: str
    token: str
    token_secret: str
    signature_method: Literal["HMAC-SHA256", "HMAC-SHA1"] = "HMAC-SHA256"


@attrs.frozen(kw_only=True)
class SessionState:
    """Whether an exchange's answer may be used although its status is 200.

    The word at `path` is one of `good`, or one of `later` (the platform is away for a while: the exchange is tried
    again), or anything else: no session until a person has acted. A missing word is good. `reason` is the path of
    what the platform says about it.
    """

    path: str
    good: Sequence[str]
    later: Sequence[str] = ()
    reason: str | None = None


@attrs.frozen(kw_only=True)
class SessionAuth:
    """A session token got by one exchange request, with a base URL of its own where the platform gives one.

    `token`, `base_url` and `expires` are paths in the exchange's answer; `ttl` is in seconds where it names none.
    """

    kind: Literal["session"] = "session"
    exchange: Request
    token: str
    base_url: str | None = None
    expires: str | None = None
    ttl: float = 1800.0
    state: SessionState | None = None
    place: Placement = Placement(header="Authorization")


@attrs.frozen(kw_only=True)
class ChoiceAuth:
    """Several ways, of which the connection's setting `by` names one; an option is never a choice itself."""

    kind: Literal["choice"] = "choice"
    by: str
    options: Mapping[str, Auth]


Auth = NoAuth | BearerAuth | ApiKeyAuth | BasicAuth | OAuth2Auth | OAuth1Auth | SessionAuth | ChoiceAuth


@attrs.frozen(kw_only=True)
class Request:
    """One request: `path` is relative to the base URL or absolute on a declared host.

    At most one of `json`, `form` and `query` (a GraphQL document, with `variables`) is set. Values are templates;
    a value that is one placeholder keeps its type. `idempotent` None means: by method (GET, PUT, DELETE are).
    """

    method: str = "GET"
    path: str = ""
    params: Mapping[str, Json] = attrs.field(factory=dict)
    headers: Mapping[str, str] = attrs.field(factory=dict)
    json: Json = None
    form: Mapping[str, Json] | None = None
    query: str | None = None
    variables: Mapping[str, Json] = attrs.field(factory=dict)
    idempotent: bool | None = None


@attrs.frozen(kw_only=True)
class Pagination:
    """How a list goes on.

    page: `page_param` counts from `start`; offset: `offset_param` counts records; cursor: `cursor_param` carries
    what `Response.next_cursor` names; link: the Link header's rel=next; next_url: `Response.next_url`; graphql: the
    variable `cursor_param` carries `Response.next_cursor` while `Response.has_next`; keyset: `cursor_param` carries the
    value at `key` of the last record (a filter "greater than" over a list sorted by it, so that no record is missed
    when others come and go meanwhile); none: one answer is all. `place` says where the parameters stand: in the query
    string, or in the request's JSON or form body, where a name may be a dotted path (`request.PageNumber`).
    """

    kind: Literal["none", "page", "offset", "cursor", "link", "next_url", "graphql", "keyset"] = "none"
    page_param: str = "page"
    offset_param: str = "offset"
    cursor_param: str = "cursor"
    size_param: str | None = None
    size: int = 100
    max_size: int | None = None
    start: int = 1
    place: Literal["query", "body"] = "query"
    key: str = "id"


@attrs.frozen(kw_only=True)
class Response:
    """Where a list answer keeps things; all are paths from its root, empty `records` means the root is the list.

    All but `records` and `errors` may name a header of the answer instead: `@headers.x-total`.

    `errors` names a list or text that makes the answer a failure although its status is 200 (GraphQL). `end_status`
    is a 4xx status with which the platform answers a page behind the last one, if the body holds `end_text` too, in
    any case.
    """

    records: str = ""
    total: str | None = None
    total_pages: str | None = None
    next_cursor: str | None = None
    has_next: str | None = None
    next_url: str | None = None
    errors: str | None = None
    end_status: int | None = None
    end_text: str = ""


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
