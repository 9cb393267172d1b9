"""Rules 46 and 47: samples and what belongs into a submission beside the document."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from pullpush_sdk.canonical import UNSET, loads
from pullpush_sdk.errors import Problem
from pullpush_sdk.mapping import read_path
from pullpush_sdk.samples import Samples, WebhookSample
from pullpush_sdk.validate._case import Case
from pullpush_sdk.validate._matching import list_records
from pullpush_sdk.validate.families.samples import event_of, mapped, verified

from ._document import MiniApp, Part

Json = Any
_VERIFICATION = {"header": "headerName", "kind": "type", "encoding": "encoding"}
"""Keys of the manifest's verification to those of the document's."""


def check(case: Case, app: MiniApp) -> Iterator[Problem]:
    """Samples by the translated manifest, then the package's parts."""
    samples = case.samples
    if case.loaded is not None and samples.any:
        yield from _lists(case, app, samples)
        yield from _hooks(case, app, samples)
    for each in samples.bad:
        yield app.problem(46, "$", f"the sample {each.file} cannot be used: {each.reason}")
    if app.whole and case.target.manifest is not None:
        yield from _parts(app, case.target.manifest.parent, samples)


def _lists(case: Case, app: MiniApp, samples: Samples) -> Iterator[Problem]:
    assert case.manifest is not None
    places = dict(app.resources())
    for name, resource in case.manifest.resources.items():
        kind = case.types.get(resource.canonical_type)
        where = places.get(name)
        if kind is None or where is None:
            continue
        if name in samples.answers and read_path(samples.answers[name], resource.response.records or "$") in (
            UNSET,
            None,
        ):
            yield app.problem(
                46,
                where.part("responseMapping").at("dataProperty"),
                f"the sample {name} has nothing at {resource.response.records[:60]}",
            )
            continue
        records = list(list_records(case.manifest, resource, samples))[:50]
        for problem in mapped(
            case, f"$.resources.{name}.canonical_map", kind, resource.canonical_map, records=records, resource=resource
        ):
            yield app.problem(46, problem.path, problem.message, problem.hint)


def _hooks(case: Case, app: MiniApp, samples: Samples) -> Iterator[Problem]:
    assert case.manifest is not None
    webhook = case.manifest.webhook
    if webhook is None:
        return
    places = dict(app.handlers())
    for hook in samples.webhooks:
        try:
            body = loads(hook.body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            yield app.problem(46, "$.webhook", f"the sample {hook.sample} is not JSON")
            continue
        for problem in verified(case, webhook, hook):
            name = _VERIFICATION.get(problem.path.rpartition(".")[2], "")
            part = app.root.part("webhook").part("verification")
            yield app.problem(46, part.at(name) if name else part.path, problem.message, problem.hint)
        name = event_of(webhook, hook, body)
        if name not in places:
            message = f"the sample {hook.sample} is read as the event `{name[:60]}`, which has no handler"
            near = difflib.get_close_matches(name, places, n=1, cutoff=0.8)
            extraction = app.root.part("webhook").part("eventExtraction")
            yield app.problem(46, places[near[0]].path if near else extraction.at("path"), message)
            continue
        yield from _by_resource(case, app, places[name], hook, body)
        code = places[name].part("mapping").value.get("code")
        path = code if isinstance(code, str) else code.get("path") if isinstance(code, dict) else None
        if isinstance(path, str) and read_path(body, path) in (UNSET, None, ""):
            yield app.problem(
                46, places[name].part("mapping").at("code"), f"the sample {hook.sample} has no code there"
            )


def _by_resource(case: Case, app: MiniApp, handler: Part, hook: WebhookSample, body: Json) -> Iterator[Problem]:
    """A handler by resource: its object is there, and the resource's map takes it."""
    assert case.manifest is not None
    resource = case.manifest.resources.get(handler.text("resource"))
    kind = case.types.get(resource.canonical_type) if resource is not None else None
    if resource is None or kind is None:
        return
    path = handler.text("dataPath") or "$"
    record = read_path(body, path)
    if record is UNSET or record is None:
        yield app.problem(46, handler.at("dataPath"), f"the sample {hook.sample} has nothing at {path[:60]}")
        return
    for problem in mapped(case, "$", kind, resource.canonical_map, records=[(hook.sample, record)], resource=resource):
        if problem.code == "samples-map":
            yield app.problem(46, handler.at("dataPath"), problem.message, problem.hint)


def _parts(app: MiniApp, folder: Path, samples: Samples) -> Iterator[Problem]:
    names = {each.name.lower(): each for each in folder.iterdir()}
    missing = []
    if not any(name.startswith("changelog") for name in names):
        missing.append("a changelog (CHANGELOG.md)")
    guide = next((names[name] for name in names if name.startswith(("readme", "setup", "guide"))), None)
    text = (
        guide.read_text(encoding="utf-8", errors="replace")[:200_000] if guide is not None and guide.is_file() else ""
    )
    if not re.search(r"^\s*3[.)]\s", text, re.MULTILINE):
        missing.append("a setup guide of three to five numbered steps (README.md)")
    if not re.search(r"test (account|store|credentials|shop)|sandbox", text, re.IGNORECASE):
        missing.append("a note on the test account (README.md)")
    if app.events() and not all(event in text for event in app.events()):
        missing.append("the list of webhook events (README.md)")
    if not samples.any:
        missing.append("sample payloads (samples/*.json)")
    for each in missing:
        yield app.problem(47, "$", f"the submission lacks {each}", "put it beside the document")
