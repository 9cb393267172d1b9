"""What the child process told, as findings at places of the manifest, and as the outcomes of laws."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs

from pullpush_sdk.errors import Problem
from pullpush_sdk.manifest import Manifest, Resource

from ._case import Case
from ._guessed import guessed_of
from ._model import Trial
from .child import ChildResult, Limits, run_child
from .places import below

Json = Any
OUT_OF_TIME = "no time was left: raise --time-limit"
PATIENCE = 30.0
"""Seconds that one law may take before it counts as one that never ends."""
SPARE = 0.3
"""The part of the time limit that is left when no further law is begun."""
_WRITE_REFUSED = re.compile(r"nothing was written; the first reason: (.*was answered with 4\d\d.*)")
_STEPS = 8
_STEP = 160
"""Of a history that breaks a law: steps that are shown, and characters of each."""
_IMPORT_BUDGET = 2.0
"""Seconds that loading a connector may take before every command of the runtime is slow by it."""


@attrs.frozen(kw_only=True)
class Effort:
    """How hard behaviour is tried: random histories per law, from which seed, for how long, and which codes only."""

    examples: int = 3
    seed: int = 0
    seconds: float = 120.0
    codes: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Behaviour:
    """What came of running a connector."""

    problems: Sequence[Problem]
    trials: Sequence[Trial] = ()
    exchanges: Sequence[Json] = ()
    secrets: Sequence[str] = ()
    sandbox: str = ""
    unproven: str = ""
    unshown: Sequence[str] = ()
    read: frozenset[str] = frozenset()
    webhooks: int = 0
    loaded: bool = False


def run_behaviour(case: Case, effort: Effort, extensions: Sequence[dict[str, str]] = ()) -> Behaviour:
    """Load and run the connector in a child process; nothing of it is imported here."""
    target = case.target
    manifest = case.manifest
    job: dict[str, Json] = {
        "name": target.entry_point or (manifest.name if manifest is not None else "connector"),
        "distribution": target.distribution or "the connector under check",
        "module": target.module,
        "path": [str(target.path.resolve())] if target.path is not None else [],
        "document": str(target.manifest.resolve()) if target.manifest is not None else "",
        "examples": effort.examples,
        "seed": effort.seed,
        "codes": list(effort.codes),
        "extensions": list(extensions),
    }
    if target.folder is not None and target.path is not None and target.folder.resolve() != target.path.resolve():
        job["path"].append(str(target.folder.resolve()))
    result = run_child(job, Limits(seconds=effort.seconds))
    return read_result(case, result)


def read_result(case: Case, result: ChildResult) -> Behaviour:
    """What a child told, placed in the manifest."""
    by_kind: dict[str, list[Json]] = {}
    for line in result.told:
        by_kind.setdefault(str(line.get("kind")), []).append(line)
    trials = tuple(
        Trial(
            law=each["law"],
            canonical_type=each["type"],
            outcome=each["outcome"],
            reason=each["reason"],
            seconds=float(each["seconds"]),
        )
        for each in by_kind.get("trial", ())
    )
    begun = by_kind.get("begun", [])
    if begun and not any((each.law, each.canonical_type) == (begun[-1]["law"], begun[-1]["type"]) for each in trials):
        trials += (
            Trial(law=begun[-1]["law"], canonical_type=begun[-1]["type"], outcome="not proven", reason=OUT_OF_TIME),
        )
    loaded = (by_kind.get("loaded") or [None])[0]
    guessed = guessed_of(case.manifest, by_kind.get("unshown", ()))
    return Behaviour(
        problems=tuple(_problems(case, result, by_kind, trials)),
        trials=tuple(guessed.judged(each) for each in trials),
        exchanges=tuple(by_kind["exchanges"][0]["exchanges"]) if "exchanges" in by_kind else (),
        secrets=tuple(by_kind["secrets"][0]["secrets"]) if "secrets" in by_kind else (),
        sandbox=by_kind["sandbox"][0]["name"] if "sandbox" in by_kind else "",
        unshown=tuple(each["what"] for each in by_kind.get("unshown", ())),
        unproven=by_kind["unproven"][0]["reason"] if "unproven" in by_kind else "",
        read=frozenset(each["type"] for each in by_kind.get("fields", ()) if each["count"]) - guessed.read,
        webhooks=sum(each.get("events", 0) for each in by_kind.get("webhooks", ())),
        loaded=loaded is not None,
    )


def _problems(
    case: Case, result: ChildResult, told: dict[str, list[Json]], trials: Sequence[Trial]
) -> Iterator[Problem]:
    for each in told.get("failure", ()):
        yield _where(case, "behaviour-load", "$", each["message"], each["hint"])
    for each in told.get("refused", ()):
        yield _where(case, "behaviour-refused", "$", each["what"], "a connector speaks by its connection's client only")
    for each in told.get("loaded", ()):
        if each["seconds"] > _IMPORT_BUDGET:
            yield _where(
                case,
                "behaviour-slow-import",
                "$",
                f"loading it took {each['seconds']:.1f} seconds",
                "import inside the hooks what only they need",
            )
    yield from _death(case, result, told, trials)
    yield from _probed(case, told)
    for trial in trials:
        if trial.outcome == "broken":
            yield _broken(case, trial)
        elif (refusal := _WRITE_REFUSED.search(trial.reason)) is not None:
            path = _of_type(case, trial.canonical_type, trial.law)
            message = f"{trial.canonical_type}: the sandbox refuses every write: {refusal[1]}"
            hint = "look at the request's path, method and body; or let the samples show how it is accepted"
            yield _where(case, "behaviour-write", path, message, hint)


def _death(case: Case, result: ChildResult, told: dict[str, list[Json]], trials: Sequence[Trial]) -> Iterator[Problem]:
    if not result.death:
        return
    begun = told.get("begun", ())
    tried = {(each.law, each.canonical_type) for each in trials if each.reason != OUT_OF_TIME}
    last = begun[-1] if begun and (begun[-1]["law"], begun[-1]["type"]) not in tried else None
    if result.overtime and last is not None and last["left"] + result.seconds * SPARE < PATIENCE:
        return  # begun late: it is not proven, and not shown to hang
    during = f" in the law {last['law']} for {last['type']}" if last is not None else ""
    path = _of_type(case, str(last["type"]), str(last["law"])) if last is not None else "$"
    tail = result.last_lines.splitlines()[-3:]
    yield _where(case, "behaviour-died", path, f"{result.death}{during}", "\n".join(tail) or "it said nothing")


def _probed(case: Case, told: dict[str, list[Json]]) -> Iterator[Problem]:
    for each in told.get("contradiction", ()):
        hint = f"{each['why']}; correct the document, or record it again"
        yield _where(case, "behaviour-document", "$.samples", each["what"], hint)
    for each in told.get("trouble", ()):
        yield _trouble(case, each)
    for each in told.get("check", ()):
        yield _where(case, "behaviour-check", "$.check", f"{each['name']}: {each['message']}", each["hint"])
    for each in told.get("locations", ()):
        if each["declared"] and not each["count"]:
            yield _where(
                case,
                "behaviour-locations",
                "$.locations",
                "the sandbox's locations are not found",
                "look at response.records and active",
            )
    for each in told.get("reject", ()):
        for path, resource in _resources(case, each["type"]):
            target = each["target"].partition("[")[0].partition(".")[0]
            if not each["target"] and "details cannot be read" in each["message"] and resource.details is not None:
                yield _where(case, "behaviour-read", f"{path}.details.path", each["message"], each["hint"])
                break
            place = next((name for name in resource.canonical_map if name == each["target"] or name == target), "")
            where = below(f"{path}.canonical_map", place) if place else f"{path}.canonical_map"
            yield _where(case, "behaviour-reject", where, f"{each['target']}: {each['message']}", each["hint"])
            break
    for each in told.get("fields", ()):
        yield from _fields(case, each)
    for each in told.get("paging", ()):
        for path, resource in _resources(case, each["type"]):
            shown = _is_shown(told, path, "goes on")
            if shown and (resource.name in each["resources"] or each["resources"] == [""]):
                place = f"{path}.pagination{_moving(resource) if each['same'] else ''}"
                message = f"in small pages {each['missing']} of {each['of']} records are missing"
                hint = "the platform gives one page again and again" if each["same"] else "look at kind, start and size"
                yield _where(case, "behaviour-paging", place, message, hint)
    for each in told.get("response", ()):
        place = f"{below('$.resources', each['resource'])}.response.{each['part']}"
        message = f"no answer of the sandbox has anything at {each['path']}"
        yield _where(case, "behaviour-response", place, message, "look at an answer, and correct the path")
    for each in told.get("size", ()):
        place = f"{below('$.resources', each['resource'])}.pagination.size_param"
        message = f"{each['asked']} records were asked for, and {each['got']} came: the page size is not heard"
        yield _where(case, "behaviour-page-size", place, message, "name the platform's parameter")
    for each in told.get("changes", ()):
        for path, resource in _resources(case, each["type"]):
            shown = _is_shown(told, path, "filters by time")
            if shown and resource.name == each["resource"] and resource.incremental is not None:
                place = f"{path}.incremental.param" if resource.incremental.param else f"{path}.incremental"
                message = f"a day later nothing changed, and all {each['again']} records are read again"
                yield _where(case, "behaviour-incremental", place, message, "name the platform's filter by update time")
    for each in told.get("subscribe", ()):
        yield _where(
            case, "behaviour-webhook", "$.webhook", f"webhooks are not registered: {each['message']}", each["hint"]
        )
    for each in told.get("forged", ()):
        yield _where(
            case,
            "behaviour-forged",
            "$.webhook.verification",
            f"a forged webhook passes: {each['how']}",
            "verify the signature over the raw body",
        )
    for each in told.get("webhooks", ()):
        if each["received"] and each.get("refused") == each["received"]:
            yield _where(
                case,
                "behaviour-webhook-refused",
                "$.webhook.verification",
                "every genuine webhook of the sandbox is refused",
                "look at kind, header, encoding and secret",
            )
        elif each["received"] and not each.get("events"):
            said = "; ".join(each.get("errors", ()))
            yield _where(
                case,
                "behaviour-webhook",
                "$.webhook",
                "no webhook of the sandbox gives an event",
                said or "look at event_name, the handlers and data_path",
            )


def _fields(case: Case, told: Json) -> Iterator[Problem]:
    resources = list(_resources(case, told["type"]))
    if told["resource"]:
        resources = [each for each in resources if each[1].name == told["resource"]]
    if not told["count"]:
        for path, _resource in resources:
            message = f"nothing of the sandbox is read as {told['type']}"
            part = "pagination.start" if _resource.pagination.start not in {0, 1} else "response"
            yield _where(case, "behaviour-empty", f"{path}.{part}", message, "look at list and response.records")
        return
    if len(resources) != 1:
        return
    path, resource = resources[0]
    filled = {_plain(each) for each in told["filled"]}
    for target, rule in resource.canonical_map.items():
        where = below(f"{path}.canonical_map", target)
        if isinstance(rule, dict) and "value" in rule and rule["value"] is None:
            continue
        if _plain(target) not in filled:
            message = f"no record of the sandbox fills {target}"
            yield _where(case, "behaviour-field-empty", where, message, "correct the path, or let the sandbox have it")
        elif isinstance(rule, dict) and isinstance(rule.get("items"), dict):
            for name in rule["items"]:
                if _plain(f"{target}.{name}") not in filled:
                    message = f"no record of the sandbox fills {target}.{name}"
                    place = below(f"{where}.items", name)
                    yield _where(case, "behaviour-field-empty", place, message, "correct the path")


def _is_shown(told: dict[str, list[Json]], path: str, word: str) -> bool:
    """Whether samples show how a list does this; a sandbox that only guesses it proves nothing against a manifest."""
    return not any(f"({path}.list)" in each["what"] and word in each["what"] for each in told.get("unshown", ()))


def _moving(resource: Resource) -> str:
    """The key of the parameter that moves a list on."""
    names = {"page": ".page_param", "offset": ".offset_param", "cursor": ".cursor_param"}
    return names.get(resource.pagination.kind, "")


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _trouble(case: Case, told: Json) -> Problem:
    """An error that came out of plain reading, at the part of the manifest that most likely caused it."""
    message = f"{told['error']}: {told['message']}"
    if told["what"] == "check":
        return _where(case, "behaviour-check", "$.check", message)
    if told["what"] == "locations":
        place = "$.locations.id" if "has no id" in told["message"] else "$.locations"
        return _where(case, "behaviour-locations", place, message)
    if told["what"] == "webhooks":
        return _where(case, "behaviour-webhook", "$.webhook", message)
    found = next(_resources(case, told["type"]), None)
    path = found[0] if found is not None else "$"
    if "session answer" in told["message"]:
        return _where(case, "behaviour-read", "$.auth", message, "look at the paths of the exchange's answer")
    if told["what"] in {"paging", "changes"} and found is not None:
        part = "incremental" if found[1].incremental is not None else ""
        if told["what"] == "paging":
            part = "pagination" + (_moving(found[1]) if "same as the one before" in told["message"] else "")
        code = "behaviour-paging" if told["what"] == "paging" else "behaviour-incremental"
        return _where(case, code, f"{path}.{part}".rstrip("."), message, told.get("answer", "")[:200])
    if told["status"] in {401, 403}:
        path = "$.auth.place"
    elif told["status"] == 404 and found is not None:
        path = f"{path}.list.path"
    elif found is not None and "record" in told["message"] and found[1].response.records:
        path = f"{path}.response.records"
    return _where(case, "behaviour-read", path, message, told.get("answer", "")[:200])


def _broken(case: Case, trial: Trial) -> Problem:
    seen = _part(trial.reason, "seen") or next((line for line in trial.reason.splitlines() if line.strip()), "")
    hint = "\n".join(filter(None, [_history(trial.reason), _part(trial.reason, "Fix")]))
    path = _of_type(case, trial.canonical_type, trial.law, trial.reason)
    return _where(case, f"law-{trial.law}", path, f"{trial.canonical_type}: {seen}", hint)


def _history(reason: str) -> str:
    """The smallest history that breaks a law, a line a step; empty where the law has none."""
    steps: list[str] = []
    for line in filter(None, map(str.strip, _lines_of(reason, "after"))):
        numbered = f"{len(steps) + 1}. "
        if line.startswith(numbered) or not steps:
            steps.append(line)
        else:
            steps[-1] += f" {line}"
    shown = [textwrap.shorten(each, _STEP, placeholder=" …") for each in steps[:_STEPS]]
    if len(steps) > _STEPS:
        shown.append(f"… and {len(steps) - _STEPS} more")
    return "\n".join(f"{'after: ' if number == 0 else '       '}{step}" for number, step in enumerate(shown))


def _part(reason: str, name: str) -> str:
    """What a broken law says under a name, its lines joined; empty where it says nothing of the kind."""
    return " ".join(" ".join(_lines_of(reason, name)).split())


def _lines_of(reason: str, name: str) -> list[str]:
    found = re.search(rf"^  {name}: +(.*(?:\n {{9}}.*)*)", reason, re.MULTILINE)
    return found[1].splitlines() if found is not None else []


def _of_type(case: Case, canonical_type: str, law: str, reason: str = "") -> str:
    """The part of the manifest that a law about a type judges."""
    # What two shops that agree in reading do not bring to rest is what is written.
    writes = law.startswith("destination") or law == "pair-comes-to-rest"
    if writes and case.manifest is not None and canonical_type in case.manifest.push:
        return below("$.push", canonical_type)
    for path, resource in _resources(case, canonical_type):
        if law == "source-keeps-unknown-apart-from-zero":
            return f"{path}.canonical_map.quantity"
        if law == "source-ends-on-a-repeated-page" or re.search(r"\bpages?\b", _part(reason, "seen")[:200]):
            return f"{path}.pagination"
        if law == "source-misses-no-change":
            return f"{path}.incremental" if resource.incremental is not None else path
        return path
    return "$"


def _resources(case: Case, canonical_type: str) -> Iterator[tuple[str, Resource]]:
    manifest: Manifest | None = case.manifest
    for name, resource in manifest.resources.items() if manifest is not None else ():
        if resource.canonical_type == canonical_type and resource.enabled:
            yield below("$.resources", name), resource


def _where(case: Case, code: str, path: str, message: str, hint: str = "") -> Problem:
    if case.loaded is not None:
        return case.at(code, path, message, hint)
    place: Path | str = case.target.package or case.target.folder or case.target.shown
    return case.of_file(code, place, message, hint)
