"""Where things stand in a manifest: its requests, its ways to authenticate, and the paths of its parts."""

from ._auth import ways_of
from ._document import above, below
from ._requests import Site, requests_of

__all__ = ["Site", "above", "below", "requests_of", "ways_of"]
