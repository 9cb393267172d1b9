"""The one way out to a platform: calls in, answers as bytes out, everything in between taken care of."""

from ._auth import Authenticator, authenticator_of, scheme_of
from ._budget import RateBudget
from ._build import call_of
from ._call import Answer, Call, Headers
from ._client import Classify, Client, Sign
from ._oauth2 import Authorization
from ._pages import MAX_PAGES, PageState, Paginator, Seen, Step, paginator
from ._redact import Redactor
from ._schemes import Scheme
from ._secret import Secret
from ._status import refusal_of
from ._store import FileTokenStore, MemoryTokenStore
from ._throttle import Throttle
from ._token import Token, TokenStore

__all__ = [
    "MAX_PAGES",
    "Answer",
    "Authenticator",
    "Authorization",
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
    "Sign",
    "Step",
    "Throttle",
    "Token",
    "TokenStore",
    "authenticator_of",
    "call_of",
    "paginator",
    "refusal_of",
    "scheme_of",
]
