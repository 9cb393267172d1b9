"""Recorded traffic of a platform and its OpenAPI document, as a connector's samples hold them.

One reader for everybody who looks at samples: the emulator, the rules of validation, the laws.
"""

from ._model import Asked, BadSample, Described, Exchange, Samples, WebhookSample
from ._read import base_path, gather_samples, parsed_body, read_samples

__all__ = [
    "Asked",
    "BadSample",
    "Described",
    "Exchange",
    "Samples",
    "WebhookSample",
    "base_path",
    "gather_samples",
    "parsed_body",
    "read_samples",
]
