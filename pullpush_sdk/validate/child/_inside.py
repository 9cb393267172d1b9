"""What runs in the child: load the connector as the runtime does, probe it, try the laws; tell line by line."""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import attrs

from ._cage import fence, limit

Json = Any
Tell = Callable[..., None]
_REFUSED = "; the first reason: "
_MARGIN = 0.7
"""Of the time that there is, after which no further law is begun."""


def main(pipe: int) -> None:
    """Read the job, do it, tell what came of it."""
    out = os.fdopen(pipe, "w", encoding="utf-8", buffering=1)

    def tell(kind: str, **values: Json) -> None:
        out.write(f"{mark} {json.dumps({'kind': kind, **values}, default=str)}\n")

    job = json.loads(sys.stdin.read())
    mark = job.pop("mark")  # lines without it are not ours: a connector may find the pipe
    seconds = float(job["limits"]["seconds"])
    limit(int(job["limits"]["memory"]), seconds)
    fence(lambda what: tell("refused", what=what), frozenset(job.get("hosts", ())))
    _Work(job=job, tell=tell, until=time.monotonic() + seconds * _MARGIN).run()
    tell("end")
    out.close()


@attrs.frozen(kw_only=True)
class _Work:
    job: dict[str, Json]
    tell: Tell
    until: float

    def run(self) -> None:
        started = time.perf_counter()
        plugins = self._plugins()
        seconds = time.perf_counter() - started
        for failure in plugins.failures:
            self.tell("failure", message=failure.error.message, hint=failure.error.hint, source=failure.source)
        if not plugins.connectors:
            return
        (name, *_) = [each for each in plugins.connectors if each == self.job.get("name")] or sorted(plugins.connectors)
        loaded = plugins.connectors[name]
        connector = loaded.connector
        self.tell(
            "loaded",
            name=name,
            version=connector.version,
            reads=sorted(connector.reads),
            writes=sorted(connector.writes),
            webhooks=sorted(connector.webhooks),
            seconds=seconds,
        )
        if self.job.get("behaviour", True):
            self._behaviour(plugins, name)

    def _plugins(self, change: Callable[[Any], Any] | None = None) -> Any:
        from pullpush_sdk.plugins import Source, load_plugins  # noqa: PLC0415

        sources = []
        if self.job.get("module"):
            for path in reversed(self.job.get("path") or ()):
                if path not in sys.path[: len(self.job["path"])]:
                    sys.path.insert(0, path)
            module = self.job["module"]
            load: Callable[[], Any] = lambda: importlib.import_module(module)  # noqa: E731
        else:
            document = self.job["document"]
            load = lambda: _declared(document)  # noqa: E731
        made = load if change is None else lambda: change(load())
        sources.append(Source(name=self.job["name"], distribution=self.job["distribution"], load=made))
        sources += [_extension(each) for each in self.job.get("extensions", ())]
        return load_plugins(sources)

    def _behaviour(self, plugins: Any, name: str) -> None:
        try:
            from pullpush_sdk.testing.conformance import LAWS, Subject  # noqa: PLC0415

            from ._probes import FEWEST, in_small_pages, marked, probe  # noqa: PLC0415
            from ._recorder import Recorder  # noqa: PLC0415
            from ._sizes import few_pages  # noqa: PLC0415
        except ImportError as error:
            self.tell(
                "unproven", reason=f"the laws need {error.name}: pip install 'pullpush-sdk[sandbox]' hypothesis pytest"
            )
            return
        subject = Subject.of(plugins, name)
        if (box := self._sandbox(subject)) is None:
            return
        recorder = Recorder()
        recorder.redactor.add(*box.secrets.values())
        make = subject.sandbox

        def recorded(options: Any) -> Any:
            sandbox = make(options)
            recorder.redactor.add(*sandbox.secrets.values())
            return attrs.evolve(sandbox, app=recorder.wrap(sandbox.app))

        subject = attrs.evolve(subject, sandbox=recorded)
        shown = self._plugins(marked)
        seen = attrs.evolve(subject, loaded=shown.connectors[name]) if name in shown.connectors else subject
        shrunk = self._plugins(lambda plugin: in_small_pages(marked(plugin)))
        small = attrs.evolve(subject, loaded=shrunk.connectors[name]) if name in shrunk.connectors else seen
        probe(seen, small, self.tell, recorder, self.until, wanted=self.job.get("codes"))
        if not (wanted := self.job.get("codes")) or any(code.startswith("law-") for code in wanted):
            brief = self._plugins(lambda plugin: in_small_pages(plugin, FEWEST)).connectors.get(name)
            self._laws(few_pages(attrs.evolve(subject, brief=brief)), LAWS, recorder)
        self.tell("exchanges", exchanges=recorder.kept)
        self.tell("secrets", secrets=sorted(box.secrets.values()))

    def _sandbox(self, subject: Any) -> Any:
        from pullpush_sdk.sandbox import SandboxOptions  # noqa: PLC0415
        from pullpush_sdk.testing.conformance import NotProvenError  # noqa: PLC0415

        try:
            box = subject.sandbox(SandboxOptions(records=1))
        except NotProvenError as why:
            self.tell("unproven", reason=str(why))
            return None
        except Exception as error:  # noqa: BLE001 - the connector's own code
            self.tell("failure", message=f"its sandbox cannot be built: {_words(error)}", hint="", source="sandbox")
            return None
        if box is None:
            self.tell("unproven", reason="it ships no sandbox, and its samples are not enough to make one")
        else:
            self.tell("sandbox", name=box.name, edits=sorted(box.control.changes))
            for each in getattr(box, "not_proven", ()):
                told = "contradiction" if each.code == "contradiction" else "unshown"
                what = each.what if told == "contradiction" else str(each)
                self.tell(told, what=what, why=each.why, code=each.code, of=each.what)
        return box

    def _laws(self, subject: Any, laws: Iterable[Any], recorder: Any) -> None:
        from pullpush_sdk.testing.conformance import BrokenLawError, Effort, NotProvenError  # noqa: PLC0415

        effort = Effort(examples=int(self.job.get("examples", 3)), seed=int(self.job.get("seed", 0)))
        wanted = self.job.get("codes")
        for law in laws:
            for canonical_type in law.types(subject):
                if wanted and f"law-{law.name}" not in wanted:
                    continue
                start = time.monotonic()
                if start > self.until:
                    self.tell(
                        "trial",
                        law=law.name,
                        type=canonical_type,
                        outcome="not proven",
                        reason="no time was left: raise --time-limit",
                        seconds=0.0,
                    )
                    continue
                self.tell("begun", law=law.name, type=canonical_type, left=self.until - start)
                recorder.during = f"{law.name} {canonical_type}"
                outcome, reason = "kept", ""
                try:
                    law.run(subject, canonical_type, effort)
                except NotProvenError as why:
                    outcome, reason = "not proven", str(why)
                    if _REFUSED in reason:
                        outcome, reason = _allowed(law, subject, canonical_type, effort)
                except BrokenLawError as error:
                    outcome, reason = "broken", str(error)
                    if _REFUSED in reason:
                        outcome, reason = _allowed(law, subject, canonical_type, effort)
                except Exception as error:  # noqa: BLE001 - whatever a connector raises breaks the law
                    outcome, reason = _judged(error)
                self.tell(
                    "trial",
                    law=law.name,
                    type=canonical_type,
                    outcome=outcome,
                    reason=reason[:4000],
                    seconds=time.monotonic() - start,
                )


def _allowed(law: Any, subject: Any, canonical_type: str, effort: Any) -> tuple[str, str]:
    """The law once more with every switch of the settings on: what a connector refuses on purpose is no breach."""
    from pullpush_sdk.testing.conformance import BrokenLawError, NotProvenError  # noqa: PLC0415

    properties = subject.loaded.connector.settings.get("properties", {})
    switches = {name: True for name, each in properties.items() if each.get("type") == "boolean"}
    try:
        law.run(attrs.evolve(subject, settings=switches), canonical_type, effort)
    except NotProvenError as why:
        return "not proven", str(why)
    except BrokenLawError as error:
        reason = str(error)
        return ("not proven" if _REFUSED in reason else "broken"), reason
    except Exception as error:  # noqa: BLE001 - whatever a connector raises breaks the law
        return _judged(error)
    return "kept", "with every switch of the settings on"


def _judged(error: Exception) -> tuple[str, str]:
    """An error that came out of a law: the sandbox's inability, or the connector's fault."""
    from pullpush_sdk.sandbox import ChangeError  # noqa: PLC0415

    if isinstance(error, ChangeError):
        return "not proven", f"the sandbox cannot play it: {error.message}"
    return "broken", f"raised {_words(error)}"


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:1500]


def _declared(document: str) -> Any:
    """A connector that is nothing but its document, as a module would be."""
    from pullpush_sdk.declarative import connector_of  # noqa: PLC0415
    from pullpush_sdk.hookspecs import hookimpl  # noqa: PLC0415
    from pullpush_sdk.manifest import load  # noqa: PLC0415

    loaded = load(Path(document))

    @hookimpl
    def pullpush_connector() -> Any:
        return attrs.evolve(connector_of(loaded.manifest), locate=loaded.located, folder=Path(document).parent)

    return SimpleNamespace(pullpush_connector=pullpush_connector)


def _extension(each: dict[str, str]) -> Any:
    from pullpush_sdk.plugins import Source  # noqa: PLC0415

    return Source(
        name=each["name"],
        distribution=each["distribution"],
        load=lambda: importlib.import_module(each["module"]),
    )
