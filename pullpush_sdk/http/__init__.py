"""The one way out to a platform: calls in, answers as bytes out, everything in between taken care of."""

from ._auth import Authenticator, authenticator_of, scheme_of
from ._budget import RateBudget
from ._build import call_of
from ._call import Answer, Call, Headers
from ._client import Classify, Client
from ._oauth2 import authorize_url, is_genuine_callback
from ._pages import MAX_PAGES, PageState, Paginator, Seen, Step, paginator
from ._redact import Redactor
from ._schemes import Scheme
from ._secret import Secret
from ._store import FileTokenStore, MemoryTokenStore
from ._throttle import Throttle
from ._token import Token, TokenStore

__all__ = [
    "MAX_PAGES",
    "Answer",
    "Authenticator",
    "Call",
    "Classify",
    "Client",
    "FileTokenStore",
    "Headers",
    "MemoryTokenStore",
    "PageState",
    "Paginator",
    "RateBudget",
    "Redactor",
    "Scheme",
    "Secret",
    "Seen",
    "Step",
    "Throttle",
    "Token",
    "TokenStore",
    "authenticator_of",
    "authorize_url",
    "call_of",
    "is_genuine_callback",
    "paginator",
    "scheme_of",
]
