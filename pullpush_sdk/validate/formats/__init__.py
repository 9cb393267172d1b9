"""A report as text for people, and as documents for programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pullpush_sdk.validate._model import Report, Rule

from . import _github, _json, _junit, _sarif, _text

FORMATS: Mapping[str, Callable[[Report, Mapping[str, Rule]], str]] = {
    "text": _text.render,
    "json": _json.render,
    "sarif": _sarif.render,
    "junit": _junit.render,
    "github": _github.render,
}

__all__ = ["FORMATS"]
