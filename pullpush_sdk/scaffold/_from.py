"""A connector drafted from a document or recordings, as the files of a new connector."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import attrs

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.errors import SetupError
from pullpush_sdk.plugins import Plugins

from ._answers import Answers
from ._names import Names
from ._template import render_drafted
from .draft import Drafted, Proposer, Sketch, draft, read_har, read_openapi, read_postman, read_samples

_log = logging.getLogger("pullpush.scaffold")

__all__ = ["FORMATS", "DraftedFiles", "draft_files", "proposer_of", "sketch_of"]

FORMATS = ("openapi", "samples", "har", "postman")


@attrs.frozen(kw_only=True)
class DraftedFiles:
    """The files, the answers to record, and what was drafted."""

    files: Mapping[str, str]
    answers: Answers
    drafted: Drafted


def proposer_of(plugins: Plugins) -> Proposer:
    """What the installed plugins propose; one that fails, or says what is no proposal, is logged and left out."""

    def proposed(canonical_type: str, fields: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        for implementation in plugins.host.hook.pullpush_propose.get_hookimpls():
            known = {"canonical_type": canonical_type, "fields": fields}
            try:
                given = implementation.function(**{name: known[name] for name in implementation.argnames})
                found += [_checked(each) for each in cast("Sequence[Mapping[str, Any]]", given or ())]
            except Exception:  # noqa: BLE001 - a draft does without what a plugin cannot say
                _log.warning("pullpush_propose of %s failed and is left out", implementation.plugin_name, exc_info=True)
        return found

    return proposed


def _checked(proposal: Mapping[str, Any]) -> Mapping[str, Any]:
    """The proposal, if it is one; ValueError where it is not."""
    target, certainty = proposal["target"], float(proposal["certainty"])
    if not isinstance(target, str) or not 0 <= certainty <= 1:
        raise ValueError(f"expected a target and a certainty from 0 to 1, found {target!r} and {certainty}")
    return {**proposal, "rule": proposal["rule"]}


def sketch_of(source: str, given: Sequence[Path]) -> Sketch:
    """What files of one format say of a platform.

    Raises:
        SetupError: a file cannot be read, or is not of the format.
    """
    if source == "samples":
        return read_samples(given)
    readers: Mapping[str, Callable[[Path], Sketch]] = {
        "openapi": read_openapi,
        "har": read_har,
        "postman": read_postman,
    }
    return readers[source](given[0])


def draft_files(
    source: str,
    given: Sequence[Path],
    *,
    names: Names,
    types: CanonicalTypes,
    wanted: Sequence[str] | None,
    proposer: Any = None,
) -> DraftedFiles:
    """A whole connector around a draft.

    Raises:
        SetupError: the files cannot be read, or nothing in them is a list of records.
    """
    drafted = draft(
        sketch_of(source, given), name=names.name, title=names.title, types=types, wanted=wanted, proposer=proposer
    )
    if not drafted.reads and (wanted or source != "openapi"):
        said = f" of type {', '.join(wanted)}" if wanted else ""
        raise SetupError(
            f"no list of records{said} was recognised in {', '.join(str(file) for file in given)}; nothing was written",
            hint="leave the --from option out and write the lists by hand, or name other --types",
        )
    answers = Answers(
        kind="source",
        types=tuple(dict.fromkeys(drafted.reads.values())) or ("product",),
        webhooks=False,
        drafted=source,
    )
    samples = dict(drafted.samples)
    if drafted.document is not None:
        samples["document" if "openapi" in samples else "openapi"] = drafted.document
    files = render_drafted(names, answers, drafted.manifest, samples)
    return DraftedFiles(files=files, answers=answers, drafted=drafted)
