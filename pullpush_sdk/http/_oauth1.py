"""Signatures of OAuth 1.0a (RFC 5849), over a request as it travels."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from oauthlib.oauth1 import Client
from oauthlib.oauth1.rfc5849.signature import base_string_uri
from oauthlib.oauth1.rfc5849.utils import escape

from ._wire import raw_host, raw_target

__all__ = ["Signer", "as_sent"]

_FORM = "%=&;:+~,*@!()/?'$"
"""What oauthlib takes in a query beside letters, digits and `_.-`."""


class Signer(Client):
    """oauthlib's client, with the text that is signed put together from parts that most requests share.

    Encoding every name and value anew, and then the whole of it once more, takes longer than all else about a request.
    """

    def get_oauth_signature(self, request: Any) -> str:
        """The signature over method, URL, its query, the protocol's own parameters and the fields of a form."""
        address, _, query = request.uri.partition("?")
        given = [*request.oauth_params, *parse_qsl(query, keep_blank_values=True), *(request.decoded_body or ())]
        pairs = sorted((_encoded(name), _encoded(value)) for name, value in given)
        listed = "%26".join(f"{name}%3D{value}" for (_, name), (_, value) in pairs)
        base = f"{escape(request.http_method.upper())}&{_encoded(base_string_uri(address))[0]}&{listed}"
        return str(self.SIGNATURE_METHODS[self.signature_method](base, self))


@lru_cache(maxsize=1024)
def _encoded(text: str) -> tuple[str, str]:
    """A name or value as it is sorted, and once more encoded as it is signed."""
    once = escape(text)
    return once, escape(once)


def as_sent(url: str) -> str:
    """A URL as the platform sees it, by which it computes the signature anew: dots resolved, the host in ASCII.

    Marks of a query that travel as they are, such as brackets, are encoded: oauthlib takes no others, and a signature
    is over names and values in their decoded form.
    """
    parts = urlsplit(url)
    path, mark, query = raw_target(url).decode("ascii").partition("?")
    return (
        f"{parts.scheme}://{raw_host(parts.scheme, parts.netloc).decode('ascii')}{path}{mark}{quote(query, safe=_FORM)}"
    )
