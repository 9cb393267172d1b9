"""A connector's manifest: its model, the loaders of both front ends, its checks, and the templates in it."""

from ._auth import auth_of, ways_of
from ._check import (
    check_manifest,
)
from ._document import (
    Document,
)
from ._load import (
    Loaded,
    load,
    load_manifest,
    read,
    read_document,
    read_manifest,
    read_miniapp,
)
from ._model import (
    Attach,
    Check,
    Find,
    ForEach,
    Incremental,
    Json,
    Locations,
    Manifest,
    Push,
    Refusal,
    Resource,
    Rules,
    Waiver,
    Write,
)
from ._model_auth import (
    ApiKeyAuth,
    Auth,
    BasicAuth,
    BearerAuth,
    ChoiceAuth,
    NoAuth,
    OAuth1Auth,
    OAuth2Auth,
    Placement,
    SessionAuth,
    SessionState,
    TokenField,
)
from ._model_http import GraphQLCost, Limits, Pagination, PathLimit, Request, Response
from ._model_webhook import (
    Challenge,
    CustomerExtraction,
    EventName,
    Handler,
    NativeId,
    Part,
    TransactionId,
    Verification,
    Webhook,
)
from ._rules import (
    check_fields,
)
from ._schema import (
    manifest_schema,
)
from ._scheme_word import doubled_values, doubled_words
from ._template import (
    placeholders,
    render,
    required_placeholders,
)
from ._written import written_fields

__all__ = [
    "ApiKeyAuth",
    "Attach",
    "Auth",
    "BasicAuth",
    "BearerAuth",
    "Challenge",
    "Check",
    "ChoiceAuth",
    "CustomerExtraction",
    "Document",
    "EventName",
    "Find",
    "ForEach",
    "GraphQLCost",
    "Handler",
    "Incremental",
    "Json",
    "Limits",
    "Loaded",
    "Locations",
    "Manifest",
    "NativeId",
    "NoAuth",
    "OAuth1Auth",
    "OAuth2Auth",
    "Pagination",
    "Part",
    "PathLimit",
    "Placement",
    "Push",
    "Refusal",
    "Request",
    "Resource",
    "Response",
    "Rules",
    "SessionAuth",
    "SessionState",
    "TokenField",
    "TransactionId",
    "Verification",
    "Waiver",
    "Webhook",
    "Write",
    "auth_of",
    "check_fields",
    "check_manifest",
    "doubled_values",
    "doubled_words",
    "load",
    "load_manifest",
    "manifest_schema",
    "placeholders",
    "read",
    "read_document",
    "read_manifest",
    "read_miniapp",
    "render",
    "required_placeholders",
    "ways_of",
    "written_fields",
]
