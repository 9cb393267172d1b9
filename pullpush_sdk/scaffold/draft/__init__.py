"""Drafting a connector from what is known of a platform: an OpenAPI document, recordings, samples."""

from .manifest import Drafted, Proposer, draft
from .openapi import read_openapi
from .recorded import read_har, read_postman, read_samples
from .shapes import Sketch

__all__ = ["Drafted", "Proposer", "Sketch", "draft", "read_har", "read_openapi", "read_postman", "read_samples"]
